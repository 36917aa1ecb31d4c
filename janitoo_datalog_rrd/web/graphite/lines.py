"""Lines of numbers at steps of time: what targets are made of, and how many numbers become one.

Numbers that are unknown are None; they are passed over, as in Graphite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Values = list[float | None]
Reduce = Callable[[Sequence[float]], float]

MAX_NAME = 1000
"""Characters of a line's name."""


@dataclass(frozen=True, slots=True)
class Line:
    """Numbers at equal distances in time; `values[i]` stands at `start + i * step` for the step that begins there.

    Attributes:
        name: as the answer has it.
        start: seconds since the epoch UTC.
        step: seconds.
        values: None where unknown; never changed, since lines share them.
        path: what it comes from, as names of what is made of it show it.
        tags: as Graphite has them; `name` is the metric's path.
        consolidation: how numbers are put together where there are more than asked for.
    """

    name: str
    start: int
    step: int
    values: Values
    path: str
    tags: dict[str, str] = field(default_factory=dict)
    consolidation: str = "average"

    @property
    def end(self) -> int:
        """Where the last step ends."""
        return self.start + len(self.values) * self.step


def _spread(numbers: Sequence[float]) -> float:
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))


def _median(numbers: Sequence[float]) -> float:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


AGGREGATES: dict[str, Reduce] = {
    "average": _mean,
    "median": _median,
    "sum": sum,
    "min": min,
    "max": max,
    "diff": lambda numbers: numbers[0] - sum(numbers[1:]),
    "stddev": _spread,
    "count": len,
    "range": lambda numbers: max(numbers) - min(numbers),
    "multiply": math.prod,
    "last": lambda numbers: numbers[-1],
    "first": lambda numbers: numbers[0],
}
"""How numbers become one, by Graphite's names; each is given at least one."""
ALIASES = {"avg": "average", "total": "sum", "current": "last", "rangeOf": "range"}


def reduce_with(name: str) -> Callable[[Iterable[float | None]], float | None]:
    """A function that makes one number of some: None where all of them are unknown, or where the result is no number.

    Args:
        name: a key of AGGREGATES or of ALIASES.
    """
    function = AGGREGATES[ALIASES.get(name, name)]

    def reduce(numbers: Iterable[float | None]) -> float | None:
        known = [number for number in numbers if number is not None]
        return finite(function, known) if known else None

    return reduce


def finite(function: Callable[..., float], *arguments: object) -> float | None:
    """What a function gives, or None where that is no finite number."""
    try:
        number = function(*arguments)
    except (OverflowError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def consolidate(line: Line, points: int) -> Line:
    """Put each so many points of a line together; they stand at multiples of the longer step, so that no refresh shifts them.

    A first part that is not whole is left out, where something follows; a last one is kept.
    """
    if points <= 1 or not line.values:
        return line
    step = line.step * points
    skipped = (-line.start % step) // line.step
    if skipped >= len(line.values):
        skipped = 0
    reduce = reduce_with(line.consolidation)
    values = [reduce(line.values[at : at + points]) for at in range(skipped, len(line.values), points)]
    return Line(line.name, line.start + skipped * line.step, step, values, line.path, line.tags, consolidation=line.consolidation)


def thin_out(lines: Sequence[Line], most: int) -> list[Line]:
    """Consolidate lines so that none has more points than asked for.

    Args:
        lines: of one answer; the time from the first start to the last end counts for all of them, as in Graphite.
        most: points; 1 makes one number of each line.
    """
    if not lines:
        return []
    if most == 1:
        reduced = [(line, reduce_with(line.consolidation)(line.values)) for line in lines]
        return [
            Line(line.name, line.start, max(line.step * len(line.values), 1), [value], line.path, line.tags)
            for line, value in reduced
        ]
    span = max(line.end for line in lines) - min(line.start for line in lines)
    return [consolidate(line, math.ceil(span / line.step / most)) for line in lines]
