"""The snapshot: the pickled cache; a good one makes older journal segments deletable."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..core.aside import Damage, keep_aside, move_aside
from . import catalogue, frames
from .cache import Cache
from .column import ColumnState
from .points import Sample
from .series import Series
from .settings import EARLIEST_S

logger = logging.getLogger(__name__)

VERSION = 3
_CHUNK = 200
"""Series in one frame: damage costs no more than these."""


class Frozen(NamedTuple):
    """What a snapshot has of one series, as plain data.

    Attributes:
        name: of the series.
        configured: whether it is a datasource component's.
        definition: whose values it holds, see `catalogue.define`; empty for a configured one.
        columns: of each data source: its name, the times and the values as bytes, the last sample, and the last one written.
        rows: of a configured series: rows ready to be written, the time of the last row made, the last sample of each column.
    """

    name: str
    configured: bool
    definition: tuple[Any, ...]
    columns: list[tuple[Any, ...]]
    rows: tuple[Any, ...] | None


class Snapshot(NamedTuple):
    """What a snapshot's file has.

    Attributes:
        segment: the first journal segment that it does not cover.
        series: its series.
    """

    segment: int
    series: list[Frozen]


def freeze(cache: Cache, segment: int) -> Snapshot:
    """Copy what the cache holds, samples on their way to files included, as plain data.

    Args:
        cache: its lock is held by the caller, so that the journal begins its segment at the same moment.
        segment: the first journal segment that the snapshot does not cover.
    """
    series = [
        Frozen(
            name,
            each.configured,
            () if each.configured else catalogue.define(each.columns[0]),
            [_freeze_column(column, cache, each) for column in each.columns],
            _freeze_rows(cache, each),
        )
        for name, each in cache.series.items()
        if name in cache.in_flight or (name in cache.live and _says_more_than_its_file(each))
    ]
    return Snapshot(segment, series)


def _says_more_than_its_file(series: Series) -> bool:
    """Tell whether a series has something that its file does not say: samples, rows, or since when its number stands."""
    return (
        series.rows is not None
        or series.cached() > 0
        or any(column.previous is None or column.previous[0] != series.written for column in series.columns)
    )


def pack(frozen: Snapshot) -> bytes:
    """Make a file's content: a frame that begins it, one for every so many series, and one that ends it; each has the segment."""
    series, segment = frozen.series, frozen.segment
    chunks = [series[begin : begin + _CHUNK] for begin in range(0, len(series), _CHUNK)]
    run = [frames.pack(("snapshot", segment, VERSION))]
    run += [frames.pack(("series", segment, [tuple(each) for each in chunk])) for chunk in chunks]
    run.append(frames.pack(("end", segment, len(series))))
    return b"".join(run)


def _freeze_column(column: ColumnState, cache: Cache, series: Series) -> tuple[Any, ...]:
    times, values = column.times or array("d"), column.values or array("d")
    flight = cache.in_flight.get(series.name)
    if flight is not None and series.rows is None:
        times, values = flight.times + times, flight.values + values
    last = None if column.known_time is None else (column.known_time, column.last_value)
    return column.name, times.tobytes(), values.tobytes(), last, column.previous


def _freeze_rows(cache: Cache, series: Series) -> tuple[Any, ...] | None:
    if series.rows is None:
        return None
    flight = cache.in_flight.get(series.name)
    ready = [*(flight.points if flight is not None else ()), *series.ready]
    return ready, series.rows.row_time, list(series.rows.last)


def load(path: Path, on_damage: Callable[[Path, str], None]) -> Snapshot:
    """Read a snapshot, and take what is whole of it.

    One that is damaged stays where it is until the next one takes its place, since it is read again after a crash; it is kept
    aside as well and told to `on_damage(path, reason)`. What is no file is moved aside.

    Returns:
        The snapshot; an empty one, which covers no segment of the journal, where there is none.
    """
    found = _Reading()
    try:
        for frame in frames.unpack(path, found.damage.note):
            found.take(frame)
        found.finish()
    except FileNotFoundError:
        return Snapshot(0, [])
    except OSError as error:
        found.damage.note(f"it cannot be read: {error.strerror}")
        if not path.is_file():
            on_damage(move_aside(path), str(found.damage))
            return Snapshot(0, [])
    if found.damage:
        on_damage(keep_aside(path), str(found.damage))
    return Snapshot(found.segment or 0, list(found.series.values()))


class _Reading:
    """A snapshot that is being read."""

    def __init__(self) -> None:
        self.damage = Damage()
        self.segment: int | None = None
        self.series: dict[str, Frozen] = {}
        self._begun = False
        self._ended = -1

    def take(self, frame: Any) -> None:
        """Take in one frame."""
        match frame:
            case (("snapshot" | "series" | "end") as kind, int(segment), content) if segment >= 0:
                # where frames of two snapshots are mixed, the older one says how much of the journal is still needed
                self.segment = segment if self.segment is None else min(segment, self.segment)
            case _:
                kind, content = "", None
        if kind == "snapshot" and content == VERSION:
            self._begun = True
        elif kind == "end" and isinstance(content, int):
            self._ended = content
        elif kind == "series" and isinstance(content, list):
            for each in content:
                self._take_series(each)
        else:
            self.damage.note("it has a frame that is not of a snapshot of this version")

    def _take_series(self, data: Any) -> None:
        match data:
            case (str(name), bool(), tuple() | list(), list(), None | tuple() | list()):
                self.series[name] = Frozen(*data)
            case _:
                self.damage.note("it has a series that is none")

    def finish(self) -> None:
        """Note what has not come."""
        if not self._begun:
            self.damage.note("its beginning is missing")
        if self._ended < 0:
            self.damage.note("its end is missing")
        elif self._ended != len(self.series):
            self.damage.note(f"it has {len(self.series)} series of {self._ended}")


def thaw(cache: Cache, series: Series, frozen: Frozen, now: float, ttl: float, latest: float) -> None:
    """Put what a snapshot has of one series back into the cache; what is in its file already is left out.

    Args:
        cache: where it goes.
        series: the series, which knows where its file stands.
        frozen: its part of the snapshot.
        now: the monotonic clock's.
        ttl: seconds that a sample may stay in the cache.
        latest: a later sample (seconds since the epoch UTC) cannot be.

    Raises:
        safepickle.UNREADABLE: the series' part of the snapshot is damaged; what came before the damage is taken.
    """
    columns = {column.name: index for index, column in enumerate(series.columns)}
    in_rows: list[tuple[int, Sample]] = []
    strange = 0
    try:
        for name, times, values, last, previous in frozen.columns:
            index = columns.get(name) if isinstance(name, str) else None
            if index is None:
                continue
            column = series.columns[index]
            samples = list(zip(array("d", times), array("d", values), strict=True))
            good = [each for each in samples if EARLIEST_S <= each[0] <= latest and column.takes(each[1])]
            strange += len(samples) - len(good)
            if last is not None:
                column.last_time, column.last_value = _sample(last, latest)
            if previous is not None and (column.previous is None or previous[0] >= column.previous[0]):
                time_s, value = _sample(previous, latest)
                column.previous = (int(time_s), value)
            fresh = [sample for sample in good if not series.is_late(sample[0])]
            cache.extend([column] * len(fresh), [each[0] for each in fresh], [each[1] for each in fresh], now, ttl)
            in_rows += [(index, sample) for sample in good if series.rows is not None and series.is_late(sample[0])]
        if frozen.rows is not None and series.rows is not None:
            _thaw_rows(cache, series, frozen.rows, latest)
            for index, sample in in_rows:
                series.rows.learn(index, sample)
    finally:
        if series.cached():
            cache.live.add(series.name)
            cache.due.setdefault(series.name, now)
    if strange:
        raise ValueError(f"{strange} samples that nobody can have sent")


def _thaw_rows(cache: Cache, series: Series, rows: Sequence[Any], latest: float) -> None:
    """Put back the rows of a configured series that are made and not written."""
    assert series.rows is not None  # noqa: S101 - for the type checker
    ready, row_time, last = rows
    width = len(series.columns)
    points = [(second, tuple(map(float, numbers))) for second, numbers in ready if len(numbers) == width]
    for second, _ in points:
        if not (type(second) is int and EARLIEST_S <= second <= latest):
            raise ValueError(f"a row that nobody can have made: at {second}")
    series.rows.ready = [point for point in points if point[0] > (series.written or 0)]
    cache.samples += len(series.ready)
    if type(row_time) is int and row_time <= latest:
        series.rows.start_after(row_time)
    if len(last) == width:
        series.rows.last = [None if each is None else _sample(each, latest) for each in last]


def _sample(data: Any, latest: float) -> Sample:
    """A time and a number. Raises ValueError, TypeError."""
    time_s, value = data
    if not EARLIEST_S <= float(time_s) <= latest:
        raise ValueError(f"a sample that nobody can have sent: at {time_s}")
    return float(time_s), float(value)
