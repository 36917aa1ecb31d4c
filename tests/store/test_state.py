"""What the store tells of itself: what is cached, how long the journal is, and what its files take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.state import MEASURE_S
from janitoo_datalog_rrd.store.store import Store

NOW = 1_700_000_000.0


class Clock:
    """Both clocks of a store, as the test sets them."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_store(tmp_path: Path, clock: Clock) -> Callable[..., Store]:
    def make(**changes: object) -> Store:
        ini = tmp_path / "store.conf"
        ini.write_text("[schema__default]\npattern = .*\nstep = 10\nretention = 10s:1h\n")
        schemas = Schemas.from_options(Options.load(ini))
        settings = StoreSettings(tmp_path / "rrds", tmp_path / "data", schemas, **changes)  # type: ignore[arg-type]
        store = Store(settings, Counters(), Health(), clock, clock)
        store.open()
        return store

    return make


def reading(topic: str, number: float = 1.0) -> Reading:
    return Reading((topic, ""), number)


def test_what_waits_for_its_file_is_told_with_its_age(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    assert store.state().oldest is None
    store.accept([reading("a")])
    clock.now += 20
    store.accept([reading("a"), reading("b")])
    state = store.state()
    assert (state.cached, state.cache_max, state.oldest, state.series) == (3, 2_000_000, NOW, 2)
    clock.now += 60
    store.flush("a")
    assert store.state().oldest == NOW + 20
    store.flush_all()
    assert (store.state().cached, store.state().oldest) == (0, None)
    store.close()


def test_the_journal_tells_its_size_and_when_the_disk_had_it(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    store.accept([reading("a")])
    state = store.state()
    assert (state.journal_segments, state.journal_pending) == (1, True)
    assert state.journal_bytes > 20
    assert state.snapshot_time is None
    store.sync_journal()
    assert not store.state().journal_pending
    store.dump()
    state = store.state()
    assert state.journal_bytes == 0
    assert state.snapshot_bytes > 0
    assert state.snapshot_time is not None
    store.close()
    assert store.state().journal_segments == 0


def test_files_are_measured_and_those_to_come_are_reckoned(make_store: Callable[..., Store], clock: Clock) -> None:
    store = make_store()
    for topic in "abc":
        store.accept([reading(topic)])
    before = store.state().files
    assert (before.count, before.size) == (0, 0)
    clock.now += MEASURE_S - 1
    store.flush_all()
    assert store.state().files is before  # ten thousand files are not looked at every second
    clock.now += 1
    files = store.state().files
    sizes = [path.stat().st_size for path in store.settings.rrd_dir.glob("*.rrd")]
    assert (files.count, files.size, files.unmade) == (3, sum(sizes), 0)
    assert files.used > 0
    assert before.unmade == files.size
    store.close()
