"""Decoders, `homeassistant`: what a template may call, each bounded in what it makes.

Names and meanings are those of Home Assistant's documentation of templates
(https://www.home-assistant.io/docs/configuration/templating/) and of Jinja's (https://jinja.palletsprojects.com/templates/).
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from jinja2.runtime import Undefined

from ..core.errors import DecodeError
from .documents import load_document

MAX_TEXT = 65_536
"""Longest text that any part of a template may make, in characters."""
MAX_BITS = 256
"""Largest whole number that a template may make, in bits."""
_NOTHING = object()
# printf's conversions with at most two digits of width and precision: a width of a billion would be a text as long.
_CONVERSION = re.compile(r"%(?:%|[-+ #0]{0,3}[0-9]{0,2}(?:\.[0-9]{0,2})?[dioxXeEfFgGs])")


class TooLargeError(ValueError):
    """A template would make something that is too large."""


def binary(sign: str, left: Any, right: Any) -> Any:
    """Apply a binary operator.

    Raises:
        TooLargeError: the result would be too large.
        TypeError, ArithmeticError: the operands are not of its kind.
    """
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        if sign == "**":
            return math.pow(left, right)
        return _whole(_NUMERIC[sign](left, right))
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return concat(left, right)
    if sign == "%" and isinstance(left, str):
        return formatted(left, *(right if isinstance(right, tuple) else (right,)))
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return _NUMERIC["-"](left, right)  # it says what is undefined
    raise TypeError(f"{sign} takes numbers")


_NUMERIC: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "//": operator.floordiv,
        "%": operator.mod,
        "**": operator.pow,
    }
)


def _whole(number: Any) -> Any:
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise TooLargeError("a whole number is too large")
    return number


def _text(given: Any) -> str:
    """A scalar as text; containers have none here, since theirs may be long."""
    if isinstance(given, str):
        return given
    if given is None or isinstance(given, (bool, int, float, Undefined)):
        return str(given)
    raise TypeError("expected a text or a number")


def concat(*parts: Any) -> str:
    """Join texts. Raises TooLargeError."""
    texts = [_text(each) for each in parts]
    if sum(map(len, texts)) > MAX_TEXT:
        raise TooLargeError("a text is too long")
    return "".join(texts)


def formatted(pattern: Any, *arguments: Any) -> str:
    """Write values as printf does. Raises ValueError for a pattern that could make a long text."""
    text = _text(pattern)
    if "%" in _CONVERSION.sub("", text) or sum(len(_text(each)) for each in arguments) > MAX_TEXT:
        raise TooLargeError("a format is not one of the simple ones")
    return text % arguments


def replaced(given: Any, old: Any, new: Any, count: Any = -1) -> str:
    """Replace a text in another. Raises TooLargeError."""
    text, before, after = _text(given), _text(old), _text(new)
    if len(text) + (text.count(before) if before else len(text) + 1) * len(after) > MAX_TEXT:
        raise TooLargeError("a text is too long")
    return text.replace(before, after, int(count))


def to_float(given: Any, default: Any = _NOTHING) -> Any:
    """A number, or the default where it is none."""
    try:
        return float(given) if not isinstance(given, str) or len(given) <= 1000 else float("")
    except (TypeError, ValueError, OverflowError):
        return _or(default)


def to_int(given: Any, default: Any = _NOTHING, base: Any = 10) -> Any:
    """A whole number, cut off; or the default where it is none."""
    try:
        if isinstance(given, str):
            if len(given) > 100:
                return _or(default)
            try:
                return int(given.strip(), int(base))
            except ValueError:
                return int(float(given))
        return int(given)
    except (TypeError, ValueError, OverflowError):
        return _or(default)


def _or(default: Any) -> Any:
    if default is _NOTHING:
        raise ValueError("no number, and no default")
    return default


def rounded(given: Any, precision: Any = 0, method: str = "common", default: Any = _NOTHING) -> Any:
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
        return _or(default)


def is_number(given: Any) -> bool:
    """Whether something is a finite number, or a text that is one."""
    return isinstance(given, (int, float, str)) and math.isfinite(to_float(given, math.nan))


def to_bool(given: Any, default: Any = _NOTHING) -> Any:
    """A boolean, of the words that Home Assistant takes for one."""
    if isinstance(given, (bool, int, float)):
        return bool(given)
    word = given.strip().lower() if isinstance(given, str) else ""
    if word in ("1", "true", "yes", "on", "enable"):
        return True
    return False if word in ("0", "false", "no", "off", "disable") else _or(default)


def with_default(given: Any, default: Any = "", boolean: Any = False) -> Any:
    """The value, or the default where it is undefined, or, where `boolean`, false."""
    return default if isinstance(given, Undefined) or (boolean and not given) else given


def is_defined(given: Any) -> Any:
    """The value where it is defined. Raises UndefinedError."""
    return given + 0 if isinstance(given, Undefined) else given


def immediate_if(given: Any, if_true: Any = True, if_false: Any = False, if_none: Any = _NOTHING) -> Any:
    """One of three, as the value is true, false or None."""
    if given is None and if_none is not _NOTHING:
        return if_none
    return if_true if given else if_false


def from_json(given: Any, default: Any = _NOTHING) -> Any:
    """What a JSON text says."""
    try:
        return load_document(_text(given)[:MAX_TEXT].encode())
    except DecodeError:
        return _or(default)


def size(given: Any) -> int:
    """How many characters or members something has."""
    return len(given)


def split(given: Any, separator: Any = None, most: Any = -1) -> list[str]:
    """The parts of a text."""
    return _text(given)[:MAX_TEXT].split(separator, int(most))


def _math(function: Callable[[float], float]) -> Callable[..., Any]:
    def apply(given: Any, default: Any = _NOTHING) -> Any:
        try:
            return function(float(given))
        except (TypeError, ValueError, OverflowError):
            return _or(default)

    return apply


def _log(given: Any, base: Any = math.e, default: Any = _NOTHING) -> Any:
    try:
        return math.log(float(given), float(base))
    except (TypeError, ValueError, ArithmeticError):
        return _or(default)


def _of_all(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A function of a list, or of its arguments."""

    def apply(*given: Any) -> Any:
        found = list(given[0]) if len(given) == 1 and isinstance(given[0], (list, tuple)) else list(given)
        return _whole(function(found))

    return apply


def _sum(given: list[Any]) -> Any:
    return sum(each for each in given if isinstance(each, (int, float)))


def _position(index: int) -> Callable[[Any], Any]:
    return lambda given: given[index]


def _strip(given: Any, characters: Any = None) -> str:
    return _text(given).strip(characters)


_ARITHMETIC: Mapping[str, Callable[..., Any]] = MappingProxyType(
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
FUNCTIONS: Mapping[str, Callable[..., Any]] = _ARITHMETIC
"""What may be called as a function."""
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "split": "split",
        "replace": "replace",
        "strip": "trim",
        "lower": "lower",
        "upper": "upper",
        "startswith": "startswith",
        "endswith": "endswith",
        "get": "get",
    }
)
"""What may be called as a method of a text or an object → the filter that does it."""
FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        **_ARITHMETIC,
        "default": with_default,
        "d": with_default,
        "is_defined": is_defined,
        "lower": lambda given: _text(given).lower(),
        "upper": lambda given: _text(given).upper(),
        "title": lambda given: _text(given).title(),
        "capitalize": lambda given: _text(given).capitalize(),
        "string": _text,
        "trim": _strip,
        "replace": replaced,
        "format": formatted,
        "length": size,
        "count": size,
        "first": _position(0),
        "last": _position(-1),
        "from_json": from_json,
        "multiply": lambda given, amount, default=_NOTHING: _by(operator.mul, given, amount, default),
        "add": lambda given, amount, default=_NOTHING: _by(operator.add, given, amount, default),
        "bitwise_and": lambda one, other: _whole(int(one)) & _whole(int(other)),
        "bitwise_or": lambda one, other: _whole(int(one)) | _whole(int(other)),
        "bitwise_xor": lambda one, other: _whole(int(one)) ^ _whole(int(other)),
        "split": split,
        "startswith": lambda given, start: _text(given).startswith(_text(start)),
        "endswith": lambda given, end: _text(given).endswith(_text(end)),
        "get": lambda given, key, default=None: given.get(key, default) if isinstance(given, dict) else default,
        "concat": concat,
    }
)
"""What may be called as a filter."""


def _by(function: Callable[[float, float], float], given: Any, amount: Any, default: Any) -> Any:
    try:
        return function(float(given), float(amount))
    except (TypeError, ValueError, OverflowError):
        return _or(default)


def _same(given: Any, other: Any) -> bool:
    return bool(given == other)


TESTS: Mapping[str, Callable[..., bool]] = MappingProxyType(
    {
        "defined": lambda given: not isinstance(given, Undefined),
        "undefined": lambda given: isinstance(given, Undefined),
        "none": lambda given: given is None,
        "number": lambda given: isinstance(given, (int, float)),
        "integer": lambda given: isinstance(given, int) and not isinstance(given, bool),
        "float": lambda given: isinstance(given, float),
        "string": lambda given: isinstance(given, str),
        "boolean": lambda given: isinstance(given, bool),
        "true": lambda given: given is True,
        "false": lambda given: given is False,
        "mapping": lambda given: isinstance(given, dict),
        "sequence": lambda given: isinstance(given, (str, list, tuple, dict)),
        "iterable": lambda given: isinstance(given, (str, list, tuple, dict)),
        "is_number": is_number,
        "in": lambda given, container: given in container,
        "odd": lambda given: given % 2 == 1,
        "even": lambda given: given % 2 == 0,
        "divisibleby": lambda given, other: given % other == 0,
        "eq": _same,
        "equalto": _same,
        "==": _same,
        "ne": lambda given, other: not _same(given, other),
        "gt": operator.gt,
        "ge": operator.ge,
        "lt": operator.lt,
        "le": operator.le,
        "greaterthan": operator.gt,
        "lessthan": operator.lt,
    }
)
"""What a value may be asked for."""
