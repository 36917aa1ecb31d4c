"""Tails over whole lives: whatever happens in which order, each sample is confirmed once or counted as given up, in order."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from store.conftest import START, abandon, rows, schema
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.parsers import retention
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.store import Store
from janitoo_datalog_rrd.store.tail import Tail

SERIES = 3
SMALL, PLENTY = 900, 1 << 30


class Reader:
    """One who reads, and what it must have been given.

    Attributes:
        first: number of the first sample that is its.
        confirmed: samples that it has confirmed, in that order.
        in_hand: those that it has read since.
    """

    def __init__(self, tail: Tail, first: int) -> None:
        self.tail = tail
        self.first = first
        self.confirmed: list[float] = []
        self.in_hand: list[float] = []


class Lives(RuleBasedStateMachine):
    """A store that is fed, read, ended in every way and started again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.accepted = 0
        self.readers: dict[str, Reader] = {}
        self.store = self.open()

    def open(self) -> Store:
        each_second = Schemas([schema(step=1, retention=retention("1s:1h"), reorder_window=0.0)])
        clock = lambda: START + 2000.0  # noqa: E731 - a clock that stands
        store = Store(
            StoreSettings(self.folder / "rrds", self.folder / "data", each_second, journal_sync="never"),
            Counters(),
            Health(),
            clock,
            clock,
        )
        store.open()
        for name, reader in self.readers.items():
            reader.tail = store.tail(name, reader.tail.limit_bytes)
            reader.in_hand = []
        return store

    @initialize(limit=st.sampled_from([SMALL, PLENTY]))
    def begin(self, limit: int) -> None:
        self.readers["first"] = Reader(self.store.tail("first", limit), 0)

    @rule(count=st.integers(1, 12), at_once=st.booleans())
    def feed(self, count: int, at_once: bool) -> None:
        readings = [
            Reading((f"t{number % SERIES}", ""), float(number), START + number)
            for number in range(self.accepted, self.accepted + count)
        ]
        for message in [readings] if at_once else [[each] for each in readings]:
            assert self.store.accept(message) == len(message)
        self.accepted += count

    @rule(name=st.sampled_from(["first", "second"]), most=st.integers(1, 10))
    def read(self, name: str, most: int) -> None:
        if name in self.readers:
            reader = self.readers[name]
            found = reader.tail.read(most)
            assert len(found) <= most
            assert all(each.series == f"t{int(each.value) % SERIES}" for each in found)
            assert all(each.time == START + each.value for each in found)
            reader.in_hand += [each.value for each in found]

    @rule(name=st.sampled_from(["first", "second"]))
    def confirm(self, name: str) -> None:
        if name in self.readers:
            reader = self.readers[name]
            reader.tail.done()
            reader.confirmed += reader.in_hand
            reader.in_hand = []

    @rule()
    def snapshot(self) -> None:
        self.store.dump()

    @rule()
    def flush(self) -> None:
        self.store.flush_all()

    @rule(cut=st.integers(0, 20))
    def kill(self, cut: int) -> None:
        """A kill, with a frame that was being written."""
        journal = self.store._journal
        assert journal is not None
        was_written = journal._descriptor is not None
        abandon(self.store)
        path = journal.path_of(journal.segment)
        if was_written:
            content = path.read_bytes()
            path.write_bytes(content + content[:cut])
        self.store = self.open()

    @rule(flush=st.booleans())
    def restart(self, flush: bool) -> None:
        self.store.close(flush=flush)
        self.store = self.open()

    @precondition(lambda self: "second" not in self.readers)
    @rule(limit=st.sampled_from([SMALL, PLENTY]))
    def join(self, limit: int) -> None:
        self.readers["second"] = Reader(self.store.tail("second", limit), self.accepted)

    @precondition(lambda self: "second" in self.readers)
    @rule()
    def leave(self) -> None:
        self.check(self.readers.pop("second"))
        self.store.keep_tails(self.readers)

    @rule(name=st.sampled_from(["first", "second"]), limit=st.sampled_from([0, SMALL, PLENTY]))
    def come_back(self, name: str, limit: int) -> None:
        if name in self.readers:
            reader = self.readers[name]
            reader.tail = self.store.tail(name, limit)
            reader.in_hand = []

    def check(self, reader: Reader) -> None:
        """Read the rest, and see that each sample is accounted for."""
        while found := reader.tail.read(7):
            reader.in_hand += [each.value for each in found]
        reader.tail.done()
        reader.confirmed += reader.in_hand
        reader.in_hand = []
        assert reader.tail.behind_bytes == 0
        assert reader.tail.damaged == 0
        assert reader.confirmed == sorted(set(reader.confirmed))
        assert all(reader.first <= each < self.accepted for each in reader.confirmed)
        assert len(reader.confirmed) + reader.tail.dropped == self.accepted - reader.first
        if reader.tail.limit_bytes == PLENTY and reader.tail.dropped == 0:
            assert reader.confirmed == list(range(reader.first, self.accepted))

    def teardown(self) -> None:
        try:
            for reader in self.readers.values():
                self.check(reader)
            self.store.dump()
            assert not [each for each in self.store.settings.journal_dir.iterdir() if each.name.startswith("kept-")]
            self.store.flush_all(everything=True)
            for each in range(min(SERIES, self.accepted)):
                found = rows(self.store.path_of(f"t{each}"), START - 1, START + self.accepted)
                numbers = range(each, self.accepted, SERIES)
                assert [found[int(START) + number] for number in numbers] == [(float(number),) for number in numbers]
        finally:
            abandon(self.store)
            shutil.rmtree(self.folder)


def test_whatever_happens_each_sample_is_confirmed_once_or_counted_as_given_up() -> None:
    run_state_machine_as_test(Lives, settings=settings(SHORT, max_examples=40, stateful_step_count=40))
