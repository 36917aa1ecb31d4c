"""Metrics: the words that what measures a machine shares with what publishes its measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, Union

from .errors import JanitooError

Tree = Mapping[str, Union["Tree", float, int, None]]
"""Numbers by name, as deep as it takes, such as `{"core": {"0": {"percent": 12.5}}}`; None says that a number is unknown now."""

MAX_NUMBERS = 2000
"""How many numbers one component may have; each becomes a series somewhere."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a number is.

    Attributes:
        label: what people call it; where the path has `*`, each `*` of the label stands for what stood there.
        units: such as `%`, `B` or `°C`; empty where it has none.
        counter: it only rises, until it begins anew, as bytes since the boot: what people look at is its rate.
        shown: worth a place in a summary, such as the discovery of Home Assistant.
        detail: told only where it is asked for: each number is a series, and few look at this one.
    """

    label: str
    units: str = ""
    counter: bool = False
    shown: bool = False
    detail: bool = False


class Metrics(Protocol):
    """One component of the agent: it measures one kind of thing.

    A component is made by a factory of the entry-point group `janitoo_datalog_rrd.metrics`, which gets its section of the ini and
    raises `AbsentError` where the machine has no such thing.

    Attributes:
        described: what the numbers are, by their path, whose levels are joined by dots; a level may be `*`. The first that
            fits a number describes it; a number that none fits is published too, and is called by its path.
    """

    described: Mapping[str, Described]

    def read(self) -> Tree:
        """Measure now. What cannot be measured is left out, or None; any exception means that the whole could not be."""
        ...


class AbsentError(JanitooError):
    """The machine has not what the component measures; the message says what was looked for."""


@dataclass(slots=True)
class Flattener:
    """Turns trees into numbers by path, with what is known of each.

    Attributes:
        described: as `Metrics` has it.
    """

    described: Mapping[str, Described]
    _known: dict[str, Described] = field(default_factory=dict)

    def numbers(self, tree: Tree, prefix: str = "") -> Iterator[tuple[str, float | int | None]]:
        """Each number of a tree with its path; what is neither a number nor a tree is left out."""
        for name, inner in tree.items():
            path = f"{prefix}.{name}" if prefix else name
            if isinstance(inner, Mapping):
                yield from self.numbers(inner, path)
            elif inner is None or isinstance(inner, (int, float)):
                yield path, inner

    def describe(self, path: str) -> Described:
        """What the number at a path is."""
        found = self._known.get(path)
        if found is None:
            found = describe(path, self.described)
            if len(self._known) < MAX_NUMBERS:
                self._known[path] = found
        return found


def told(described: Mapping[str, Described], *, detail: bool) -> Mapping[str, Described]:
    """Descriptions of what is told, with or without what is told in detail only."""
    return described if detail else {path: each for path, each in described.items() if not each.detail}


def describe(path: str, described: Mapping[str, Described]) -> Described:
    """What the number at a path is: the first description whose path fits, with its `*` filled in; else its own name."""
    levels = path.split(".")
    for pattern, each in described.items():
        stars = _fit(pattern.split("."), levels)
        if stars is not None:
            label = each.label
            for star in stars:
                label = label.replace("*", star, 1)
            return replace(each, label=label)
    return Described(path.replace(".", " ").replace("_", " ").strip())


def _fit(pattern: list[str], levels: list[str]) -> list[str] | None:
    """What stands where the pattern has `*`; None where it does not fit."""
    if len(pattern) != len(levels) or any(each not in ("*", level) for each, level in zip(pattern, levels, strict=True)):
        return None
    return [level for each, level in zip(pattern, levels, strict=True) if each == "*"]
