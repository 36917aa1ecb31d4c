"""Decoders, a Tasmota device: its topics, what it says of itself, and its values.

What it says comes from `tasmota/discovery/<MAC>/config` (`tasmota/tasmota_xdrv_driver/xdrv_12_discovery.ino`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..core.contracts import Meta, Reading
from .documents import text_of
from .paths import MAX_PATH, join_path
from .slots import NOTHING, Room, Value, make_slots, unknown
from .tasmota_names import Named, is_aside, name_of, zigbee_name_of

MAX_VALUES = 400
"""How many values of a device are logged."""
MAX_RELAYS = 32
HELD_S = 90_000.0
"""How long a relay stays as it is where nothing else is said: a device that has gone says so, by its last will."""
_SWITCHED = MappingProxyType({"ON": 1.0, "OFF": 0.0})
_RELAY = re.compile(r"POWER([0-9]{0,2})", re.ASCII)
_NUMBERED = re.compile(r"(Dimmer|Switch)([0-9]{0,2})", re.ASCII)
_LIGHT = 2
# What people want to know of STATE; the rest is about the firmware.
_STATE = MappingProxyType(
    {
        ("Dimmer",): Named("Dimmer", "%"),
        ("White",): Named("White", "%"),
        ("CT",): Named("Colour temperature", "mired"),
        ("FanSpeed",): Named("Fan speed"),
        ("Vcc",): Named("Supply voltage", "V"),
        ("Wifi", "Signal"): Named("Wi-Fi signal", "dBm"),
    }
)


class TasmotaDevice:
    """A device.

    Args:
        tele: its telemetry topics, up to the last level with its slash.
        node: its address in the directory.
        config: what it says of itself; empty where that is not known.
        mac: its MAC address; empty where that is not known.
        room: how many more values are remembered of all devices together.

    Attributes:
        name: what people call it; empty where it does not say so.
        sleeps: whether it sleeps between two messages.
        online, offline: what it sends when it comes, and what the broker sends when it has gone.
    """

    def __init__(self, tele: str, node: str, config: Mapping[str, Any], mac: str, room: Room) -> None:
        self.tele = tele
        self.node = node
        self.mac = mac
        self.name = text_of(config.get("dn")) or next(iter(texts_of(config.get("fn"))), "")
        self.sleeps = config.get("dslp") == 1
        self.online = text_of(config.get("onln")) or "Online"
        self.offline = text_of(config.get("ofln")) or "Offline"
        self._titles: dict[str, str] = {}
        self._news: list[tuple[str, str]] = []
        relays = config.get("rl")
        self._relays: list[object] = relays[:MAX_RELAYS] if isinstance(relays, list) else []
        self._names = texts_of(config.get("fn"))
        self._switches = texts_of(config.get("swn"))
        words = texts_of(config.get("state"))
        self._words = dict(zip(words[:2], (0.0, 1.0), strict=False)) if all(words[:2]) else _SWITCHED
        self._units: tuple[str, ...] = ()
        self._values: dict[tuple[str, tuple[str, ...]], Value] = {}
        self._gone = False
        self._room = room

    @property
    def relays(self) -> int:
        """How many relays and lights it says that it has."""
        return sum(1 for each in self._relays if each)

    def take_units(self, units: tuple[str, ...]) -> None:
        """Note what a message says of its units; values are named anew where they have changed."""
        if units != self._units:
            self._units = units
            self.forget()

    def forget(self) -> None:
        """Forget its values: they are made anew, or it is no more."""
        self._room.left += len(self._values)
        self._values.clear()

    def sensor(self, parts: tuple[str, ...]) -> Value:
        """A value of SENSOR, by names and positions."""
        return self._value("SENSOR", parts)

    def state(self, parts: tuple[str, ...]) -> Value:
        """A value of STATE, by names."""
        return self._value("STATE", parts)

    def zigbee_value(self, parts: tuple[str, ...], title: str) -> Value:
        """A value of a Zigbee device behind it: (ZbReceived, the device, the value)."""
        self._call(f"{self.node}/{parts[1]}"[:MAX_PATH], title)
        return self._value("ZIGBEE", parts)

    def sends(self) -> None:
        """It has sent something."""
        self._gone = False

    def go(self) -> list[Reading]:
        """It has gone: its values are unknown, and so is its state, also what it sent before a start of the server; said once."""
        gone, self._gone = self._gone, True
        if gone:
            return []
        for parts in (*_STATE, *((f"POWER{number or ''}",) for number in range(max(self.relays, 1) + 1))):
            self.state(parts)
        return unknown(self._values.values())

    def introduce(self) -> None:
        """It has sent numbers of its own, so that people see it: by its topic, where it has not said its name."""
        self._call(self.node, self.name)

    def take_news(self) -> list[tuple[str, str]]:
        """Nodes with their titles that were not told yet: its own, and those of Zigbee devices behind it."""
        news, self._news = self._news, []
        return news

    @property
    def nodes(self) -> list[str]:
        """Its node, and those of the Zigbee devices behind it."""
        return [self.node, *(node for node in self._titles if node != self.node)]

    @property
    def introduced(self) -> bool:
        """Whether its name was told."""
        return self.node in self._titles

    def _call(self, node: str, title: str) -> None:
        if self._titles.get(node) != title and (node in self._titles or len(self._titles) < MAX_VALUES):
            self._titles[node] = title
            self._news.append((node, title))

    def _value(self, kind: str, parts: tuple[str, ...]) -> Value:
        known = self._values.get((kind, parts))
        if known is None:
            if len(self._values) >= MAX_VALUES or not self._room.left or sum(len(part) + 2 for part in parts) > MAX_PATH // 2:
                return NOTHING
            self._room.left -= 1
            known = self._values[kind, parts] = self._make(kind, parts)
        return known

    def _make(self, kind: str, parts: tuple[str, ...]) -> Value:
        node, words = self.node, dict(_SWITCHED)
        if kind == "STATE":
            named = self._name_state(parts)
            words = {**words, **self._words}
        elif kind == "ZIGBEE":
            named, node = zigbee_name_of(parts[2]), f"{node}/{parts[1]}"
        else:
            named = None if is_aside(parts) else self._name_sensor(parts)
        if named is None:
            return NOTHING
        path = join_path(parts)
        topic = self.tele + ("STATE" if kind == "STATE" else "SENSOR")
        uid = f"{self.mac}/{path}" if self.mac else ""
        hold = HELD_S if kind == "STATE" and not self.sleeps else 0.0
        slots = make_slots((topic, path), Meta(named.label, named.units, node, uid=uid, hold=hold), counts=named.counts)
        return Value(slots, words, texts=named.known)

    def _name_state(self, parts: tuple[str, ...]) -> Named | None:
        relay = _RELAY.fullmatch(parts[0]) if len(parts) == 1 else None
        if relay is not None:
            return Named(self._relay_label(int(relay[1] or 0)))
        numbered = _NUMBERED.fullmatch(parts[0]) if len(parts) == 1 else None
        if numbered is not None and numbered[1] == "Dimmer" and numbered[2]:
            return Named(f"Dimmer {int(numbered[2])}", "%")
        return _STATE.get(parts)

    def _name_sensor(self, parts: tuple[str, ...]) -> Named:
        switch = _NUMBERED.fullmatch(parts[0]) if len(parts) == 1 else None
        if switch is not None and switch[1] == "Switch" and switch[2]:
            label = _at(self._switches, int(switch[2]) - 1)
            if label:
                return Named(label)
        return name_of(parts, self._units or ("", "", ""))

    def _relay_label(self, number: int) -> str:
        """What a relay is called: its friendly name where it has one of its own, else what it is."""
        place = max(number - 1, 0)
        friendly = _at(self._names, place)
        if friendly and friendly != self.name and not re.fullmatch(r"Tasmota[0-9]*", friendly):
            return friendly
        kind = "Light" if place < len(self._relays) and self._relays[place] == _LIGHT else "Relay"
        return f"{kind} {number}" if number else kind


def texts_of(given: object) -> list[str]:
    """Texts from the bus, each at its place."""
    return [text_of(each) for each in given[:MAX_RELAYS]] if isinstance(given, list) else []


def leaves(document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What stands in STATE, and in the objects in it."""
    for name, datum in document.items():
        if isinstance(datum, dict):
            yield from (((name, inner), each) for inner, each in datum.items() if not isinstance(each, (dict, list)))
        elif not isinstance(datum, list):
            yield (name,), datum


def _at(texts: list[str], place: int) -> str:
    return texts[place] if 0 <= place < len(texts) else ""
