"""A server whose wall clock is set while it runs goes on by itself: nothing is stored twice, nothing stops."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import rrdtool
from numbered import Numbered
from support import CommandLine, Mosquitto, fetch, fetch_json, wait_until
from support.faults import Faults

HOUR = 3600
CENTRAL_EUROPE = "CET-1CEST,M3.5.0,M10.5.0/3"


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    return Faults(tmp_path / "faults")


@pytest.fixture
def numbered(mosquitto: Mosquitto, command_line: CommandLine, faults: Faults, tmp_path: Path) -> Numbered:
    return Numbered(tmp_path, mosquitto, command_line, environ={**faults.environ(), "TZ": CENTRAL_EUROPE}, series=1)


def logged(numbered: Numbered, text: str) -> Callable[[], bool]:
    running = numbered.running
    assert running is not None
    return lambda: text in running.stderr


def last_of(numbered: Numbered, name: str) -> int:
    """Time of a series' last number in its file, flushed first; 0 where there is none."""
    numbered.flush()
    path = numbered.rrds / f"{name}.rrd"
    return int(rrdtool.last(str(path))) if path.exists() else 0


def test_a_clock_set_to_and_fro_by_an_hour_stops_nothing_and_counts_what_is_late(
    numbered: Numbered, faults: Faults, mosquitto: Mosquitto
) -> None:
    numbered.start()
    before, written, late = 0, 0, 0
    for number, offset in enumerate((0, HOUR, 0, -2 * HOUR, 2 * HOUR)):
        faults.set_clock(offset)
        if offset != before:
            # the two clocks are not read in one instant: a second may be missing
            seconds = {f"the clock was set by {offset - before + off:+d} s" for off in (-1, 0, 1)}
            wait_until(lambda seconds=seconds: any(logged(numbered, each)() for each in seconds), what="the jump to be told")  # type: ignore[misc]
        before = offset
        mosquitto.publish(("timeless/x", str(number)))
        numbered.publish(20)  # with times of their own, before any of these hours
        numbered.expect_everything()
        if time.time() + offset > written:
            wait_until(lambda then=written: last_of(numbered, "timeless.x") > then, what="the number to be written")  # type: ignore[misc]
            written = last_of(numbered, "timeless.x")
        else:
            assert numbered.count("jnt_samples_late_total") > late
            assert last_of(numbered, "timeless.x") == written
        late = numbered.count("jnt_samples_late_total")
    assert numbered.problems() == {}
    faults.set_clock(-2 * HOUR)
    numbered.publish(20)
    numbered.wait_until_taken()
    numbered.kill()
    numbered.start()
    numbered.publish(20)
    numbered.expect_everything()


@pytest.mark.parametrize("month", [3, 10], ids=["begins", "ends"])
def test_a_server_whose_summer_time_changes_goes_on(numbered: Numbered, faults: Faults, mosquitto: Mosquitto, month: int) -> None:
    change = next_last_sunday(month) + HOUR  # at 01:00 UTC all over Europe
    faults.set_clock(change - 600 - time.time())
    numbered.start()  # which takes its time on a busy machine
    offset = change - 3 - time.time()
    faults.set_clock(offset)
    for number in range(-2, 4):
        wait_until(lambda number=number: time.time() + offset >= change + number, what="the next second")  # type: ignore[misc]
        mosquitto.publish(("timeless/x", str(number)))
    wait_until(lambda: fetch_json(f"{numbered.url}/api/v1/series/timeless.x"), what="the series")
    wait_until(lambda: last_of(numbered, "timeless.x") >= change + 3, what="the numbers to be written")
    (first, _, step), _, rows = rrdtool.fetch(
        str(numbered.rrds / "timeless.x.rrd"), "AVERAGE", f"--start={int(change) - 4}", f"--end={int(change) + 20}"
    )
    assert (first, step) == (int(change) - 4, 1)
    known = [row[0] for row in rows if row[0] is not None and not math.isnan(row[0])]
    assert known == sorted(known)
    assert known[0] < 0 < known[-1] == 3.0
    assert numbered.count("jnt_messages_total", 'result="late"') == 0
    assert numbered.problems() == {}
    assert fetch(f"{numbered.url}/rrd/graph/timeless.x.png?start=-2h")


def next_last_sunday(month: int) -> float:
    """The last Sunday of a month of next year, 00:00 UTC, in seconds since the epoch."""
    following = datetime(datetime.now(timezone.utc).year + 1, month, 31, tzinfo=timezone.utc)
    return (following - timedelta(days=(following.weekday() + 1) % 7)).timestamp()
