"""Decoders, what Zigbee2MQTT says of a device's values: its `exposes` become labels, units and kinds.

They are described at https://www.zigbee2mqtt.io/guide/usage/exposes.html: a list of values, and of groups of values
(`features`), each with `property` (the key in the device's messages), `label`, `type`, `unit`, `access` and `endpoint`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from ..core.contracts import Meta, Reading
from .documents import MAX_TEXT, load_document, text_of
from .numbers import BOOLEAN_WORDS, number_of_text
from .paths import MAX_PATH, escape
from .slots import NOTHING, Room, Slots, Value, make_slots, unknown
from .units import normal_units

MAX_VALUES = 400
"""How many values of a device are logged."""
MAX_DEPTH = 4
"""How deep values may stand in a message."""
BLANK = b" \t\r\n"
_SETTABLE = 2  # a bit of `access`
_ENERGIES = frozenset(("kwh", "wh", "mwh", "kvarh", "varh"))
_COUNTED = frozenset(("water_consumed", "water_total", "gas", "gas_consumed", "volume", "cumulative_volume"))
_PARTIAL = frozenset(("today", "yesterday", "daily", "week", "month", "last", "once", "balance", "remaining", "session"))
# What every device may send beside its values: when it was heard, news of its firmware, who it is, and colours.
_ASIDE = frozenset(("last_seen", "elapsed", "update", "update_available", "device", "color", "color_mode", "group_list"))
# What a switch, cover or lock sends of which nothing is said, such as a group.
_STATES = MappingProxyType({"ON": 1.0, "OFF": 0.0, "OPEN": 1.0, "CLOSE": 0.0, "LOCK": 1.0, "UNLOCK": 0.0})


class Device:
    """A device or a group, and its values by their path.

    Args:
        topic: of its messages.
        node: its address in the directory.
        uid: its identity; empty where that is not known.
        name: what people call it.
        exposes: what is said of its values, as it came from the bus.
        hold: seconds that its numbers stand; 0 where nothing is known of that.

    Attributes:
        unsaid: how many of its values nothing was said of.
    """

    __slots__ = ("_gone", "_hold", "composites", "name", "node", "topic", "uid", "unsaid", "values")

    def __init__(self, topic: str, node: str, uid: str = "", name: str = "", exposes: object = (), *, hold: float = 0.0) -> None:
        self.topic = topic
        self.node = node
        self.uid = uid
        self.name = name
        self._hold = hold
        self._gone = False
        self.unsaid = 0
        self.values: dict[str, Value] = {}
        self.composites: set[str] = set()
        self._learn(exposes, "", "", 1)

    def value(self, path: str, room: Room) -> Value:
        """The value at a path of its messages; one that nothing is said of is logged under its own name, where there is room."""
        known = self.values.get(path)
        if known is not None:
            return known
        if len(self.values) >= MAX_VALUES or not room.left or len(path) > MAX_TEXT or "." in path or _is_aside(path):
            return NOTHING
        # a text says nothing here: modes and names may look like numbers; but switches are known by their name
        words = _STATES if path == "state" or path.startswith("state_") else None
        known = Value(self._slots(path, _label_of(path)), words)
        self.values[path] = known
        self.unsaid += 1
        room.left -= 1
        return known

    def sends(self) -> None:
        """It has sent something."""
        self._gone = False

    def go(self) -> list[Reading]:
        """It has gone: all of its values are unknown, also those that it sent before a start of the server; said once."""
        gone, self._gone = self._gone, True
        return [] if gone else unknown(self.values.values())

    def stand(self, hold: float) -> None:
        """Have its numbers stand for so many seconds."""
        if hold != self._hold:
            self._hold = hold
            for value in self.values.values():
                value.slots = tuple((key, meta._replace(hold=hold)) for key, meta in value.slots)

    def _learn_features(self, expose: dict[str, Any], path: str, label: str, around: tuple[str, str, int]) -> None:
        """Learn what is in a group: in an object of its own at a path, or, without a path, beside the others around it."""
        prefix, outer, depth = around
        if path:
            self.composites.add(path)
            prefix, outer = f"{path}.", f"{label}: "
        self._learn(expose["features"], prefix, outer, depth + 1)

    def _learn(self, exposes: object, prefix: str, outer: str, depth: int) -> None:
        for expose in _objects(exposes):
            kind, name = expose.get("type"), text_of(expose.get("property")) or ""
            path = f"{prefix}{_part(name)}" if name else ""
            label = outer + (text_of(expose.get("label")) or _label_of(text_of(expose.get("name")) or name))
            if isinstance(expose.get("features"), list):
                if depth < MAX_DEPTH and not _is_aside(name):
                    self._learn_features(expose, path if kind == "composite" else "", label, (prefix, outer, depth))
                continue
            if not path or path in self.values or len(self.values) >= MAX_VALUES or len(path) > MAX_PATH:
                continue
            self.values[path] = NOTHING if _is_aside(name) else self._value(expose, path, label)

    def _value(self, expose: dict[str, Any], path: str, label: str) -> Value:
        endpoint = text_of(expose.get("endpoint"))
        if endpoint:
            label = f"{label} {endpoint}"
        if expose.get("type") == "binary":
            return Value(self._slots(path, label), _words(expose), texts=True)
        if expose.get("type") != "numeric":
            return NOTHING
        unit = text_of(expose.get("unit"))
        return Value(self._slots(path, label, normal_units(unit), counts=_counts(expose, unit)), texts=True)

    def _slots(self, path: str, label: str, units: str = "", *, counts: bool = False) -> Slots:
        uid = f"{self.uid}/{path}" if self.uid else ""
        return make_slots(
            (self.topic, path), Meta(label[: 2 * MAX_TEXT], units, self.node, uid=uid, hold=self._hold), counts=counts
        )


def readable_path(names: tuple[str, ...]) -> str:
    """The path of nested names in a message."""
    return ".".join(_part(name) for name in names)


def datum_of(payload: bytes) -> object:
    """A bare payload: numbers and booleans are what they are in JSON, all else is text."""
    text = payload.decode("utf-8", "replace").strip()
    if text in ("true", "false"):
        return text == "true"
    number = None if text[:1].isalpha() or text[:1] == '"' else number_of_text(text)
    return text if number is None else number


def online_of(payload: bytes) -> bool | None:
    """Whether a message of availability says that somebody is there: JSON as it is today, or a plain word as it was."""
    word: object = payload[:200].strip(BLANK).decode("utf-8", "replace")
    if str(word).startswith("{") and len(payload) <= MAX_TEXT:
        document = load_document(payload)
        word = document.get("state") if isinstance(document, dict) else None
    return {"online": True, "offline": False}.get(word) if isinstance(word, str) else None


def _counts(expose: dict[str, Any], unit: str) -> bool:
    """Whether a number only grows: energy, and water and gas under the names that meters have."""
    access = expose.get("access")
    if isinstance(access, int) and access & _SETTABLE:
        return False
    name = text_of(expose.get("name"))
    if not _PARTIAL.isdisjoint(name.split("_")):
        return False
    return unit.lower() in _ENERGIES or (name in _COUNTED and unit != "")


def _words(expose: dict[str, Any]) -> dict[str, float]:
    """The texts of a binary value that are no common words, such as LOCK and UNLOCK.

    Common words, true and false are 1 and 0 whatever the device means by them: a contact that sends `true` is closed.
    """
    words = {}
    for option, number in (("value_on", 1.0), ("value_off", 0.0)):
        text = text_of(expose.get(option))
        if text and text.lower() not in BOOLEAN_WORDS:
            words[text] = number
    return words


def _objects(given: object) -> Iterator[dict[str, Any]]:
    return (each for each in given if isinstance(each, dict)) if isinstance(given, (list, tuple)) else iter(())


def _is_aside(name: str) -> bool:
    """Whether a value is none of the device's state; actions are events, and what comes with them goes with them."""
    return name in _ASIDE or name.startswith("action")


def _part(name: str) -> str:
    return escape(name) if "." in name or "\\" in name else name


def _label_of(name: str) -> str:
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]
