"""One place in the code cannot fill the log."""

from __future__ import annotations

import logging

from janitoo_datalog_rrd.core.flood import MOST, WINDOW_S, FloodFilter


def record(line: int, text: str = "a %s") -> logging.LogRecord:
    return logging.LogRecord("x", logging.WARNING, "x.py", line, text, ("bad request",), None)


def test_a_flood_is_cut_off_and_told_in_the_next_minute() -> None:
    now = [0.0]
    limit = FloodFilter(lambda: now[0])
    assert sum(limit.filter(record(1)) for _ in range(1000)) == MOST
    assert limit.filter(record(2)), "another place is not held up"
    now[0] = WINDOW_S
    first = record(1)
    assert limit.filter(first)
    assert first.getMessage() == f"a bad request (and {1000 - MOST} more like this, left out)"
    now[0] = 2 * WINDOW_S
    second = record(1)
    assert limit.filter(second)
    assert second.getMessage() == "a bad request"
