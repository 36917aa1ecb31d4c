"""What goes into the store comes out of the RRD files, exactly."""

from __future__ import annotations

import errno
import json
import math
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import rrdtool
from store.conftest import START, Clock, abandon, rows, schema

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.errors import BadRequestError, StoreError, UnknownSeriesError
from janitoo_datalog_rrd.store.intake import StoreFullError
from janitoo_datalog_rrd.store.rrdfile import RrdError, read_header
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.series import Series
from janitoo_datalog_rrd.store.settings import SourceConfig
from janitoo_datalog_rrd.store.store import Store
from janitoo_datalog_rrd.store.taken import Taken

KEY = ("0048/0001", "temperature", "0")
NAME = "0048.0001.temperature.0"


def test_numbers_are_read_back_to_the_last_digit(store: Store, clock: Clock) -> None:
    numbers = [0.1, 1 / 3, -2.5e-12, 123456789.12345679, 1e15 + 0.3, 6.02e23, 0.0, -40.0, 1e-200]
    for index, number in enumerate(numbers):
        clock.now = START + 10 * index
        store.accept([Reading(KEY, number)])
    clock.now += 20
    store.flush(NAME)
    found = rows(store.path_of(NAME), START - 10, clock.now)
    for index, number in enumerate(numbers[1:], start=1):
        (value,) = found[int(START) + 10 * index]
        assert value is not None
        # librrd multiplies by the step and divides again, which may cost the last bit of a double
        assert value == pytest.approx(number, rel=4.5e-16, abs=0)


def test_a_message_with_its_own_time_is_stored_at_that_time(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.5, START - 100 + 10 * index) for index in range(10)])
    store.flush(NAME)
    assert set(rows(store.path_of(NAME), START - 90, START - 11).values()) == {(1.5,)}


def test_samples_out_of_order_are_sorted(store: Store, clock: Clock) -> None:
    times = [START - 100 + 10 * index for index in (3, 0, 2, 4, 1)]
    store.accept([Reading(KEY, time_s - START, time_s) for time_s in times])
    assert store.flush(NAME) == 5
    found = rows(store.path_of(NAME), START - 100, START - 61)
    assert found[int(START) - 70] == (-70.0,)
    assert found[int(START) - 80] == (-80.0,)


def test_the_last_sample_of_a_second_counts(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 0.0, START - 20), Reading(KEY, 1.0, START - 10.5 + 0.5), Reading(KEY, 2.0, START - 10 + 0.4)])
    store.flush(NAME)
    assert rows(store.path_of(NAME), START - 20, START - 11)[int(START) - 10] == (2.0,)


def test_absolute_counts_of_one_second_are_added(store: Store, clock: Clock) -> None:
    meta = Meta(ds_type="ABSOLUTE")
    readings = [Reading(KEY, 0.0, START - 20, meta)] + [Reading(KEY, 10.0, START - 10 + 0.1 * index, meta) for index in range(5)]
    store.accept(readings)
    store.flush(NAME)
    assert rows(store.path_of(NAME), START - 20, START - 11)[int(START) - 10] == (5.0,)


def test_a_value_older_than_the_file_is_counted_late(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0, START - 10)])
    store.flush(NAME)
    assert store.accept([Reading(KEY, 2.0, START - 11)]) == 0
    assert store.counters.get("samples_late") == 1


@pytest.mark.parametrize("time_s", [START + 61, START + 1e9, 4e18, -5.0, 0.0, math.nan, math.inf])
def test_a_time_that_cannot_be_does_not_block_the_series(store: Store, clock: Clock, time_s: float) -> None:
    assert store.accept([Reading(KEY, 1.0, time_s)]) == 0
    assert store.counters.get("samples_dropped", "bad_time") == 1
    assert store.accept([Reading(KEY, 1.0)]) == 1


def test_a_sensor_that_publishes_on_change_is_drawn_with_its_old_value_until_the_change(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 20.0, START - 1000), Reading(KEY, 30.0, START - 500)])
    store.flush(NAME)
    found = rows(store.path_of(NAME), START - 1000, START - 501)
    assert {found[time_s][0] for time_s in found if START - 1000 < time_s < START - 500} == {20.0}


def test_a_value_stands_no_longer_than_hold(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store(schemas=Schemas([schema(hold=100.0)]))
    store.accept([Reading(KEY, 20.0, START - 1000), Reading(KEY, 30.0, START - 500), Reading(KEY, 31.0, START - 490)])
    store.flush(NAME)
    found = rows(store.path_of(NAME), START - 1000, START - 481)
    assert found[int(START) - 900] == (20.0,)
    assert {found[int(START) - delta][0] for delta in range(880, 510, -10)} == {None}
    assert found[int(START) - 490] == (31.0,)


def test_unknown_is_stored_as_unknown(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, value, START - 50 + 10 * index) for index, value in enumerate([1.0, 1.0, math.nan, 1.0])])
    store.flush(NAME)
    assert list(rows(store.path_of(NAME), START - 50, START - 21).values())[:3] == [(1.0,), (None,), (1.0,)]


def test_a_counter_is_stored_as_a_rate_and_a_reset_gives_no_spike(store: Store, clock: Clock) -> None:
    meta = Meta(ds_type="DERIVE")
    numbers = [1000.5, 1010.5, 1020.5, 3.0, 13.0]
    store.accept([Reading(KEY, value, START - 50 + 10 * index, meta) for index, value in enumerate(numbers)])
    store.flush(NAME)
    assert [row[0] for row in rows(store.path_of(NAME), START - 50, START - 11).values()][:4] == [1.0, 1.0, None, 1.0]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("killed", [False, True])
def test_a_level_that_turns_out_to_be_a_count_is_a_rate_from_then_on(
    make_store: Callable[..., Store], clock: Clock, written: bool, killed: bool
) -> None:
    store, meta = make_store(), Meta(ds_type="DERIVE")
    store.accept([Reading(KEY, 1e9 + 10 * index, START - 100 + 10 * index) for index in range(3)])
    if written:
        store.flush(NAME)
    store.accept([Reading(KEY, 1e9 + 10 * index, START - 100 + 10 * index, meta) for index in range(3, 6)])
    if killed:
        abandon(store)
        store = make_store()
    store.accept([Reading(KEY, 1e9 + 60, START - 40), Reading(KEY, 5.0, START - 30, meta)])
    store.flush(NAME)
    numbers = [row[0] for row in rows(store.path_of(NAME), START - 100, START - 21).values()]
    assert set(numbers) == {1.0, None}, "no count is taken for a rate"
    assert numbers.count(1.0) == (3 if written and not killed else 6), "the journal has them all"
    assert store.get_series(NAME).columns[0].ds_type == "DERIVE"
    assert len(list(store.path_of(NAME).parent.glob("*.levels-*"))) == written


def test_the_timed_flush_holds_the_reorder_window_back(store: Store, clock: Clock) -> None:
    for second in range(31):
        clock.now = START + second
        store.accept([Reading(KEY, float(second))])
    clock.now += store.settings.cache_rrd_ttl
    store.accept([Reading(KEY, 99.0)])
    store.tick()
    assert store.count_cached() == 1
    assert rrdtool.last(str(store.path_of(NAME))) == START + 30


def test_samples_are_written_in_time_without_anybody_asking(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0)])
    store.tick()
    assert not store.path_of(NAME).exists()
    clock.now += store.settings.cache_rrd_ttl
    store.tick()
    assert store.path_of(NAME).exists()
    assert store.count_cached() == 0
    assert store.counters.get("samples_written") == 1


def test_a_full_cache_takes_nothing_and_loses_nothing(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store(cache_max_samples=10)
    for index in range(10):
        store.accept([Reading(KEY, 1.0, START - 100 + index)])
    with pytest.raises(StoreFullError, match="cache_max_samples"):
        store.accept([Reading(KEY, 1.0, START - 50)])
    assert store.counters.get("samples_accepted") == 10
    store.flush_all()
    assert store.accept([Reading(KEY, 1.0, START - 50)]) == 1


def test_series_past_the_limit_are_refused_and_counted(
    make_store: Callable[..., Store], caplog: pytest.LogCaptureFixture
) -> None:
    store = make_store(max_series=3)
    for index in range(5):
        store.accept([Reading((f"topic/{index}", ""), 1.0)])
    assert store.counters.get("samples_dropped", "max_series") == 2
    assert len(store.list_series()) == 3
    store.tell_refused()
    assert "2 readings" in caplog.text
    assert "max_series" in caplog.text


def test_without_auto_series_only_datasources_are_logged(make_store: Callable[..., Store]) -> None:
    store = make_store(auto_series=False)
    store.configure("room", 60, [SourceConfig(KEY, "GAUGE", "temp")])
    assert store.accept([Reading(KEY, 1.0), Reading(("other", ""), 1.0)]) == 1
    assert store.counters.get("samples_dropped", "not_configured") == 1


def test_the_first_schema_that_matches_the_name_wins(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store(
        schemas=Schemas([schema(), schema("power", r".*power", step=5), schema("kitchen", r"kitchen\..*", step=30)])
    )
    for topic in ("kitchen/power", "kitchen/temperature", "attic"):
        store.accept([Reading((topic, ""), 1.0)])
    clock.now += 60
    store.flush_all()
    assert {info.name: info.step for info in store.list_series()} == {
        "kitchen.power": 5,
        "kitchen.temperature": 30,
        "attic": 10,
    }
    assert rrdtool.info(str(store.path_of("kitchen.temperature")))["step"] == 30


def test_a_file_keeps_its_step_when_the_schema_changes(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.accept([Reading(KEY, 1.0)])
    clock.now += 10
    store.close()
    store = make_store(schemas=Schemas([schema(step=60)]))
    clock.now += 100
    store.accept([Reading(KEY, 2.0)])
    clock.now += 10
    store.flush(NAME)
    assert store.get_series(NAME).step == 10


def test_a_read_flushes_first(store: Store, clock: Clock) -> None:
    for index in range(6):
        clock.now = START + 10 * index
        store.accept([Reading(KEY, 7.0)])
    clock.now += 1
    result = store.fetch(NAME, str(int(START)), str(int(clock.now)))
    assert result.columns == ("value",)
    assert [row[0] for row in result.rows][:5] == [7.0] * 5


def test_wrong_questions_name_the_argument(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 7.0)])
    with pytest.raises(StoreError, match="no data yet"):
        store.fetch(NAME, "-1h", "now")
    clock.now += 10
    store.flush(NAME)
    with pytest.raises(UnknownSeriesError):
        store.fetch("nobody", "-1h", "now")
    for arguments in (("nonsense", "now"), ("now", "-1h"), ("-1h", "now", "MEDIAN")):
        with pytest.raises(BadRequestError) as caught:
            store.fetch(NAME, *arguments)
        assert caught.value.parameter in ("start", "end", "cf")


def test_dead_series_leave_the_cache_and_come_back(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0)])
    clock.now += 10
    store.flush(NAME)
    clock.now += store.settings.cache_dead_ttl + 1
    assert store.bury_dead() == [NAME]
    assert not store.cache.live
    assert store.accept([Reading(KEY, 2.0)]) == 1
    assert store.cache.live == {NAME}
    assert [info.name for info in store.list_series()] == [NAME]


def test_the_list_of_names_is_a_file(store: Store, clock: Clock) -> None:
    store.accept([Reading(("b", ""), 1.0), Reading(("a", ""), 1.0)])
    store.tick()
    assert store.settings.list_path.read_text() == "b|a"


def test_labels_and_units_follow_the_messages_and_survive_a_restart(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.accept([Reading(KEY, 1.0, meta=Meta("Cellar", "°C", "0048/0001"))])
    store.accept([Reading(KEY, 1.0, meta=Meta("Attic", "°C", "0048/0001"))])
    store.close()
    (column,) = make_store().get_series(NAME).columns
    assert (column.label, column.units, column.key) == ("Attic", "°C", KEY)


def test_two_topics_of_one_name_get_two_series_that_stay_theirs(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.accept([Reading(("a/b", ""), 1.0), Reading(("a.b", ""), 2.0)])
    names = [info.name for info in store.list_series()]
    assert names[0] == "a.b"
    assert names[1].startswith("a.b-")
    assert len(names[1]) == len("a.b-") + 8
    store.close()
    store = make_store()
    clock.now += 20
    store.accept([Reading(("a.b", ""), 5.0), Reading(("a/b", ""), 4.0)])
    assert {info.columns[0].key[0]: info.columns[0].last_value for info in store.list_series()} == {"a/b": 4.0, "a.b": 5.0}
    assert len(store.list_series()) == 2


def test_a_lost_catalogue_costs_labels_but_no_history(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.accept([Reading(KEY, 1.0), Reading(("some/topic", ""), 2.0)])
    clock.now += 10
    store.close()
    store.settings.catalogue_path.unlink()
    store = make_store()
    clock.now += 10
    store.accept([Reading(KEY, 1.0), Reading(("some/topic", ""), 2.0)])
    assert sorted(info.name for info in store.list_series()) == [NAME, "some.topic"]
    clock.now += 10
    assert store.flush_all() == 2


def test_a_flush_and_a_snapshot_at_once_both_write_the_catalogue(store: Store) -> None:
    def write(number: int) -> None:
        store.accept([Reading((f"topic/{number}", ""), 1.0)])
        store.write_catalogue()
        store.names.write()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(100)))
    assert set(json.loads(store.settings.catalogue_path.read_bytes())) >= {f"topic.{number}" for number in range(100)}
    assert len(store.settings.list_path.read_text().split("|")) == 100


def test_a_disk_that_takes_no_rrd_file_keeps_the_samples(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0)])
    clock.now += 10
    store.settings.rrd_dir.rmdir()
    store.settings.rrd_dir.write_text("in the way")
    with pytest.raises(StoreError):
        store.flush(NAME)
    assert store.count_cached() == 1
    assert "rrd files" in store.health.problems()
    store.settings.rrd_dir.unlink()
    store.settings.rrd_dir.mkdir()
    assert store.flush(NAME) == 1
    assert store.health.problems() == {}


def test_an_rrd_file_that_cannot_be_read_is_moved_aside(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0)])
    clock.now += 10
    store.flush(NAME)
    store.path_of(NAME).write_bytes(b"no RRD file at all")
    clock.now += 10
    store.accept([Reading(KEY, 2.0)])
    clock.now += 10
    assert store.flush(NAME) == 1
    assert [path.read_bytes() for path in store.settings.rrd_dir.glob("*.corrupt-*")] == [b"no RRD file at all"]
    assert any("damaged" in note for note in store.health.notes().values())


def test_a_store_that_is_killed_is_as_it_was(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    for index in range(20):
        clock.now = START + 10 * index
        store.accept([Reading(KEY, float(index), meta=Meta("Cellar", "°C")), Reading(("t", "x.y"), index / 2)])
        if index == 5:
            store.dump()
        if index == 10:
            store.flush_all()
    abandon(store)
    again = make_store()
    assert {info.name: info.columns[0].label for info in again.list_series()} == {NAME: "Cellar", "t.x.y": "x.y"}
    clock.now += 10
    again.flush_all()
    found = rows(again.path_of(NAME), START, clock.now - 11)
    assert [found[int(START) + 10 * index][0] for index in range(1, 20)] == [float(index) for index in range(1, 20)]


def test_a_file_that_nobody_knows_is_listed_with_the_data_sources_it_has(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.configure(
        "room", 60, [SourceConfig(KEY, "GAUGE", "temp"), SourceConfig(("0048/0001", "power", "0"), "COUNTER", "power")]
    )
    store.close()
    for _ in range(2):  # the second start finds what the first one left
        store = make_store()
        info = store.get_series("room")
        assert [(column.name, column.ds_type, column.key) for column in info.columns] == [
            ("temp", "GAUGE", ()),
            ("power", "COUNTER", ()),
        ]
        assert store.accept([Reading(KEY, 1.0)]) == 1
        clock.now += 10
        store.close()
    assert store.configure("room", 60, [SourceConfig(KEY, "GAUGE", "temp")]) == ["data source power was removed"]


def test_a_sample_that_comes_while_its_second_is_being_written_is_late_and_not_lost_silently(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0, START - 10)])
    taken = store.cache.take(store.cache.series[NAME], START)
    assert store.accept([Reading(KEY, 2.0, START - 10)]) == 0
    assert store.counters.get("samples_late") == 1
    store.cache.put_back(store.cache.series[NAME], taken, 0.0)
    assert store.accept([Reading(KEY, 2.0, START - 10)]) == 1


def test_the_timed_flush_never_cuts_a_second_in_two(store: Store, clock: Clock) -> None:
    clock.now = START + 0.2
    store.accept([Reading(KEY, 1.0)])
    clock.now = START + 0.8
    store.accept([Reading(KEY, 2.0)])
    store.flusher.monotonic = lambda: 1e12
    clock.now = START + 10.5
    store.tick()
    clock.now = START + 30
    store.flush_all()
    assert rrdtool.lastupdate(str(store.path_of(NAME)))["ds"]["value"] == 2.0


def test_a_header_with_any_byte_flipped_is_read_or_refused_and_kills_nobody(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0)])
    clock.now += 10
    store.flush(NAME)
    path = store.path_of(NAME)
    content = path.read_bytes()
    refused = 0
    for position in range(900):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(content)
            damaged[position] ^= flip
            path.write_bytes(damaged)
            try:
                read_header(path)
            except RrdError:
                refused += 1
    assert refused > 250
    for size in (0, 1, 100, 583, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(RrdError):
            read_header(path)


def test_a_point_that_librrd_refuses_is_dropped_and_counted(store: Store, clock: Clock) -> None:
    source = SourceConfig(KEY, "COUNTER", "x")
    store.configure("meter", 10, [source])
    series = store.cache.series["meter"]
    first = int(START) // 10 * 10 + 10
    points = [(first, (1.0,)), (first + 10, (-5.0,)), (first + 20, (3.0,))]
    taken = Taken(array("d"), array("d"), points, points[-1])
    store.flusher._put_into_file(series, str(series.path), taken)
    assert rrdtool.last(str(series.path)) == first + 20
    assert store.counters.get("samples_dropped", "refused") == 1


def test_nothing_is_stored_while_the_clock_was_never_set(store: Store, clock: Clock) -> None:
    clock.now = 100.0
    with pytest.raises(StoreError, match="clock is before 1980"):
        store.accept([Reading(KEY, 1.0)])
    clock.now = START
    assert store.accept([Reading(KEY, 1.0)]) == 1


def test_a_file_ahead_of_the_clock_is_told(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    clock.now = START + 7200
    store.accept([Reading(KEY, 1.0)])
    clock.now += 1
    store.close()
    clock.now = START
    store = make_store()
    assert store.accept([Reading(KEY, 2.0)]) == 0
    assert store.counters.get("samples_late") == 1
    assert any("ahead of the clock" in note for note in store.health.notes().values())


def test_a_store_opened_again_after_it_was_closed_keeps_its_numbers(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    for _ in range(3):
        store.accept([Reading(KEY, 1.0)])
        store.dump()
        clock.now += 1
    store.close()
    for path in store.settings.journal_dir.iterdir():
        path.unlink()
    store = make_store()
    clock.now += 10
    store.accept([Reading(KEY, 42.0)])
    abandon(store)
    assert make_store().count_cached() == 1


def test_timed_writes_are_spread_over_the_interval(store: Store, clock: Clock) -> None:
    store.accept([Reading((f"topic/{number}", ""), 1.0) for number in range(200)])
    ttl = store.settings.cache_rrd_ttl
    waits = sorted(when - clock.now for when in store.cache.due.values())
    assert waits[0] >= ttl / 2
    assert waits[-1] <= ttl
    assert waits[-1] - waits[0] > ttl / 4, "files that began together are not all written together"


def test_a_reader_sees_the_number_that_stands_up_to_now(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0)])
    clock.now = START + 130.5
    store.flush(NAME)
    assert rows(store.path_of(NAME), START, START + 109)[int(START) + 110] == (1.0,)
    assert store.accept([Reading(KEY, 0.0)], clock.now - 9) == 1, "what came a moment ago and is taken in now is not late"
    clock.now = START + 200
    store.flush(NAME)
    found = rows(store.path_of(NAME), START, START + 189)
    assert found[int(START) + 110] == (1.0,)
    assert found[int(START) + 190] == (0.0,)
    assert store.counters.get("samples_late") == 0


def test_the_number_that_stands_is_not_drawn_longer_than_hold(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store(schemas=Schemas([schema(hold=60.0)]))
    store.accept([Reading(KEY, 1.0)])
    for seconds in (30, 100, 500):
        clock.now = START + seconds
        store.flush(NAME)
    store.accept([Reading(KEY, 2.0), Reading(KEY, 2.0, START + 490)])
    clock.now += 20
    store.flush(NAME)
    found = rows(store.path_of(NAME), START, START + 509)
    assert found[int(START) + 60] == (1.0,)
    assert {found[int(START) + seconds][0] for seconds in range(80, 480, 10)} == {None}


def test_a_value_with_its_own_time_is_never_drawn_ahead_of_it(store: Store, clock: Clock) -> None:
    store.accept([Reading(KEY, 1.0, START - 50)])
    clock.now = START + 120
    store.flush(NAME)
    assert rrdtool.last(str(store.path_of(NAME))) == START - 50
    assert store.accept([Reading(KEY, 2.0, START - 40)]) == 1


def test_the_last_values_are_known_after_a_restart_before_anything_comes(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.configure("room", 60, [SourceConfig(KEY, "GAUGE", "temp")])
    store.accept([Reading(("door", ""), 1.0), Reading(KEY, 21.5, meta=Meta(units="°C"))])
    clock.now += 100
    store.close()
    store = make_store(opened=False)
    store.configure("room", 60, [SourceConfig(KEY, "GAUGE", "temp")])
    store.open()
    clock.now += 1000
    told = {info.name: (info.columns[0].last_value, info.columns[0].units) for info in store.list_series()}
    assert told == {"door": (1.0, ""), "room": (21.5, "°C")}


def test_a_file_that_cannot_be_read_for_a_while_is_left_where_it_is(
    make_store: Callable[..., Store], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many open files, or a disk that stumbles, says nothing against the file."""
    store = make_store()
    store.accept([Reading(KEY, 1.0)])
    store.flush_all(everything=True)
    abandon(store)
    clock.now += 100

    def fail(path: Path) -> str:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("janitoo_datalog_rrd.store.rrdfile.find_fault", fail)
        again = make_store()
        assert again.accept([Reading(KEY, 2.0)]) == 1
        with pytest.raises(RrdError, match="cannot be read"):
            again.flush(NAME)
        assert "Too many open files" in again.health.problems()["rrd files"]
        assert again.count_cached() == 2, "where the file stands is not known, so the journal's sample is kept too"
    clock.now += 100
    again.flush(NAME)
    assert again.health.problems() == {}
    assert again.health.notes() == {}
    assert rows(again.path_of(NAME), START + 90, START + 110)[int(START) + 100] == (pytest.approx(1.1),), (
        "nine seconds of the old number, one of the new"
    )


def failing_after(store: Store, monkeypatch: pytest.MonkeyPatch, happens: Callable[[str], object]) -> None:
    """Have something happen while a series is written, and the writing fail then."""

    def fail(series: Series, path: str, taken: Taken) -> None:
        happens(series.name)
        raise RrdError(f"{path}: the disk says no")

    monkeypatch.setattr(store.flusher, "_put_into_file", fail)


def test_a_series_that_is_removed_while_it_cannot_be_written_leaves_nothing_behind(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = [("house", "a"), ("house", "b")]
    store.configure("pair", 10, [SourceConfig(key, "GAUGE", key[1]) for key in pair])
    for _ in range(5):
        store.accept([Reading(KEY, 1.0), *(Reading(key, 1.0) for key in pair)])
        clock.now += 10
    failing_after(store, monkeypatch, store.forget)
    for name in ("pair", NAME):
        with pytest.raises(RrdError, match="the disk says no"):
            store.flush(name)
    assert store.count_cached() == 0
    assert not store.cache.due


def test_a_series_that_is_silent_for_long_and_cannot_be_written_is_in_the_snapshot(
    make_store: Callable[..., Store], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look for dead series comes just while its samples are on their way to a file that does not take them."""
    store = make_store()
    store.accept([Reading(KEY, 1.0)])
    clock.now += 2 * store.settings.cache_dead_ttl
    failing_after(store, monkeypatch, lambda _name: store.bury_dead())
    store.flush_all()
    store.dump()
    abandon(store)
    assert make_store().count_cached() == 1


def test_series_of_files_that_nobody_knows_count_for_the_limit(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.accept([Reading(KEY, 1.0)])
    clock.now += 20
    store.flush(NAME)
    abandon(store)
    again = make_store(max_series=2)
    for name in ("a", "b"):
        again.accept([Reading((name, ""), 1.0)])
    assert again.count_series() == 2
    again.forget(NAME)
    for name in ("b", "c"):
        again.accept([Reading((name, ""), 1.0)])
    assert again.count_series() == 2
