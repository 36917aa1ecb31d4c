"""Readers of the journal: every sample that was accepted is handed on, also over restarts, kills and damage."""

from __future__ import annotations

import errno
import math
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from store.conftest import START, Clock, abandon, rows, schema

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.errors import StoreError
from janitoo_datalog_rrd.core.parsers import retention
from janitoo_datalog_rrd.store import pursuit, tails
from janitoo_datalog_rrd.store.position import Place, Position
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import SourceConfig
from janitoo_datalog_rrd.store.store import Store
from janitoo_datalog_rrd.store.tail import Sample, Tail

PLENTY = 1 << 30
BEGIN = START - 1000.0
MakeStore = Callable[..., Store]


def take(store: Store, *numbers: float, topic: str = "t") -> None:
    """Have the store accept numbers, each in a message of its own, at its own second."""
    for number in numbers:
        store.accept([Reading((topic, ""), float(number), BEGIN + number)])


def numbers(samples: list[Sample]) -> list[float]:
    return [each.value for each in samples]


def read_all(tail: Tail) -> list[float]:
    """Read and confirm everything there is, a few at a time."""
    found: list[float] = []
    while samples := tail.read(3):
        found += numbers(samples)
        tail.done()
    return found


def segments(store: Store) -> list[str]:
    return sorted(path.name for path in store.settings.journal_dir.iterdir())


def kept(store: Store) -> int:
    return sum(name.startswith("kept-") for name in segments(store))


def reopened(make_store: MakeStore, store: Store) -> Store:
    """The store of the next life, after a kill."""
    abandon(store)
    return make_store()


# -- what is read ------------------------------------------------------------------------------------


def test_a_new_tail_is_given_what_is_accepted_from_then_on(store: Store) -> None:
    take(store, 1, 2)
    tail = store.tail("copy", PLENTY)
    assert tail.read(10) == []
    take(store, 3, 4, 5)
    assert numbers(tail.read(2)) == [3, 4]
    assert numbers(tail.read(2)) == [5]
    assert tail.read(2) == []


def test_a_tail_that_is_made_before_the_first_message_misses_nothing(store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1)
    assert read_all(tail) == [1]


def test_a_sample_says_what_it_is_of(make_store: MakeStore, clock: Clock) -> None:
    store = make_store(schemas=Schemas([schema("named", "b.*", label="Cellar", units="K"), schema()]))
    store.configure(
        "pair", 10, [SourceConfig(("1/1", "u", "0"), "GAUGE", "first"), SourceConfig(("1/1", "v", "0"), "GAUGE", "second")]
    )
    tail = store.tail("copy", PLENTY)
    meta = Meta(label="Temperature", units="°C", node="kitchen")
    store.accept(
        [Reading(("a", "x"), 1.0, START, meta), Reading(("b", ""), 2.0), Reading(("1/1", "v", "0"), math.nan, START + 1)]
    )
    one, two, three = tail.read(10)
    assert (one.series, one.column, one.key, one.node) == ("a.x", "value", ("a", "x"), "kitchen")
    assert (one.units, one.label, one.time, one.value) == ("°C", "Temperature", START, 1.0)
    assert (two.series, two.units, two.label, two.time) == ("b", "K", "Cellar", clock.now)
    assert (three.series, three.column, three.key) == ("pair", "second", ("1/1", "v", "0"))
    assert math.isnan(three.value)


def test_what_a_series_is_called_later_is_what_its_samples_say(store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1, 2)
    first, second = tail.read(2)
    assert first.origin is second.origin
    store.accept([Reading(("t", ""), 3.0, START + 3, Meta(units="W", node="meter"))])
    (third,) = tail.read(9)
    assert (first.units, third.units, third.node) == ("", "W", "meter")


def test_a_series_that_is_gone_is_called_as_it_was(store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    store.accept([Reading(("t", ""), 1.0, START, Meta(units="W", node="meter", label="Power"))])
    store.forget("t")
    (sample,) = tail.read(9)
    assert sample.origin[:6] == ("t", "value", ("t", ""), "meter", "W", "Power")


def test_what_is_hidden_is_never_read_and_what_is_late_was_not_accepted(make_store: MakeStore) -> None:
    store = make_store(schemas=Schemas([schema("hidden", "secret.*", log=False, hidden_by="series__x"), schema()]))
    tail = store.tail("copy", PLENTY)
    store.accept([Reading(("secret", ""), 1.0, START), Reading(("t", ""), 2.0, START + 50)])
    store.flush_all(everything=True)
    assert store.accept([Reading(("t", ""), 3.0, START)]) == 0
    assert read_all(tail) == [2]


def test_a_series_that_the_ini_hides_by_now_is_passed_over(make_store: MakeStore) -> None:
    store = make_store()
    store.tail("copy", PLENTY)
    take(store, 1, topic="secret")
    take(store, 2)
    abandon(store)
    store = make_store(schemas=Schemas([schema("hidden", "secret.*", log=False, hidden_by="series__x"), schema()]))
    assert read_all(store.tail("copy", PLENTY)) == [2]


def test_a_message_with_many_numbers_is_read_in_parts(make_store: MakeStore, store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    store.accept([Reading((f"t{each}", ""), float(each), START) for each in range(10)])
    take(store, 10)
    assert numbers(tail.read(4)) == [0, 1, 2, 3]
    tail.done()
    assert numbers(tail.read(4)) == [4, 5, 6, 7]
    tail = reopened(make_store, store).tail("copy", PLENTY)
    found = tail.read(100)
    assert numbers(found) == [4, 5, 6, 7, 8, 9, 10]
    assert found[0].series == "t4"


def test_a_tail_that_waits_is_woken_by_what_is_accepted(store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    woken = threading.Event()

    def wait() -> None:
        if tail.wait(60.0):
            woken.set()

    assert not tail.wait(0.0)
    waiting = threading.Thread(target=wait)
    waiting.start()
    take(store, 1)
    waiting.join(60.0)
    assert woken.is_set()
    assert tail.wait(60.0)
    assert read_all(tail) == [1]
    assert not tail.wait(0.0)


def test_a_tail_that_is_closed_wakes_who_waits_and_gives_nothing_more(store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    woken = threading.Event()
    waiting = threading.Thread(target=lambda: (tail.wait(60.0), woken.set()))
    waiting.start()
    take(store, 1)
    assert numbers(tail.read(9)) == [1]
    store.close()
    waiting.join(60.0)
    assert woken.is_set()
    tail.done()
    with pytest.raises(StoreError, match="closed"):
        tail.read(1)
    with pytest.raises(StoreError, match="not open"):
        store.tail("copy", PLENTY)


def test_a_tail_that_is_asked_for_again_begins_where_it_has_confirmed(store: Store) -> None:
    first = store.tail("copy", PLENTY)
    take(store, 1, 2)
    first.read(1)
    first.done()
    first.read(1)
    again = store.tail("copy", PLENTY)
    assert first.closed
    assert read_all(again) == [2]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "x" * 300])
def test_a_name_that_is_no_file_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="not a name"):
        store.tail(name, PLENTY)


# -- segments ----------------------------------------------------------------------------------------


def test_segments_stay_until_they_are_read_and_not_longer(store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    for number in range(6):
        take(store, number)
        store.dump()
    assert kept(store) == 6
    assert store.state().journal_kept_bytes > 0
    assert store.state().tails[0].behind == tail.behind_bytes > 0
    assert numbers(tail.read(4)) == [0, 1, 2, 3]
    assert kept(store) == 6
    tail.done()
    assert 2 <= kept(store) <= 3
    assert read_all(tail) == [4, 5]
    store.dump()
    assert kept(store) == 0
    assert store.state().journal_kept_bytes == 0
    assert tail.behind_bytes == 0


def test_what_is_kept_is_not_replayed(make_store: MakeStore, store: Store) -> None:
    """What a snapshot covers is in files and snapshot: read again, a series that was removed would be there once more."""
    store.tail("copy", PLENTY)
    take(store, 1, 2, topic="gone")
    take(store, 3)
    store.remove("gone")
    store.dump()
    assert kept(store) == 1
    store = reopened(make_store, store)
    assert [each.name for each in store.list_series()] == ["t"]
    assert store.count_cached() == 1
    (store.settings.snapshot_path).unlink()
    store = reopened(make_store, store)
    assert store.count_cached() == 0
    assert read_all(store.tail("copy", PLENTY)) == [1, 2, 3]


def test_no_number_of_a_segment_is_given_twice(make_store: MakeStore, store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1)
    store.dump()
    take(store, 2)
    assert read_all(tail) == [1, 2]
    abandon(store)
    for path in (*store.settings.journal_dir.iterdir(), store.settings.snapshot_path):
        path.unlink()
    store = make_store()
    tail = store.tail("copy", PLENTY)
    take(store, 3)
    assert read_all(tail) == [3]
    assert "gone" in store.health.notes()["tail copy: damage"]


def test_the_names_in_a_later_part_of_a_segment_are_those_of_its_beginning(make_store: MakeStore, store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1, topic="a")
    take(store, 2, topic="b")
    assert len(tail.read(9)) == 2
    tail.done()
    take(store, 3, topic="a")
    take(store, 4, topic="b")
    store = reopened(make_store, store)
    found = store.tail("copy", PLENTY).read(9)
    assert [(each.series, each.value) for each in found] == [("a", 3), ("b", 4)]


def test_a_reload_and_a_stop_lose_nothing_for_a_tail(make_store: MakeStore, store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1, 2)
    assert numbers(tail.read(1)) == [1]
    tail.done()
    for flush in (False, True):
        store.close(flush=flush)
        store = make_store()
        take(store, 3 + flush)
    assert read_all(store.tail("copy", PLENTY)) == [2, 3, 4]


def test_a_tail_that_nobody_asks_for_keeps_its_segments_until_it_is_forgotten(make_store: MakeStore, store: Store) -> None:
    store.tail("copy", PLENTY)
    store.tail("other", PLENTY)
    take(store, 1)
    store.dump()
    store = reopened(make_store, store)
    store.dump()
    assert kept(store) == 1
    store.keep_tails(["other"])
    assert kept(store) == 1
    store.keep_tails([])
    assert kept(store) == 0
    assert list(store.settings.tails_dir.iterdir()) == []
    take(store, 2)
    tail = store.tail("copy", PLENTY)
    take(store, 3)
    assert read_all(tail) == [3]


def test_a_home_of_before_has_no_tails_and_keeps_nothing(make_store: MakeStore, store: Store) -> None:
    take(store, 1)
    store.dump()
    assert not store.settings.tails_dir.exists()
    (store.settings.journal_dir / "kept-0000000001.pickles").write_bytes(b"left over by a power cut")
    store = reopened(make_store, store)
    assert kept(store) == 0
    assert store.count_cached() == 1


# -- kills, power cuts and damage --------------------------------------------------------------------


def test_what_was_read_and_not_confirmed_comes_again(make_store: MakeStore, store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1, 2, 3)
    tail.read(1)
    tail.done()
    tail.read(2)
    tail = reopened(make_store, store).tail("copy", PLENTY)
    assert read_all(tail) == [2, 3]


def test_a_frame_that_was_cut_off_by_a_kill_is_no_damage(make_store: MakeStore, store: Store) -> None:
    store.tail("copy", PLENTY)
    take(store, 1, 2)
    abandon(store)
    (path,) = store.settings.journal_dir.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    store = make_store()
    tail = store.tail("copy", PLENTY)
    take(store, 3)
    assert read_all(tail) == [1, 3]
    assert tail.damaged == 0
    assert store.health.notes() == {}


def test_a_journal_cut_off_at_any_byte_gives_each_frame_before_it_and_all_that_comes_after(
    make_store: MakeStore, store: Store
) -> None:
    """A power cut takes the end of the journal, and perhaps what a tail had read of it."""
    tail = store.tail("copy", PLENTY)
    ends = [0]
    for number in range(3):
        take(store, number)
        ends.append(store._journal.size if store._journal is not None else 0)
    tail.read(2)
    tail.done()
    abandon(store)
    (path,) = store.settings.journal_dir.iterdir()
    content = path.read_bytes()
    position = (store.settings.tails_dir / "copy.position").read_bytes()
    for cut in range(0, len(content) + 1, 7):
        for each in store.settings.journal_dir.iterdir():
            each.unlink()
        path.write_bytes(content[:cut])
        (store.settings.tails_dir / "copy.position").write_bytes(position)
        store.settings.snapshot_path.unlink(missing_ok=True)
        store = make_store()
        tail = store.tail("copy", PLENTY)
        take(store, 100)
        assert read_all(tail) == ([2, 100] if cut >= ends[3] else [100])
        assert tail.damaged == (cut < ends[2])
        abandon(store)


def test_damaged_places_are_passed_over_counted_and_told_once(make_store: MakeStore, store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    ends = []
    for number in range(9):
        take(store, number)
        ends.append(store._journal.size if store._journal is not None else 0)
    store.dump()
    (path,) = store.settings.journal_dir.glob("kept-*")
    content = bytearray(path.read_bytes())
    for number in (3, 6):
        content[ends[number] - 5] ^= 0xFF
    path.write_bytes(content)
    assert read_all(tail) == [0, 1, 2, 4, 5, 7, 8]
    assert tail.damaged == 2
    assert "bytes" in store.health.notes()["tail copy: damage"]


def test_a_definition_that_is_damaged_costs_no_sample_of_a_series_that_is_still_there(
    make_store: MakeStore, store: Store
) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1, 2, 3)
    store.dump()
    (path,) = store.settings.journal_dir.glob("kept-*")
    content = bytearray(path.read_bytes())
    content[30] ^= 0xFF
    path.write_bytes(content)
    found = tail.read(9)
    assert [(each.series, each.value) for each in found] == [("t", 2), ("t", 3)]


def test_a_segment_that_is_gone_is_told_and_what_follows_is_read(make_store: MakeStore, store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1, 2)
    assert numbers(tail.read(1)) == [1]
    tail.done()
    store.dump()
    take(store, 3)
    abandon(store)
    next(iter(store.settings.journal_dir.glob("kept-*"))).unlink()
    store = make_store()
    assert read_all(store.tail("copy", PLENTY)) == [3]
    assert "gone" in store.health.notes()["tail copy: damage"]


@pytest.mark.parametrize("content", [b"", b"\x00" * 1024, b"garbage" * 150, b"x"])
def test_a_damaged_position_is_told_and_everything_that_is_there_comes_again(
    make_store: MakeStore, store: Store, content: bytes
) -> None:
    tail = store.tail("copy", 100)
    take(store, 1, 2)
    tail.read(1)
    tail.done()
    abandon(store)
    path = store.settings.tails_dir / "copy.position"
    path.write_bytes(content)
    store = make_store()
    store.dump()
    assert kept(store) == 1
    assert read_all(store.tail("copy", PLENTY)) == [1, 2]
    assert any(what.startswith("damage: copy.position.corrupt-") for what in store.health.notes())
    store = reopened(make_store, store)
    take(store, 3)
    assert read_all(store.tail("copy", PLENTY)) == [3]


def test_every_byte_of_a_position_may_be_the_wrong_one(tmp_path: Path) -> None:
    place = Place.make(tmp_path / "copy.position", Position(7, 100))
    place.move(Position(7, 200, limit=5))
    content = place.path.read_bytes()
    for at in range(0, len(content), 3):
        changed = bytearray(content)
        changed[at] ^= 0x55
        place.path.write_bytes(changed)
        assert Place.load(place.path, lambda _path, why: pytest.fail(why)).position.offset in (100, 200)


def test_a_position_that_was_taken_away_is_written_anew(make_store: MakeStore, store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1, 2)
    tail.read(1)
    (store.settings.tails_dir / "copy.position").unlink()
    tail.done()
    assert read_all(reopened(make_store, store).tail("copy", PLENTY)) == [2]


def test_a_disk_that_does_not_take_the_position_is_told_and_nothing_else(
    make_store: MakeStore, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1, 2)
    tail.read(1)

    def fail(*_arguments: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fail)
        tail.done()
        assert "Input/output" in store.health.problems()["tail copy"]
    assert numbers(tail.read(1)) == [2]
    tail.done()
    assert store.health.problems() == {}
    assert read_all(reopened(make_store, store).tail("copy", PLENTY)) == []


def test_a_disk_that_does_not_give_a_segment_is_asked_again_and_then_the_next_one_is_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1)
    store.dump()
    take(store, 2)
    real = os.pread
    broken = next(iter(store.settings.journal_dir.glob("kept-*"))).stat().st_ino

    def fail(descriptor: int, size: int, at: int) -> bytes:
        if os.fstat(descriptor).st_ino == broken:
            raise OSError(errno.EIO, "Input/output error")
        return real(descriptor, size, at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", fail)
        for _ in range(3):
            with pytest.raises(OSError, match="Input/output"):
                tail.read(9)
        patch.setattr(pursuit, "PATIENCE_S", 0.0)
        assert numbers(tail.read(9)) == [2]
    assert tail.damaged == 1


# -- limits ------------------------------------------------------------------------------------------


def test_what_is_over_the_limit_is_given_up_in_small_steps_counted_and_told(
    make_store: MakeStore, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(40):  # a dead target: nothing is read
        if number == 2:
            tail = store.tail("copy", 1000)
        take(store, number)
        if number % 5 == 4:
            store.dump()
            if number > 5:
                assert store.state().journal_kept_bytes < 1000 + 5 * 110 + 300
    dropped = tail.dropped
    assert dropped > 20
    assert "given up" in store.health.notes()["tail copy"]
    assert sum("given up" in each.message for each in caplog.records) == 1
    found = read_all(tail)
    assert found == list(range(2 + dropped, 40))
    assert len(found) >= 7  # not everything was thrown away
    assert reopened(make_store, store).tail("copy", 1000).dropped == dropped


def test_a_position_moves_within_a_segment_that_is_larger_than_the_limit(store: Store) -> None:
    tail = store.tail("copy", 1500)
    take(store, *range(100))
    assert tail.dropped == 0
    store.dump()
    found = read_all(tail)
    assert found == list(range(tail.dropped, 100))
    assert 10 < len(found) < 30


def test_a_limit_that_becomes_smaller_counts_at_once(make_store: MakeStore, store: Store) -> None:
    store.tail("copy", PLENTY)
    take(store, *range(100))
    store.dump()
    store = reopened(make_store, store)
    tail = store.tail("copy", 1000)
    assert 0 < tail.dropped < 100
    assert read_all(tail) == list(range(tail.dropped, 100))


def test_what_is_on_its_way_when_it_is_given_up_counts_as_dropped_only_if_it_does_not_arrive(
    make_store: MakeStore, store: Store
) -> None:
    tail = store.tail("copy", 0)
    take(store, *range(10))
    assert len(tail.read(4)) == 4
    store.dump()
    assert tail.dropped == 6
    take(store, 10)
    tail.done()
    assert read_all(tail) == [10]
    assert tail.dropped == 6
    take(store, 11, 12)
    assert len(tail.read(1)) == 1
    store.dump()
    tail = reopened(make_store, store).tail("copy", 0)
    assert read_all(tail) == []
    assert tail.dropped == 8


def test_one_tail_that_is_far_behind_does_not_hold_another_one_up(store: Store) -> None:
    dead, good = store.tail("dead", 500), store.tail("good", 500)
    found = []
    for number in range(30):
        take(store, number)
        found += read_all(good)
        if number % 3 == 2:
            store.dump()
    assert found == list(range(30))
    assert good.dropped == 0
    assert dead.dropped > 0
    assert read_all(dead) == list(range(dead.dropped, 30))


def test_a_disk_that_is_short_of_room_keeps_nothing_for_tails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tail = store.tail("copy", PLENTY)
    for number in range(5):
        take(store, number)
        store.dump()
    take(store, 5)
    store.tick()
    assert kept(store) == 5
    monkeypatch.setattr(tails, "RESERVE_BYTES", 1 << 60)
    monkeypatch.setattr(tails, "_RESERVE_SHARE", 1)
    for _ in range(10):
        store.tick()
    assert kept(store) == 0
    assert tail.dropped == 5
    assert "disk is short" in store.health.notes()["tail copy"]
    assert read_all(tail) == [5]


def test_a_journal_that_has_no_room_gets_that_of_tails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tail = store.tail("copy", PLENTY)
    monkeypatch.setattr(tails, "STEP_BYTES", 1)
    for number in range(3):
        take(store, number)
        store.dump()
    real = os.write

    def full(descriptor: int, content: bytes) -> int:
        if kept(store) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        take(store, 3)
    store.tick()
    assert kept(store) == 2  # a step, and not all of it
    take(store, 3)
    assert tail.dropped == 1
    assert read_all(tail) == [1, 2, 3]


def test_a_snapshot_that_finds_no_room_gets_that_of_tails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.tail("copy", PLENTY)
    take(store, 1)
    store.dump()
    take(store, 2)
    store._auto.changed = True
    with monkeypatch.context() as patch:
        patch.setattr(store, "write_catalogue", lambda: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
        store.snapshot_if_due()
    store.tick()
    assert kept(store) == 0


# -- the whole ---------------------------------------------------------------------------------------


def test_a_tail_changes_nothing_of_what_is_logged(make_store: MakeStore, clock: Clock) -> None:
    each_second = Schemas([schema(step=1, retention=retention("1s:1h"), reorder_window=0.0)])
    store = make_store(schemas=each_second)
    store.tail("copy", PLENTY)
    for number in range(20):
        take(store, number)
        if number % 4 == 0:
            store.dump()
        if number % 6 == 0:
            store.flush_all()
    abandon(store)
    store = make_store(schemas=each_second)
    store.flush_all(everything=True)
    found = rows(store.path_of("t"), BEGIN, BEGIN + 19)
    assert [found[int(BEGIN) + number] for number in range(1, 20)] == [(float(number),) for number in range(1, 20)]


def test_frames_of_another_shape_are_damage(store: Store) -> None:
    tail = store.tail("copy", PLENTY)
    take(store, 1)
    assert store._journal is not None
    for strange in (["x"], ([], ["a"], [1.0], [1.0]), ([], [1], [1.0], []), ([[1]], [], [], []), ([], [5], [START], [1.0])):
        store._journal.append(strange)
    take(store, 2)
    assert read_all(tail) == [1, 2]
    assert tail.damaged == 5
