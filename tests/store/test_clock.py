"""The wall clock may be set at any time: nothing is stored twice, and what comes too late for its file is counted."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from store.conftest import START, rows, schema

from janitoo_datalog_rrd.core.contracts import Key, Reading
from janitoo_datalog_rrd.core.parsers import retention
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.decoders.times import parse_time
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import SourceConfig, StoreSettings
from janitoo_datalog_rrd.store.store import Store

HOUR = 3600.0
STEP = 10
JUMPS = {
    "an hour ahead": [(100, HOUR)],
    "an hour back": [(100, -HOUR)],
    "ahead and back": [(100, HOUR), (200, 0.0)],
    "back and ahead": [(100, -HOUR), (200, 0.0)],
    "to and fro": [(50, HOUR), (100, -HOUR), (150, HOUR), (200, -HOUR), (250, 0.0)],
    "a second back at the boundary of a step": [(100, -1.0)],
    "a second back before the boundary of a step": [(99, -1.0)],
    "a step back at the boundary of a step": [(100, -float(STEP))],
    "half a step ahead at the boundary of a step": [(100, STEP / 2)],
    "back by half a second, again and again": [(second, -second / 20) for second in range(10, 300, 10)],
}


class House:
    """A store that gets a number every second, and writes in time; its wall clock is set while it runs.

    Attributes:
        sent: how many numbers it was given.
        accepted: what the store took: time, number.
        stored: by second, the last number that was accepted for it.
    """

    def __init__(self, folder: Path) -> None:
        self.monotonic = 5000.0
        self.offset = START - self.monotonic
        self.sent = 0
        self.accepted: list[tuple[float, float]] = []
        self.stored: dict[int, float] = {}
        layout = schema(step=1, retention=retention("1s:1d"), reorder_window=2.0)
        settings = StoreSettings(folder / "rrds", folder / "data", Schemas([layout]), cache_rrd_ttl=7.0)
        self.store = Store(settings, Counters(), Health(), self.now, lambda: self.monotonic)
        self.store.open()

    def now(self) -> float:
        """The wall clock."""
        return self.monotonic + self.offset

    def live(self, seconds: int, jumps: Sequence[tuple[int, float]], key: Key) -> None:
        """Let time pass, with a number of one value every second; at some of them the wall clock is set, off the first one."""
        begun = self.offset
        ahead = dict(jumps)
        for second in range(seconds):
            self.offset = begun + ahead[second] if second in ahead else self.offset
            if self.store.accept([Reading(key, float(self.sent))]):
                self.accepted.append((self.now(), float(self.sent)))
                self.stored[int(self.now())] = float(self.sent)
            self.sent += 1
            self.store.tick()
            self.monotonic += 1.0

    def settle(self) -> None:
        """Let a time come that is later than every other one, and have all written."""
        self.offset = max(self.stored) + 100.0 - self.monotonic
        self.store.flush_all(everything=True)

    def count(self, name: str) -> int:
        """A count of the store."""
        return self.store.counters.get(name)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize("jumps", JUMPS.values(), ids=JUMPS)
def test_every_number_is_at_its_second_or_counted_late(house: House, jumps: list[tuple[int, float]]) -> None:
    house.live(300, jumps, ("sensor", ""))
    house.settle()
    store = house.store
    accepted, late = house.count("samples_accepted"), house.count("samples_late")
    assert accepted + late == house.sent
    assert house.count("samples_written") == accepted
    assert store.count_cached() == 0
    assert store.counters.by_label("samples_dropped") == {}
    first, last = min(house.stored), max(house.stored)
    found = rows(store.path_of("sensor"), first - 1, last)
    assert {second: found[second] for second in house.stored} == {second: (number,) for second, number in house.stored.items()}
    assert store.health.problems() == {}


@pytest.mark.parametrize("jumps", JUMPS.values(), ids=JUMPS)
def test_a_datasource_has_no_row_twice(house: House, jumps: list[tuple[int, float]]) -> None:
    key = ("0048/0001", "load", "0")
    house.store.configure("load", STEP, [SourceConfig(key, "GAUGE", "load")])
    house.live(300, jumps, key)
    house.settle()
    accepted, late = house.count("samples_accepted"), house.count("samples_late")
    assert accepted + late == house.sent
    first = min(house.stored) - STEP
    found = rows(house.store.path_of("load"), first, max(house.stored) + 2 * HOUR)
    known = {second: row[0] for second, row in found.items() if row[0] is not None and not math.isnan(row[0])}
    assert house.count("samples_written") - len(known) in (0, 1), "the first row only tells where the next one begins"
    expected = {math.ceil(time_s / STEP) * STEP: number for time_s, number in sorted(house.accepted)}
    assert {boundary: known[boundary] for boundary in expected} == expected, "each row has the last number before it"


def test_a_clock_that_was_an_hour_ahead_takes_numbers_again_once_it_is_past_what_was_written(house: House) -> None:
    key = ("sensor", "")
    house.live(60, [(20, HOUR), (40, 0.0)], key)
    late = house.count("samples_late")
    assert late > 0
    house.monotonic += HOUR
    house.live(60, [], key)
    assert house.count("samples_late") == late
    house.settle()
    found = rows(house.store.path_of("sensor"), START - 1, START + 2 * HOUR)
    assert all(found[second] == (number,) for second, number in house.stored.items())


def test_a_store_opened_with_a_clock_set_back_keeps_what_it_had(tmp_path: Path) -> None:
    key = ("sensor", "")
    before = House(tmp_path)
    before.store.settings.cache_rrd_ttl = 1000.0
    before.live(60, [], key)
    before.store.dump()
    after = House(tmp_path)  # the first one is left as by SIGKILL
    after.offset -= HOUR
    after.stored = before.stored
    assert after.store.count_cached() == 60
    after.live(10, [], key)
    after.settle()
    assert after.count("samples_written") == 70
    found = rows(after.store.path_of("sensor"), START - HOUR - 1, START + 60)
    assert all(found[second] == (number,) for second, number in after.stored.items())
    before.store.close(flush=False)
    after.store.close()


@pytest.mark.parametrize(("first", "hours", "late"), [("2023-03-26T01:30:00", 1, 0), ("2023-10-29T01:30:00", 2, 3600)])
def test_summer_time_begins_and_ends_without_a_hole_in_what_is_stored(
    house: House, monkeypatch: pytest.MonkeyPatch, first: str, hours: int, late: int
) -> None:
    """Times in local time without an offset: an hour that comes twice is stored once, and its second coming counted late."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        begin = int(parse_time(first))
        house.offset = begin - house.monotonic
        house.store.settings.cache_rrd_ttl = 1.0
        for second in range(hours * 3600 + 3600):
            told = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(begin + second))
            house.store.accept([Reading(("sensor", ""), float(second), parse_time(told))])
            house.store.accept(
                [Reading(("zoned", ""), float(second), parse_time(told + time.strftime("%z", time.localtime(begin + second))))]
            )
            house.monotonic += 1.0
            house.store.tick()
    finally:
        monkeypatch.undo()
        time.tzset()
    house.store.flush_all(everything=True)
    assert house.count("samples_late") == late
    assert house.store.counters.by_label("samples_dropped") == {}
    end = begin + hours * 3600 + 3600
    zoned = rows(house.store.path_of("zoned"), begin, end - 2)
    assert [row[0] for row in zoned.values()][: end - begin - 1] == [float(second) for second in range(1, end - begin)]
    last = house.store.get_series("sensor").columns[0].last_value
    assert last == float(end - begin - 1)
