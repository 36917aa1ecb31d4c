"""Decoders, the devices of Homie: what each has said of itself, and what it sent before it had said enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..core.contracts import Meta, Reading
from ..core.errors import DecodeError
from .homie_properties import ATTRIBUTES, MAX_HELD_TEXT, Held, Property
from .homie_values import TEXTS, may_be_number, number_of, units_of
from .slots import Room
from .units import is_count, with_rate

MAX_PROPERTIES = 1000
"""How many properties of a device are remembered."""
MAX_HELD = 5
"""How many values of a property wait for its datatype."""
MAX_TITLE = 200
SETTLE_S = 10.0
"""So long a device without datatypes is waited for; then what is a number is taken for one."""
FRESH_S = 60.0
"""A value that is not older stands as of now: its device has it retained."""

GONE = frozenset(("lost", "disconnected"))
STATES = frozenset(("init", "ready", "sleeping", "alert", *GONE))


class Device:
    """A Homie device.

    Attributes:
        base: topic of the device.
        address: in the directory.
        uid: who it is, in whichever version of the convention it speaks.
        described: whether it has said by one document all that it has (Homie 5).
        state: its `$state`; empty where nothing was said.
        root: which device's loss is its own loss; empty where there is none.
        overruled: whether it sends values although it is said to be gone.
        late: values that came while it was said to be gone, by topic.
    """

    def __init__(self, base: str, uid: str, room: Room) -> None:
        self._room = room
        self.base = base
        self.address = base
        self.uid = uid
        self.described = False
        self.state = ""
        self.root = ""
        self.overruled = False
        self.late: dict[str, Held] = {}
        self.titles: dict[str, str] = {}
        self.nodes: frozenset[str] = frozenset()
        self.properties: dict[tuple[str, str], Property] = {}
        self._waiting: dict[str, Property] = {}
        self._waits_since: float | None = None
        self._settled = False
        self._news = False

    def find(self, node: str, name: str) -> Property | None:
        """A property by its identifiers; None where there are too many."""
        found = self.properties.get((node, name))
        if found is None and len(self.properties) < MAX_PROPERTIES and self._room.left > 0:
            self._room.left -= 1
            found = self.properties[node, name] = Property(f"{self.base}/{node}/{name}", node, name)
        return found

    @property
    def waiting(self) -> int:
        """How many properties have values that wait."""
        return len(self._waiting)

    # -- values --------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Leave the room to others: the device is removed."""
        self._room.left += len(self.properties)
        self.properties.clear()
        self._waiting.clear()

    def take(self, of: Property, value: Held, now: float, *, lenient: bool = False) -> list[Reading]:
        """Read a value, or let it wait until its datatype is known.

        Args:
            of: whose value it is.
            value: it.
            now: seconds since the epoch UTC.
            lenient: the message at hand is another one, so that this one is not refused.

        Raises:
            DecodeError: it is not what its datatype promises.
        """
        datatype = self._attribute(of, "datatype")
        if datatype or self._settled:
            of.last = value
            return self._read(of, value, now, datatype, lenient=lenient)
        if len(value.payload) > MAX_HELD_TEXT or not may_be_number(value.payload):
            return []
        if len(of.held) >= MAX_HELD:
            of.held.pop(0)
        of.held.append(value)
        self._waiting[of.topic] = of
        if self._waits_since is None:
            self._waits_since = value.time
        return []

    def settle(self, now: float) -> list[Reading]:
        """Read the values that wait no longer: their datatype is known by now, or there is none to be waited for."""
        if not self.described and self._waits_since is not None and now - self._waits_since >= SETTLE_S:
            self._settled = True
        if not self._waiting or not (self._news or self._settled):
            return []
        self._news = False
        found: list[Reading] = []
        for of in [each for each in self._waiting.values() if self._settled or self._attribute(each, "datatype")]:
            del self._waiting[of.topic]
            held, of.held = of.held, []
            of.last = held[-1]
            datatype = self._attribute(of, "datatype")
            for value in held:
                found += self._read(of, value, now, datatype, last=value is held[-1], lenient=True)
        if not self._waiting:
            self._waits_since = None
        return found

    def come_back(self, now: float) -> list[Reading]:
        """The device is there: read what came just before it said so."""
        found = self.settle(now)
        late, self.late = self.late, {}
        for topic, value in late.items():
            node, _, name = topic.removeprefix(f"{self.base}/").partition("/")
            of = self.find(node, name)
            if of is not None and now - value.time <= FRESH_S:
                found += self.take(of, value, now, lenient=True)
        return found

    def put_aside(self) -> None:
        """The device is gone: what waits is what the broker still has, unless the device is back at once."""
        for of in self._waiting.values():
            self.late.setdefault(of.topic, of.held[-1])
            of.held = []
        for of in self.properties.values():
            of.last = None
        self._waiting.clear()
        self._waits_since = None

    def _read(
        self, of: Property, value: Held, now: float, datatype: str, *, last: bool = True, lenient: bool = False
    ) -> list[Reading]:
        if datatype in TEXTS:
            return []
        try:
            number = number_of(value.payload, datatype)
        except DecodeError:
            if lenient:  # the message at hand is another one
                return []
            raise
        if number is None:
            return []
        meta = of.meta or self._describe(of)
        timestamp = None if last and now - value.time <= FRESH_S else value.time
        if of.rate and number == number:
            return list(with_rate((of.topic, ""), number, timestamp, meta))
        return [Reading((of.topic, ""), number, timestamp, meta)]

    # -- what it says of itself ----------------------------------------------------------------------

    def learn(self, of: Property, attribute: str, text: str) -> bool:
        """Take an attribute of a property; False where it is known already."""
        if of.attributes.get(attribute, "") == text:
            return False
        of.attributes[attribute] = text
        self._news |= attribute == "datatype"
        return True

    def describe(self, document: dict[str, Any]) -> None:
        """Take a description of Homie 5."""
        nodes = _mapping(document.get("nodes"))
        self.described, self._settled, self._news = True, False, True
        self.nodes = frozenset(list(nodes)[:MAX_PROPERTIES])
        self.titles = {name: _text(_mapping(node).get("name")) for name, node in list(nodes.items())[:MAX_PROPERTIES]}
        kept = {(node, name) for node in nodes for name in _mapping(_mapping(nodes[node]).get("properties"))}
        for key in [key for key in self.properties if key not in kept]:
            self._room.left += 1
            self._waiting.pop(self.properties.pop(key).topic, None)
        for node, name in sorted(kept):
            of = self.find(node, name)
            said = _mapping(_mapping(_mapping(nodes[node]).get("properties")).get(name))
            if of is not None:
                of.attributes = {word: _text(said[word]) for word in ATTRIBUTES if word in said}

    def have_nodes(self, nodes: Iterable[str]) -> bool:
        """Take which nodes there are; False where no label changes by it."""
        before = len(self.nodes) == 1
        self.nodes = frozenset(nodes)
        return before != (len(self.nodes) == 1)

    def freshen(self, which: Iterable[Property], now: float) -> list[Reading]:
        """Make anew what goes with the numbers of properties; the answer has those that went out a moment ago without it."""
        found: list[Reading] = []
        for of in which:
            before = of.meta
            if before is None:
                continue
            if self._describe(of) is not before and of.last is not None and now - of.last.time <= FRESH_S:
                found += self._read(of, of.last, now, self._attribute(of, "datatype"), lenient=True)
        return found

    def family(self, of: Property) -> Iterator[Property]:
        """A property, and where it is one of Homie 3's arrays, those of each of its nodes (`light_0`, `light_1`)."""
        yield of
        if not self.described:
            for each in list(self.properties.values()):
                if each.name == of.name and _array_of(each.node) == of.node:
                    yield each

    def _attribute(self, of: Property, attribute: str) -> str:
        own = of.attributes.get(attribute, "")
        if own or self.described:
            return own
        array = self.properties.get((_array_of(of.node), of.name))
        return array.attributes.get(attribute, "") if array is not None else ""

    def _describe(self, of: Property) -> Meta:
        datatype = self._attribute(of, "datatype")
        units = units_of(self._attribute(of, "unit"), datatype)
        settable = self._attribute(of, "settable").lower() == "true"
        of.rate = datatype in ("integer", "float") and not settable and is_count("", "", units)
        meta = Meta(self._label(of), units, self.address, "", f"{self.uid}/{of.node}/{of.name}")
        if of.meta != meta:
            of.meta = meta
        return of.meta or meta

    def _label(self, of: Property) -> str:
        """What people call a property: with its node, where the device has several."""
        title = self._attribute(of, "name") or of.name
        node = self.titles.get(of.node) or self.titles.get(_array_of(of.node)) or of.node
        if len(self.nodes) == 1 or node.casefold() == title.casefold():
            return title
        return f"{node} {title}"


def _array_of(node: str) -> str:
    """The array of Homie 3 that a node may be one of; empty where it is none."""
    array, _, number = node.rpartition("_")
    return array if number.isdigit() else ""


def _mapping(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: object) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    return " ".join(found[:MAX_TITLE].split()) if isinstance(found, str) else ""
