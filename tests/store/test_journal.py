"""The journal: what was appended is there after a kill, and damage costs only what is damaged."""

from __future__ import annotations

import errno
import pickle
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.conftest import START, Clock, abandon

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.store import frames, safepickle
from janitoo_datalog_rrd.store.journal import Journal
from janitoo_datalog_rrd.store.store import Store

KEY = ("t", "")
NAME = "t"


def read(journal: Journal, first: int = 0) -> tuple[list[Any], list[str]]:
    damage: list[str] = []
    found: list[Any] = []
    journal.replay(first, lambda _number, frame: found.append(frame), lambda _path, why: damage.append(why))
    return found, damage


def test_frames_come_back_in_order_over_segments(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(10):
        if number % 4 == 0:
            journal.rotate()
        journal.append([number, float(number), "x"])
    assert read(Journal(tmp_path)) == ([[n, float(n), "x"] for n in range(10)], [])
    assert read(journal, journal.segment)[0] == [[n, float(n), "x"] for n in (8, 9)]
    journal.remove_before(journal.segment)
    assert len(journal.segments()) == 1
    assert journal.path_of(journal.segment).stat().st_mode & 0o777 == 0o600
    journal.close()


def test_a_segment_cut_anywhere_gives_the_frames_before_the_cut(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "never")
    journal.ensure_open()
    ends = []
    for number in range(4):
        journal.append([number, number / 3, START])
        ends.append(journal.size)
    journal.close()
    path = journal.path_of(journal.segment)
    content = path.read_bytes()
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        found, damage = read(journal)
        assert found == [[n, n / 3, START] for n in range(sum(end <= cut for end in ends))]
        assert damage == []


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("pwned",))


def test_a_pickle_that_names_a_function_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, "never")
    journal.ensure_open()
    journal.append([1, 2.0, 3.0])
    journal.close()
    path = journal.path_of(journal.segment)
    monkeypatch.setattr(safepickle, "dumps", lambda data: pickle.dumps(data, 5))
    path.write_bytes(path.read_bytes() + frames.pack(Evil()) + frames.pack([4, 5.0, 6.0]))
    found, damage = read(journal)
    assert found == [[1, 2.0, 3.0], [4, 5.0, 6.0]]
    assert "STACK_GLOBAL" in damage[0]
    assert "pwned" not in capsys.readouterr().out
    with pytest.raises(safepickle.UnsafePickleError):
        safepickle.loads(pickle.dumps(Evil()))


@pytest.fixture
def file_limit() -> Iterator[Callable[[int], None]]:
    """A real limit on the size of files, as a full disk is: writes past it fail (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size if size >= 0 else soft, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


def test_a_frame_that_does_not_fit_is_taken_away_whole(tmp_path: Path, file_limit: Callable[[int], None]) -> None:
    journal = Journal(tmp_path, "never")
    journal.ensure_open()
    journal.append(["fits"])
    size = journal.size
    file_limit(size + 10)
    with pytest.raises(OSError, match="File too large") as caught:
        journal.append(["does not fit" * 10])
    assert caught.value.errno == errno.EFBIG
    file_limit(-1)
    journal.append(["fits again"])
    assert read(journal) == ([["fits"], ["fits again"]], [])
    journal.close()


def test_a_journal_that_cannot_grow_takes_nothing_and_then_goes_on(
    make_store: Callable[..., Store], clock: Clock, file_limit: Callable[[int], None]
) -> None:
    store = make_store()
    store.accept([Reading(KEY, 1.0, START - 100)])
    assert store._journal is not None
    file_limit(store._journal.size)
    for number in range(3):
        with pytest.raises(OSError, match="File too large"):
            store.accept([Reading(KEY, 2.0, START - 90 + number)])
    assert store.count_cached() == 1
    assert store.counters.get("samples_accepted") == 1
    file_limit(-1)
    store.accept([Reading(KEY, 2.0, START - 90)])
    abandon(store)
    assert make_store().count_cached() == 2


@pytest.mark.parametrize("name", ["rrd_cache.pickle", "catalogue.json"])
@pytest.mark.parametrize("content", [b"", b"\x00", b"garbage", pickle.dumps(Evil()), safepickle.dumps([1]), b"[]", b"{}"])
def test_damaged_files_are_moved_aside_and_the_store_opens(
    make_store: Callable[..., Store], clock: Clock, name: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store()
    store.accept([Reading(KEY, 1.0)])
    store.dump()
    clock.now += 1
    store.accept([Reading(KEY, 2.0)])
    abandon(store)
    path = store.settings.data_dir / name
    path.write_bytes(content)
    again = make_store()
    assert again.get_series("t").columns[0].last_value == 2.0
    assert "pwned" not in capsys.readouterr().out
    if content != b"{}" or name.endswith("pickle"):
        assert [each.read_bytes() for each in store.settings.data_dir.glob(f"{name}.corrupt-*")] == [content]
        assert again.health.notes()


def test_a_crash_between_snapshot_and_deletion_doubles_nothing(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    for number in range(5):
        store.accept([Reading(KEY, float(number), START - 50 + number)])
    journal = store._journal
    assert journal is not None
    old = {path: path.read_bytes() for path in store.settings.journal_dir.iterdir()}
    store.dump()
    abandon(store)
    for path, content in old.items():
        path.write_bytes(content)
    again = make_store()
    assert again.count_cached() == 5


def test_a_folder_that_could_not_be_synced_once_does_not_stop_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)

    def fail(_directory: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("janitoo_datalog_rrd.store.journal.sync_directory", fail)
        with pytest.raises(OSError, match="Input/output"):
            journal.ensure_open()
    journal.ensure_open()
    journal.append(["goes on"])
    assert read(journal)[0] == [["goes on"]]
    journal.close()


def test_what_a_disk_failed_to_sync_is_written_anew(
    make_store: Callable[..., Store], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed fsync the next one may say that all is well, while the pages it was about are gone."""
    store = make_store()
    store.accept([Reading(KEY, 1.0)])

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("os.fdatasync", fail)
        store.sync_journal()
    assert "Input/output error" in store.health.problems()["journal"]
    store.sync_journal()
    assert store.health.problems() == {}
    segments = sorted((store.settings.data_dir / "journal").iterdir())
    assert [each.stat().st_size for each in segments] == [0], "the snapshot has what the segment before had"
    abandon(store)
    assert make_store().count_cached() == 1


def take_or_fail(journal: Journal) -> None:
    journal.ensure_open()
    journal.append(["lost"])


def test_a_disk_that_fails_is_not_filled_with_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, "never")
    journal.ensure_open()

    def fail(*_arguments: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", fail)
        patch.setattr("os.ftruncate", fail)
        for _ in range(10):
            with pytest.raises(OSError, match=r"Input/output error|a moment ago"):
                take_or_fail(journal)
    assert len(journal.segments()) == 1
    monkeypatch.setattr("janitoo_datalog_rrd.store.journal._PAUSE_S", 0.0)
    journal._not_before = 0.0
    journal.ensure_open()
    journal.append(["goes on"])
    assert read(journal)[0] == [["goes on"]]
    journal.close()


def test_a_replay_takes_no_sample_of_the_second_that_the_file_ends_with(make_store: Callable[..., Store], clock: Clock) -> None:
    """Arrivals have fractions of a second, and the file has whole ones."""
    store = make_store()
    for index in range(3):
        clock.now = START + 10 * index + 0.3
        store.accept([Reading(KEY, float(index))])
    clock.now += 5
    assert store.flush(NAME) == 3
    abandon(store)
    again = make_store()
    assert again.count_cached() == 0


@pytest.mark.parametrize("count", [1, 1000, 1333, 1334, 4000, 4001, 50_000])
def test_a_batch_of_any_size_comes_back_after_a_kill(make_store: Callable[..., Store], count: int) -> None:
    store = make_store(cache_max_samples=1_000_000)
    readings = [Reading((f"t/{number % 300}", ""), number / 7, START - 5000 + number // 300) for number in range(count)]
    assert store.accept(readings) == count
    abandon(store)
    again = make_store(cache_max_samples=1_000_000)
    assert again.health.notes() == {}
    assert again.count_cached() == count
    assert list(again.cache.series["t.0"].columns[0].values) == [number / 7 for number in range(0, count, 300)]


SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
PLAIN = st.recursive(
    SCALARS | st.text(max_size=300) | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.lists(inner, max_size=5).map(tuple),
    max_leaves=50,
)


@settings(deadline=None)
@given(PLAIN, st.integers(1, 1000))
def test_what_is_pickled_is_loaded_again(data: Any, times: int) -> None:
    assert safepickle.loads(safepickle.dumps(data)) == data
    many = [data, str(data) + "x", [data]] * times
    assert safepickle.loads(safepickle.dumps(many)) == many
