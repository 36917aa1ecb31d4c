"""What the server made of the house, looked at through its API, beside what the devices have published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ..processes import BenchError
from ..servers import Server
from .model import Number

_OURS = ("0014/", "0018/", "0120/")
_PAGE = 1000
_SURE = 4
"""A series with this score or more is that of a number, whatever else is wrong with it."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A series, as the API tells it.

    Attributes:
        name: of the series.
        title: what its device is called.
        label, units, kind: of its column.
        value: the last number; None for one that is unknown.
        place: its node and its topic, in lower case.
    """

    name: str
    title: str
    label: str
    units: str
    kind: str
    value: float | None
    place: str


@dataclass(slots=True)
class Row:
    """What came of a dialect.

    Attributes:
        dialect: its name.
        devices: how many there are.
        expected: numbers that have to be logged.
        logged: how many are.
        named: how many of those have the label and the device that they should have.
        with_units: how many of those have the units that they should have.
        doubled: series that are logged beside the one of their number.
        unexpected: series of nothing that has to be logged.
        faults: what is wrong, in words.
    """

    dialect: str
    devices: int = 0
    expected: int = 0
    logged: int = 0
    named: int = 0
    with_units: int = 0
    doubled: int = 0
    unexpected: int = 0
    faults: list[str] = field(default_factory=list)


def read_series(server: Server) -> list[Logged]:
    """Every series but those of the server's own nodes. Raises BenchError, OSError."""
    titles = {each["hadd"]: each["name"] or each["hadd"] for each in _pages(server, "nodes")}
    found = []
    for each in _pages(server, "series"):
        if each["node"].startswith(_OURS):
            continue
        column = each["columns"][0]
        place = f"{each['node']} {column['key'][0]}".lower()
        title = titles.get(each["node"], each["node"])
        found.append(Logged(each["name"], title, column["label"], column["units"], column["type"], column["last_value"], place))
    return found


def compare(numbers: Iterable[Number], series: Sequence[Logged]) -> list[Row]:
    """Find the series of each number: by its device, its label, its units and its last value, whatever it is called."""
    numbers = list(numbers)
    rows = {each.dialect: Row(each.dialect) for each in numbers}
    devices = {(each.dialect, each.device) for each in numbers}
    for dialect, _ in devices:
        rows[dialect].devices += 1
    for number in numbers:
        rows[number.dialect].expected += not number.optional
    found, left = _match(numbers, series)
    for number in numbers:
        row, match = rows[number.dialect], found.get(id(number))
        if match is not None:
            _judge(row, number, match)
        elif not number.optional:
            row.faults.append(f"missing: {number.device}, {number.word} {number.counted} {number.units} {number.value:g}")
    other = Row("of nobody")
    for each in left:
        owner = next((number for number in numbers if _is_of(number, each)), None)
        twin = next((number for number in numbers if _is_of(number, each) and number.value == each.value), None)
        row = rows[owner.dialect] if owner is not None else other
        if twin is not None and _has_word(twin, each.label) and (each.kind == "DERIVE") == (twin.counted in ("rate", "derive")):
            row.doubled += 1
            row.faults.append(f"doubled: {each.name} ({each.label!r}, {each.units}, {each.value})")
        else:
            row.unexpected += 1
            row.faults.append(f"unexpected: {each.name} ({each.label!r} of {each.title!r}, {each.units}, {each.value})")
    return [*rows.values(), *([other] if other.unexpected else [])]


def _match(numbers: Sequence[Number], series: Sequence[Logged]) -> tuple[dict[int, Logged], list[Logged]]:
    """Pairs of numbers and series, the surest first; and the series that are left."""
    pairs = [(_score(number, each), one, other) for one, number in enumerate(numbers) for other, each in enumerate(series)]
    pairs = sorted((pair for pair in pairs if pair[0]), key=lambda pair: -pair[0])
    found: dict[int, Logged] = {}
    taken: set[int] = set()
    for _, one, other in pairs:
        if id(numbers[one]) not in found and other not in taken:
            found[id(numbers[one])] = series[other]
            taken.add(other)
    return found, [each for number, each in enumerate(series) if number not in taken]


def _score(number: Number, series: Logged) -> int:
    """How likely a series is that of a number; 0 where it cannot be."""
    if not _is_of(number, series) or (series.kind != "GAUGE") != (number.counted in ("rate", "derive")):
        return 0
    same_value = series.value is not None and _close(series.value, number.value)
    same_word = bool(number.word) and (_has_word(number, series.label) or _has_word(number, series.name))
    if not (same_value or same_word):
        return 0
    return _SURE * same_value + 2 * same_word + (series.units == number.units) + (not number.optional)


def _is_of(number: Number, series: Logged) -> bool:
    device = number.device.lower()
    return device in (series.title.lower(), series.place) or device in series.place or device.replace(":", "") in series.place


def _has_word(number: Number, text: str) -> bool:
    return any(word in text.lower() for word in number.word.split("|"))


def _judge(row: Row, number: Number, series: Logged) -> None:
    """Whether a series says what it should."""
    if number.optional:
        return
    row.logged += 1
    if series.value is None or not _close(series.value, number.value):
        row.faults.append(f"value: {series.name} is {series.value}, and {number.value:g} was the last one")
    good_label = not number.named or _has_word(number, series.label)
    good_title = not number.named or number.device == series.title
    row.named += good_label and good_title
    if not (good_label and good_title):
        row.faults.append(f"name: {series.name} is {series.label!r} of {series.title!r}, not {number.word} of {number.device!r}")
    row.with_units += series.units == number.units
    if series.units != number.units:
        row.faults.append(f"units: {series.name} is in {series.units!r}, not in {number.units!r}")


def check_rows(server: Server, pairs: Iterable[tuple[Number, str]]) -> list[str]:
    """Whether what was written to the files lies within what was published; what does not, in words."""
    faults = []
    for number, name in pairs:
        answer = json.loads(_get(server, f"series/{quote(name)}/data?start=-1h&cf=AVERAGE"))
        known = [each for column in answer["columns"] for each in column["values"] if each is not None]
        slack = 1e-6 + 1e-6 * max(abs(number.low), abs(number.high))
        if any(not number.low - slack <= each <= number.high + slack for each in known):
            faults.append(
                f"rows: {name} has {min(known):g} to {max(known):g}, and {number.low:g} to {number.high:g} was published"
            )
    return faults


def matches(numbers: Sequence[Number], series: Sequence[Logged]) -> list[tuple[Number, str]]:
    """Numbers with the names of their series."""
    found, _ = _match(numbers, series)
    return [(number, found[id(number)].name) for number in numbers if id(number) in found]


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 + 1e-5 * abs(other)


def _pages(server: Server, what: str) -> Iterable[dict[str, Any]]:
    cursor = ""
    while True:
        answer = json.loads(_get(server, f"{what}?limit={_PAGE}{cursor}"))
        yield from answer[what]
        if not answer.get("next_cursor"):
            return
        cursor = f"&cursor={quote(answer['next_cursor'])}"


def _get(server: Server, path: str) -> bytes:
    status, body = server.request("GET", f"/api/v1/{path}")
    if status != 200:
        raise BenchError(f"/api/v1/{path} answers {status}: {body[:200]!r}")
    return body
