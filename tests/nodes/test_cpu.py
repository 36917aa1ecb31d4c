"""The CPU percentage: between two polls, and nobody else's interval."""

from __future__ import annotations

import time
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from janitoo_datalog_rrd.nodes.cpu import CpuMeter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Times = namedtuple("Times", ["user", "nice", "system", "idle", "iowait", "guest", "guest_nice"])


def times(user: float = 0, system: float = 0, idle: float = 0, iowait: float = 0, guest: float = 0) -> Times:
    return Times(user, 0.0, system, idle, iowait, guest, 0.0)


def readings(*each: Any) -> Callable[[], Any]:
    remaining: Iterator[Any] = iter(each)
    return lambda: next(remaining)


def test_percent_is_the_busy_share_between_two_polls() -> None:
    meter = CpuMeter(readings(times(100, 50, 1000, 10), times(103, 52, 1013, 12)), readings(0.0, 10.0))
    assert meter.percent() == 25.0  # 5 busy, 13 idle, 2 waiting for disks


def test_time_of_virtual_machines_is_counted_once() -> None:
    meter = CpuMeter(readings(times(), times(user=5, idle=5, guest=5)), readings(0.0, 10.0))
    assert meter.percent() == 50.0


def test_there_is_no_percent_before_the_first_window_has_passed() -> None:
    meter = CpuMeter(readings(times(), times(user=1)), readings(0.0, 0.4))
    assert meter.percent() is None


def test_a_request_just_after_a_poll_gets_the_polls_result() -> None:
    meter = CpuMeter(readings(times(), times(user=2, idle=8), times(user=1000)), readings(0.0, 10.0, 10.1))
    assert meter.percent() == 20.0
    assert meter.percent() == 20.0


def test_an_idle_count_that_falls_gives_no_percent_out_of_range() -> None:
    meter = CpuMeter(readings(times(idle=1000), times(user=5, idle=999)), readings(0.0, 10.0))
    assert meter.percent() == 100.0


def test_a_standing_count_is_measured_again_later() -> None:
    meter = CpuMeter(readings(times(), times(), times(user=3, idle=1)), readings(0.0, 10.0, 20.0))
    assert meter.percent() is None
    assert meter.percent() == 75.0


def test_two_meters_and_psutil_itself_do_not_shorten_each_others_interval() -> None:
    before = psutil.cpu_times()
    slow, fast = (CpuMeter(window_s=0.0) for _ in range(2))
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        fast.percent()
        psutil.cpu_percent(interval=None)
    measured = slow.percent()
    after = psutil.cpu_times()
    busy = sum(after) - sum(before) - (after.idle - before.idle) - (after.iowait - before.iowait)
    busy -= after.guest + after.guest_nice - before.guest - before.guest_nice
    everything = busy + (after.idle - before.idle) + (after.iowait - before.iowait)
    assert measured == pytest.approx(100.0 * busy / everything, abs=10.0)
    assert measured is not None
    assert measured > 20.0 / (psutil.cpu_count() or 1)  # this test kept a processor busy by itself
