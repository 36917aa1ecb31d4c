"""Decoders, `homeassistant`: the arithmetic of templates, each function bounded in what it makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

MAX_BITS = 256
"""Largest whole number that a template may make, in bits."""
NOTHING = object()
"""Stands for a default that was not given."""


class TooLargeError(ValueError):
    """A template would make something that is too large."""


def whole(number: Any) -> Any:
    """The number, where it is not too large. Raises TooLargeError."""
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise TooLargeError("a whole number is too large")
    return number


def to_float(given: Any, default: Any = NOTHING) -> Any:
    """A number, or the default where it is none."""
    try:
        return float(given) if not isinstance(given, str) or len(given) <= 1000 else float("")
    except (TypeError, ValueError, OverflowError):
        return or_default(default)


def to_int(given: Any, default: Any = NOTHING, base: Any = 10) -> Any:
    """A whole number, cut off; or the default where it is none."""
    try:
        if isinstance(given, str):
            if len(given) > 100:
                return or_default(default)
            try:
                return int(given.strip(), int(base))
            except ValueError:
                return int(float(given))
        return int(given)
    except (TypeError, ValueError, OverflowError):
        return or_default(default)


def or_default(default: Any) -> Any:
    """What stands for something that is no number. Raises ValueError where nothing does."""
    if default is NOTHING:
        raise ValueError("no number, and no default")
    return default


def rounded(given: Any, precision: Any = 0, method: str = "common", default: Any = NOTHING) -> Any:
    """A number rounded to so many decimals; `method` is common, ceil, floor or half."""
    try:
        number, places = float(given), max(-300, min(300, int(precision)))
        if method == "half":
            return round(number * 2) / 2
        if method in ("ceil", "floor"):
            factor = 10.0**places
            return (math.ceil if method == "ceil" else math.floor)(number * factor) / factor
        return round(number, places) if places or isinstance(given, float) else float(round(number))
    except (TypeError, ValueError, OverflowError):
        return or_default(default)


def is_number(given: Any) -> bool:
    """Whether something is a finite number, or a text that is one."""
    return isinstance(given, (int, float, str)) and math.isfinite(to_float(given, math.nan))


def to_bool(given: Any, default: Any = NOTHING) -> Any:
    """A boolean, of the words that Home Assistant takes for one."""
    if isinstance(given, (bool, int, float)):
        return bool(given)
    word = given.strip().lower() if isinstance(given, str) else ""
    if word in ("1", "true", "yes", "on", "enable"):
        return True
    return False if word in ("0", "false", "no", "off", "disable") else or_default(default)


def immediate_if(given: Any, if_true: Any = True, if_false: Any = False, if_none: Any = NOTHING) -> Any:
    """One of three, as the value is true, false or None."""
    if given is None and if_none is not NOTHING:
        return if_none
    return if_true if given else if_false


def by(function: Callable[[float, float], float], given: Any, amount: Any, default: Any) -> Any:
    """A function of two numbers, or the default where one is none."""
    try:
        return function(float(given), float(amount))
    except (TypeError, ValueError, OverflowError):
        return or_default(default)


def _math(function: Callable[[float], float]) -> Callable[..., Any]:
    def apply(given: Any, default: Any = NOTHING) -> Any:
        try:
            return function(float(given))
        except (TypeError, ValueError, OverflowError):
            return or_default(default)

    return apply


def _log(given: Any, base: Any = math.e, default: Any = NOTHING) -> Any:
    try:
        return math.log(float(given), float(base))
    except (TypeError, ValueError, ArithmeticError):
        return or_default(default)


def _of_all(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A function of a list, or of its arguments."""

    def apply(*given: Any) -> Any:
        found = list(given[0]) if len(given) == 1 and isinstance(given[0], (list, tuple)) else list(given)
        return whole(function(found))

    return apply


def _sum(given: list[Any]) -> Any:
    return sum(each for each in given if isinstance(each, (int, float)))


ARITHMETIC: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "float": to_float,
        "int": to_int,
        "round": rounded,
        "bool": to_bool,
        "is_number": is_number,
        "iif": immediate_if,
        "log": _log,
        "sqrt": _math(math.sqrt),
        "sin": _math(math.sin),
        "cos": _math(math.cos),
        "tan": _math(math.tan),
        "min": _of_all(min),
        "max": _of_all(max),
        "sum": _of_all(_sum),
        "average": _of_all(lambda given: _sum(given) / len(given)),
        "abs": abs,
    }
)
"""What may be called as a function, and as a filter."""
