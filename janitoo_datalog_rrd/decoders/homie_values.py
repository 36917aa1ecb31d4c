"""Decoders, the values of Homie: what a payload is by its datatype, and which units it is in."""

from __future__ import annotations

import re
from math import isinf, nan
from types import MappingProxyType

from ..core.contracts import Meta
from ..core.errors import DecodeError
from .numbers import MAX_TEXT, excerpt, number_of_text
from .units import normal_units

NUMBERS = frozenset(("integer", "float", "percent", "boolean", "duration"))
"""Datatypes that are logged."""
TEXTS = frozenset(("string", "enum", "color", "datetime", "json"))
"""Datatypes of which nothing is logged."""

STATS = MappingProxyType(
    {
        "signal": Meta("Signal", "%"),
        "cputemp": Meta("Processor temperature", "°C"),
        "cpuload": Meta("Processor load", "%"),
        "battery": Meta("Battery", "%"),
        "freeheap": Meta("Free memory", "B"),
        "supply": Meta("Supply voltage", "V"),
    }
)
"""The numbers below `$stats` (Homie 3, and an extension of Homie 4); uptime and interval are none of a house."""

_UNKNOWN = frozenset(("nan", "null", "unknown", "unavailable", "undefined"))  # what devices write where a sensor gives nothing
# Homie's own subset of ISO 8601 durations, PTxHxMxS, with fractions; days, which some devices write, are taken too.
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,9}(?:[.,]\d{1,9})?)D)?"
    r"(?:T(?:(\d{1,9}(?:[.,]\d{1,9})?)H)?(?:(\d{1,9}(?:[.,]\d{1,9})?)M)?(?:(\d{1,9}(?:[.,]\d{1,9})?)S)?)?",
    re.ASCII,
)
_SECONDS = (86400.0, 3600.0, 60.0, 1.0)


def number_of(payload: bytes, datatype: str) -> float | None:
    """The number that a payload is.

    Args:
        payload: of a property.
        datatype: as Homie names it; another word, or none, takes what is a number or a boolean and leaves the rest.

    Returns:
        The number, NaN where the device says that it knows none, None where there is rightly nothing to log.

    Raises:
        DecodeError: `no_number`: it is not what its datatype promises.
    """
    if datatype in TEXTS or not payload or len(payload) > MAX_TEXT:
        return None
    text = payload.decode("utf-8", "replace").strip()
    number = _duration(text) if datatype == "duration" else number_of_text(text)
    if text.lower() in _UNKNOWN:
        return nan if datatype in NUMBERS else None
    if number is not None and not isinf(number) and (datatype != "boolean" or number in (0.0, 1.0)):
        return number
    if datatype in NUMBERS:
        raise _no_number(payload, datatype)
    return None


def may_be_number(payload: bytes) -> bool:
    """Whether a payload is a number by any datatype, so that it is worth keeping until that is known."""
    text = payload.decode("utf-8", "replace").strip()
    return number_of_text(text) is not None or _duration(text) is not None


def units_of(unit: str, datatype: str) -> str:
    """Units as they are shown: those that the device says, else those that the datatype has."""
    if datatype == "duration":
        return "s"
    if datatype == "boolean":
        return ""
    return normal_units(unit) or ("%" if datatype == "percent" else "")


def _duration(text: str) -> float | None:
    """Seconds of an ISO 8601 duration."""
    match = _DURATION.fullmatch(text) if len(text) <= 64 else None
    if match is None or not any(match.groups()[1:]):
        return None
    seconds = sum(float(part.replace(",", ".")) * each for part, each in zip(match.groups()[1:], _SECONDS, strict=True) if part)
    return -seconds if match[1] == "-" else seconds


def _no_number(payload: bytes, datatype: str) -> DecodeError:
    return DecodeError("no_number", f"the payload {excerpt(payload)} is no {datatype}, which its property is said to be")
