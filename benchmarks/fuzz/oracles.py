"""Fuzzing, the oracles: the same answers as the package's, arrived at in the plainest way, slow and short.

They are written from the pages of the documentation and share no code with the package.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NO_NUMBER = re.compile(r"[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_ONE, _ZERO = ("on", "true", "open", "online"), ("off", "false", "closed", "offline")
_BLANK = " \t\n\r\v\f"
_NOT_IN_UNITS = "\"'<>\\,;:=()"


def number_of_text(text: str) -> float | None:
    """The number that a text stands for, NaN or infinite where it says so; None where it stands for none."""
    if len(text) > 1000 or not text.isascii():
        return None
    bare = text.strip(_BLANK)
    if len(bare) > 1 and bare.startswith('"') and bare.endswith('"'):
        bare = bare[1:-1].strip(_BLANK)
    word = bare.lower()
    if word in _ONE or word in _ZERO:
        return float(word in _ONE)
    return float(bare) if _NUMBER.fullmatch(bare) or _NO_NUMBER.fullmatch(bare) else None


def plain(payload: bytes) -> tuple[float, str] | str | None:
    """What the decoder `plain` makes of a payload: number and units, or the reason of the refusal, or nothing at all."""
    if not payload:
        return None
    if len(payload) > 1000:
        return "too_large"
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return "not_utf8"
    units = ""
    number = number_of_text(text)
    if number is None:
        number, units = _number_with_units(text.strip().strip('"').strip())
    if number is None:
        return "no_number"
    return (number, units) if math.isfinite(number) else "not_finite"


def _number_with_units(text: str) -> tuple[float | None, str]:
    cut = next((position for position, character in enumerate(text) if character.isspace() or character in "%°"), len(text))
    units = text[cut:].lstrip()
    first = units[:1]
    fits = (
        _NUMBER.fullmatch(text[:cut]) is not None
        and 1 <= len(units) <= 16
        and (first in "%°€$£" or (first.isalnum() and not first.isdecimal()))
        and not any(character.isspace() or character in _NOT_IN_UNITS for character in units[1:])
    )
    return (float(text[:cut]), units) if fits else (None, "")


def document(payload: bytes) -> Any:
    """The JSON document in a payload. Raises ValueError, RecursionError."""
    return json.loads(payload.decode("utf-8-sig"), parse_int=_whole)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 300 else float(digits)


def numbers(found: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a document with its path, as the page of the decoder `json` has it."""
    if isinstance(found, (dict, list)):
        for key, datum in found.items() if isinstance(found, dict) else enumerate(found):
            part = str(key).replace("\\", "\\\\").replace(".", "\\.") or "\\e"
            yield from numbers(datum, f"{path}.{part}" if path else part)
        return
    if isinstance(found, str):
        number = number_of_text(found)
    elif found is None:
        number = None
    else:
        try:
            number = float(found)
        except OverflowError:
            number = math.inf
    if number is not None:
        yield path, number


def topic_matches(levels_wanted: list[str], levels: list[str], *, first: bool = True) -> bool:
    """Whether a topic matches a filter, level by level, as MQTT 5.0 has it in section 4.7."""
    if not levels_wanted:
        return not levels
    wanted = levels_wanted[0]
    if first and wanted in ("#", "+") and levels and levels[0].startswith("$"):
        return False
    if wanted == "#":
        return True
    if not levels or wanted not in ("+", levels[0]):
        return False
    return topic_matches(levels_wanted[1:], levels[1:], first=False)


def is_filter(text: str) -> bool:
    """Whether a text is an MQTT topic filter."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    return 1 <= size <= 65535 and re.fullmatch(r"(([^#+\0/]*|\+)/)*([^#+\0/]*|\+|#)", text) is not None
