"""Whatever the payload, a decoder answers with readings or a DecodeError, and as its oracle does."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hypotheses import SHORT

from benchmarks.fuzz import decoders, mutate, oracles, seeds
from benchmarks.fuzz.promises import BrokenPromiseError
from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.errors import DecodeError

DECODERS = decoders.make_decoders()
TOKENS = seeds.as_bytes(seeds.TOKENS)
DOCUMENTS = seeds.as_bytes(seeds.JSON_PAYLOADS)

numbers = st.one_of(
    st.integers(),
    st.integers(min_value=-(10**400), max_value=10**400),
    st.floats(),
    st.booleans(),
    st.none(),
    st.sampled_from([2**53 + 1, 2**63, 2**64, 2**64 - 1, -(2**63) - 1, 5e-324, 1.7976931348623157e308, -0.0]),
)
texts = st.one_of(st.text(max_size=20), st.sampled_from(seeds.PLAIN_PAYLOADS), st.integers().map(str), st.floats().map(str))
keys = st.one_of(
    st.text(max_size=6), st.sampled_from(["a", "t", "l", "u", "0", "a.b", "\\", "", "data", "genre", "uuid", "hadd", "index"])
)
documents = st.recursive(
    numbers | texts, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(keys, inner, max_size=6), max_leaves=20
)
values = st.fixed_dictionaries(
    {},
    optional={
        "hadd": st.sampled_from(["0014/0001", "9999/0000", "1/2", "0014/0001\n", "٠٠١٤/0001"]) | documents,
        "uuid": st.sampled_from(["temperature", "x" * 101, ""]) | documents,
        "index": st.integers() | texts | documents,
        "genre": st.sampled_from([1, 2, 3, "2", "user", 0, 99, True, 2.0]) | documents,
        "type": st.sampled_from([1, 3, 5, 8, 22, "3", 20, 0, -1]) | documents,
        "data": documents | st.lists(texts, max_size=5).map("|".join),
        "label": documents,
        "units": documents,
        "rrd_type": st.sampled_from(["GAUGE", "COUNTER", "gauge"]) | documents,
    },
)


def check(payload: bytes, topic: str = seeds.TOPICS[0]) -> None:
    """Put a payload into every decoder and check the answers."""
    for name, decoder in DECODERS.items():
        decoders.check_answer(name, topic, payload, decoders.answer(decoder, topic, payload))


def dump(document: Any) -> bytes:
    """A document in the JSON that Python writes: NaN and Infinity among it, halves of surrogate pairs as escapes."""
    return json.dumps(document).encode()


@pytest.mark.parametrize("payload", seeds.as_bytes(seeds.PLAIN_PAYLOADS, seeds.JSON_PAYLOADS))
def test_what_devices_send_is_answered_as_by_the_oracle(payload: bytes) -> None:
    for topic in seeds.TOPICS:
        check(payload, topic)


@SHORT
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(payload: bytes) -> None:
    check(payload)


@settings(SHORT, max_examples=600)
@given(
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(
                [*"0123456789+-.eE_ \"'°%,:xX\t\n\x0b\x0c\x1c\x1f\x85\u00a0٣²½", "on", "OFF", "nan", "inf", "W", "km/h"]
            ),
            max_size=8,
        ),
    )
)
@example("\x1con")
@example("1" * 1001)
def test_a_text_is_the_number_that_the_oracle_says(text: str) -> None:
    check(text.encode())


@settings(SHORT, max_examples=250)
@given(documents)
def test_any_document_gives_the_numbers_that_the_oracle_says(document: Any) -> None:
    check(dump(document))


@settings(SHORT, max_examples=250)
@given(documents, st.sampled_from(seeds.TOPICS))
def test_a_document_written_without_escapes_is_read_the_same(document: Any, topic: str) -> None:
    check(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass"), topic)


@settings(SHORT, max_examples=400)
@given(st.sampled_from(DOCUMENTS), st.integers(1, 8), st.integers(0, 2**32))
def test_a_real_document_that_was_changed_is_answered(document: bytes, times: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(times):
        document = mutate.mutate(document, chance, TOKENS)
        check(document)


@settings(SHORT, max_examples=250)
@given(values, st.sampled_from(["", "0", "uuid"]), st.sampled_from(seeds.TOPICS[:4]))
def test_any_janitoo_value_is_answered_in_each_of_its_shapes(value: dict[str, Any], index: str, topic: str) -> None:
    for message in (value, {index: value}, {"x": {index: value, "other": 1}}):
        check(dump(message), topic)


@SHORT
@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.from_regex(r"[0-9]{4}/[0-9]{4}", fullmatch=True).filter(str.isascii),
    st.text(min_size=1, max_size=100).filter(lambda text: text.isprintable()),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_a_good_janitoo_value_is_read_to_the_last_digit(number: float, hadd: str, uuid: str, index: int, as_text: bool) -> None:
    value = {"hadd": hadd, "uuid": uuid, "index": index, "genre": 2, "type": 3, "data": repr(number) if as_text else number}
    readings = DECODERS["janitoo"].decode(f"/values/user/{hadd}/x", dump({str(index): value}))
    assert [(reading.key, reading.value) for reading in readings] == [((hadd, uuid, str(index)), number)]


@pytest.mark.parametrize("depth", [1, 31, 32, 33, 200, 254, 255, 256, 1023, 1024, 1025, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("inside", [b"1", b"NaN", b"1e400", b'"\\ud800"'])
def test_nesting_is_answered_however_deep(depth: int, opening: bytes, closing: bytes, inside: bytes) -> None:
    check(opening * depth + inside + closing * depth)


GOOD = Reading(("t", "a"), 1.0)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([Reading(("t", "a"), 2.0)], id="another number"),
        pytest.param([Reading(("t", "a"), math.nan)], id="no number"),
        pytest.param([GOOD._replace(value=1)], id="an int"),
        pytest.param([Reading(("other", "a"), 1.0)], id="a key of another topic"),
        pytest.param([GOOD._replace(key=("t", 1))], id="a key that is no text"),
        pytest.param([GOOD._replace(timestamp=0.0)], id="a time that was"),
        pytest.param([GOOD, GOOD], id="twice"),
        pytest.param([], id="lost"),
        pytest.param(DecodeError("nonsense", "no"), id="a reason that nobody knows"),
        pytest.param(DecodeError("not_json", "no"), id="refused"),
    ],
)
def test_a_check_fails_where_the_decoder_is_wrong(answer: Any) -> None:
    decoders.check_answer("json", "t", b'{"a": 1}', [GOOD])
    with pytest.raises(BrokenPromiseError):
        decoders.check_answer("json", "t", b'{"a": 1}', answer)


def test_the_oracle_is_no_copy_of_the_decoder() -> None:
    assert oracles.plain(b"21.5 \xc2\xb0C") == (21.5, "°C")
    assert oracles.plain(b"21,5") == "no_number"
    assert oracles.plain(b"") is None
    assert list(oracles.numbers({"a.b": [{"": "on"}, None, 2]})) == [("a\\.b.0.\\e", 1.0), ("a\\.b.2", 2.0)]
