"""How the text of one ini option becomes a value: every parser raises ValueError with what it expected."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from .topics import check_filter, parse_hadd

Parser = Callable[[str], Any]

_UNITS_S = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", re.ASCII)
_UNITS_BYTES = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "kb": 10**3, "mb": 10**6, "gb": 10**9} | {
    "k": 1 << 10,
    "m": 1 << 20,
    "g": 1 << 30,
}
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)", re.ASCII)
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")
SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}", re.ASCII)


class DiscreetError(ValueError):
    """What was expected, said without a word of what was found: it may be told of a secret too."""


def text(raw: str) -> str:
    """Any text of one line."""
    if "\n" in raw:
        line = raw.split("\n")[1]
        raise ValueError(
            f"goes on in the next line, {line[:60]!r}: expected one line; what is indented belongs to the line before"
        )
    return raw


def word(raw: str) -> str:
    """Text of one line that may not be empty."""
    if not raw:
        raise ValueError("is empty: expected a text")
    if " ;" in raw or " #" in raw:
        raise ValueError(f"{raw!r} seems to end in a comment: a comment stands on a line of its own")
    return text(raw)


def host(raw: str) -> str:
    """Name or address of a host."""
    try:
        word(raw).encode("idna")  # as a look-up does it, which would fail with this at each connect
    except UnicodeError:
        raise ValueError(f"{raw[:80]!r} is no name of a host: expected a name or an address, such as 192.168.1.2") from None
    return raw


def line(raw: str) -> str:
    """Text of one line, without characters that cannot be printed."""
    if not raw.isprintable():
        raise ValueError(f"{raw[:80]!r} has characters that cannot be printed: expected one line of text")
    return raw


def boolean(raw: str) -> bool:
    """True or False, in the words ini files use."""
    low = raw.lower()
    if low in _TRUE:
        return True
    if low in _FALSE:
        return False
    raise ValueError(f"{raw!r} is not a truth value: expected True or False")


def integer(low: int, high: int) -> Parser:
    """Return a parser of whole numbers from low to high, both included."""

    def parse(raw: str) -> int:
        try:
            number = int(raw)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ValueError(f"{raw!r} is not a whole number from {low} to {high}")
        return number

    return parse


def duration(low: float, high: float = 31536000 * 100.0) -> Parser:
    """Return a parser of durations: a number of seconds, or with one of the units s, m, h, d, w, y (365 days)."""

    def parse(raw: str) -> float:
        match = _DURATION.fullmatch(raw.strip().lower())
        if match is None or match[2] not in _UNITS_S:
            raise ValueError(f"{raw!r} is not a duration: expected seconds, or a number with s, m, h, d, w or y, as 10s")
        seconds = float(match[1]) * _UNITS_S[match[2]]
        if not (math.isfinite(seconds) and low <= seconds <= high):
            raise ValueError(f"{raw!r} is out of range: expected {low:g} to {high:g} seconds")
        return seconds

    return parse


def whole_seconds(low: int, high: int = 31536000) -> Parser:
    """Return a parser of durations that are whole seconds, such as an RRD step."""
    parse_duration = duration(low, high)

    def parse(raw: str) -> int:
        seconds: float = parse_duration(raw)
        if seconds != int(seconds):
            raise ValueError(f"{raw!r} is not a whole number of seconds")
        return int(seconds)

    return parse


def size(low: int, high: int) -> Parser:
    """Return a parser of sizes: bytes, or a number with one of the units KiB, MiB, GiB, k, M, G (1024), kB, MB, GB (1000)."""

    def parse(raw: str) -> int:
        match = _SIZE.fullmatch(raw.strip())
        if match is None or match[2].lower() not in _UNITS_BYTES:
            raise ValueError(f"{raw!r} is not a size: expected bytes, or a number with KiB, MiB, GiB, kB, MB or GB, as 256MiB")
        count = float(match[1]) * _UNITS_BYTES[match[2].lower()]
        if not low <= count <= high:
            raise ValueError(f"{raw!r} is out of range: expected {low} to {high} bytes")
        return int(count)

    return parse


def choice(*words: str) -> Parser:
    """Return a parser that takes one of these words."""

    def parse(raw: str) -> str:
        if raw not in words:
            raise ValueError(f"{raw!r} is not known: expected one of {', '.join(words)}")
        return raw

    return parse


def hadd(raw: str) -> str:
    """A Home ADDress, `CCCC/NNNN`."""
    parse_hadd(raw)
    return raw


def series_name(raw: str) -> str:
    """A name that is safe in files and URLs."""
    if SAFE_NAME.fullmatch(raw) is None:
        raise ValueError(
            f"{raw!r} is not a series name: expected 1 to 200 of the characters A-Z a-z 0-9 _ . - without a leading dot"
        )
    return raw


def pattern(raw: str) -> re.Pattern[str]:
    """A regular expression, matched against the whole series name."""
    try:
        return re.compile(raw)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{raw!r} is not a regular expression: {error}") from None


def words(raw: str) -> tuple[str, ...]:
    """Words, separated by commas."""
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def topic_filters(raw: str) -> tuple[str, ...]:
    """MQTT topic filters, separated by commas."""
    filters = tuple(part.strip() for part in raw.split(",") if part.strip())
    if not filters:
        raise ValueError("is empty: expected MQTT topic filters, such as tele/#")
    return tuple(check_filter(each) for each in filters)


def retention(raw: str) -> tuple[tuple[int, int], ...]:
    """A retention list such as `10s:1d, 1m:7d`: pairs of (seconds a row stands for, seconds it is kept).

    The form is that of carbon's storage-schemas.conf.

    Returns:
        The pairs, from fine to coarse.

    Raises:
        ValueError: a pair has another form, or a precision does not divide the next one.
    """
    parse_precision = whole_seconds(1)
    parse_kept = whole_seconds(1, 31536000 * 100)
    pairs: list[tuple[int, int]] = []
    for part in raw.split(","):
        precision_text, colon, kept_text = part.strip().partition(":")
        if not colon:
            raise ValueError(f"{part.strip()!r} is not a retention: expected PRECISION:DURATION, such as 10s:1d")
        precision, kept = parse_precision(precision_text), parse_kept(kept_text)
        if kept < precision:
            raise ValueError(f"{part.strip()!r} keeps less than one row")
        if kept // precision > 10_000_000:
            raise ValueError(f"{part.strip()!r} makes {kept // precision} rows: at most 10000000 are taken")
        pairs.append((precision, kept))
    pairs.sort()
    for (finer, _), (coarser, _) in pairwise(pairs):
        if coarser == finer or coarser % finer:
            raise ValueError(
                f"{coarser}s rows cannot be made of {finer}s rows: each precision must be a multiple of the one before"
            )
    return tuple(pairs)


_SOURCE_TYPES = ("GAUGE", "COUNTER", "DERIVE", "ABSOLUTE")
_DS_NAME = re.compile(r"[A-Za-z0-9_-]{1,19}", re.ASCII)


def source_config(raw: str) -> tuple[str, str, str, str, str]:
    """One data source of a datasource component, `hadd|value_uuid|value_index|rrd_type|rrd_label`.

    The label becomes the DS name of the RRD file, so it has RRDtool's form: 1 to 19 of A-Z a-z 0-9 _ -.
    """
    parts = tuple(part.strip() for part in raw.split("|"))
    if len(parts) != 5:
        raise ValueError(f"{raw!r} has {len(parts)} parts: expected hadd|value_uuid|value_index|rrd_type|rrd_label")
    address, uuid, index, ds_type, label = parts
    parse_hadd(address)
    if not uuid:
        raise ValueError(f"{raw!r} has no value_uuid: expected hadd|value_uuid|value_index|rrd_type|rrd_label")
    if ds_type not in _SOURCE_TYPES:
        raise ValueError(f"{ds_type!r} is not a data source type: expected one of {', '.join(_SOURCE_TYPES)}")
    if _DS_NAME.fullmatch(label) is None:
        raise ValueError(f"{label!r} is not a data source name: expected 1 to 19 of the characters A-Z a-z 0-9 _ -")
    return address, uuid, index or "0", ds_type, label
