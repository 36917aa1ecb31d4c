"""Decoders, `agent`: what a device says of itself and its numbers becomes words for each of them.

Everything in a message may be of any type and size: what is not as documented is as if it were not there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

from ..core.processes import CPU, MEMORY, process_label
from ..core.topics import is_hadd
from .documents import text_of
from .units import normal_units

MAX_DESCRIPTIONS = 2000
"""How many descriptions of one device are taken."""
MAX_LEVELS = 8
"""Levels of the longest path that is described."""
MAX_FORMS = 32
"""In how many ways the `*` may stand in the paths of one device: each is one more way to look for a number."""
HOLD = 2.5
"""How many of its delays a number stands: one message may be late, or lost."""
_MAX_NAME = 200
_MAX_PROCESS = 100
_MAX_EVERY_S = 366 * 86400.0
_PROCESSES = {"memory": MEMORY, "cpu": CPU}
_ANY = "*"


class Said(NamedTuple):
    """What is said of numbers.

    Attributes:
        label: what people call them; each `*` stands for a level of the path.
        units: as `normal_units` writes them.
        counts: whether they only rise, so that it is their rate that is logged.
        every: seconds between two of them; 0 where that is not said.
    """

    label: str = ""
    units: str = ""
    counts: bool = False
    every: float = 0.0


NOTHING = Said()


class _Branch:
    """Descriptions whose paths begin alike.

    Attributes:
        inner: by their next level.
        said: number and description of the one that ends here; None where none does.
    """

    __slots__ = ("inner", "said")

    def __init__(self) -> None:
        self.inner: dict[str, _Branch] = {}
        self.said: tuple[int, Said] | None = None


class Table:
    """The descriptions of a device's numbers by their path.

    Args:
        given: as the message has it, path → description.

    Attributes:
        left_out: how many descriptions were not taken, since they are too many, or their paths too long, or too different.
        least: the shortest time between two numbers, in seconds; 0 where that is not said.
    """

    def __init__(self, given: object = None) -> None:
        self._root = _Branch()
        self._forms: set[tuple[bool, ...]] = set()
        self._count = self.left_out = 0
        self.least = 0.0
        for path, said in given.items() if isinstance(given, dict) else ():
            levels = path.split(".", MAX_LEVELS)
            if self._count >= MAX_DESCRIPTIONS or len(levels) > MAX_LEVELS or not self._has_room(levels):
                self.left_out += 1
            elif isinstance(said, dict):
                self._add(levels, said)

    def _has_room(self, levels: list[str]) -> bool:
        form = tuple(level == _ANY for level in levels)
        if len(self._forms) < MAX_FORMS:
            self._forms.add(form)
        return form in self._forms

    def _add(self, levels: list[str], given: dict[str, Any]) -> None:
        branch = self._root
        for level in levels:
            branch = branch.inner.setdefault(level, _Branch())
        every = seconds_of(given.get("every"))
        said = Said(name_of(given.get("label")), normal_units(text_of(given.get("units"))), given.get("counter") is True, every)
        branch.said = branch.said or (self._count, said)
        self._count += 1
        if every:
            self.least = min(self.least or every, every)

    def find(self, levels: Sequence[str]) -> Said:
        """What is said of the number at a path: the first description that fits, with each `*` of its label filled in."""
        found = min(_fitting(self._root, levels, ()), default=None, key=lambda each: each[0])
        if found is None:
            return NOTHING
        _, said, stars = found
        return said._replace(label=_filled(said.label, stars))


def _fitting(branch: _Branch, levels: Sequence[str], stars: tuple[str, ...]) -> Iterator[tuple[int, Said, tuple[str, ...]]]:
    """Every description that fits, with what its `*` stand for."""
    if not levels:
        if branch.said is not None:
            yield (*branch.said, stars)
        return
    level, rest = levels[0], levels[1:]
    exact, any_ = branch.inner.get(level), branch.inner.get(_ANY)
    if exact is not None:
        yield from _fitting(exact, rest, stars if level != _ANY else (*stars, level))
    if any_ is not None and any_ is not exact:
        yield from _fitting(any_, rest, (*stars, level))


def _filled(label: str, stars: Sequence[str]) -> str:
    first, *rest = label.split(_ANY)
    return (first + "".join(f"{star}{part}" for star, part in zip([*stars, *[_ANY] * len(rest)], rest, strict=False)))[:_MAX_NAME]


class About(NamedTuple):
    """What a device says of itself.

    Attributes:
        hadd: the address that it asks for; empty where it asks for none.
        name, location: as people know it; empty where it is not said.
        address: of the machine in its network; empty where it is not said.
        every: seconds between two of its messages; 0 where that is not said.
        table: what its numbers are.
    """

    hadd: str = ""
    name: str = ""
    location: str = ""
    address: str = ""
    every: float = 0.0
    table: Table = Table()

    def describe(self, levels: Sequence[str]) -> Said:
        """What the number at a path is; where nothing is said, it is called by its path."""
        said = self.table.find(levels) if len(levels) <= MAX_LEVELS else NOTHING
        if len(levels) == 3 and levels[0] == "processes" and levels[1] in _PROCESSES:
            label = process_label(_PROCESSES[levels[1]], levels[2][:_MAX_PROCESS], self.address)
            said = said._replace(label=label.removesuffix(", "), units=said.units or "%")
        return said._replace(label=said.label or _called(levels), every=said.every or self.every)


NO_ABOUT = About()


def read_about(document: dict[str, Any]) -> About:
    """Read what a device says of itself."""
    hadd = document.get("hadd")
    table = Table(document.get("metrics"))
    return About(
        hadd if isinstance(hadd, str) and is_hadd(hadd) else "",
        name_of(document.get("name")) or name_of(document.get("device_id")),
        name_of(document.get("location")),
        _address(document.get("address")),
        table.least or seconds_of(document.get("poll_delay")),
        table,
    )


def name_of(given: object) -> str:
    """A text for people: in one line, without what cannot be printed."""
    text = " ".join(given[: 2 * _MAX_NAME].split()) if isinstance(given, str) else ""
    return (text if text.isprintable() else "".join(filter(str.isprintable, text)))[:_MAX_NAME]


def seconds_of(given: object) -> float:
    """A time in seconds; 0 where it is none."""
    if isinstance(given, (int, float)) and not isinstance(given, bool) and isfinite(given) and 0 < given <= _MAX_EVERY_S:
        return float(given)
    return 0.0


def _called(levels: Sequence[str]) -> str:
    return name_of(" ".join(levels).replace("_", " "))


def _address(given: object) -> str:
    try:
        return str(ipaddress.ip_address(given)) if isinstance(given, str) and len(given) <= 45 else ""
    except ValueError:
        return ""
