"""Names of things of this machine, disks, interfaces and sensors, as indexes and labels of values."""

from __future__ import annotations

import re

TOTAL = "total"
"""The index that stands for all devices together."""

MAX_INDEXES = 64
"""How many devices or sensors one value tells apart; each becomes a series, so there is an end to it."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)


def safe_index(name: str) -> str:
    """Turn a name into an index that may stand in a series' name: each run of other characters becomes `_`."""
    return _UNSAFE.sub("_", name).strip("_") or "_"


def readable(text: str) -> str:
    """Turn a text of the kernel into one for people: what cannot be printed, or encoded as UTF-8, becomes `?`."""
    return "".join(character if character.isprintable() else "?" for character in text)
