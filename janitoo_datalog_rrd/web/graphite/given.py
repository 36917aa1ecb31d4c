"""What a function of a target takes, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...core.errors import BadRequestError
from .attime import parse_interval
from .lines import AGGREGATES, ALIASES, Line

_EXPECTED = {
    "seriesList": "a metric path or a function",
    "string": "a text in quotes",
    "float": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "interval": "an interval in quotes, such as '10min', '1h' or '1d'",
    "intOrInterval": "a number of points, or an interval in quotes, such as '10min'",
    "nodeOrTag": "the number of a part of the name, counted from 0, or the name of a tag in quotes",
    "aggFunc": f"one of {', '.join([*AGGREGATES, *ALIASES])}",
}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a function.

    Attributes:
        name: as it may be given by name.
        type: what it is, in Graphite's words, which Grafana reads: a key of the table above.
        told: what it is for, a sentence.
        required: whether it must be given.
        multiple: whether all that follow are it too.
        default: where it is not given.
        suggestions: what Grafana offers.
    """

    name: str
    type: str
    told: str = ""
    required: bool = False
    multiple: bool = False
    default: Any = None
    suggestions: tuple[Any, ...] = ()

    def refused(self, function: str, given: Any) -> BadRequestError:
        """What to raise for a value that is not what is expected."""
        return BadRequestError(
            "target", f"target calls {function} with {self.name} {str(given)[:40]!r}: expected {_EXPECTED[self.type]}."
        )

    def read_all(self, function: str, given: list[Any]) -> Any:
        """What the function is given: a list where there may be several, else one value or the default.

        Raises:
            BadRequestError: a value is not of its type.
        """
        if self.multiple:
            return [self._read(function, each) for each in given]
        if not given or (given[0] is None and not self.required):
            return self.default
        return self._read(function, given[0])

    def _read(self, function: str, given: Any) -> Any:
        if not _READERS[self.type](given):
            raise self.refused(function, given)
        return given


def _is_interval(given: Any) -> bool:
    try:
        return isinstance(given, str) and parse_interval(given) != 0
    except ValueError:
        return False


def _is_number(given: Any) -> bool:
    return isinstance(given, (int, float)) and not isinstance(given, bool)


def _is_whole(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool)


_READERS: dict[str, Callable[[Any], bool]] = {
    "string": lambda given: isinstance(given, str),
    "float": _is_number,
    "integer": _is_whole,
    "boolean": lambda given: isinstance(given, bool),
    "interval": _is_interval,
    "intOrInterval": lambda given: (_is_whole(given) and 0 < given < 1_000_000) or _is_interval(given),
    "nodeOrTag": lambda given: _is_whole(given) or isinstance(given, str),
    "aggFunc": lambda given: isinstance(given, str) and ALIASES.get(given, given) in AGGREGATES,
}


@dataclass(frozen=True, slots=True)
class Given:
    """What one call is given.

    Attributes:
        function: its name.
        lines: of all its metric arguments.
        values: of its other arguments, by name.
        start, end: of the request, seconds since the epoch UTC.
        again: reads the lines anew, from so many seconds earlier on.
        until: when the request has had its time, seconds of the monotonic clock.
    """

    function: str
    lines: list[Line]
    values: dict[str, Any]
    start: int
    end: int
    again: Callable[[int], list[Line]]
    until: float
