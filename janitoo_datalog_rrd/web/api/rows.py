"""Rows of many series for one answer: which archive of each file is read, and how its rows come to stand at common times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...core.contracts import Column, SeriesInfo
from ...core.errors import BadRequestError
from ..drawing.rrdshape import Archive, RrdShape, read_shape
from ..drawing.timespan import MAX_SPAN_S, Span
from ..room import Room
from .thin import Grid, Rows

MAX_CELLS = 1_000_000
"""Numbers that are read for one answer, or stand in it, at most."""
# Rows that are read for each that is answered, so that what of a peak a finer archive has is not averaged away; fewer where that
# would be too many numbers.
_READ_PER_POINT = (8, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class Pick:
    """What is asked of one series: some of its columns."""

    info: SeriesInfo
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """How rows are asked for.

    Attributes:
        span: from when to when.
        cfs: consolidation functions.
        step: seconds between two rows at least, 0 for the finest there is.
        max_points: rows at most, 0 for as many as there are.
    """

    span: Span
    cfs: tuple[str, ...]
    step: int = 0
    max_points: int = 0

    def targets(self) -> list[float]:
        """Seconds that a row may stand for without anything being lost that the answer could show; 0 for the finest.

        The first that does not make too many numbers is taken.
        """
        if not self.max_points:
            return [self.step]
        return [max(self.step, self.span.seconds / (times * self.max_points)) for times in _READ_PER_POINT]


@dataclass(frozen=True, slots=True)
class Line:
    """The numbers of one column by one consolidation function, one per time of the table; None where it is unknown."""

    info: SeriesInfo
    column: Column
    cf: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of many columns at common times.

    Attributes:
        step: seconds between two times.
        times: seconds since the epoch UTC; each stands for the time from the one before it.
        lines: the columns.
    """

    step: int
    times: Sequence[int]
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class _Read:
    """One call of librrd."""

    pick: Pick
    cf: str
    row_s: int
    start: int
    end: int

    @property
    def cells(self) -> int:
        return ((self.end - self.start) // self.row_s + 2) * max(len(self.pick.info.columns), 1)


def read_table(here: Room, picks: Sequence[Pick], wish: Wish) -> Table:
    """Read rows of series that have been flushed, and align them.

    A column whose series has no file yet is unknown throughout.

    Raises:
        BadRequestError: a file does not keep a consolidation, or there would be too many numbers.
        StoreError: a file cannot be read.
    """
    plans = _plan(picks, wish)
    read = {(plan.pick.info.name, plan.cf): _read(here, plan) for plan in plans}
    steps = [rows.step for found in read.values() for rows in found.values()] or [pick.info.step or 1 for pick in picks]
    grid = Grid.over(wish.span.start, wish.span.end, _common(steps, wish.step), min(steps))
    wanted = [(pick.info, column, cf) for pick in picks for column in pick.columns for cf in wish.cfs]
    _check_cells(min(grid.count, wish.max_points or grid.count) * len(wanted), wish)
    if wish.max_points and (grid.count > wish.max_points or (grid.step > grid.finest and not wish.step)):
        buckets = grid.buckets(wish.max_points)
        step, times, place = buckets.step, buckets.times, buckets.place
    else:
        step, times, place = grid.step, list(grid.times), grid.place
    nothing = Rows(grid.start, grid.step, ())
    lines = [
        Line(info, column, cf, place(read.get((info.name, cf), {}).get(column.name, nothing), cf)) for info, column, cf in wanted
    ]
    return Table(step, times, lines)


def choose(shape: RrdShape, cf: str, start: int, target: float) -> Archive:
    """The archive that is read.

    Of those that reach back to the start, the coarsest whose rows are not longer than wanted, so that no peak is averaged
    away that the answer could show; where all are longer, the finest. Where none reaches back, the one that goes back
    furthest, as librrd has it.

    Args:
        shape: what the file holds; it keeps the consolidation.
        cf: consolidation function.
        start: of what is asked for, seconds since the epoch UTC.
        target: seconds that a row may stand for.
    """
    fitting = [archive for archive in shape.archives if archive.cf == cf or archive.row_s == shape.step]
    reaching = sorted((each for each in fitting if each.begins(shape.last_update) <= start), key=lambda each: each.row_s)
    if not reaching:
        return min(fitting, key=lambda each: (each.begins(shape.last_update), each.row_s))
    return next((each for each in reversed(reaching) if each.row_s <= target), reaching[0])


def _plan(picks: Sequence[Pick], wish: Wish) -> list[_Read]:
    """What is read for a wish, of those series that have a file. Raises BadRequestError, StoreError."""
    kept = [(pick, read_shape(pick.info.path)) for pick in picks if pick.info.path.exists()]
    plans: list[_Read] = []
    for target in wish.targets():
        plans = [_plan_one(pick, shape, cf, wish.span, target) for pick, shape in kept for cf in wish.cfs]
        if _cells(plans) <= MAX_CELLS:
            break
    _check_cells(_cells(plans), wish)
    return plans


def _cells(plans: Iterable[_Read]) -> int:
    return sum(plan.cells for plan in plans)


def _plan_one(pick: Pick, shape: RrdShape, cf: str, span: Span, target: float) -> _Read:
    if not shape.has(cf):
        have = ", ".join(sorted({archive.cf for archive in shape.archives}))
        raise BadRequestError("cf", f"cf is {cf}, which {pick.info.name} does not keep: expected one of {have}.")
    archive = choose(shape, cf, span.start, target)
    # Nothing is known before the archive begins, nor after the last update.
    start = max(span.start, archive.begins(shape.last_update))
    end = min(span.end, shape.last_update + archive.row_s)
    return _Read(pick, cf, archive.row_s, start, end)


def _check_cells(cells: int, wish: Wish) -> None:
    if cells > MAX_CELLS:
        coarser = bool(wish.step or wish.max_points)
        what = "ask for less time, or fewer series" if coarser else "give max_points or step, or ask for less time"
        raise BadRequestError(
            "start" if coarser else "max_points", f"That would be {cells} numbers, more than {MAX_CELLS}: {what}."
        )


def _read(here: Room, plan: _Read) -> dict[str, Rows]:
    """The rows of one file by column, without those outside of what is asked for."""
    if plan.start >= plan.end:
        return {}
    result = here.store.fetch(plan.pick.info.name, str(plan.start), str(plan.end), plan.cf, plan.row_s)
    first = max((plan.start - result.start) // result.step, 0)
    last = math.ceil((plan.end - result.start) / result.step)
    rows = result.rows[first:last]
    start = result.start + first * result.step
    return {
        name: Rows(start, result.step, _finite([row[position] for row in rows])) for position, name in enumerate(result.columns)
    }


def _finite(values: list[float | None]) -> list[float | None]:
    """Numbers as JSON can have them; librrd says None where a number is unknown."""
    if math.inf not in values and -math.inf not in values:  # two looks in C, which nearly always find nothing
        return values
    return [value if value is not None and math.isfinite(value) else None for value in values]


def _common(steps: Iterable[int], wished: int) -> int:
    """The shortest step that is a multiple of all, and no shorter than what is wished."""
    common = math.lcm(*steps)
    if common > MAX_SPAN_S:
        raise BadRequestError(
            "series", f"The steps of these series ({_some(steps)} s) have no common multiple: ask for fewer at once."
        )
    return -(-wished // common) * common or common


def _some(steps: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(set(steps))[:5]))
