"""The cache: every series in memory, with the samples that are not yet in its file."""

from __future__ import annotations

import itertools
import random
import threading
import zlib
from array import array
from collections.abc import Iterable, Sequence

from ..core.contracts import NO_META, Key
from .column import ColumnState
from .series import Series
from .taken import Taken

_NAMED = 1 << 30
"""Numbers of columns from here on are made of their names; where two names would have one number, the second has a lower one."""


class Cache:
    """Series by name and by key, their samples, and when each is to be written.

    Every method takes `lock`, which may be taken around several of them.

    Attributes:
        lock: guards everything here.
        samples: how many are cached, those on their way to a file not counted.
        series: name → series, dead ones too.
        live: names of the series that had a sample since the start and are not dead.
        due: name → when its samples are to be written, by the monotonic clock.
        in_flight: name → what is being written to its file right now.
        generation: another number each time that a value no longer goes to the columns it went to.
        described: another number each time that a column gets another label, units or node.
        redefined: columns that got another key or uid, which the journal does not say yet.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.samples = 0
        self.series: dict[str, Series] = {}
        self.live: set[str] = set()
        self.due: dict[str, float] = {}
        self.in_flight: dict[str, Taken] = {}
        self.generation = 0
        self.described = 0
        self.redefined: set[ColumnState] = set()
        self._configured: dict[Key, tuple[ColumnState, ...]] = {}
        self._auto: dict[Key, ColumnState] = {}
        self._uids: dict[str, ColumnState] = {}
        self._numbers: dict[int, ColumnState] = {}
        self._spare_numbers = itertools.count()
        self._random = random.Random()  # noqa: S311 - spreads writes in time, no secret

    def columns_of(self, key: Key) -> tuple[ColumnState, ...]:
        """The columns that a value goes to: those of datasource components, else the one made by itself."""
        configured = self._configured.get(key)
        if configured:
            return configured
        column = self._auto.get(key)
        return () if column is None else (column,)

    def is_configured(self, key: Key) -> bool:
        """Whether a value goes to a datasource component."""
        return key in self._configured

    def column_numbered(self, number: int) -> ColumnState | None:
        """The column that had a number in an earlier life, where the number is made of its name."""
        return self._numbers.get(number) if number >= _NAMED else None

    def plain_column(self, key: Key) -> ColumnState | None:
        """The one column that a value goes to, where it is a series made by itself whose messages bring no time; else None.

        It holds as long as `generation` stays the same.
        """
        column = None if key in self._configured else self._auto.get(key)
        return column if column is not None and column.own_time is False else None

    def add_series(self, series: Series) -> None:
        """Take a series in."""
        with self.lock:
            self.series[series.name] = series

    def add_column(self, series: Series, name: str, key: Key, label: str, units: str, ds_type: str) -> ColumnState:
        """Give a series one more data source."""
        with self.lock:
            number = _NAMED | zlib.crc32(f"{series.name}/{name}".encode()) & (_NAMED - 1)
            if number in self._numbers:
                number = next(self._spare_numbers)
            column = self._numbers[number] = ColumnState(series, number, name, key, label, units, ds_type)
            series.columns += (column,)
            self.bind(column, key)
            return column

    def bind(self, column: ColumnState, key: Key) -> None:
        """Let a value go to a column."""
        with self.lock:
            column.key = key
            if key and column.series.configured:
                columns = self._configured[key] = (*self._configured.get(key, ()), column)
                for each in columns:
                    each.meta = NO_META  # what messages say is looked at anew, for all of them
                self.generation += 1
            elif key:
                self._auto[key] = column

    def rebind(self, column: ColumnState, key: Key) -> None:
        """Let another value go to a column made by itself; the key that it had is let go."""
        with self.lock:
            if self._auto.get(column.key) is column:
                del self._auto[column.key]
            column.segment = 0
            self.generation += 1
            self.bind(column, key)

    def column_of(self, uid: str) -> ColumnState | None:
        """The column made by itself that a uid has."""
        return self._uids.get(uid)

    def identify(self, column: ColumnState, uid: str) -> None:
        """Give a column made by itself a uid, which another one may have had."""
        with self.lock:
            before = self._uids.pop(uid, None)
            if before is not None:
                before.uid = ""
            if self._uids.get(column.uid) is column:
                del self._uids[column.uid]
            column.uid, column.segment = uid, 0
            if uid:
                self._uids[uid] = column

    def remove_column(self, column: ColumnState) -> None:
        """Take a data source out of its series; its cached samples go."""
        with self.lock:
            series, key = column.series, column.key
            series.columns = tuple(each for each in series.columns if each is not column)
            self._numbers.pop(column.number, None)
            self.samples -= len(column)
            self.generation += 1
            self.redefined.discard(column)
            if self._uids.get(column.uid) is column:
                del self._uids[column.uid]
            if self._auto.get(key) is column:
                del self._auto[key]
            remaining = tuple(each for each in self._configured.pop(key, ()) if each is not column)
            if remaining:
                self._configured[key] = remaining

    def remove_series(self, name: str) -> Series | None:
        """Forget a series with what is cached for it."""
        with self.lock:
            series = self.series.pop(name, None)
            if series is None:
                return None
            self.samples -= len(series.ready)
            columns = series.columns
            for column in columns:
                self.remove_column(column)
            series.columns = columns  # whoever writes it at this moment still looks at them
            self.live.discard(name)
            self.due.pop(name, None)
            return series

    def extend(
        self, columns: Sequence[ColumnState], times: Sequence[float], values: Sequence[float], now: float, ttl: float
    ) -> None:
        """Cache samples.

        Args:
            columns, times, values: a column, a time (seconds since the epoch UTC) and a number for each sample.
            now: the monotonic clock's.
            ttl: how long a sample may stay, in seconds.
        """
        for column, time_s, value in zip(columns, times, values, strict=True):
            held = column.times
            if held is None:
                held = column.begin()
                self._enlist(column.series, now, ttl)
            held.append(time_s)
            column.values.append(value)
            if time_s >= column.last_time:
                column.last_time = time_s
                column.last_value = value
        self.samples += len(columns)

    def _enlist(self, series: Series, now: float, ttl: float) -> None:
        """Note that a series has samples that are to be written."""
        series.touched = now
        if series.name not in self.due:
            self.live.add(series.name)
            # spread over the second half of the time, so that series that began together are not written together
            self.due[series.name] = now + ttl * self._random.uniform(0.5, 1.0)

    def take(self, series: Series, before: float) -> Taken:
        """Take the samples older than a time out of a series, to write them."""
        with self.lock:
            if self.series.get(series.name) is not series:
                return Taken(array("d"), array("d"), [], None)  # it was removed meanwhile
            held = series.cached()
            taken = series.take(before)
            left = series.cached()
            self.samples += left - held
            if not left:
                self.due.pop(series.name, None)
            if taken.last is not None:
                self.in_flight[series.name] = taken
            return taken

    def written(self, series: Series, taken: Taken) -> None:
        """What was taken is in the file."""
        with self.lock:
            self.in_flight.pop(series.name, None)
            series.wrote(taken)

    def put_back(self, series: Series, taken: Taken, retry_at: float) -> None:
        """What was taken could not be written; try again at `retry_at` by the monotonic clock."""
        with self.lock:
            self.in_flight.pop(series.name, None)
            if self.series.get(series.name) is not series:
                return  # it was removed meanwhile
            held = series.cached()
            series.put_back(taken)
            self.samples += series.cached() - held
            self.live.add(series.name)  # it may have been buried meanwhile, and no snapshot has the dead
            self.due[series.name] = retry_at

    def postpone(self, name: str, until: float) -> None:
        """Set when a series that still has samples is looked at again."""
        with self.lock:
            if name in self.due:
                self.due[name] = until

    def rotate(self, series: Series, until: float) -> int:
        """Make the rows of a configured series up to a time; they stay in the cache. Returns how many."""
        with self.lock:
            held = series.cached()
            made = series.rotate(until)
            self.samples += series.cached() - held
            return made

    def due_names(self, now: float) -> list[str]:
        """Names of the series whose time has come, by the monotonic clock."""
        with self.lock:
            return [name for name, when in self.due.items() if when <= now]

    def bury(self, before: float) -> list[str]:
        """Take the series that had no sample since a time out of the cache; those with cached samples stay."""
        with self.lock:
            dead = [name for name in self.live if name not in self.due and self._is_dead(name, before)]
            self.live.difference_update(dead)
            return dead

    def _is_dead(self, name: str, before: float) -> bool:
        series = self.series.get(name)
        return series is None or (series.touched < before and not series.cached())

    def live_columns(self) -> Iterable[ColumnState]:
        """The columns of the live series."""
        with self.lock:
            return [column for name in sorted(self.live) if name in self.series for column in self.series[name].columns]
