"""Configured RRD files: a row per step, with the history kept when the ini changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import rrdtool
from store.conftest import START, Clock, abandon, rows

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.errors import StoreError
from janitoo_datalog_rrd.store.settings import SourceConfig
from janitoo_datalog_rrd.store.store import Store

LOAD = [
    SourceConfig(("0048/0002", "load", str(index)), "GAUGE", label) for index, label in enumerate(("load1", "load5", "load15"))
]
STEP = 60
# the first row after START; START itself is no multiple of the step
FIRST = int(START // STEP + 1) * STEP


def publish(store: Store, clock: Clock, time_s: float, *numbers: float) -> None:
    clock.now = time_s
    store.accept([Reading(LOAD[index].key, number) for index, number in enumerate(numbers)])


def test_the_file_has_the_original_layout(store: Store) -> None:
    store.configure("load", STEP, LOAD)
    info = rrdtool.info(str(store.path_of("load")))
    assert info["step"] == STEP
    assert [info[f"ds[{label}].index"] for label in ("load1", "load5", "load15")] == [0, 1, 2]
    assert (info["ds[load1].minimal_heartbeat"], info["ds[load1].type"]) == (2 * STEP, "GAUGE")
    assert (info["ds[load1].min"], info["ds[load1].max"]) == (None, None)
    archives = {
        (info[f"rra[{n}].cf"], info[f"rra[{n}].pdp_per_row"], info[f"rra[{n}].rows"], info[f"rra[{n}].xff"]) for n in range(12)
    }
    assert archives == {(cf, steps, 1440, 0.5) for cf in ("AVERAGE", "MAX", "MIN") for steps in (1, 12, 144, 288)}
    assert "rra[12].cf" not in info
    assert store.settings.list_path.parent == store.path_of("load").parent


def test_a_row_per_step_holds_the_last_values(store: Store, clock: Clock) -> None:
    store.configure("load", STEP, LOAD)
    for minute in range(5):
        publish(store, clock, FIRST + STEP * minute - 20, 1.0 + minute, 2.0 + minute, 3.0 + minute)
        publish(store, clock, FIRST + STEP * minute - 5, 1.5 + minute)
    clock.now = FIRST + STEP * 5
    store.flush("load")
    found = rows(store.path_of("load"), FIRST - STEP, FIRST + 4 * STEP - 1)
    assert [found[FIRST + STEP * minute] for minute in range(5)] == [
        (1.5 + minute, 2.0 + minute, 3.0 + minute) for minute in range(5)
    ]


def test_a_value_that_is_silent_stands_and_then_is_unknown(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.configure("load", STEP, LOAD)
    publish(store, clock, FIRST - 5, 1.0, 2.0, 3.0)
    for minute in range(1, 100):
        publish(store, clock, FIRST + STEP * minute - 5, float(minute))
    clock.now += STEP
    store.flush("load")
    found = rows(store.path_of("load"), FIRST - STEP, FIRST + 99 * STEP - 1)
    assert found[FIRST + 30 * STEP] == (30.0, 2.0, 3.0)
    assert found[FIRST + 59 * STEP] == (59.0, 2.0, 3.0)  # schema hold: an hour
    assert found[FIRST + 61 * STEP] == (61.0, None, None)


def test_nothing_is_written_while_everything_is_silent_and_it_goes_on_afterwards(store: Store, clock: Clock) -> None:
    store.configure("load", STEP, LOAD)
    publish(store, clock, FIRST - 5, 1.0, 2.0, 3.0)
    clock.now = FIRST + 30 * 86400.0
    store.flush("load")
    assert rrdtool.last(str(store.path_of("load"))) < FIRST + 2 * 3600
    later = (int(clock.now) // STEP + 1) * STEP
    publish(store, clock, later - 5, 7.0, 8.0, 9.0)
    publish(store, clock, later + STEP - 5, 7.0, 8.0, 9.0)
    clock.now = later + 2 * STEP
    store.flush("load")
    assert rows(store.path_of("load"), later, later + STEP - 1)[later + STEP] == (7.0, 8.0, 9.0)


def test_a_counter_polled_less_often_than_a_row_has_no_holes_and_the_right_sum(store: Store, clock: Clock) -> None:
    meter = SourceConfig(("0130/0001", "pulses", "0"), "COUNTER", "pulses")
    store.configure("energy", STEP, [meter])
    for poll in range(37):  # every hundred seconds: many rows have no poll of their own
        clock.now = FIRST + 100 * poll
        store.accept([Reading(meter.key, 1000.0 + 1000 * poll)])
    store.flush("energy")
    found = [row[0] for row in rows(store.path_of("energy"), FIRST, FIRST + 60 * STEP - 1).values()]
    assert len(found) == 60
    assert all(value == 10.0 for value in found)


def test_a_counter_that_resets_gives_no_spike(store: Store, clock: Clock) -> None:
    meter = SourceConfig(("0130/0001", "energy", "0"), "DERIVE", "watts")
    store.configure("energy", STEP, [meter])
    for minute, number in enumerate([1000.0, 1600.0, 2200.0, 5.0, 605.0, 1205.0]):
        clock.now = FIRST + STEP * minute
        store.accept([Reading(meter.key, number)])
    clock.now += STEP
    store.flush("energy")
    found = [row[0] for row in rows(store.path_of("energy"), FIRST, FIRST + 5 * STEP - 1).values()]
    assert found[:2] == [10.0, 10.0]
    assert found[3:5] == [10.0, 10.0]
    assert found[2] is None or found[2] < 0  # DERIVE of the original layout has no minimum: the reset shows once, downwards


def test_rotate_makes_rows_that_stay_in_the_cache(store: Store, clock: Clock) -> None:
    store.configure("load", STEP, LOAD)
    publish(store, clock, FIRST - 5, 1.0, 2.0, 3.0)
    clock.now = FIRST + 2 * STEP
    before = rrdtool.last(str(store.path_of("load")))
    assert store.rotate("load") == 3
    assert store.count_cached() == 3
    assert rrdtool.last(str(store.path_of("load"))) == before
    assert store.flush("load") == 3
    assert store.count_cached() == 0


def test_a_late_value_of_a_closed_row_is_counted(store: Store, clock: Clock) -> None:
    store.configure("load", STEP, LOAD)
    publish(store, clock, FIRST - 5, 1.0)
    clock.now = FIRST + STEP
    store.flush("load")
    assert store.accept([Reading(LOAD[0].key, 5.0, FIRST - 1.0)]) == 0
    assert store.counters.get("samples_late") == 1


def test_rows_survive_a_kill(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store(opened=False)
    store.configure("load", STEP, LOAD)
    store.open()
    for minute in range(10):
        publish(store, clock, FIRST + STEP * minute - 5, 1.0 + minute, 2.0 + minute, 3.0 + minute)
        if minute == 3:
            store.flush("load")
        if minute == 6:
            store.dump()
    abandon(store)
    store = make_store(opened=False)
    store.configure("load", STEP, LOAD)
    store.open()
    clock.now += STEP
    store.flush("load")
    found = rows(store.path_of("load"), FIRST - STEP, FIRST + 9 * STEP - 1)
    assert [found[FIRST + STEP * minute] for minute in range(10)] == [
        (1.0 + minute, 2.0 + minute, 3.0 + minute) for minute in range(10)
    ]


def fill(store: Store, clock: Clock, minutes: int) -> dict[int, tuple[float | None, ...]]:
    store.configure("load", STEP, LOAD)
    for minute in range(minutes):
        publish(store, clock, FIRST + STEP * minute - 5, 1.0 + minute, 2.0, 3.0)
    clock.now += 10
    store.flush("load")
    return rows(store.path_of("load"), FIRST - STEP, FIRST + (minutes - 1) * STEP - 1)


def test_a_data_source_added_in_the_ini_keeps_the_history_of_the_others(store: Store, clock: Clock) -> None:
    before = fill(store, clock, 200)
    extra = SourceConfig(("0048/0009", "users", "0"), "GAUGE", "users")
    assert store.configure("load", STEP, [*LOAD, extra]) == ["data source users was added"]
    after = rows(store.path_of("load"), FIRST - STEP, FIRST + 199 * STEP - 1)
    assert {time_s: row[:3] for time_s, row in after.items()} == before
    publish(store, clock, FIRST + 200 * STEP - 5, 1.0, 2.0, 3.0)
    store.accept([Reading(extra.key, 42.0)])
    clock.now += 10
    store.flush("load")
    assert rows(store.path_of("load"), FIRST + 199 * STEP, FIRST + 200 * STEP - 1)[FIRST + 200 * STEP] == (1.0, 2.0, 3.0, 42.0)


def test_a_data_source_removed_from_the_ini_keeps_the_history_of_the_others(store: Store, clock: Clock) -> None:
    before = fill(store, clock, 200)
    assert store.configure("load", STEP, [LOAD[0], LOAD[2]]) == ["data source load5 was removed"]
    after = rows(store.path_of("load"), FIRST - STEP, FIRST + 199 * STEP - 1)
    assert after == {time_s: (row[0], row[2]) for time_s, row in before.items()}
    publish(store, clock, FIRST + 200 * STEP - 5, 1.0, 2.0, 3.0)
    clock.now += 10
    store.flush("load")
    assert rows(store.path_of("load"), FIRST + 199 * STEP, FIRST + 200 * STEP - 1)[FIRST + 200 * STEP] == (1.0, 3.0)


def test_changing_the_sources_keeps_what_is_cached_for_those_that_stay(store: Store, clock: Clock) -> None:
    store.configure("load", STEP, LOAD)
    publish(store, clock, FIRST - 5, 1.0, 2.0, 3.0)
    store.configure("load", STEP, LOAD[:2])
    clock.now = FIRST + 1
    store.flush("load")
    assert rows(store.path_of("load"), FIRST - STEP, FIRST - 1)[FIRST] == (1.0, 2.0)


def test_a_changed_step_says_what_to_do_and_loses_nothing(store: Store, clock: Clock) -> None:
    before = fill(store, clock, 20)
    with pytest.raises(StoreError, match=r"rrd_step_0 = 300.*step of 60 s.*set rrd_step_0 = 60, or choose another rrd_file_0"):
        store.configure("load", 300, LOAD)
    assert rows(store.path_of("load"), FIRST - STEP, FIRST + 19 * STEP - 1) == before
    publish(store, clock, FIRST + 20 * STEP - 5, 1.0, 2.0, 3.0)
    clock.now += 10
    assert store.flush("load") == 1


def test_a_datasource_takes_over_from_the_series_made_by_itself_and_back(store: Store, clock: Clock) -> None:
    store.accept([Reading(LOAD[0].key, 1.0)])
    store.configure("load", STEP, LOAD)
    clock.now += 1
    store.accept([Reading(LOAD[0].key, 2.0)])
    assert store.get_series("load").columns[0].last_value == 2.0
    assert store.get_series("0048.0002.load.0").columns[0].last_value == 1.0
    store.forget("load")
    clock.now += 1
    store.accept([Reading(LOAD[0].key, 3.0)])
    assert store.get_series("0048.0002.load.0").columns[0].last_value == 3.0
    assert len(store.list_series()) == 1


def test_a_data_source_that_gets_another_label_keeps_its_history(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    before = fill(store, clock, 20)
    store.close()
    renamed = [SourceConfig(LOAD[0].key, "GAUGE", "one"), *LOAD[1:]]
    store = make_store(opened=False)
    assert store.configure("load", STEP, renamed) == ["data source load1 became one"]
    store.open()
    assert rows(store.path_of("load"), FIRST - STEP, FIRST + 19 * STEP - 1) == before
    assert "ds[one].index" in rrdtool.info(str(store.path_of("load")))


def test_a_kill_after_a_snapshot_leaves_the_rows_as_they_would_have_been(make_store: Callable[..., Store], clock: Clock) -> None:
    def run(*, killed: bool) -> dict[int, tuple[float | None, ...]]:
        clock.now = START
        store = make_store(opened=False)
        store.configure("load", STEP, LOAD)
        store.open()
        publish(store, clock, FIRST - 5, 1.0, 2.0, 3.0)
        store.dump()
        publish(store, clock, FIRST + 5, 92.0)
        clock.now = FIRST + 3 * STEP
        store.flush("load")
        if killed:
            abandon(store)
            store = make_store(opened=False)
            store.configure("load", STEP, LOAD)
            store.open()
        clock.now = FIRST + 10 * STEP
        store.flush("load")
        found = rows(store.path_of("load"), FIRST - STEP, FIRST + 10 * STEP - 1)
        store.remove("load")
        store.close()
        return found

    assert run(killed=True) == run(killed=False)


@pytest.mark.parametrize(
    ("ds_type", "numbers"), [("DERIVE", (-1.7e308, 1.7e308)), ("ABSOLUTE", (1.7e308, 1.7e308)), ("COUNTER", (-5.0, 1e30))]
)
def test_numbers_that_no_file_can_hold_are_dropped_and_the_rest_goes_on(
    store: Store, clock: Clock, ds_type: str, numbers: tuple[float, ...]
) -> None:
    source = SourceConfig(("0130/0001", "x", "0"), ds_type, "x")
    store.configure("meter", STEP, [source])
    for minute, number in enumerate((*numbers, 5.0, 10.0, 15.0)):
        clock.now = FIRST + STEP * minute
        store.accept([Reading(source.key, number)])
    clock.now += STEP
    store.flush_all(everything=True)
    assert store.count_cached() == 0
    assert store.counters.get("samples_dropped", "out_of_range") == 2
    assert store.health.problems() == {}


def test_a_label_changed_right_after_the_start_keeps_the_history_too(store: Store, clock: Clock) -> None:
    before = fill(store, clock, 20)
    assert store.configure("load", STEP, [SourceConfig(LOAD[0].key, "GAUGE", "one"), *LOAD[1:]]) == [
        "data source load1 became one"
    ]
    assert rows(store.path_of("load"), FIRST - STEP, FIRST + 19 * STEP - 1) == before


def test_two_data_sources_of_one_label_are_refused(store: Store, clock: Clock) -> None:
    before = fill(store, clock, 5)
    with pytest.raises(StoreError, match="two of its data sources have one label"):
        store.configure("load", STEP, [*LOAD, SourceConfig(("0048/0009", "x", "0"), "DERIVE", "load1")])
    assert rows(store.path_of("load"), FIRST - STEP, FIRST + 4 * STEP - 1) == before


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    ("numbers", "rates"),
    [
        ([1000, 1060, 1120, 3, 63, 123], [1, 1, None, None, 1]),
        ([2**32 - 90, 2**32 - 30, 30, 90], [1, 1, 1]),
        ([2**33, 2**33 + 60, 5, 65, 125], [1, None, None, 1]),
        ([2**64 - 2**20, 2**64 - 2**19, 0, 60 * 2**10], [2**19 / 60, 2**19 / 60, 2**10]),
    ],
)
def test_a_counter_that_is_set_back_gives_a_gap_and_one_that_wraps_goes_on(
    make_store: Callable[..., Store], clock: Clock, numbers: list[int], rates: list[float | None], restarted: bool
) -> None:
    source = SourceConfig(("0048/0002", "total", "0"), "COUNTER", "total")
    store = make_store()
    store.configure("meter", STEP, [source])
    for minute, number in enumerate(numbers):
        clock.now = FIRST + STEP * minute
        store.accept([Reading(source.key, float(number))])
        store.flush("meter")
        if restarted:
            abandon(store)
            store = make_store(opened=False)
            store.configure("meter", STEP, [source])
            store.open()
    clock.now += 3 * STEP
    store.flush("meter")
    found = rows(store.path_of("meter"), FIRST, FIRST + STEP * len(rates) - 1)
    assert [found[FIRST + STEP * minute][0] for minute in range(1, len(numbers))] == [
        None if rate is None else pytest.approx(rate, abs=0.02) for rate in rates
    ]
