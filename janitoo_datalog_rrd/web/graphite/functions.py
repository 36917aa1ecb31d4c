"""The functions of targets: what they do to numbers is what Graphite's documentation says.

https://graphite.readthedocs.io/en/stable/functions.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from itertools import accumulate, pairwise

from ...core.errors import BadRequestError
from .attime import parse_interval
from .evaluate import Function
from .given import Argument, Given
from .lines import AGGREGATES, Line, Values, consolidate, finite, reduce_with
from .names import NAMING, SERIES

_SERIES_LISTS = Argument("seriesLists", "seriesList", "Metrics.", required=True, multiple=True)
_STEPS = ("10min", "1h", "1d")
Change = Callable[[float], float]


def all_functions() -> dict[str, Function]:
    """Every function by its name."""
    functions = [
        *(_combining(name, short, how) for name, (short, how) in _COMBINING.items()),
        *(_combining(short, short, how) for short, how in _COMBINING.values()),
        Function("absolute", "Transform", "The numbers without their signs.", (SERIES,), absolute),
        Function(
            "consolidateBy", "Special", "How numbers are put together where there are too many.", _CONSOLIDATE, consolidate_by
        ),
        Function("constantLine", "Special", "The same number all the time.", (_VALUE,), constant_line),
        Function("derivative", "Transform", "The difference from the number before.", (SERIES,), derivative),
        Function("keepLastValue", "Transform", "Fills gaps with the number before them.", (SERIES, _LIMIT), keep_last_value),
        Function("movingAverage", "Calculate", "The mean of the numbers before.", (SERIES, _WINDOW), moving_average),
        Function(
            "nonNegativeDerivative",
            "Transform",
            "The difference from the number before, where it rose.",
            _RISING,
            rising_derivative,
        ),
        Function("offset", "Transform", "Adds a number.", (SERIES, _FACTOR), offset),
        Function("perSecond", "Transform", "How much it rose in a second.", _RISING, per_second),
        Function("scale", "Transform", "Multiplies by a number.", (SERIES, _FACTOR), scale),
        Function("summarize", "Transform", "One number for each interval.", _SUMMARIZE, summarize),
        *NAMING,
    ]
    return {function.name: function for function in functions}


# -- several lines become one ------------------------------------------------------------------------

_COMBINING = {
    "averageSeries": ("avg", "average"),
    "maxSeries": ("max", "max"),
    "minSeries": ("min", "min"),
    "sumSeries": ("sum", "sum"),
}


def _combining(name: str, short: str, how: str) -> Function:
    told = f"The {how} of all metrics at each time; short: {short}." if name != short else f"The same as {how}Series."
    return Function(name, "Combine", told, (_SERIES_LISTS,), lambda given: combine(given.lines, how))


def combine(lines: list[Line], how: str) -> list[Line]:
    """One line of several, at the least common step; a number is unknown where it is in all of them."""
    lines = [line for line in lines if line.values]
    if not lines:
        return []
    step = reduce(math.lcm, (line.step for line in lines))
    paths = ",".join(dict.fromkeys(line.path for line in lines))
    lines = [consolidate(line, step // line.step) for line in lines]
    start = min(line.start - line.start % step for line in lines)
    rows: list[Values] = [[] for _ in range(max((line.end - start + step - 1) // step for line in lines))]
    for line in lines:
        first = (line.start - start) // step
        for at, value in enumerate(line.values, first):
            rows[at].append(value)
    name = f"{how}Series({paths})"
    reduce_row = reduce_with(how)
    return [Line(name, start, step, [reduce_row(row) for row in rows], name, {"name": name, "aggregatedBy": how})]


# -- each number becomes another ---------------------------------------------------------------------

_FACTOR = Argument("factor", "float", "A number.", required=True)


def _each(line: Line, name: str, change: Change) -> Line:
    values = [None if value is None else finite(change, value) for value in line.values]
    return replace(line, name=name, path=name, values=values)


def scale(given: Given) -> list[Line]:
    """Multiply by a number."""
    factor = given.values["factor"]
    return [_each(line, f"scale({line.name},{factor:g})", lambda value: value * factor) for line in given.lines]


def offset(given: Given) -> list[Line]:
    """Add a number."""
    factor = given.values["factor"]
    return [_each(line, f"offset({line.name},{factor:g})", lambda value: value + factor) for line in given.lines]


def absolute(given: Given) -> list[Line]:
    """Leave signs out."""
    return [_each(line, f"absolute({line.name})", abs) for line in given.lines]


# -- each number and the one before ------------------------------------------------------------------

_RISING = (
    SERIES,
    Argument("maxValue", "float", "The number at which a counter begins anew."),
    Argument("minValue", "float", "The number with which a counter begins anew."),
)


def derivative(given: Given) -> list[Line]:
    """The difference from the number before; unknown where one of both is."""
    return [
        _renamed(line, f"derivative({line.name})", _differences(line.values, lambda value, before: value - before))
        for line in given.lines
    ]


def rising_derivative(given: Given) -> list[Line]:
    """The difference from the number before, where it rose."""
    return [_renamed(line, f"nonNegativeDerivative({line.name})", _rises(line, given)) for line in given.lines]


def per_second(given: Given) -> list[Line]:
    """How much it rose in a second, to six digits behind the point."""
    return [
        _renamed(
            line,
            f"perSecond({line.name})",
            [None if rise is None else round(rise / line.step, 6) for rise in _rises(line, given)],
        )
        for line in given.lines
    ]


def _renamed(line: Line, name: str, values: Values) -> Line:
    return replace(line, name=name, path=name, values=values)


def _differences(values: Values, difference: Callable[[float, float], float | None]) -> Values:
    found: Values = [None] if values else []
    for before, value in pairwise(values):
        found.append(None if value is None or before is None else finite_or_none(difference(value, before)))
    return found


def finite_or_none(value: float | None) -> float | None:
    """A number, or None where it is not finite."""
    return value if value is not None and math.isfinite(value) else None


def _rises(line: Line, given: Given) -> Values:
    high, low = given.values["maxValue"], given.values["minValue"]

    def rise(value: float, before: float) -> float | None:
        if value >= before:
            return value - before
        if high is not None:
            return float(high + 1 + value - before - (low or 0))
        return None if low is None else float(value - low)

    inside = [
        None if value is None or (high is not None and value > high) or (low is not None and value < low) else value
        for value in line.values
    ]
    return _differences(inside, rise)


# -- each number and some before it ------------------------------------------------------------------

_LIMIT = Argument("limit", "integer", "How many numbers are filled at most.")
_WINDOW = Argument(
    "windowSize", "intOrInterval", "How many points, or how long.", required=True, suggestions=(5, 10, "10min", "1h")
)


def keep_last_value(given: Given) -> list[Line]:
    """Fill gaps with the number before them; one longer than the limit stays as it is."""
    return [_renamed(line, f"keepLastValue({line.name})", _filled(line.values, given.values["limit"])) for line in given.lines]


def _filled(values: Values, limit: int | None) -> Values:
    filled = list(values)
    last, gap = None, 0
    for at, value in enumerate([*values, math.inf]):
        if value is None:
            gap += 1
            continue
        if last is not None and 0 < gap <= (len(values) if limit is None else limit):
            filled[at - gap : at] = [last] * gap
        last, gap = value, 0
    return filled


def moving_average(given: Given) -> list[Line]:
    """The mean of the last points up to each one; those before the first one are read too."""
    window = given.values["windowSize"]
    longest = max((line.step for line in given.lines), default=0)
    seconds = abs(parse_interval(window)) if isinstance(window, str) else window * longest
    if not given.lines:
        return []
    shown = f'"{window}"' if isinstance(window, str) else str(window)
    made = []
    for line in given.again(seconds):
        points = seconds // line.step if isinstance(window, str) else window
        begin = max((given.start - line.start) // line.step + 1, 0)
        name = f"movingAverage({line.name},{shown})"
        values = _means(line.values, points)[begin:]
        made.append(replace(line, name=name, path=name, start=line.start + begin * line.step, values=values))
    return made


def _means(values: Values, points: int) -> Values:
    """The mean of the known ones among so many values up to each."""
    if points < 1:
        return [None] * len(values)
    sums = [0.0, *accumulate(value or 0.0 for value in values)]
    counts = [0, *accumulate(value is not None for value in values)]
    means: Values = []
    for end in range(1, len(values) + 1):
        begin = max(end - points, 0)
        known = counts[end] - counts[begin]
        means.append(finite_or_none((sums[end] - sums[begin]) / known) if known else None)
    return means


# -- one number for each interval --------------------------------------------------------------------

_SUMMARIZE = (
    SERIES,
    Argument("intervalString", "interval", "How long.", required=True, suggestions=_STEPS),
    Argument("func", "aggFunc", "How numbers become one.", default="sum", suggestions=tuple(AGGREGATES)),
    Argument("alignToFrom", "boolean", "Whether intervals are counted from the first number on.", default=False),
)
_MAX_INTERVALS = 200_000


def summarize(given: Given) -> list[Line]:
    """One number for each interval; intervals stand at multiples of their length, or are counted from the first number on."""
    text, func, from_start = (given.values[name] for name in ("intervalString", "func", "alignToFrom"))
    interval = abs(parse_interval(text))
    made = []
    for line in given.lines:
        start = line.start if from_start else line.start - line.start % interval
        end = line.end if from_start else line.end - line.end % interval + interval
        count = -((start - end) // interval)
        if count * len(given.lines) > _MAX_INTERVALS:
            raise BadRequestError("target", f"target asks summarize for more than {_MAX_INTERVALS} intervals of {text!r}.")
        name = f'summarize({line.name}, "{text}", "{func}"{", true" if from_start else ""})'
        values = _summaries(line, start, interval, count, func)
        made.append(replace(line, name=name, path=name, start=start, step=interval, values=values))
    return made


def _summaries(line: Line, start: int, interval: int, count: int, func: str) -> Values:
    found: dict[int, Values] = {}  # intervals shorter than a step are many, and most of them have nothing
    for at, value in enumerate(line.values):
        found.setdefault((line.start + at * line.step - start) // interval, []).append(value)
    reduce_values = reduce_with(func)
    values: Values = [None] * count
    for at, inside in found.items():
        values[at] = reduce_values(inside)
    return values


# -- special -----------------------------------------------------------------------------------------

_VALUE = Argument("value", "float", "A number.", required=True)
_CONSOLIDATE = (
    SERIES,
    Argument(
        "consolidationFunc", "aggFunc", "How.", required=True, suggestions=("average", "sum", "min", "max", "first", "last")
    ),
)


def constant_line(given: Given) -> list[Line]:
    """Three points of one number, from the start of the request to its end."""
    value = given.values["value"]
    step = max((given.end - given.start) // 2, 1)
    return [Line(str(value), given.start, step, [value] * 3, f"constantLine({value})", {"name": str(value)})]


def consolidate_by(given: Given) -> list[Line]:
    """Say how numbers are put together."""
    how = given.values["consolidationFunc"]
    return [replace(line, name=f'consolidateBy({line.name},"{how}")', consolidation=how) for line in given.lines]
