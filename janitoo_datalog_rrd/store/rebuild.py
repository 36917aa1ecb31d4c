"""Rebuild: an RRD file with other archives, in which the history of the old one is kept.

`rrdtool create --source` is not used: it fills what was unknown with averages of coarser rows, takes minima and maxima from
averages, and changes the last digit of rows that could stay as they are (librrd 1.7.2). Here librrd makes the new file, and
what the old one says is put into it: the last update, the last reading and the step that is under way as they are; the rows of
a grain that stays bit by bit; those of a new grain out of the finest rows that reach back to them. What is unknown stays so.
The layout is that of rrd_format.h.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ..core import seams
from ..core.files import sync_directory
from ..core.rrdcheck import Layout, read_layout
from . import rrdfile
from .rrdfile import DataSource, RrdError

SUFFIX = ".fit"
_CDP, _POINTER, _ROW = 80, 8, 8
_PREPARED = struct.Struct("@dL")  # of a row that is under way: the number so far, and how many steps of it are unknown
_TOGETHER: Mapping[str, Callable[[Iterable[float]], float]] = MappingProxyType({"AVERAGE": math.fsum, "MIN": min, "MAX": max})


class _Archive(NamedTuple):
    """The rows of one archive of an old file; times are counted in steps since the epoch.

    Attributes:
        function: AVERAGE, MIN or MAX.
        steps: that a row stands for.
        start: before the oldest row.
        end: of the youngest row.
        rows: from old to young.
        so_far, unknown: of the row that is under way: its number, and how many of its steps are unknown.
    """

    function: str
    steps: int
    start: int
    end: int
    rows: array[float]
    so_far: float
    unknown: int


def rebuild(path: Path, source: DataSource, rras: Sequence[str]) -> None:
    """Give a file with one data source other archives; it is the old one or the new one at any moment.

    Args:
        path: the file; the caller is the only one who writes it.
        source: its data source, which may have another heartbeat than before.
        rras: its archives, as `rrdtool create` takes them.

    Raises:
        RrdError: it cannot be done; the file is as it was.
    """
    before = rrdfile.read_header(path)
    if [each.name for each in before.sources] != [source.name] or before.sources[0].ds_type != source.ds_type:
        raise RrdError(f"{path} has other data sources than are asked for")
    temporary = path.with_name(f".{path.name}{SUFFIX}")
    try:
        old = path.read_bytes()
        rrdfile.make(temporary, before.step, before.last_update, [source], rras, path)
        new = bytearray(temporary.read_bytes())
        _fill(new, old, before.last_update // before.step)
        with temporary.open("r+b") as stream:
            stream.write(new)
            stream.flush()
            os.fsync(stream.fileno())
        after = rrdfile.read_header(temporary)
        if (after.last_update, after.last_texts, after.rras) != (before.last_update, before.last_texts, tuple(rras)):
            raise RrdError(f"{path} cannot be given other archives: librrd does not read the new file as it was meant")
        seams.reached("file-rebuilt")
        temporary.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise RrdError(f"{path} cannot be given other archives: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _fill(new: bytearray, old: bytes, now: int) -> None:
    """Put what an old file says into a new one; `now` is the last update in steps since the epoch. Raises RrdError."""
    have, want = read_layout(old), read_layout(new)
    if have is None or want is None or have.live_size != want.live_size or {each[0] for each in have.archives} - _TOGETHER.keys():
        raise RrdError("it is of a kind that this server does not make")
    prepared = slice(have.live_at, have.cdp_at)  # the time of the last update, and the last reading
    new[want.live_at : want.cdp_at] = old[prepared]
    archives = _read(old, have, now)
    same = {(each.function, each.steps): number for number, each in enumerate(archives)}
    at = want.rows_at
    for number, (function, count, steps) in enumerate(want.archives):
        struct.pack_into("@L", new, want.pointers_at + number * _POINTER, count - 1)
        cdp_at, kept = want.cdp_at + number * _CDP, same.get((function, steps))
        if kept is not None:
            begin = have.cdp_at + kept * _CDP
            new[cdp_at : cdp_at + _CDP] = old[begin : begin + _CDP]
        elif steps > 1 and (so_far := _so_far(archives, function, now // steps * steps, now)) is not None:
            _PREPARED.pack_into(new, cdp_at, *so_far)
        rows = _rows(archives, function, steps, count, now // steps * steps)
        new[at : at + count * _ROW] = rows.tobytes()
        at += count * _ROW


def _read(old: bytes, layout: Layout, now: int) -> list[_Archive]:
    """The archives of an old file."""
    found, at = [], layout.rows_at
    for number, (function, count, steps) in enumerate(layout.archives):
        (current,) = struct.unpack_from("@L", old, layout.pointers_at + number * _POINTER)
        turn = at + (current + 1) * _ROW
        rows = array("d", old[turn : at + count * _ROW] + old[at:turn])
        end = now // steps * steps
        so_far, unknown = _PREPARED.unpack_from(old, layout.cdp_at + number * _CDP)
        found.append(_Archive(function, steps, end - count * steps, end, rows, so_far, unknown))
        at += count * _ROW
    return found


def _sources(archives: Iterable[_Archive], function: str, steps: int) -> list[_Archive]:
    """The archives that rows of a function can be made of: first that of the same grain, then from fine to coarse."""
    fit = [each for each in archives if each.function == function or (each.function == "AVERAGE" and each.steps == 1)]
    return sorted(fit, key=lambda each: (each.steps != steps, each.steps))


def _rows(archives: Iterable[_Archive], function: str, steps: int, count: int, end: int) -> array[float]:
    """The rows of a new archive, from old to young."""
    rows = array("d", [math.nan]) * count
    left = count  # those before it are still to be found
    for source in _sources(archives, function, steps):
        first = count - (end - source.start) // steps
        last = count - -(-(end - source.end) // steps)
        first, last = max(first, 0), min(last, left)
        if first >= last:
            continue
        begin = end - (count - first) * steps
        if source.steps == steps:
            offset = (begin - source.start) // steps
            rows[first:last] = source.rows[offset : offset + last - first]
        else:
            for row in range(first, last):
                rows[row] = _consolidate(source, function, begin, steps)
                begin += steps
        left = first
    return rows


def _consolidate(source: _Archive, function: str, begin: int, steps: int) -> float:
    """One row made of those of another grain; a coarser one stands for each step of it."""
    number, known = _sum_up(source, function, begin, begin + steps)
    if known * 2 < steps or not known:  # as the xff of all our archives, 0.5
        return math.nan
    return number / known if function == "AVERAGE" else number


def _sum_up(source: _Archive, function: str, begin: int, end: int) -> tuple[float, int]:
    """The sum (or the least, or the largest) of the steps between two times that are known, and how many they are."""
    numbers, known = [], 0
    for row in range((begin - source.start) // source.steps, -(-(end - source.start) // source.steps)):
        value = source.rows[row]
        if value == value:
            row_begin = source.start + row * source.steps
            weight = min(end, row_begin + source.steps) - max(begin, row_begin)
            numbers.append(value * weight if function == "AVERAGE" else value)
            known += weight
    if not numbers:
        return math.nan, 0
    return _TOGETHER[function](numbers), known


def _so_far(archives: Iterable[_Archive], function: str, begin: int, now: int) -> tuple[float, int] | None:
    """What is known of a row that is under way: its number, and how many of its steps are unknown."""
    for source in _sources(archives, function, 1):
        if source.start <= begin <= source.end:
            number, known = _sum_up(source, function, begin, source.end)
            rest = now - source.end - (source.unknown if source.steps > 1 else 0)
            numbers = [each for each in (number, source.so_far if rest > 0 else math.nan) if each == each]
            if not numbers:
                return math.nan, now - begin
            return _TOGETHER[function](numbers), now - begin - known - max(rest, 0)
    return None
