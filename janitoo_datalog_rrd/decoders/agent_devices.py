"""Decoders, `agent`: the numbers of a device, by their paths, and the short way for messages that are like the last one.

Most messages of a device have the same paths in the same order. So of each component it is remembered in which order its numbers
came, and to whom they go; where the next message is built alike, its numbers need only be put beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from math import isfinite, nan
from operator import itemgetter
from typing import Any, NamedTuple, cast

from ..core.contracts import Key, Meta, Reading
from ..core.errors import DecodeError
from .agent_about import HOLD, NO_ABOUT, About
from .paths import MAX_PATH, escape, parse_path
from .slots import Room, Slots

ROOT = "metrics"
"""Where a message has its numbers."""
MAX_NUMBERS = 10_000
"""How many numbers, trees and texts one component may have in a message."""
MAX_PATHS = 10_000
"""How many paths of one device are remembered; a device that has had more begins anew."""
MAX_COMPONENTS = 100
"""How many components one message may have; each brings its own tree."""
_PLANS = 8
"""In how many orders a path may be remembered, on an average."""
_PLAIN = frozenset((int, float))
_Tree = dict[str, Any]
_new = tuple.__new__


class _Plan(NamedTuple):
    """Where the numbers of one component go.

    Attributes:
        shape: how its tree was built.
        pick: takes the numbers out of its values, one for each reading.
        keys, metas: of the readings.
    """

    shape: list[object]
    pick: Callable[[list[Any]], tuple[Any, ...]]
    keys: tuple[Key, ...]
    metas: tuple[Meta, ...]


class Device:
    """A device and its numbers.

    Args:
        topic: where its numbers come.
        room: how many more paths may be remembered.

    Attributes:
        address: of its node in the directory; empty where its topic stands for it.
        about: what it says of itself.
    """

    __slots__ = ("_planned", "_plans", "_room", "_slots", "_topic", "about", "address")

    def __init__(self, topic: str, room: Room) -> None:
        self._topic = topic
        self._room = room
        self.address = ""
        self.about: About = NO_ABOUT
        self._plans: dict[tuple[str | None, int], _Plan] = {}
        self._planned = 0
        self._slots: dict[str, Slots] = {}

    def forget(self) -> None:
        """Make every value anew, since other things are known of them."""
        self._room.left += len(self._slots)
        self._slots.clear()
        self._forget_plans()

    def _forget_plans(self) -> None:
        self._plans.clear()
        self._planned = 0

    def readings(self, metrics: _Tree, timestamp: float | None) -> list[Reading]:
        """The readings of a message.

        Args:
            metrics: component → its tree, or a number.
            timestamp: seconds since the epoch UTC, or None.

        Raises:
            DecodeError: `too_many` or `path_too_long`.
        """
        found: list[Reading] = []
        single: _Tree = {}
        if len(metrics) > MAX_NUMBERS:
            raise _too_many()
        trees = 0
        for name, inner in metrics.items():
            if type(inner) is list:
                inner = _numbered(inner)
            if type(inner) is not dict:
                single[name] = inner
                continue
            trees += 1
            if trees > MAX_COMPONENTS:
                raise _too_many()
            found += self._of_component(name, inner, timestamp)
        if single:
            found += self._of_component(None, single, timestamp)
        return found

    def _of_component(self, name: str | None, tree: _Tree, timestamp: float | None) -> Iterable[Reading]:
        shape, values, trees = _walk(tree)
        form = name, len(shape)  # a large component comes in pieces, each a message of its own
        plan = self._plans.get(form)
        if plan is None or plan.shape != shape:
            plan = self._plan(ROOT if name is None else f"{ROOT}.{escape(name)}", shape, trees)
            if self._planned > _PLANS * len(self._slots) + MAX_COMPONENTS:
                self._forget_plans()
            self._planned += len(plan.keys) + 1
            self._plans[form] = plan
        numbers = plan.pick(values)
        if _PLAIN.issuperset(map(type, numbers)) and isfinite(sum(numbers)):
            rows = zip(plan.keys, map(float, numbers), repeat(timestamp), plan.metas, strict=False)
            return cast("Iterable[Reading]", map(_new, repeat(Reading), rows))
        return _some(plan, numbers, timestamp)

    def _plan(self, root: str, shape: list[object], trees: list[_Tree]) -> _Plan:
        """Look closer at a component that is built in another way than last time."""
        if len(self._slots) >= MAX_PATHS:
            self.forget()
        picked: list[int] = []
        readings: list[tuple[Key, Meta]] = []
        for position, path in _leaves(trees, root):
            for each in self._slots.get(path) or self._make(path):
                picked.append(position)
                readings.append(each)
        keys = tuple(key for key, _ in readings)
        return _Plan(shape, _picker(picked), keys, tuple(meta for _, meta in readings))

    def _make(self, path: str) -> Slots:
        said = self.about.describe((parse_path(path) if "\\" in path else path.split("."))[1:])
        # what a machine has counted since its boot tells nobody anything: the one series of a count is its rate
        kind = "DERIVE" if said.counts else ""
        meta = Meta(said.label, said.units, self.address, kind, hold=said.every * HOLD)
        slots = (((self._topic, path), meta),)
        self._slots[path] = slots
        self._room.left -= 1
        return slots


def _walk(tree: _Tree) -> tuple[list[object], list[Any], list[_Tree]]:
    """How a tree is built, its values, and all its trees, each level after the one above.

    Two trees are built alike where they have the same names in the same order, and trees and texts at the same ones of them.
    """
    shape: list[object] = []
    values: list[Any] = []
    trees = [tree]
    for each in trees:
        if len(values) + len(each) > MAX_NUMBERS:
            raise _too_many()
        shape.append(len(each))
        shape += each
        values += each.values()
        for name, value in each.items():
            kind = type(value)
            if kind is float or kind is int or value is None or kind is bool:
                continue
            shape += (name, kind)
            if kind is not str:
                trees.append(value if kind is dict else _numbered(value))
    return shape, values, trees


def _numbered(items: list[Any]) -> _Tree:
    """A list as a tree: its entries are called by their number."""
    if len(items) > MAX_NUMBERS:
        raise _too_many()
    return {str(number): item for number, item in enumerate(items)}


def _leaves(trees: Iterable[_Tree], root: str) -> Iterator[tuple[int, str]]:
    """Position among the values, and path, of everything that may be a number."""
    roots = [root]
    position = -1
    for number, tree in enumerate(trees):
        here = roots[number]
        for name, value in tree.items():
            position += 1
            path = f"{here}.{escape(name)}"
            if len(path) > MAX_PATH:
                raise DecodeError("path_too_long", f"the path of a number is too long: at most {MAX_PATH} characters are taken")
            if isinstance(value, (dict, list)):
                roots.append(path)
            elif not isinstance(value, str):
                yield position, path


def _picker(positions: Sequence[int]) -> Callable[[list[Any]], tuple[Any, ...]]:
    """What takes the values at some positions out of a list."""
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda values: tuple(values[each] for each in positions)


def _some(plan: _Plan, numbers: Iterable[Any], timestamp: float | None) -> Iterator[Reading]:
    """The readings of values of which not all are plain numbers."""
    for key, number, meta in zip(plan.keys, map(_number, numbers), plan.metas, strict=True):
        if number is not None:
            yield Reading(key, number, timestamp, meta)


def _number(value: Any) -> float | None:
    """A value as a number; NaN where it is unknown, None where it is no number that could be logged."""
    if value is None:
        return nan
    if not isinstance(value, (int, float)):
        return None
    number = float(value)
    return number if isfinite(number) or number != number else None


def _too_many() -> DecodeError:
    return DecodeError(
        "too_many", f"the message has more than {MAX_NUMBERS} numbers in a component, or {MAX_COMPONENTS} components"
    )
