"""Names of things become levels, and what is gone ends its lines."""

from __future__ import annotations

import logging
import re

import pytest

from janitoo_datalog_rrd.nodes.levels import MAX_LEVEL, Levels, Lines, safe_level


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("eth0", "eth0"),
        ("br.1", "br_1"),
        ("Web Content", "Web_Content"),
        ("../../etc", "etc"),
        ("", "_"),
        ("\udcff", "_"),
        ("...", "_"),
    ],
)
def test_a_name_becomes_a_level_without_dots(name: str, level: str) -> None:
    assert safe_level(name) == level


def test_levels_are_short() -> None:
    assert re.fullmatch("x{64}", safe_level("x" * 100_000))


def test_two_things_of_the_same_safe_name_are_told_apart_and_keep_their_levels() -> None:
    levels = Levels("things")
    first, second = levels.level("a b"), levels.level("a/b")
    assert first == "a_b"
    assert re.fullmatch(r"a_b-[0-9a-f]{8}", second or "")
    assert (levels.level("a b"), levels.level("a/b")) == (first, second)
    assert {len(Levels("things").level(name) or "") for name in ("x" * 100, "x" * 101)} == {MAX_LEVEL}


def test_long_names_that_begin_alike_are_told_apart() -> None:
    levels = Levels("things")
    assert levels.level("x" * 100) != levels.level("x" * 101)
    assert len(levels.level("x" * 101) or "") == MAX_LEVEL


def test_things_without_end_make_no_levels_without_end_and_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    levels = Levels("things", 3)
    assert [levels.level(str(number)) for number in range(6)] == ["0", "1", "2", None, None, None]
    assert levels.level("1") == "1"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "only the first 3 things are told apart; others are left out until the next start"
    ]


def test_what_is_gone_is_unknown_once_and_then_no_more() -> None:
    lines = Lines()
    assert lines.told({"a": {"x": 1, "y": {"z": 2}}, "b": 3}) == {"a": {"x": 1, "y": {"z": 2}}, "b": 3}
    assert lines.told({"b": 4}) == {"b": 4, "a": {"x": None, "y": {"z": None}}}
    assert lines.told({"b": 4}) == {"b": 4}
    assert lines.told({"a": {"x": 5}}) == {"a": {"x": 5}, "b": None}


def test_what_was_unknown_already_is_not_told_as_gone() -> None:
    lines = Lines()
    lines.told({"a": {"x": None}})
    assert lines.told({}) == {}
