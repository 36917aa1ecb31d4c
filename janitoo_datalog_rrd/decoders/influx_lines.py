"""Decoder `influx`, its text: InfluxDB's line protocol, line by line.

The form is that of https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/. Every character is looked at a
bounded number of times, whatever stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from types import MappingProxyType
from typing import NamedTuple

from ..core.errors import DecodeError
from .numbers import excerpt
from .times import parse_time

_OUTSIDE = re.compile(r'\\[,= ]|["\n ]')
_IN_STRING = re.compile(r'\\["\\]|"')
_STAND_INS = MappingProxyType({"\\,": "\x01", "\\=": "\x02", "\\ ": "\x03"})
_WRITTEN = str.maketrans({"\x01": ",", "\x02": "=", "\x03": " "})
_WORDS = MappingProxyType(
    {word: number for number, words in ((1.0, "t T true True TRUE"), (0.0, "f F false False FALSE")) for word in words.split()}
)
_MAX_NUMBER = 400
_PER_SECOND = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6))


class Line(NamedTuple):
    """One line.

    Attributes:
        head: measurement and tags as they are written; equal heads are equal series.
        fields: name → number, of those that are numbers.
        timestamp: seconds since the epoch UTC; None where the line has no time.
    """

    head: str
    fields: dict[str, float]
    timestamp: float | None


def read_lines(text: str) -> Iterator[Line | DecodeError]:
    """The lines of a message; what is wrong with a line stands in its place. Blank lines and comments are left out."""
    plain = text if '"' not in text and "\\" not in text else _without_escapes(text)
    for written in plain.split("\n"):
        line = written.strip(" \r\t")
        if not line or line[0] == "#":
            continue
        parts = [part for part in line.split(" ") if part]
        if len(parts) < 2 or parts[1].find("=") < 1:
            continue
        try:
            yield _read(line, parts)
        except DecodeError as error:
            yield error


def read_head(head: str) -> tuple[str, list[tuple[str, str]]]:
    """The measurement and the tags, sorted by name, of a line's head.

    Raises:
        DecodeError: `bad_line`.
    """
    name, *given = head.split(",")
    tags = []
    for tag in given:
        key, equals, value = tag.partition("=")
        if not equals or not key or not value or "=" in value:
            raise _bad_line(head, "a tag is not written name=value")
        tags.append((key.translate(_WRITTEN), value.translate(_WRITTEN)))
    if not name:
        raise _bad_line(head, "it has no measurement")
    return name.replace("\x02", "\\=").translate(_WRITTEN), sorted(tags)


def seconds_of(number: float) -> float:
    """Seconds since the epoch of a time whose precision is not told; by its size, which is sure from 1980 to 2099.

    Raises:
        DecodeError: `bad_time`.
    """
    for limit, factor in _PER_SECOND:
        if number < limit:
            return parse_time(number / factor)
    return parse_time(number / 1e9)


def _read(line: str, parts: list[str]) -> Line:
    if len(parts) > 3:
        raise _bad_line(line, "it has more than measurement, fields and a time")
    timestamp = None
    if len(parts) == 3:
        digits = parts[2]
        if len(digits) > 30 or not digits.isascii() or not digits.removeprefix("-").isdigit():
            raise _bad_line(line, "its time is no whole number")
        timestamp = seconds_of(float(digits))
    fields: dict[str, float] = {}
    for field in parts[1].split(","):
        name, equals, value = field.partition("=")
        if not name or not equals or not value:
            raise _bad_line(line, "a field is not written name=value")
        number = _number(value)
        if number is not None:
            fields[name.translate(_WRITTEN)] = number
        elif value != '"':
            raise _bad_line(line, f"the value of a field is {excerpt(value)}")
    return Line(parts[0], fields, timestamp)


def _number(value: str) -> float | None:
    known = _WORDS.get(value)
    if known is not None:
        return known
    digits = value[:-1] if value[-1] in "iu" else value
    if len(digits) > _MAX_NUMBER or not digits.isascii() or "_" in digits:
        return None
    try:
        number = float(digits)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _without_escapes(text: str) -> str:
    """The text with each string as one quotation mark, and a stand-in for each character that a backslash protects."""
    out: list[str] = []
    position = line_start = 0
    in_fields = False
    while (match := _OUTSIDE.search(text, position)) is not None:
        found = match[0]
        out.append(text[position : match.start()])
        out.append(_STAND_INS.get(found, found))
        position = match.end()
        if found == "\n":
            in_fields, line_start = False, position
        elif found == " ":
            in_fields = True
        elif found == '"' and in_fields and text[match.start() - 1] == "=" and text[line_start] != "#":
            position = _end_of_string(text, position)
            if position < 0:
                return "".join([*out, "?"])  # a string without an end is no string
    out.append(text[position:])
    return "".join(out)


def _end_of_string(text: str, position: int) -> int:
    """Where a string ends that has begun at a position; -1 where it has no end."""
    while (match := _IN_STRING.search(text, position)) is not None:
        position = match.end()
        if match[0] == '"':
            return position
    return -1


def _bad_line(line: str, why: str) -> DecodeError:
    return DecodeError("bad_line", f"the line {excerpt(line)} cannot be read: {why}")
