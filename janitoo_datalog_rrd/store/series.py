"""One series in memory: its columns with their cached samples, and where it stands with its RRD file."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..core.contracts import Column, Key, SeriesInfo
from .points import HELD_TYPES, RowMaker, Sample, series_updates
from .rrdfile import DataSource, Point
from .schema import ORIGINAL_RRAS, Schema
from .settings import StoreSettings
from .taken import Taken, last_update, split
from .texts import row_texts, update_texts

AUTO_COLUMN = "value"
# A series made by itself keeps fractions of counters too: the file types for floating point numbers.
_AUTO_TYPES = {"GAUGE": "GAUGE", "COUNTER": "DCOUNTER", "DERIVE": "DDERIVE", "ABSOLUTE": "ABSOLUTE"}
_WHOLE_TYPES = ("COUNTER", "DERIVE")
_WHOLE_LIMITS = {"COUNTER": (0.0, 2.0**64), "DERIVE": (-(2.0**63), 2.0**63)}
_ON_ITS_WAY_S = 3.0  # how long a message may take from its arrival to the cache, at the least
LARGEST = 1e300
"""Largest number that is taken: librrd multiplies it by the seconds it stands for."""
_NONE = array("d")  # stands for the values of a column that has none


class ColumnState:
    """A data source with its cached samples.

    Attributes:
        series: the series it is part of.
        number: number of the data source in the journal; no two columns have one at the same time.
        name: name of the data source in the file.
        key: whose samples go here; empty when it is not known yet.
        label, units: text for people.
        ds_type: GAUGE, COUNTER, DERIVE or ABSOLUTE.
        times, values: the cached samples in the order of arrival.
        last_time, last_value: the last sample accepted; minus infinity and None while there was none.
        segment: the journal's segment that has its definition, 0 for none.
        own_time: True when its messages bring their own time, None while that is not known.
    """

    __slots__ = (
        "_previous_second",
        "_previous_value",
        "ds_type",
        "key",
        "label",
        "last_time",
        "last_value",
        "name",
        "number",
        "own_time",
        "segment",
        "series",
        "times",
        "units",
        "values",
    )

    def __init__(self, series: Series, number: int, name: str, key: Key, label: str, units: str, ds_type: str) -> None:
        self.series = series
        self.number = number
        self.name = name
        self.key = key
        self.label = label
        self.units = units
        self.ds_type = ds_type
        self.times: array[float] | None = None
        self.values: array[float] = _NONE
        self.last_time = -math.inf
        self.last_value: float | None = None
        self.segment = 0
        self._previous_second: int | None = None
        self._previous_value = math.nan
        self.own_time: bool | None = None

    @property
    def known_time(self) -> float | None:
        """Time of the last sample accepted, seconds since the epoch UTC, or None."""
        return None if self.last_time == -math.inf else self.last_time

    @property
    def previous(self) -> tuple[int, float] | None:
        """The last sample written, for `hold`: seconds since the epoch UTC, and the number."""
        return None if self._previous_second is None else (self._previous_second, self._previous_value)

    @previous.setter
    def previous(self, sample: tuple[int, float] | None) -> None:
        self._previous_second, self._previous_value = sample or (None, math.nan)

    def takes(self, value: float) -> bool:
        """Tell whether the file can hold a number: one that librrd refuses would stay in the cache for ever."""
        if value != value:
            return True
        if self.series.configured and self.ds_type in _WHOLE_LIMITS:
            low, high = _WHOLE_LIMITS[self.ds_type]
            return low <= value < high
        return -LARGEST <= value <= LARGEST

    def begin(self) -> array[float]:
        """Make room for samples where none is cached, and return that of their times."""
        self.times, self.values = array("d"), array("d")
        return self.times

    def samples(self) -> list[Sample]:
        """The cached samples, in the order of arrival."""
        if self.times is None:
            return []
        return list(zip(self.times, self.values, strict=True))

    def replace(self, samples: Sequence[Sample]) -> None:
        """Put other samples in the cache's place."""
        if samples:
            self.times = array("d", [time_s for time_s, _ in samples])
            self.values = array("d", [value for _, value in samples])
        else:
            self.times, self.values = None, _NONE

    def cut(self, before: float) -> tuple[array[float], array[float], float]:
        """Take the samples older than a time out of the cache; see `taken.split`."""
        if self.times is None:
            return _NONE, _NONE, 0.0
        old, left, latest = split(self.times, self.values, before)
        self.times, self.values = left if left[0] else (None, _NONE)
        return *old, latest

    def put_back(self, times: array[float], values: array[float]) -> None:
        """Put what was cut out back before what came meanwhile."""
        if times:
            self.times, self.values = times + (self.times or _NONE), values + self.values

    def __len__(self) -> int:
        return 0 if self.times is None else len(self.times)


class Series:
    """A series: one RRD file and what is cached for it.

    Attributes:
        name: its file- and URL-safe name.
        node: HADD or topic it comes from.
        label: text for people.
        schema: its layout; the step is the file's once there is one.
        step: seconds between two primary data points.
        configured: True for a datasource component, whose file has a row per step.
        columns: its data sources, in order.
        rows: row maker of a configured series.
        closed: what is not later than this may be late, seconds since the epoch UTC; infinity until the file was looked up.
        touched: when it was last given a sample, by the monotonic clock.
    """

    __slots__ = (
        "_settings",
        "_taken",
        "_written",
        "closed",
        "columns",
        "configured",
        "label",
        "name",
        "node",
        "rows",
        "schema",
        "step",
        "touched",
    )

    def __init__(
        self, name: str, settings: StoreSettings, node: str, label: str, schema: Schema, *, step: int | None = None
    ) -> None:
        self.name = name
        self._settings = settings
        self.node = node
        self.label = label
        self.schema = schema
        self.configured = step is not None
        self.step = schema.step if step is None else step
        self.columns: tuple[ColumnState, ...] = ()
        self.rows: RowMaker | None = None
        self.closed = math.inf
        self._written: int | None = None
        self._taken = 0
        self.touched = 0.0

    @property
    def ready(self) -> list[Point]:
        """Rows of a configured series that are made and not yet written."""
        return self.rows.ready if self.rows is not None else []

    @property
    def path(self) -> Path:
        """Its RRD file."""
        return self._settings.path_of(self.name)

    @property
    def file(self) -> str:
        """Its RRD file, as librrd takes it."""
        return self._settings.file_of(self.name)

    @property
    def written(self) -> int | None:
        """The file's last update, seconds since the epoch UTC; None until it was looked up."""
        return self._written

    @written.setter
    def written(self, second: int | None) -> None:
        self._written = second
        self.closed = math.inf if second is None else max(second, self._taken)

    @property
    def taken(self) -> int:
        """Time of the last point that is on its way to the file, 0 for none."""
        return self._taken

    @taken.setter
    def taken(self, second: int) -> None:
        self._taken = second
        self.written = self._written

    @property
    def is_orphan(self) -> bool:
        """True for a file of which it is not known whose values it holds."""
        return not self.configured and not self.columns[0].key

    def last_of_rows(self) -> dict[str, Sample]:
        """The last sample that went into a row, by the column's name."""
        last = self.rows.last if self.rows is not None else []
        return {column.name: sample for column, sample in zip(self.columns, last, strict=False) if sample is not None}

    def reset_rows(self, last: Mapping[str, Sample]) -> None:
        """Make the row maker of a configured series anew, with what the old one knew."""
        ready = self.ready
        self.rows = RowMaker([column.ds_type for column in self.columns], self.step, self.schema.hold)
        self.rows.ready = ready
        self.rows.last = [last.get(column.name) for column in self.columns]

    def sources(self) -> list[DataSource]:
        """The data sources that its file should have."""
        if self.configured:
            return [DataSource(column.name, column.ds_type, 2 * self.step) for column in self.columns]
        heartbeat = self.schema.heartbeat()
        return [
            DataSource(column.name, _AUTO_TYPES[column.ds_type], heartbeat, 0.0 if column.ds_type in _WHOLE_TYPES else math.nan)
            for column in self.columns
        ]

    def rras(self) -> tuple[str, ...]:
        """The archives that its file should have."""
        return ORIGINAL_RRAS if self.configured else self.schema.rras()

    def is_late(self, time_s: float) -> bool:
        """Tell whether a sample is older than what is in the file, or in a row that was made already."""
        written = max(self.written or 0, self.taken)
        if self.rows is not None:
            row_time = self.rows.row_time
            boundary = self.rows.boundary(time_s)
            return boundary <= written or (row_time is not None and boundary <= row_time)
        return int(time_s) <= written

    def take(self, before: float) -> Taken:
        """Take the samples older than a time out of the cache, to be written to the file."""
        if self.rows is not None:
            self.rotate(before)
            points, self.rows.ready = self.rows.ready, []
            taken = Taken(array("d"), array("d"), points, points[-1] if points else None)
        else:
            times, values, latest = self.columns[0].cut(before)
            taken = Taken(times, values, [], last_update(times, values, int(latest)) if times else None)
        self.taken = taken.last[0] if taken.last is not None else 0
        return taken

    def texts(self, taken: Taken) -> list[str]:
        """What was taken, as the file takes it: see `points.series_updates` and `points.RowMaker`."""
        if self.rows is not None:
            return row_texts(taken.points, [column.ds_type in _WHOLE_TYPES for column in self.columns])
        column = self.columns[0]
        return update_texts(
            series_updates(taken.times, taken.values, column.previous, column.ds_type, self.step, self.schema.hold)
        )

    def names(self) -> list[str]:
        """Names of the data sources that its updates are for."""
        return [column.name for column in (self.columns if self.rows is not None else self.columns[:1])]

    def held_until(self, now: float) -> list[Point]:
        """The number that stands now, as a point somewhat before this second, for a reader to see.

        Only for a GAUGE whose messages bring no time of their own, and `reorder_window` ago: what comes later, or is on its
        way through the server, is then later than this point. Empty where that would change nothing that can be seen.

        Args:
            now: seconds since the epoch UTC, up to which every message has been taken in.
        """
        column = self.columns[0]
        if self.rows is not None or column.ds_type not in HELD_TYPES or column.own_time is not False or column.previous is None:
            return []
        since, value = column.previous
        until = min(math.floor(now - max(self.schema.reorder_window, _ON_ITS_WAY_S)), since + int(self.schema.hold))
        if value != value or until // self.step <= max(since, self.written or 0) // self.step:
            return []
        return [(until, (value,))]

    def put_back(self, taken: Taken) -> None:
        """Put what was taken and could not be written back into the cache."""
        self.taken = 0
        if self.rows is not None:
            self.rows.ready[:0] = taken.points
        else:
            self.columns[0].put_back(taken.times, taken.values)

    def wrote(self, taken: Taken) -> None:
        """Note that what was taken is in the file now."""
        if taken.last is None:
            return
        second, numbers = taken.last
        self.written, self.taken = second, 0
        for column, number in zip(self.columns, numbers, strict=False):
            column.previous = (second, number)

    def wrote_held(self, points: Sequence[Point]) -> None:
        """Note that the number that stands is in the file up to now; its hold still counts from its own time."""
        self.written = points[-1][0]

    def rotate(self, until: float) -> int:
        """Make the rows of a configured series up to a time; they stay in the cache, ready. Returns how many."""
        if self.rows is None:
            return 0
        pending = [sorted(column.samples()) for column in self.columns]
        made = self.rows.make(pending, until)
        for column, samples in zip(self.columns, pending, strict=True):
            if len(samples) != len(column):
                column.replace(samples)
        self.rows.ready.extend(made)
        return len(made)

    def cached(self) -> int:
        """Samples accepted and not yet in the file; a row that is ready counts as one."""
        if self.rows is None:
            return len(self.columns[0])
        return len(self.ready) + sum(len(column) for column in self.columns)

    def info(self) -> SeriesInfo:
        """What readers are told."""
        columns = tuple(
            Column(each.name, each.key, each.label, each.units, each.ds_type, each.last_value, each.known_time)
            for each in self.columns
        )
        return SeriesInfo(self.name, self.node, self.label, self.step, self.configured, columns, self.path, self.cached())
