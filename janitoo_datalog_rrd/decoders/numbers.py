"""Decoders, the numbers: the one place where text and JSON scalars become floats.

Nothing here checks that a number is finite: whoever takes a number knows what to do with one that is not.
"""

from __future__ import annotations

import math
from types import MappingProxyType

MAX_TEXT = 1000
"""Longest text that may be a number, in characters (or bytes); the longest double written out in full has about 770 digits."""

BOOLEAN_WORDS = MappingProxyType(
    {"on": 1.0, "off": 0.0, "true": 1.0, "false": 0.0, "open": 1.0, "closed": 0.0, "online": 1.0, "offline": 0.0}
)
"""The words that stand for 1 and 0, in lower case."""
# What float() passes over around a number; str.strip() would take the separators of ASCII, \x1c to \x1f, as well.
_BLANK = " \t\n\r\v\f"
_WORDS = MappingProxyType({**BOOLEAN_WORDS, "nan": math.nan, "inf": math.inf, "infinity": math.inf})


def number_of_text(text: str) -> float | None:
    """Read a number or a boolean word; case, white space and double quotes around it do not matter.

    Numbers are written as in JSON or C (`21.5`, `-3`, `+4`, `.5`, `1e3`). Digit groups (`1_000`), hexadecimal numbers, a decimal
    comma and the digits of other scripts are not taken, since guessing at them would log wrong numbers.

    Returns:
        The number, NaN or infinity where the text says so or is out of a double's range, None when it is no number.
    """
    if len(text) > MAX_TEXT or not text.isascii():
        return None
    # Most texts in a document are words: it is cheaper to look than to let float() fail.
    if text[:1].isalpha():
        return _WORDS.get(text.rstrip(_BLANK).lower())
    try:
        number = float(text)
    except ValueError:
        return _quoted_or_word(text)
    # Python takes 1_000 as a number; nobody else does.
    return None if "_" in text else number


def number_of(datum: object) -> float | None:
    """Read a JSON scalar: a number, a boolean, or a text as `number_of_text` takes it; None for anything else."""
    if isinstance(datum, float):
        return datum
    if isinstance(datum, int):
        return number_of_int(datum)
    if isinstance(datum, str):
        return number_of_text(datum)
    return None


def number_of_int(whole: int) -> float:
    """Read a whole number or a boolean; infinity when it is out of a double's range."""
    try:
        return float(whole)
    except OverflowError:
        return math.inf if whole > 0 else -math.inf


def excerpt(given: object, size: int = 40) -> str:
    """Show the beginning of what came from the bus, for a sentence of an error."""
    if isinstance(given, bytes):
        return repr(given[:size].decode("utf-8", "backslashreplace")) + ("..." if len(given) > size else "")
    if isinstance(given, str):
        return repr(given[:size]) + ("..." if len(given) > size else "")
    return f"a {type(given).__name__}"


def _quoted_or_word(text: str) -> float | None:
    bare = text.strip(_BLANK)
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        bare = bare[1:-1].strip(_BLANK)
        if bare[:1] != '"':
            return number_of_text(bare)
    return _WORDS.get(bare.lower())
