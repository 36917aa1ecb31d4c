"""One series in memory: its columns with their cached samples, and where it stands with its RRD file."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..core.contracts import Column, SeriesInfo
from .column import ColumnState
from .points import HELD_TYPES, RowMaker, Sample, series_updates, without_resets
from .rrdfile import DataSource, Point
from .schema import ORIGINAL_RRAS, Schema
from .settings import StoreSettings
from .taken import Taken, last_update
from .texts import row_texts, update_texts

AUTO_COLUMN = "value"
# A series made by itself keeps fractions of counters too: the file types for floating point numbers.
_AUTO_TYPES = {"GAUGE": "GAUGE", "COUNTER": "DCOUNTER", "DERIVE": "DDERIVE", "ABSOLUTE": "ABSOLUTE"}
_WHOLE_TYPES = ("COUNTER", "DERIVE")
_ON_ITS_WAY_S = 3.0  # how long a message may take from its arrival to the cache, at the least


class Series:
    """A series: one RRD file and what is cached for it.

    Attributes:
        name: its file- and URL-safe name.
        node: HADD or topic it comes from.
        label: text for people, as the devices say it.
        schema: its layout, and what the ini says of it; the step is the file's once there is one.
        said_hold: how long a number stands as the devices say it, seconds; 0 where they do not.
        step: seconds between two primary data points.
        configured: True for a datasource component, whose file has a row per step.
        columns: its data sources, in order.
        rows: row maker of a configured series.
        closed: what is not later than this may be late, seconds since the epoch UTC: the end of the last second that went to the
            file; infinity until the file was looked up, and where nothing may come.
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
        "said_hold",
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
        self.said_hold = 0.0

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
        self.closed = math.inf if second is None or self.is_hidden else max(second, self._taken) + 1

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

    @property
    def is_hidden(self) -> bool:
        """True where the ini says that it is not to be logged; datasources are asked for by the ini, and never are."""
        return not (self.configured or self.schema.log)

    @property
    def is_renamed(self) -> bool:
        """True where the ini gives it another label or other units than its device."""
        return not self.configured and bool(self.schema.label or self.schema.units)

    @property
    def last_time(self) -> float | None:
        """Time of the youngest value of all columns, seconds since the epoch UTC, or None."""
        last = max([column.last_time for column in self.columns], default=-math.inf)
        return None if last == -math.inf else last

    @property
    def hold(self) -> float:
        """How long a number stands, seconds: as the ini says of this series, else as the devices say it, else the schema's."""
        return self.schema.hold if self.schema.hold_given or not self.said_hold else self.said_hold

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
        heartbeat = self.schema.heartbeat(self.step, self.hold)
        return [
            DataSource(column.name, _AUTO_TYPES[column.ds_type], heartbeat, 0.0 if column.ds_type in _WHOLE_TYPES else math.nan)
            for column in self.columns
        ]

    def rras(self) -> tuple[str, ...]:
        """The archives that its file should have."""
        return ORIGINAL_RRAS if self.configured else self.schema.rras(self.step)

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
            previous = [math.nan if column.previous is None else column.previous[1] for column in self.columns]
            points = without_resets(taken.points, previous, [column.ds_type == "COUNTER" for column in self.columns])
            return row_texts(points, [column.ds_type in _WHOLE_TYPES for column in self.columns])
        column = self.columns[0]
        return update_texts(series_updates(taken.times, taken.values, column.previous, column.ds_type, self.step, self.hold))

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
        until = min(math.floor(now - max(self.schema.reorder_window, _ON_ITS_WAY_S)), since + int(self.hold))
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
        """What readers are told: label and units are the ini's where it has them."""
        label, units = (self.schema.label, self.schema.units) if not self.configured else ("", "")
        columns = tuple(
            Column(each.name, each.key, label or each.label, units or each.units, each.ds_type, each.last_value, each.known_time)
            for each in self.columns
        )
        return SeriesInfo(
            self.name, self.node, label or self.label, self.step, self.configured, columns, self.path, self.cached()
        )
