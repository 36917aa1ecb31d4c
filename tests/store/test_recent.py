"""What a series was in the last minutes, told without writing anything, is what its file says once it is written."""

from __future__ import annotations

import math

import pytest
from store.conftest import START, Clock

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.store.store import Store

KEY = ("ressources-usage/192-168-1-5", "memory.job")
NAME = "ressources-usage.192-168-1-5.memory.job"


def give(store: Store, clock: Clock, *samples: tuple[float, float]) -> None:
    """Samples with times of their own, after START; it is the time of the last one then."""
    clock.now = START + max(time for time, _ in samples)
    store.accept([Reading(KEY, value, START + time) for time, value in samples])


def told(store: Store, since: float = 0.0) -> list[tuple[float, float, float]]:
    return [(time - START, seconds, value) for time, seconds, value in store.recent(NAME, START + since)]


def mean(store: Store, since: float = 0.0) -> float:
    stretches = told(store, since)
    return sum(seconds * value for _, seconds, value in stretches) / sum(seconds for _, seconds, _ in stretches)


def test_what_is_cached_is_told_and_stays_cached(store: Store, clock: Clock) -> None:
    give(store, clock, (10, 1.0), (20, 2.0), (40, 4.0))
    assert told(store) == [(10, 10, 1.0), (20, 10, 2.0), (40, 20, 4.0)]
    assert told(store, 15) == [(20, 5, 2.0), (40, 20, 4.0)]
    assert told(store, 40) == []
    assert store.count_cached() == 3
    assert not store.get_series(NAME).path.exists()


def test_what_comes_out_of_order_is_in_order(store: Store, clock: Clock) -> None:
    give(store, clock, (20, 2.0), (10, 1.0), (30, 3.0))
    assert [time for time, _, _ in told(store)] == [10, 20, 30]


def test_what_is_unknown_does_not_count(store: Store, clock: Clock) -> None:
    give(store, clock, (10, 1.0), (20, 2.0), (30, math.nan), (50, 5.0))
    assert told(store) == [(10, 10, 1.0), (20, 10, 2.0), (50, 20, 5.0)]


def test_file_and_cache_go_together(store: Store, clock: Clock) -> None:
    give(store, clock, *((at, float(at)) for at in range(10, 110, 10)))
    before = mean(store, 15)
    store.flush_all(everything=True)
    assert store.count_cached() == 0
    assert mean(store, 15) == pytest.approx(before, abs=0.01)
    assert told(store)[-1] == (100, 10, 100.0)
    give(store, clock, (110, 110.0), (120, 120.0))
    assert [time for time, _, _ in told(store, 55)] == [60, 70, 80, 90, 100, 110, 120]
    assert told(store)[-2:] == [(110, 10, 110.0), (120, 10, 120.0)]
    whole = mean(store, 55)
    store.flush_all(everything=True)
    assert mean(store, 55) == pytest.approx(whole, abs=0.01)


def test_after_a_long_silence_a_number_stands_for_its_own_time_only(store: Store, clock: Clock) -> None:
    give(store, clock, (10, 1.0))
    give(store, clock, (9000, 9.0))
    assert told(store) == [(10, 10, 1.0), (9000, 10, 9.0)]
