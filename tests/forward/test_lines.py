"""Lines: what stands in them is read back as it was, by our own reader and by a real InfluxDB."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import pytest
from forward.waiting import Number, Of
from hypothesis import given, settings
from hypothesis import strategies as st
from support.databases import InfluxDB1
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core.httpclient import HttpClient
from janitoo_datalog_rrd.decoders.influx_lines import Line, read_head, read_lines
from janitoo_datalog_rrd.forward.lines import ONLY_COLUMN, LineWriter
from janitoo_datalog_rrd.store.series import AUTO_COLUMN

EVERY = re.compile(".*")
NOW = 1763800000.0
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.sampled_from("ab ,=\\\"'#é\n\t/\u2028\U0001f600\x00"), max_size=12)


def writer(measurement: str = "janitoo", tags: Iterable[str] = (), describe: Iterable[str] = ("node", "units")) -> LineWriter:
    return LineWriter(measurement, tags, describe, EVERY)


def write(*numbers: Number, by: LineWriter | None = None) -> str:
    return b"".join((by or writer()).write(numbers)[0]).decode()


def plain(text: str) -> str:
    """What of a text a tag can hold."""
    return "".join(each if each.isprintable() else " " for each in text.replace("\\", "/")).strip()


@pytest.mark.parametrize(
    ("sample", "line"),
    [
        (Number(Of("a.b"), NOW, 21.5), "janitoo,series=a.b value=21.5 1763800000000000\n"),
        (Number(Of("a", "temp"), NOW, -1.0), "janitoo,column=temp,series=a value=-1.0 1763800000000000\n"),
        (Number(Of("a", node="0014/0001"), NOW, 1e300), "janitoo,node=0014/0001,series=a value=1e+300 1763800000000000\n"),
        (Number(Of("a", units="°C"), 1763800000.123, 5e-324), "janitoo,series=a,units=°C value=5e-324 1763800000123000\n"),
        (
            Number(Of("a", node="my, own=node"), 1763800000.123457, 0.1),
            "janitoo,node=my\\,\\ own\\=node,series=a value=0.1 1763800000123457\n",
        ),
        (Number(Of("a", node="back\\", units="a\\,b\nc"), NOW, 0.0), "janitoo,node=back/,series=a,units=a/\\,b\\ c value=0.0 "),
    ],
)
def test_a_sample_is_written_as_the_protocol_has_it(sample: Number, line: str) -> None:
    assert write(sample).startswith(line)


def test_tags_of_the_ini_are_sorted_among_ours_and_what_is_not_wanted_is_left_out() -> None:
    by = writer("my home, sweet=home", ("room=cellar 1", "a=b"), ())
    found = write(Number(Of("s", node="n", units="u"), NOW, 1.0), by=by)
    assert found == "my\\ home\\,\\ sweet=home,a=b,room=cellar\\ 1,series=s value=1.0 1763800000000000\n"


def test_what_no_line_can_hold_is_counted_and_a_series_that_is_not_chosen_is_not() -> None:
    by = LineWriter("m", (), (), re.compile("good.*"))
    numbers = [Number(Of(name), NOW, value) for name in ("good", "bad") for value in (1.0, math.nan, math.inf, -math.inf)]
    lines, unknown = by.write(numbers)
    assert (lines, unknown) == ([b"m,series=good value=1.0 1763800000000000\n"], 3)


def test_a_series_that_is_described_anew_gets_its_new_tags_at_once() -> None:
    by = writer()
    assert "units" not in write(Number(Of("a"), NOW, 1.0), by=by)
    assert "units=W" in write(Number(Of("a", units="W"), NOW, 1.0), by=by)


def test_the_column_of_a_series_made_by_itself_needs_no_tag() -> None:
    assert ONLY_COLUMN == AUTO_COLUMN


@SHORT
@given(micros=st.integers(315532800 * 10**6, 4102444800 * 10**6))
def test_a_time_that_a_device_has_written_is_the_same_to_the_microsecond(micros: int) -> None:
    written = f"{micros // 10**6}.{micros % 10**6:06d}"
    assert write(Number(Of("a"), float(written), 1.0)).endswith(f" {micros}\n")


@SHORT
@given(value=NUMBERS, node=WORDS, units=WORDS, tag=WORDS)
def test_our_own_reader_finds_what_was_written(value: float, node: str, units: str, tag: str) -> None:
    by = writer("house = home", (f"room={tag}",))
    (line,) = read_lines(write(Number(Of("a.b-c_1", "temp", node, units), NOW, value), by=by))
    assert isinstance(line, Line)
    assert (line.fields, line.timestamp) == ({"value": value}, NOW)
    tags = {"series": "a.b-c_1", "column": "temp", "node": plain(node), "units": plain(units), "room": plain(tag)}
    name, found = read_head(line.head)
    assert name == "house = home"
    assert dict(found) == {name: text for name, text in tags.items() if text}


@pytest.fixture(scope="module")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterable[InfluxDB1]:
    with InfluxDB1(tmp_path_factory.mktemp("influxdb")) as database:
        yield database


def test_a_real_influxdb_finds_what_was_written(influxdb: InfluxDB1) -> None:
    influxdb.create("lines")
    client, rounds = HttpClient(), iter(range(1 << 20))

    @settings(SHORT, max_examples=30)
    @given(st.lists(st.tuples(NUMBERS, WORDS, WORDS), min_size=1, max_size=20))
    def holds(found: list[tuple[float, str, str]]) -> None:
        measurement = f"m{next(rounds)}, =x"
        by = writer(measurement)
        numbers = [
            Number(Of(f"s{index}", "c", node, units), NOW + index / 1e6, value)
            for index, (value, node, units) in enumerate(found)
        ]
        body = write(*numbers, by=by).encode()
        answer = client.send("POST", f"{influxdb.url}/write?db=lines&precision=u", body, {})
        assert answer.status == 204, answer.body
        rows = influxdb.rows("lines", f'SELECT value FROM "{measurement}" GROUP BY *')  # noqa: S608 - a database of the test
        stored = {
            row["series"]: (row["time"], float(row["value"]), row["column"], row.get("node", ""), row.get("units", ""))
            for row in rows
        }
        assert stored == {
            each.origin.series: (
                round(each.time * 1e6),
                each.value,
                "c",
                plain(each.origin.node),
                plain(each.origin.units),
            )
            for each in numbers
        }

    try:
        holds()
    finally:
        client.close()
