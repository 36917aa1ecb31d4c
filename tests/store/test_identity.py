"""A device that comes back under another name goes on in its series; two that claim to be one have a series each."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from store.conftest import START, Clock, abandon, rows

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.store import catalogue, frames, snapshot
from janitoo_datalog_rrd.store.identity import HOUR_S, MOVES
from janitoo_datalog_rrd.store.store import Store

MakeStore = Callable[..., Store]
OLD, NEW, THIRD = (("zigbee2mqtt/porch", "t"), ("zigbee2mqtt/veranda", "t"), ("zigbee2mqtt/shed", "t"))
META = Meta("Temperature", "°C", "zigbee2mqtt/0x01", uid="0x01/t")
OTHER = META._replace(node="zigbee2mqtt/0x02", uid="0x02/t")


def say(store: Store, clock: Clock, key: tuple[str, ...], value: float, meta: Meta) -> int:
    clock.now += 10
    return store.accept([Reading(key, value, meta=meta)])


def names(store: Store) -> list[str]:
    return [info.name for info in store.list_series()]


def numbers(store: Store, name: str, end: float) -> list[float]:
    store.flush_all(everything=True)
    found = rows(store.path_of(name), START, end)
    return [row[0] for row in found.values() if row[0] is not None]


def test_a_renamed_device_goes_on_in_its_series_and_the_old_key_is_let_go(store: Store, clock: Clock) -> None:
    say(store, clock, OLD, 0.0, META)
    say(store, clock, OLD, 1.0, META)
    say(store, clock, NEW, 2.0, META._replace(label="Temp", node="zigbee2mqtt/0x01b"))
    say(store, clock, NEW, 3.0, META)
    assert names(store) == ["zigbee2mqtt.porch.t"]
    assert store.series_of(NEW) == ["zigbee2mqtt.porch.t"]
    assert store.series_of(OLD) == []
    assert numbers(store, "zigbee2mqtt.porch.t", clock.now) == [1.0, 2.0, 3.0]
    info = store.get_series("zigbee2mqtt.porch.t")
    assert (info.columns[0].key, info.label) == (NEW, "Temperature")
    say(store, clock, OLD, 9.0, OTHER)
    assert len(names(store)) == 2, "another device has got the name"
    assert store.get_series("zigbee2mqtt.porch.t").columns[0].last_value == 3.0


@pytest.mark.parametrize("end", ["killed", "dumped and killed", "closed", "late and killed"])
def test_a_rename_is_known_in_the_next_life(make_store: MakeStore, clock: Clock, end: str) -> None:
    store = make_store()
    say(store, clock, OLD, 1.0, META._replace(uid=""))
    store.dump()
    say(store, clock, OLD, 2.0, META)
    say(store, clock, NEW, 3.0, META)
    if end == "late and killed":
        store.flush_all(everything=True)
        store.accept([Reading(THIRD, 9.0, START - 1000, META)])  # the number is late; the new name is not
    if end == "dumped and killed":
        store.dump()
    if end == "closed":
        store.close(flush=False)
    else:
        abandon(store)
    store = make_store()
    key = THIRD if end == "late and killed" else NEW
    assert store.get_series("zigbee2mqtt.porch.t").columns[0].key == key
    say(store, clock, ("else/where", "t"), 4.0, META)
    assert names(store) == ["zigbee2mqtt.porch.t"]
    assert numbers(store, "zigbee2mqtt.porch.t", clock.now) == [2.0, 3.0, 4.0]


def test_two_devices_that_change_names_each_keep_their_history(make_store: MakeStore, clock: Clock) -> None:
    store = make_store()
    say(store, clock, OLD, 1.0, META)
    say(store, clock, NEW, 101.0, OTHER)
    for number in (2, 3):
        say(store, clock, NEW, float(number), META)
        say(store, clock, OLD, 100.0 + number, OTHER)
    abandon(store)
    store = make_store()
    say(store, clock, NEW, 4.0, META)
    say(store, clock, OLD, 104.0, OTHER)
    assert names(store) == ["zigbee2mqtt.porch.t", "zigbee2mqtt.veranda.t"]
    one, other = (numbers(store, name, clock.now) for name in names(store))  # rows of change are averages
    assert {1.0, 2.0, 3.0} < set(one)
    assert max(one) < 5
    assert {101.0, 102.0, 103.0} < set(other)
    assert min(other) > 100


def test_a_device_that_came_under_a_new_name_before_it_said_who_it_is_is_logged_on_there(
    make_store: MakeStore, clock: Clock
) -> None:
    store = make_store()
    say(store, clock, OLD, 1.0, META)
    say(store, clock, NEW, 2.0, META._replace(uid=""))
    say(store, clock, NEW, 3.0, META)
    say(store, clock, NEW, 4.0, META)
    assert names(store) == ["zigbee2mqtt.porch.t", "zigbee2mqtt.veranda.t"]
    assert "both are kept" in store.health.notes()["two histories: zigbee2mqtt.veranda.t"]
    abandon(store)
    store = make_store()
    say(store, clock, THIRD, 5.0, META)
    assert store.series_of(THIRD) == ["zigbee2mqtt.veranda.t"]
    assert store.get_series("zigbee2mqtt.porch.t").columns[0].last_value == 1.0


def test_a_device_in_the_place_of_another_one_goes_on_in_its_series(store: Store, clock: Clock) -> None:
    say(store, clock, OLD, 1.0, META)
    say(store, clock, OLD, 2.0, OTHER)
    assert names(store) == ["zigbee2mqtt.porch.t"]
    assert store.cache.column_of(META.uid) is None
    say(store, clock, NEW, 3.0, OTHER)
    assert names(store) == ["zigbee2mqtt.porch.t"]


def test_two_devices_that_claim_one_uid_get_a_series_each_and_are_told(store: Store, clock: Clock) -> None:
    for number in range(50):
        say(store, clock, OLD, float(number), META)
        say(store, clock, NEW, 100.0 + number, META)
    assert len(names(store)) == 2
    generation, notes = store.cache.generation, store.health.notes()
    assert [each for each in notes if each.startswith("one uid")] == ["one uid: '0x01/t'"]
    assert store.counters.get("samples_accepted") == 100
    for number in range(50, 100):
        say(store, clock, OLD, float(number), META._replace(label=f"T{number}"))  # and each time in other words
        say(store, clock, NEW, 100.0 + number, META._replace(label=f"T{number}"))
    assert store.cache.generation == generation
    last = {info.columns[0].key: info.columns[0].last_value for info in store.list_series()}
    assert last == {OLD: 99.0, NEW: 199.0}


def test_who_claims_the_uid_of_another_one_does_not_get_its_history(store: Store, clock: Clock) -> None:
    say(store, clock, OLD, 0.0, META)
    series = store.series_of(OLD)
    for number in range(10):
        say(store, clock, NEW, 100.0 + number, META)
        say(store, clock, OLD, float(number), META)
    assert store.series_of(OLD) == series
    assert store.series_of(NEW) not in ([], series)


def test_a_name_that_is_given_back_is_followed_too(store: Store, clock: Clock) -> None:
    for number in range(4 * MOVES):
        clock.now += HOUR_S
        say(store, clock, (OLD, NEW)[number % 2], float(number), META)
    assert names(store) == ["zigbee2mqtt.porch.t"]
    assert not store.health.notes()


def test_what_a_device_says_later_is_taken_over_and_what_it_says_again_is_no_work(store: Store, clock: Clock) -> None:
    say(store, clock, OLD, 1.0, Meta())
    assert (store.get_series("zigbee2mqtt.porch.t").label, store.get_series("zigbee2mqtt.porch.t").node) == ("t", OLD[0])
    say(store, clock, OLD, 2.0, META)
    info = store.get_series("zigbee2mqtt.porch.t")
    assert (info.label, info.columns[0].units, info.node) == ("Temperature", "°C", "zigbee2mqtt/0x01")
    assert store._auto.changed
    store.write_catalogue()
    for meta in (META, META._replace(), Meta(), META):
        say(store, clock, OLD, 3.0, meta)
        assert not store._auto.changed
    say(store, clock, OLD, 4.0, Meta("", "K", ""))
    assert (store.get_series("zigbee2mqtt.porch.t").label, store.get_series("zigbee2mqtt.porch.t").columns[0].units) == (
        "Temperature",
        "K",
    )


def test_an_unknown_number_moves_nothing(store: Store, clock: Clock) -> None:
    say(store, clock, OLD, 1.0, META)
    say(store, clock, NEW, float("nan"), META)
    assert store.series_of(OLD) == ["zigbee2mqtt.porch.t"]


def test_files_of_the_form_without_uid_are_read(make_store: MakeStore, clock: Clock) -> None:
    store = make_store()
    say(store, clock, OLD, 1.0, META._replace(uid=""))
    say(store, clock, NEW, 1.0, META)
    store.dump()
    say(store, clock, OLD, 2.0, META._replace(uid=""))
    column = store.cache.series["zigbee2mqtt.porch.t"].columns[0]
    assert catalogue.define(column) == (OLD, "Temperature", "°C", "GAUGE", "zigbee2mqtt/0x01"), "what is not said takes no room"
    written = json.loads(store.settings.catalogue_path.read_bytes())
    assert set(written["zigbee2mqtt.porch.t"]) == {"key", "label", "units", "ds_type", "node", "own_time"}
    assert written["zigbee2mqtt.veranda.t"]["uid"] == "0x01/t"
    frozen = snapshot.load(store.settings.snapshot_path, lambda *_: None)
    assert sorted(len(each.definition) for each in frozen.series) == [5, 7]
    journal = store._journal
    assert journal is not None
    frames_of = list(frames.unpack(journal.path_of(journal.segment), lambda _: None))
    assert len(frames_of[0][0][0][4]) == 5
    abandon(store)
    store = make_store()
    assert names(store) == ["zigbee2mqtt.porch.t", "zigbee2mqtt.veranda.t"]
    assert not store.health.notes()


@pytest.mark.parametrize("uid", ["x" * 100_000, "\0", "é\n", "'; rm -rf"])
def test_any_uid_is_taken_and_none_is_long(make_store: MakeStore, clock: Clock, uid: str) -> None:
    store = make_store()
    meta = META._replace(uid=uid)
    say(store, clock, OLD, 1.0, meta)
    store.dump()
    abandon(store)
    store = make_store()
    say(store, clock, NEW, 2.0, meta)
    assert names(store) == ["zigbee2mqtt.porch.t"]
    assert len(store.cache.series["zigbee2mqtt.porch.t"].columns[0].uid) <= 200
