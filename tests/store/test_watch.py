"""Watching the last values of a store: what is new is found by looking."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from store.conftest import START, Clock

from janitoo_datalog_rrd.core.contracts import LastValue, Reading, Watch
from janitoo_datalog_rrd.store.settings import SourceConfig
from janitoo_datalog_rrd.store.store import Store
from janitoo_datalog_rrd.store.watch import ListWatch


def publish(store: Store, uuid: str, value: float, time_s: float | None = None) -> None:
    store.accept([Reading(("0048/0001", uuid, "0"), value, time_s)])


def name_of(uuid: str) -> str:
    return f"0048.0001.{uuid}.0"


def values_of(watch: Watch) -> dict[str, float | None]:
    return {each.series: each.value for each in watch.look().values}


def test_the_first_look_sees_everything_and_later_ones_what_is_new(store: Store, clock: Clock) -> None:
    publish(store, "a", 1.0)
    publish(store, "b", 2.0)
    watch = store.watch()
    assert watch.look().values == [LastValue(name_of(uuid), "value", value, START) for uuid, value in (("a", 1.0), ("b", 2.0))]
    assert watch.look() == ([], [])
    clock.now += 1
    publish(store, "b", 2.0)
    assert watch.look().values == [LastValue(name_of("b"), "value", 2.0, START + 1)]
    publish(store, "b", 3.0)  # in the same moment
    publish(store, "c", 4.0)
    assert values_of(watch) == {name_of("b"): 3.0, name_of("c"): 4.0}


def test_a_sample_that_comes_late_is_no_last_value(store: Store, clock: Clock) -> None:
    publish(store, "a", 1.0, START)
    watch = store.watch()
    watch.look()
    publish(store, "a", 7.0, START - 60)
    assert watch.look().values == []


def test_a_value_that_stays_unknown_is_no_change(store: Store, clock: Clock) -> None:
    publish(store, "a", 1.0)
    watch = store.watch()
    watch.look()
    publish(store, "a", math.nan)
    (seen,) = watch.look().values
    assert seen.value is not None
    assert math.isnan(seen.value)
    assert watch.look().values == []


def test_series_that_were_silent_since_the_start_are_looked_up_in_their_files(
    make_store: Callable[..., Store], clock: Clock
) -> None:
    first = make_store()
    publish(first, "a", 21.5)
    first.close()
    watch = make_store().watch()
    assert watch.look().values == [LastValue(name_of("a"), "value", 21.5, START)]
    assert watch.look().values == []


def test_what_is_removed_is_told_and_what_comes_back_is_new(store: Store, clock: Clock) -> None:
    publish(store, "a", 1.0)
    publish(store, "b", 1.0)
    watch = store.watch()
    watch.look()
    store.remove(name_of("a"))
    assert watch.look() == ([], [(name_of("a"), "value")])
    publish(store, "a", 2.0)
    assert values_of(watch) == {name_of("a"): 2.0}
    store.forget(name_of("a"))
    publish(store, "a", 3.0)
    assert watch.look() == ([LastValue(name_of("a"), "value", 3.0, START)], []), "it was away between two looks only"


def test_columns_of_a_datasource_are_watched_one_by_one(store: Store, clock: Clock) -> None:
    keys = [("0048/0001", uuid, "0") for uuid in ("in", "out")]
    sources = [SourceConfig(key, "GAUGE", key[1]) for key in keys]
    store.configure("weather", 10, sources)
    watch = store.watch()
    assert [each.column for each in watch.look().values] == ["in", "out"]
    store.accept([Reading(keys[1], 5.0)])
    assert watch.look().values == [LastValue("weather", "out", 5.0, START)]
    store.configure("weather", 10, sources[:1])
    assert watch.look().removed == [("weather", "out")]


def test_two_who_watch_see_the_same(store: Store, clock: Clock) -> None:
    one, other = store.watch(), store.watch()
    one.look()
    publish(store, "a", 1.0)
    assert values_of(one) == values_of(other) == {name_of("a"): 1.0}


def test_nothing_is_missed_while_values_pour_in(store: Store, clock: Clock) -> None:
    watch, seen, stop = store.watch(), dict[str, "float | None"](), threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.update(values_of(watch))

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        for number in range(2000):
            publish(store, f"v{number % 50}", float(number), START - 3000 + number)
        stop.set()
        looking.result(20)
    seen.update(values_of(watch))
    assert seen == {name_of(f"v{number}"): 1950.0 + number for number in range(50)}


def test_a_reader_without_a_cache_is_watched_by_its_lists(store: Store, clock: Clock) -> None:
    publish(store, "a", 1.0)
    watch = ListWatch(store.list_series)
    assert values_of(watch) == {name_of("a"): 1.0}
    assert watch.look() == ([], [])
    publish(store, "a", 2.0)
    assert values_of(watch) == {name_of("a"): 2.0}
    store.remove(name_of("a"))
    assert watch.look() == ([], [(name_of("a"), "value")])
