"""The snapshot: the pickled cache; a good one makes older journal segments deletable."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from . import frames
from .cache import Cache
from .rrdfile import move_aside
from .series import ColumnState, Series

logger = logging.getLogger(__name__)

VERSION = 2
_CHUNK = 200
"""Series in one frame: damage costs no more than these."""


class Snapshot(NamedTuple):
    """What a snapshot's file has.

    Attributes:
        segment: the first journal segment that it does not cover.
        series: name → its part, as `freeze` makes it.
    """

    segment: int
    series: dict[str, dict[str, Any]]


def freeze(cache: Cache, segment: int) -> Snapshot:
    """Copy what the cache holds, samples on their way to files included, as plain data.

    Args:
        cache: its lock is held by the caller, so that the journal begins its segment at the same moment.
        segment: the first journal segment that the snapshot does not cover.
    """
    series = {
        name: {
            "columns": {column.name: _freeze_column(column, cache, each) for column in each.columns},
            "rows": _freeze_rows(cache, each),
        }
        for name, each in cache.series.items()
        if name in cache.in_flight or (name in cache.live and _says_more_than_its_file(each))
    }
    return Snapshot(segment, series)


def _says_more_than_its_file(series: Series) -> bool:
    """Tell whether a series has something that its file does not say: samples, rows, or since when its number stands."""
    return (
        series.rows is not None
        or series.cached() > 0
        or any(column.previous is None or column.previous[0] != series.written for column in series.columns)
    )


def pack(frozen: Snapshot) -> bytes:
    """Make a file's content: a frame that begins it, one for every so many series, and one that ends it."""
    names = list(frozen.series)
    chunks = [names[begin : begin + _CHUNK] for begin in range(0, len(names), _CHUNK)]
    run = [frames.pack(("snapshot", VERSION, frozen.segment))]
    run += [frames.pack({name: frozen.series[name] for name in chunk}) for chunk in chunks]
    run.append(frames.pack(("end", len(names))))
    return b"".join(run)


def _freeze_column(column: ColumnState, cache: Cache, series: Series) -> dict[str, Any]:
    times, values = column.times or array("d"), column.values or array("d")
    flight = cache.in_flight.get(series.name)
    if flight is not None and series.rows is None:
        times, values = flight.times + times, flight.values + values
    return {
        "times": times.tobytes(),
        "values": values.tobytes(),
        "last": (column.known_time, column.last_value),
        "previous": column.previous,
    }


def _freeze_rows(cache: Cache, series: Series) -> dict[str, Any] | None:
    if series.rows is None:
        return None
    flight = cache.in_flight.get(series.name)
    ready = [*(flight.points if flight is not None else ()), *series.ready]
    return {"ready": ready, "time": series.rows.row_time, "last": list(series.rows.last)}


def load(path: Path, on_damage: Callable[[Path, str], None]) -> Snapshot:
    """Read a snapshot; one that is damaged is moved aside and told to `on_damage(path, reason)`, and what is whole is taken.

    Returns:
        The snapshot; an empty one, which covers no segment of the journal, where there is none.
    """
    segment, series, ended = 0, dict[str, dict[str, Any]](), False
    damage: list[str] = []
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Snapshot(0, {})
    except OSError as error:
        content = b""
        damage.append(f"it cannot be read: {error.strerror}")
    for frame in frames.unpack(content, damage.append):
        match frame:
            case ("snapshot", version, int(number)) if version == VERSION:
                segment = number
            case ("end", _):
                ended = True
            case dict():
                series.update(frame)
            case _:
                damage.append("it has a frame that is not of a snapshot of this version")
    if not ended:
        damage.append("its end is missing")
    if damage:
        on_damage(move_aside(path), "; ".join(damage[:3]))
    return Snapshot(segment, series)


def thaw(cache: Cache, series: Series, frozen: dict[str, Any], now: float, ttl: float, latest: float) -> None:
    """Put what a snapshot has of one series back into the cache; what is in its file already is left out.

    Args:
        cache: where it goes.
        series: the series, which knows where its file stands.
        frozen: its part of the snapshot.
        now: the monotonic clock's.
        ttl: seconds that a sample may stay in the cache.
        latest: a later sample (seconds since the epoch UTC) cannot be.

    Raises:
        safepickle.UNREADABLE: the series' part of the snapshot is damaged.
    """
    in_rows: list[tuple[int, tuple[float, float]]] = []
    for column in series.columns:
        part = frozen["columns"].get(column.name)
        if part is None:
            continue
        times, values = array("d", part["times"]), array("d", part["values"])
        last_time, last_value = part["last"]
        if last_time is not None:
            column.last_time, column.last_value = float(last_time), float(last_value)
        for time_s, value in zip(times, values, strict=True):
            if not (time_s <= latest and column.takes(value)):
                raise ValueError(f"a sample that nobody can have sent: {value} at {time_s}")
            if not series.is_late(time_s):
                cache.extend([column], [time_s], [value], now, ttl)
            elif series.rows is not None:
                in_rows.append((series.columns.index(column), (time_s, value)))
        if part["previous"] is not None and (column.previous is None or part["previous"][0] >= column.previous[0]):
            column.previous = (int(part["previous"][0]), float(part["previous"][1]))
    rows = frozen["rows"]
    if rows is not None and series.rows is not None:
        width = len(series.columns)
        ready = [(int(second), tuple(map(float, numbers))) for second, numbers in rows["ready"] if len(numbers) == width]
        series.rows.ready = [point for point in ready if point[0] > (series.written or 0)]
        cache.samples += len(series.ready)
        if rows["time"] is not None:
            series.rows.start_after(int(rows["time"]))
        if len(rows["last"]) == width:
            series.rows.last = [None if last is None else (float(last[0]), float(last[1])) for last in rows["last"]]
        for index, sample in in_rows:
            series.rows.learn(index, sample)
    if series.cached():
        cache.live.add(series.name)
        cache.due.setdefault(series.name, now)
