"""Names of series: safe in files and URLs, whatever topic or uuid they come from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container

from ..core.contracts import Key

MAX_LENGTH = 200
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def series_name(key: Key, taken: Container[str] = ()) -> str:
    """Return the name of a value's series.

    `CCCC.NNNN.uuid.index` for Janitoo (a key of three), else the topic's levels and the JSON path joined by dots.
    Where the name is taken by another value, or is too long, it gets `-` and 8 hex digits of the SHA-256 of its
    topic and path.

    Args:
        key: (hadd, uuid, index), or (topic, path).
        taken: names of other values.
    """
    levels = [*key[0].split("/"), *key[1:]]
    name = ".".join(_UNSAFE.sub("_", level) for level in levels if level) or "_"
    if name.startswith("."):
        name = "_" + name[1:]
    if len(name) <= MAX_LENGTH and name not in taken:
        return name
    digest = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()
    for length in range(8, 65, 8):
        candidate = f"{name[: MAX_LENGTH - length - 1]}-{digest[:length]}"
        if candidate not in taken:
            return candidate
    raise AssertionError("two keys of one SHA-256")


def janitoo_key(name: str) -> Key | None:
    """The Janitoo key that a name was made of, or None when it was not made of one."""
    parts = name.split(".")
    if len(parts) >= 4 and re.fullmatch(r"[0-9]{4}", parts[0]) and re.fullmatch(r"[0-9]{4}", parts[1]):
        return (f"{parts[0]}/{parts[1]}", ".".join(parts[2:-1]), parts[-1])
    return None
