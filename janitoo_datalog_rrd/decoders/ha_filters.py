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
from .ha_numbers import ARITHMETIC, NOTHING, TooLargeError, by, is_number, or_default, whole

MAX_TEXT = 65_536
"""Longest text that any part of a template may make, in characters."""
# printf's conversions with at most two digits of width and precision: a width of a billion would be a text as long.
_CONVERSION = re.compile(r"%(?:%|[-+ #0]{0,3}[0-9]{0,2}(?:\.[0-9]{0,2})?[dioxXeEfFgGs])")


def binary(sign: str, left: Any, right: Any) -> Any:
    """Apply a binary operator.

    Raises:
        TooLargeError: the result would be too large.
        TypeError, ArithmeticError: the operands are not of its kind.
    """
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        if sign == "**":
            return math.pow(left, right)
        return whole(_NUMERIC[sign](left, right))
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


def scalar_text(given: Any) -> str:
    """A scalar as text; containers have none here, since theirs may be long. Raises TypeError."""
    if isinstance(given, str):
        return given
    if given is None or isinstance(given, (bool, int, float, Undefined)):
        return str(given)
    raise TypeError("expected a text or a number")


def concat(*parts: Any) -> str:
    """Join texts. Raises TooLargeError."""
    texts = [scalar_text(each) for each in parts]
    if sum(map(len, texts)) > MAX_TEXT:
        raise TooLargeError("a text is too long")
    return "".join(texts)


def formatted(pattern: Any, *arguments: Any) -> str:
    """Write values as printf does. Raises ValueError for a pattern that could make a long text."""
    text = scalar_text(pattern)
    if "%" in _CONVERSION.sub("", text) or sum(len(scalar_text(each)) for each in arguments) > MAX_TEXT:
        raise TooLargeError("a format is not one of the simple ones")
    return text % arguments


def replaced(given: Any, old: Any, new: Any, count: Any = -1) -> str:
    """Replace a text in another. Raises TooLargeError."""
    text, before, after = scalar_text(given), scalar_text(old), scalar_text(new)
    if len(text) + (text.count(before) if before else len(text) + 1) * len(after) > MAX_TEXT:
        raise TooLargeError("a text is too long")
    return text.replace(before, after, int(count))


def with_default(given: Any, default: Any = "", boolean: Any = False) -> Any:
    """The value, or the default where it is undefined, or, where `boolean`, false."""
    return default if isinstance(given, Undefined) or (boolean and not given) else given


def is_defined(given: Any) -> Any:
    """The value where it is defined. Raises UndefinedError."""
    return given + 0 if isinstance(given, Undefined) else given


def from_json(given: Any, default: Any = NOTHING) -> Any:
    """What a JSON text says."""
    try:
        return load_document(scalar_text(given)[:MAX_TEXT].encode())
    except DecodeError:
        return or_default(default)


def size(given: Any) -> int:
    """How many characters or members something has."""
    return len(given)


def split(given: Any, separator: Any = None, most: Any = -1) -> list[str]:
    """The parts of a text."""
    return scalar_text(given)[:MAX_TEXT].split(separator, int(most))


def _position(index: int) -> Callable[[Any], Any]:
    return lambda given: given[index]


def _strip(given: Any, characters: Any = None) -> str:
    return scalar_text(given).strip(characters)


FUNCTIONS = ARITHMETIC
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
        **ARITHMETIC,
        "default": with_default,
        "d": with_default,
        "is_defined": is_defined,
        "lower": lambda given: scalar_text(given).lower(),
        "upper": lambda given: scalar_text(given).upper(),
        "title": lambda given: scalar_text(given).title(),
        "capitalize": lambda given: scalar_text(given).capitalize(),
        "string": scalar_text,
        "trim": _strip,
        "replace": replaced,
        "format": formatted,
        "length": size,
        "count": size,
        "first": _position(0),
        "last": _position(-1),
        "from_json": from_json,
        "multiply": lambda given, amount, default=NOTHING: by(operator.mul, given, amount, default),
        "add": lambda given, amount, default=NOTHING: by(operator.add, given, amount, default),
        "bitwise_and": lambda one, other: whole(int(one)) & whole(int(other)),
        "bitwise_or": lambda one, other: whole(int(one)) | whole(int(other)),
        "bitwise_xor": lambda one, other: whole(int(one)) ^ whole(int(other)),
        "split": split,
        "startswith": lambda given, start: scalar_text(given).startswith(scalar_text(start)),
        "endswith": lambda given, end: scalar_text(given).endswith(scalar_text(end)),
        "get": lambda given, key, default=None: given.get(key, default) if isinstance(given, dict) else default,
        "concat": concat,
    }
)
"""What may be called as a filter."""


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
