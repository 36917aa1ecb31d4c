"""Rows put on common times, and thinned out to what a chart can show with their peaks kept.

Thinning keeps the lowest and the highest number of each stretch of time, in the order in which they occurred: min/max
decimation, the "peak detect" of digital oscilloscopes. Source: U. Jugel et al., "M4: A Visualization-Oriented Time Series Data
Aggregation", PVLDB 7(10), 2014; this is its MinMax, which leaves out the first and the last row of a stretch.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one column: number i stands at `start + (i + 1) * step`, for the `step` seconds before; None where unknown.

    `start` is a multiple of `step`, as in an RRD file.
    """

    start: int
    step: int
    values: Sequence[float | None]

    def within(self, after: int, until: int) -> Sequence[float | None]:
        """Those at times later than one, and not later than another."""
        return self.values[max((after - self.start) // self.step, 0) : max((until - self.start) // self.step, 0)]


@dataclass(frozen=True, slots=True)
class Grid:
    """Common times of rows.

    Attributes:
        start: time before the first one, seconds since the epoch UTC.
        count: how many times.
        step: seconds between two of them; each time is a multiple of it.
        finest: step of the finest rows that come to stand here, of which `step` is a multiple.
    """

    start: int
    count: int
    step: int
    finest: int

    @classmethod
    def over(cls, start: int, end: int, step: int, finest: int) -> Grid:
        """The times whose rows stand for a part of a span."""
        before = start // step * step
        return cls(before, max(-(-(end - before) // step), 1), step, finest)

    @property
    def end(self) -> int:
        """The last time."""
        return self.start + self.count * self.step

    @property
    def times(self) -> range:
        """All of them."""
        return range(self.start + self.step, self.end + 1, self.step)

    def place(self, rows: Rows, cf: str) -> list[float | None]:
        """Put rows on these times.

        Several rows become one as RRDtool makes one: the average, lowest, highest or last of those that are known; nothing known
        stays unknown. Times for which there are no rows are unknown.
        """
        if rows.step == self.step:
            skipped = (self.start - rows.start) // self.step
            found = [None] * max(-skipped, 0) + list(rows.values[max(skipped, 0) : max(skipped + self.count, 0)])
            return [*found, *[None] * (self.count - len(found))][: self.count]
        return [_one(rows.within(time_s - self.step, time_s), cf) for time_s in self.times]

    def buckets(self, most: int) -> Buckets:
        """Stretches of equal length with two times each, as short as they can be.

        Their bounds are multiples of their length, so that a chart that is asked for again a while later shows the same peaks
        at the same places; the first and the last one are cut off at the ends.

        Args:
            most: of times, all together; 10 or more.
        """
        half = max(self.count // most, 1)
        while True:
            buckets = Buckets.over(self, half)
            if buckets.count <= most:
                return buckets
            half += 1


@dataclass(frozen=True, slots=True)
class Buckets:
    """Stretches of time with one or two common times each.

    Attributes:
        step: seconds between two times, but at the ends, where it may be less.
        bounds: of each stretch: it begins after the first of them and ends with the last one; its times are all but the first.
    """

    step: int
    bounds: Sequence[tuple[int, ...]]

    @classmethod
    def over(cls, grid: Grid, half: int) -> Buckets:
        """Cut a grid into stretches of twice so many of its steps."""
        length = 2 * half * grid.step
        bounds = []
        for begin in range(grid.start // length * length, grid.end, length):
            after, until, middle = max(begin, grid.start), min(begin + length, grid.end), begin + length // 2
            if not after < middle < until:
                middle = after + (until - after) // grid.finest // 2 * grid.finest
            bounds.append((after, middle, until) if middle > after else (after, until))
        return cls(half * grid.step, bounds)

    @property
    def count(self) -> int:
        """How many times."""
        return sum(map(len, self.bounds)) - len(self.bounds)

    @property
    def times(self) -> list[int]:
        """All of them."""
        return [time_s for bounds in self.bounds for time_s in bounds[1:]]

    def place(self, rows: Rows, cf: str) -> list[float | None]:
        """Thin rows out, with their lowest and highest numbers kept.

        Of each stretch, AVERAGE and LAST give the lowest and the highest number in the order in which they occurred; MIN gives
        the lowest and MAX the highest at both times, so that a band from MIN to MAX never lies beside the line. Every number
        is one of the rows. A stretch of which nothing is known is unknown; where it has but one number, so is a half of which
        nothing is known.
        """
        found: list[float | None] = []
        for bounds in self.bounds:
            after, until = bounds[0], bounds[-1]
            values = rows.within(after, until)
            known = [value for value in values if value is not None]
            if not known:
                found += [None] * (len(bounds) - 1)
                continue
            lowest, highest = min(known), max(known)
            if lowest == highest or cf in ("MIN", "MAX"):
                number = highest if cf == "MAX" else lowest
                found += [number if _is_known(rows.within(*pair)) else None for pair in itertools.pairwise(bounds)]
            elif values.index(lowest) < values.index(highest):
                found += (lowest, highest)
            else:
                found += (highest, lowest)
        return found


def _one(values: Sequence[float | None], cf: str) -> float | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if cf == "AVERAGE":
        return sum(known) / len(known)
    return min(known) if cf == "MIN" else max(known) if cf == "MAX" else known[-1]


def _is_known(values: Sequence[float | None]) -> bool:
    return any(value is not None for value in values)
