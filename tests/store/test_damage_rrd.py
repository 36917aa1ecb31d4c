"""A damaged RRD file costs its own history at most: the store opens, writes and reads, keeps the file aside and tells."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.damaged import NAME, ROWS, Child, Home
from support.hypotheses import SHORT

OLD = {str(10 * number): float(number) for number in range(1, ROWS)}
NEW = {str(10 * number): float(number) for number in (ROWS, ROWS + 1)}
# where what stands in a file of one data source and four archives (rrd_format.h)
STATIC, DS, RRA, LIVE, PDP, CDP, POINTER = 128, 120, 120, 16, 112, 80, 8
ARCHIVES = 4
AT_DS = STATIC
AT_RRA = AT_DS + DS
AT_LIVE = AT_RRA + ARCHIVES * RRA
AT_PDP = AT_LIVE + LIVE
AT_CDP = AT_PDP + PDP
AT_POINTERS = AT_CDP + ARCHIVES * CDP
AT_ROWS = AT_POINTERS + ARCHIVES * POINTER


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    process = Child(tmp_path_factory.mktemp("damaged"))
    yield process
    process.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file before it is damaged."""
    return Home(tmp_path_factory.mktemp("whole")).content()


def replaced(content: bytes, place: int, by: bytes) -> bytes:
    return content[:place] + by + content[place + len(by) :]


def check(child: Child, content: bytes) -> dict[str, Any]:
    """Try a file out, and check what must be so whatever is wrong with it."""
    told = child.try_out(content)
    assert told["other"] == OLD | NEW, "another series is untouched"
    assert told["failed"] == "", "what is new is written"
    assert told["cached"] == 0
    assert isinstance(told["rows"], dict), "the series can be read"
    if told["aside"]:
        assert told["aside"] == [True], "the damaged file is kept as it was"
        assert any("corrupt" in note for note in told["notes"])
        assert told["rows"] == {str(10 * (ROWS + 1)): float(ROWS + 1)}, "a new file goes on"
    else:
        assert told["unread"] == "", "a reader without the server reads it too"
        assert told["counts"]["late"] in (0, 2)
        assert told["counts"]["late"] == 0 or "ahead of the clock" in " ".join(told["notes"]), "what is late is told"
    return told


def test_the_layout_is_as_the_test_has_it(child: Child, whole: bytes) -> None:
    assert whole[AT_DS : AT_DS + 6] == b"value\0"
    assert [whole[AT_RRA + RRA * number :][:4] for number in range(ARCHIVES)] == [b"AVER", b"AVER", b"MIN\0", b"MAX\0"]
    rows = sum(struct.unpack_from("@L", whole, AT_RRA + RRA * number + 24)[0] for number in range(ARCHIVES))
    assert len(whole) == AT_ROWS + 8 * rows
    told = check(child, whole)
    assert (told["rows"], told["aside"], told["notes"]) == (OLD | NEW, [], [])


@pytest.mark.slow
def test_a_file_cut_off_anywhere_is_kept_aside_and_followed_by_a_new_one(child: Child, whole: bytes) -> None:
    for length in range(len(whole)):
        told = check(child, whole[:length])
        assert told["aside"], f"cut to {length} bytes"


@pytest.mark.parametrize("more", [b"\0", b"\0" * 8, b"more"])
def test_a_file_that_is_too_long_is_kept_aside(child: Child, whole: bytes, more: bytes) -> None:
    assert check(child, whole + more)["aside"]


FIELDS = {
    "cookie": (0, b"RRX\0"),
    "version of the future": (4, b"0009\0"),
    "version of the past": (4, b"0002\0"),
    "version without an end": (4, b"0003x"),
    "no data source": (24, struct.pack("@L", 0)),
    "many data sources": (24, struct.pack("@L", 2**61)),
    "no archive": (32, struct.pack("@L", 0)),
    "no step": (40, struct.pack("@L", 0)),
    "a huge step": (40, struct.pack("@L", 2**63)),
    "a name without an end": (AT_DS, b"v" * 20),
    "a name of odd bytes": (AT_DS, b"\xff\xfe"),
    "another name": (AT_DS, b"nalue"),
    "a type without an end": (AT_DS + 20, b"G" * 20),
    "no such type": (AT_DS + 20, b"GAUGF\0"),
    "no heartbeat": (AT_DS + 40, struct.pack("@L", 0)),
    "no such function": (AT_RRA, b"AVERAGF\0"),
    "a function without an end": (AT_RRA, b"A" * 20),
    "no rows": (AT_RRA + 24, struct.pack("@L", 0)),
    "rows beyond the memory": (AT_RRA + 24, struct.pack("@L", 2**61)),
    "no steps to a row": (AT_RRA + 32, struct.pack("@L", 0)),
    "steps that overflow": (AT_RRA + RRA + 32, struct.pack("@L", 2**63)),
    "steps that overflow to nothing": (AT_RRA + RRA + 32, struct.pack("@L", 2**63 // 5)),
    "a time before all": (AT_LIVE, struct.pack("@l", -(2**62))),
    "a time after all": (AT_LIVE, struct.pack("@l", 2**62)),
    "too many microseconds": (AT_LIVE + 8, struct.pack("@l", 2**62)),
    "fewer than no microseconds": (AT_LIVE + 8, struct.pack("@l", -1)),
    "a last reading without an end": (AT_PDP, b"1" * 30),
    "a last reading that is no text": (AT_PDP, b"\xff"),
    "a row beyond the archive": (AT_POINTERS, struct.pack("@L", 15)),
    "a row beyond the file": (AT_POINTERS + 8, struct.pack("@L", 2**40)),
    "a row before the file": (AT_POINTERS + 16, struct.pack("@l", -(2**40))),
}


@pytest.mark.parametrize(("place", "by"), FIELDS.values(), ids=FIELDS.keys())
def test_a_header_that_cannot_be_is_kept_aside(child: Child, whole: bytes, place: int, by: bytes) -> None:
    told = check(child, replaced(whole, place, by))
    assert told["aside"]
    assert told["unread"] != "" or by == b"nalue", "a reader without the server is told too"


def test_rows_that_swap_their_archive_crash_nothing(child: Child, whole: bytes) -> None:
    content = replaced(whole, AT_RRA + 24, struct.pack("@L", 14))
    check(child, replaced(content, AT_RRA + RRA + 24, struct.pack("@L", 11)))


NUMBERS = [
    0,
    1,
    2,
    10,
    255,
    2**31,
    2**32 - 1,
    2**32,
    2**53,
    2**63 - 1,
    2**63,
    2**64 - 1,
    0x7FF0 << 48,
    0x7FF8 << 48,
    0xFFF0 << 48,
]
changes = st.one_of(
    st.tuples(st.integers(0, AT_ROWS - 1), st.binary(min_size=1, max_size=4)),
    st.tuples(
        st.integers(0, AT_ROWS // 8 - 1).map(lambda word: 8 * word), st.sampled_from(NUMBERS).map(lambda n: struct.pack("@Q", n))
    ),
    st.tuples(
        st.integers(0, AT_ROWS - 100), st.sampled_from([b"\0", b"\xff"]).flatmap(lambda one: st.integers(1, 90).map(one.__mul__))
    ),
)


@settings(SHORT, max_examples=250)
@given(st.lists(changes, min_size=1, max_size=4))
@example([(AT_PDP, b"U\0")])
@example([(AT_CDP + 8, struct.pack("@Q", 2**64 - 1))])
@example([(AT_PDP + 32, struct.pack("@Q", 2**64 - 1))])
@example([(AT_RRA + 40, struct.pack("@d", float("nan")))])
def test_any_change_of_a_header_is_survived(child: Child, whole: bytes, made: list[tuple[int, bytes]]) -> None:
    content = whole
    for place, by in made:
        content = replaced(content, place, by)
    check(child, content)


@settings(SHORT, max_examples=40)
@given(st.lists(st.tuples(st.integers(AT_ROWS, AT_ROWS + 30 * 8), st.binary(min_size=1, max_size=8)), min_size=1, max_size=5))
def test_rows_that_were_changed_cost_no_other_rows(child: Child, whole: bytes, made: list[tuple[int, bytes]]) -> None:
    content = whole
    for place, by in made:
        content = replaced(content, place, by)[: len(whole)]
    told = check(child, content)
    assert not told["aside"]
    for place, number in (OLD | NEW).items():
        row = AT_ROWS + 8 * first_archive_row(whole, int(place))
        if content[row : row + 8] == whole[row : row + 8]:
            assert told["rows"][place] == number


def first_archive_row(whole: bytes, place: int) -> int:
    """Which row of the first archive a time, in seconds since the start, stands in."""
    (current,) = struct.unpack_from("@L", whole, AT_POINTERS)
    (rows,) = struct.unpack_from("@L", whole, AT_RRA + 24)
    return int((current + (place - 10 * (ROWS - 1)) // 10) % rows)


@pytest.mark.slow
def test_each_byte_of_a_header_may_be_any_other(child: Child, whole: bytes) -> None:
    for place in range(AT_ROWS):
        flip = (0x01, 0x80, 0xFF)[place % 3]
        check(child, replaced(whole, place, bytes([whole[place] ^ flip])))


def test_a_crash_would_be_seen(tmp_path: Path) -> None:
    child = Child(tmp_path)
    with pytest.raises(AssertionError, match="ended with status"):
        child.try_out(_NotHex())  # type: ignore[arg-type]
    assert NAME in str(list((tmp_path / "whole").rglob("*.rrd")))


class _NotHex:
    def hex(self) -> str:
        return "this ends the process"
