"""Intake: a batch of readings on its way in, checked one by one, journalled in one write, and only then in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from ..core.contracts import Outcome, Reading
from ..core.errors import StoreError
from ..core.status import Counters
from . import catalogue
from .autoseries import AutoSeries
from .column import LARGEST, ColumnState
from .journal import Journal
from .settings import EARLIEST_S

ACCEPTED, IGNORED, LATE, HIDDEN = "accepted", "ignored", "late", "hidden"


class StoreFullError(StoreError):
    """The cache is full; nothing was taken."""


class Intake:
    """One batch; used with `with`, which holds the cache's lock as long as it is open.

    Nothing is stored and nothing counted before `commit`; a batch that is left without it has only made new series.

    Args:
        auto: makes series for values that have none.
        journal: where the samples are written first.
        counters: `samples_accepted`, `samples_late` and `samples_dropped` are counted there.
        latest: a message's own time may not be later, seconds since the epoch UTC.
        touched: the monotonic clock's time.

    Attributes:
        columns, times, values: the samples, in the order in which they came; whoever has looked at what `add` looks at may
            append to all three.
    """

    __slots__ = (
        "_auto",
        "_cache",
        "_counters",
        "_dropped",
        "_free",
        "_journal",
        "_late",
        "_latest",
        "_touched",
        "columns",
        "times",
        "values",
    )

    def __init__(self, auto: AutoSeries, journal: Journal, counters: Counters, latest: float, touched: float) -> None:
        self._auto = auto
        self._cache = auto.cache
        self._journal = journal
        self._counters = counters
        self._latest = latest
        self._touched = touched
        self._late = self._free = 0
        self._dropped: dict[str, int] = {}
        self.columns: list[ColumnState] = []
        self.times: list[float] = []
        self.values: list[float] = []

    def __enter__(self) -> Intake:
        self._cache.lock.acquire()
        self._free = self._auto.settings.cache_max_samples - self._cache.samples  # and nobody else can change it now
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._cache.lock.release()

    @property
    def room(self) -> int:
        """How many samples the cache can take beside those of this batch."""
        return self._free - len(self.values)

    @property
    def outcome(self) -> Outcome:
        """What has become of everything that was added."""
        return Outcome(len(self.values), self._late, dict(self._dropped))

    def add(self, readings: Sequence[Reading], arrival: float) -> str:
        """Take the readings of one message.

        Args:
            readings: what a decoder made of it.
            arrival: when it came, seconds since the epoch UTC.

        Returns:
            `accepted` when at least one of them is, `ignored` when there was nothing to take, `late`, or why the first of
            them was dropped: `bad_time`, `out_of_range`, `max_series` or `not_configured`.

        Raises:
            StoreFullError: there is no room for them; none was taken.
        """
        if len(readings) > self._free - len(self.values) and (
            self._cache.samples or self.values
        ):  # what is larger than the cache fits an empty one
            held = self._cache.samples + len(self.values)
            raise StoreFullError(f"the cache is full: it holds {held} samples (cache_max_samples)")
        results = [result for reading in readings for result in self._take(reading, arrival)]
        for result in results:
            if result is LATE:
                self._late += 1
            elif result is not ACCEPTED:
                self._dropped[result] = self._dropped.get(result, 0) + 1
        if ACCEPTED in results:
            return ACCEPTED
        # what the ini hides is counted, and nothing that somebody should look at
        return LATE if LATE in results else next((result for result in results if result != HIDDEN), IGNORED)

    def _take(self, reading: Reading, arrival: float) -> Sequence[str]:
        """Take one reading; the answer has a word for each column that it goes to."""
        own_time = reading.timestamp is not None
        time_s = arrival if reading.timestamp is None else reading.timestamp
        if not EARLIEST_S <= time_s <= self._latest:
            return ("bad_time",)
        auto = self._auto
        columns = self._cache.columns_of(reading.key)
        if not columns:
            if reading.value != reading.value:
                return ()  # a series begins with its first number
            columns = auto.make(reading)
            if not columns:
                return (auto.refusal,)
        elif columns[0].meta is not reading.meta:
            columns = auto.describe(columns, reading)
        return [self._take_for(column, time_s, reading.value, own_time=own_time) for column in columns]

    def _take_for(self, column: ColumnState, time_s: float, value: float, *, own_time: bool) -> str:
        if column.own_time is not own_time:
            self._auto.note_time(column, own=own_time)
        series = column.series
        if series.rows is not None or not (-LARGEST <= value <= LARGEST and series.closed < time_s):
            # so it is with few: most numbers are ones that any file takes, and later than all that is written
            if series.is_hidden:
                return HIDDEN
            if not column.takes(value):
                return "out_of_range"
            if series.written is None:
                self._auto.flusher.look_up(series)
            if series.is_late(time_s):
                return LATE
        self.columns.append(column)
        self.times.append(float(time_s))  # a decoder of any package may bring its own kind of number: the journal takes none
        self.values.append(float(value))
        return ACCEPTED

    def commit(self) -> None:
        """Write the samples to the journal, take them into the cache, and count.

        Raises:
            OSError: the journal cannot be written; nothing was taken.
        """
        if self.columns or self._cache.redefined:
            self._write()
        if self.columns:
            self._cache.extend(self.columns, self.times, self.values, self._touched, self._auto.settings.cache_rrd_ttl)
            self._counters.add("samples_accepted", amount=len(self.columns))
        if self._late:
            self._counters.add("samples_late", amount=self._late)
        for reason, count in self._dropped.items():
            self._counters.add("samples_dropped", reason, count)

    def _write(self) -> None:
        """Write one frame: the definitions of the columns that the segment does not have yet, and the samples."""
        segment = self._journal.ensure_open()
        numbers = [column.number for column in self.columns]
        fresh = {column.number: column for column in self.columns if column.segment != segment}
        for column in self._cache.redefined:
            fresh[column.number] = column
        self._journal.append(([_definition(column) for column in fresh.values()], numbers, self.times, self.values))
        self._cache.redefined.clear()
        for column in fresh.values():
            column.segment = segment


def _definition(column: ColumnState) -> tuple[object, ...]:
    """What the journal has to know of a column: its number there, series, name, whether it is configured, and whose it is."""
    series = column.series
    return (column.number, series.name, column.name, series.configured, catalogue.define(column))
