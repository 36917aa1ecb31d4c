"""The smoothed load and the modes, on a clock and counters of the test."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from janitoo_datalog_rrd.webhook.load import Mode, SmoothedLoad


class Times(NamedTuple):
    user: float = 0.0
    idle: float = 0.0


class Processors:
    """Two processors whose load the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.times = Times()

    def run(self, seconds: float, percent: float) -> None:
        self.now += seconds
        busy = 2 * seconds * percent / 100
        self.times = Times(self.times.user + busy, self.times.idle + 2 * seconds - busy)


def test_the_load_is_the_average_of_the_last_seconds() -> None:
    cpu = Processors()
    load = SmoothedLoad(10.0, lambda: cpu.times)
    assert load.look(cpu.now) is None
    found = []
    for percent in [0.0] * 10 + [100.0] * 10 + [0.0] * 10:
        cpu.run(1, percent)
        found.append(load.look(cpu.now))
    assert found[:9] == [None] * 9, "not known before the first time has passed"
    assert found[9:] == [0.0, *range(10, 110, 10), *range(90, -1, -10)]


@pytest.mark.parametrize(("window_s", "every_s"), [(1.0, 0.1), (10.0, 1.0), (600.0, 1.0)])
def test_it_looks_often_enough_and_not_more(window_s: float, every_s: float) -> None:
    assert SmoothedLoad(window_s, Times).look_every_s == every_s


def test_no_time_between_two_looks_does_no_harm() -> None:
    cpu = Processors()
    load = SmoothedLoad(1.0, lambda: cpu.times)
    load.look(0.0)
    assert load.look(5.0) is None


def test_looks_do_not_pile_up() -> None:
    cpu = Processors()
    load = SmoothedLoad(10.0, lambda: cpu.times)
    for _ in range(1000):
        cpu.run(1, 50)
        load.look(cpu.now)
    assert len(load._looks) <= 12


def test_above_the_threshold_it_is_an_emergency_and_below_it_is_none() -> None:
    mode = Mode(70.0, hold_s=0.0)
    assert [mode.look(percent, 0.0) for percent in (70.0, 70.1, 99.0, 70.0, 69.9, 70.0)] == [
        False,
        True,
        False,
        False,
        True,
        False,
    ]


def test_a_load_about_the_threshold_makes_no_storm() -> None:
    mode = Mode(70.0, hold_s=10.0)
    changes = sum(mode.look(71.0 if second % 2 else 69.0, float(second)) for second in range(1000))
    assert 2 <= changes <= 2 * 1000 / 10 + 1
    assert mode.look(69.0, 2000.0) in (True, False)
    assert not mode.emergency
