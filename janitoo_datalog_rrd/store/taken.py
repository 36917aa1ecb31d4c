"""Samples on their way from the cache to the file."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import compress
from operator import le
from typing import NamedTuple

from .rrdfile import Point

Samples = tuple["array[float]", "array[float]"]
"""Times (seconds since the epoch UTC) and values, in the order of arrival."""


class Taken(NamedTuple):
    """Samples on their way from the cache to the file.

    Attributes:
        times, values: of a series with one data source, in the order of arrival.
        points: the rows of a configured series, in the order of time.
        last: the last update that the file gets of them; None where nothing was taken.
    """

    times: array[float]
    values: array[float]
    points: list[Point]
    last: Point | None

    @property
    def number(self) -> int:
        """How many samples (or rows) they are."""
        return len(self.points) or len(self.times)


def split(times: array[float], values: array[float], before: float) -> tuple[Samples, Samples, float]:
    """Part samples at a time.

    Args:
        times: in the order of arrival, seconds since the epoch UTC; at least one.
        values: a number for each of them.
        before: the time.

    Returns:
        Those that are older, those that are not, and the latest time of the older ones, 0 for none.
    """
    order = times.tolist()
    latest = max(order)
    if latest < before:
        return (times, values), (array("d"), array("d")), latest
    if all(map(le, order, order[1:])):
        count = bisect_left(order, before)
        return (times[:count], values[:count]), (times[count:], values[count:]), order[count - 1] if count else 0.0
    older = [time_s < before for time_s in order]
    newer = [not each for each in older]
    old = array("d", compress(times, older)), array("d", compress(values, older))
    return old, (array("d", compress(times, newer)), array("d", compress(values, newer))), max(old[0], default=0.0)


def last_update(times: array[float], values: array[float], second: int) -> Point:
    """The last update that samples make: of the latest second, the one that came last."""
    index = len(times) - 1
    while int(times[index]) != second:
        index -= 1
    return second, (values[index],)
