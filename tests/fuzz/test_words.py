"""Times, paths, topics, names and the texts of options: any text is read or refused, and what is written is read the same."""

from __future__ import annotations

import contextlib
import json
import math
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub
from support.hypotheses import SHORT

from benchmarks.fuzz import oracles, seeds, topics
from janitoo_datalog_rrd.core import parsers
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.topics import check_filter, format_hadd, parse_hadd, topic_matches
from janitoo_datalog_rrd.decoders import paths
from janitoo_datalog_rrd.decoders.json import JsonDecoder
from janitoo_datalog_rrd.decoders.times import EARLIEST, LATEST, parse_time
from janitoo_datalog_rrd.store.names import janitoo_key, series_name
from janitoo_datalog_rrd.store.schema import Schema

levels = st.text(st.characters(exclude_characters="/+#\0", exclude_categories=["Cs"]), max_size=4) | st.sampled_from(
    ["a", "b", "$SYS", ""]
)
topic_names = st.lists(levels, min_size=1, max_size=5).map("/".join).filter(bool)
filters = st.builds(
    lambda parts, tail: "/".join([*parts, *tail]) or "#",
    st.lists(levels | st.just("+"), max_size=5),
    st.sampled_from([[], ["#"]]),
)
moments = st.datetimes(datetime(1980, 1, 2), datetime(2099, 12, 30))
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
anything = st.one_of(
    st.text(max_size=70), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2)
)


# -- times -------------------------------------------------------------------------------------------


@settings(SHORT, max_examples=500)
@given(
    anything
    | st.from_regex(
        r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T ][0-9]{2}:?[0-9]{2}(:?[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?",
        fullmatch=True,
    )
)
@example("2024-02-30T10:20:30Z")
@example("2024-02-03T10:20:30+99:99")
@example("9999-12-31T23:59:60-23:59")
@example("0001-01-01T00:00:00+23:59")
@example(10**400)
@example(1e308)
def test_a_time_is_in_range_or_refused(datum: Any) -> None:
    try:
        seconds = parse_time(datum)
    except DecodeError as error:
        assert error.reason == "bad_time"
        assert len(str(error)) < 300
    else:
        assert type(seconds) is float
        assert EARLIEST <= seconds < LATEST


@SHORT
@given(moments, zones, st.sampled_from(["T", "t", " "]), st.booleans())
def test_a_time_that_was_written_is_read_the_same(moment: datetime, zone: timezone, between: str, basic: bool) -> None:
    exact = moment.replace(tzinfo=zone)
    text = exact.isoformat(sep=between, timespec="microseconds")
    if basic:
        text = re.sub(r"(\d{4})-(\d\d)-", r"\1\2", text).replace(":", "")
    assert parse_time(text) == pytest.approx(exact.timestamp(), abs=1e-5)
    assert parse_time(exact.timestamp()) == exact.timestamp()
    assert parse_time(repr(exact.timestamp())) == exact.timestamp()


# -- paths -------------------------------------------------------------------------------------------


@SHORT
@given(st.lists(st.text(max_size=8) | st.sampled_from(["", ".", "\\", "\\e", "0"]), min_size=1, max_size=6).map(tuple))
def test_a_path_that_was_written_is_read_the_same(parts: tuple[str, ...]) -> None:
    text = paths.join_path(parts)
    assume(len(text) <= paths.MAX_PATH)
    assert paths.parse_path(text) == parts


@settings(SHORT, max_examples=400)
@given(
    st.text(max_size=12) | st.text("a.\\e0", max_size=10),
    st.recursive(st.integers(), lambda each: st.lists(each) | st.dictionaries(st.text(max_size=2), each)),
)
def test_any_text_is_a_path_or_refused(text: str, document: Any) -> None:
    try:
        path = paths.parse_path(text)
    except ValueError as error:
        assert "is not a path" in str(error)
        return
    assert paths.join_path(path) == text
    paths.look_up(document, path)


@SHORT
@given(
    st.recursive(
        st.just(1),
        lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3),
        max_leaves=10,
    )
)
def test_every_path_that_the_decoder_gives_names_that_number_alone(document: Any) -> None:
    assume(isinstance(document, (dict, list)))
    payload = json.dumps(document).encode()
    with contextlib.suppress(DecodeError):
        for reading in JsonDecoder().decode("t", payload):
            alone = JsonDecoder(value=paths.parse_path(reading.key[1])).decode("t", payload)
            assert [each.key for each in alone] == [reading.key]


# -- topics ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", seeds.TOPIC_PAIRS)
def test_the_topics_of_the_standard_match_as_it_says(pair: str) -> None:
    topics.check(pair.encode())


@settings(SHORT, max_examples=600)
@given(filters, topic_names)
def test_a_topic_matches_as_the_oracle_and_paho_say(topic_filter: str, topic: str) -> None:
    assert check_filter(topic_filter) == topic_filter
    matches = topic_matches(topic_filter, topic)
    assert matches == oracles.topic_matches(topic_filter.split("/"), topic.split("/"))
    assert matches == topic_matches_sub(topic_filter, topic)


@settings(SHORT, max_examples=400)
@given(filters, filters | topic_names)
def test_a_filter_within_a_filter_matches_only_what_that_one_does(outer: str, inner: str) -> None:
    topics.check(f"{outer}|{inner}".encode())


@SHORT
@given(st.text(max_size=20) | st.text("#+/a\0", max_size=8))
def test_any_text_is_a_filter_or_refused_as_the_oracle_says(text: str) -> None:
    assert topics.is_taken(text) == oracles.is_filter(text)


@SHORT
@given(st.text(max_size=12) | st.from_regex(r"\d{3,5}/\d{3,5}\n?"))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert format_hadd(*parse_hadd(text)) == text


# -- names -------------------------------------------------------------------------------------------


@settings(SHORT, max_examples=400)
@given(st.lists(st.text(max_size=300), min_size=2, max_size=3).map(tuple), st.booleans())
@example(("..", ""), False)
@example(("/", "\ud800"), True)
def test_every_key_makes_a_name_that_is_safe(key: tuple[str, ...], taken: bool) -> None:
    name = series_name(key)
    again = series_name(key, {name}) if taken else name
    for each in (name, again):
        assert parsers.SAFE_NAME.fullmatch(each)
        assert each not in (".", "..")
    assert (again != name) == taken


@SHORT
@given(
    st.from_regex(r"[0-9]{4}/[0-9]{4}", fullmatch=True).filter(str.isascii),
    st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True),
    st.integers(0, 99),
)
def test_a_janitoo_name_leads_back_to_its_key(hadd: str, uuid: str, index: int) -> None:
    assert janitoo_key(series_name((hadd, uuid, str(index)))) == (hadd, uuid, str(index))


@SHORT
@given(st.text(max_size=220) | st.text("0123456789.", max_size=20))
def test_any_name_is_a_janitoo_key_or_none(name: str) -> None:
    key = janitoo_key(name)
    assert key is None or (len(key) == 3 and parse_hadd(key[0]) is not None)


# -- texts of options --------------------------------------------------------------------------------

PARSERS = {
    "text": parsers.text,
    "word": parsers.word,
    "line": parsers.line,
    "boolean": parsers.boolean,
    "integer": parsers.integer(1, 65535),
    "duration": parsers.duration(0),
    "whole seconds": parsers.whole_seconds(1, 86400),
    "hadd": parsers.hadd,
    "series name": parsers.series_name,
    "pattern": parsers.pattern,
    "topic filters": parsers.topic_filters,
    "retention": parsers.retention,
    "source": parsers.source_config,
}
pieces = st.sampled_from([*seeds.INI_TOKENS, *"0123456789.,:|/ -+_\n", "s", "m", "min", "h", "d", "w", "y", "GAUGE", "0001/0001"])


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.parametrize("name", PARSERS)
@settings(SHORT, max_examples=150)
@given(st.text(max_size=30) | st.lists(pieces, max_size=8).map("".join))
@example("9" * 5000)
@example("1" + "0" * 400 + "y")
@example("٣")
def test_any_text_of_an_option_is_read_or_refused_in_a_sentence(name: str, text: str) -> None:
    try:
        value = PARSERS[name](text)
    except ValueError as error:
        assert 0 < len(str(error)) < 12_000
        return
    if isinstance(value, float):
        assert math.isfinite(value)


@SHORT
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=5), st.sampled_from([1, 2, 5, 10]))
def test_a_retention_makes_archives_that_hold_it(steps: list[tuple[int, int]], step: int) -> None:
    pairs, precision = [], step
    for number, (factor, rows) in enumerate(steps):
        precision *= factor if number == 0 else factor + 1
        assume(precision <= 31536000)
        pairs.append((precision, precision * rows))
    assume(all(kept <= 31536000 * 100 for _, kept in pairs))
    read = parsers.retention(", ".join(f"{precision}s:{kept}s" for precision, kept in pairs))
    assert list(read) == pairs
    schema = Schema("x", re.compile(".*"), step, read, 3600.0, 10.0)
    for precision, kept in pairs:
        assert f"RRA:AVERAGE:0.5:{precision // step}:{kept // precision}" in schema.rras()
    assert schema.heartbeat() >= 2 * step


@SHORT
@given(
    st.floats(0, 1e8, allow_nan=False).map(lambda number: round(number, 3)),
    st.sampled_from([("", 1), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]),
)
def test_a_duration_that_was_written_is_read_the_same(number: float, unit: tuple[str, int]) -> None:
    assume(number * unit[1] <= 31536000 * 100)
    assert parsers.duration(0)(f"{number:f}{unit[0]}") == pytest.approx(number * unit[1])
