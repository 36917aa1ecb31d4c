"""Decoder `zigbee2mqtt`: Zigbee devices, named and with units as the bridge announces them.

Topics and messages are described at https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.connection import MAXIMUM_PACKET
from ..core.contracts import Decoder, Reading
from ..core.directory import Directory
from ..core.errors import ConfigError, DecodeError, Problem
from ..core.heartbeats import NodeRegistry
from ..core.plugins import speaks
from ..core.topics import topic_matches
from .documents import MAX_TOPIC, check_topic, load_document
from .numbers import MAX_TEXT
from .paths import refuse_paths
from .slots import NOTHING, Room
from .zigbee2mqtt_exposes import BLANK, MAX_DEPTH, Device, datum_of, online_of, readable_path

if TYPE_CHECKING:
    from ..core.sections import Section

KIND = "zigbee2mqtt"
MAX_DEVICES = 5000
"""How many devices and groups are known."""
MAX_ALL_VALUES = 50_000
"""How many values all of them may announce, and how many more they may send."""
HELD_S = 90_000.0
"""How long a number stands of a device whose availability is told: one with a battery may be silent for 25 hours."""
_TOPICS = ("zigbee2mqtt/#",)
_DEVICES, _GROUPS = "bridge/devices", "bridge/groups"
_AVAILABILITY = "/availability"
_IEEE = re.compile(r"0x[0-9a-f]{16}", re.ASCII)
_MAX_NAME = 200


class Zigbee2MqttDecoder:
    """Reads what the devices of one or more bridges send.

    Args:
        bases: base topics of the bridges; a level may be `+`.
    """

    def __init__(self, bases: tuple[str, ...]) -> None:
        self._bases = bases
        self.announcements = tuple(f"{base}/{each}" for base in bases for each in (_DEVICES, _GROUPS))
        self._directory = Directory(NodeRegistry())
        self._devices: dict[str, Device] = {}
        self._announced: dict[str, dict[str, Device]] = {}
        self._strangers: dict[str, Device] = {}
        self._online: dict[str, bool] = {}
        self._down: set[str] = set()
        self._room = Room(MAX_ALL_VALUES)

    def join(self, directory: Directory) -> None:
        """Put what the bridges announce in a directory."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        groups = sum(len(known) for topic, known in self._announced.items() if topic.endswith(_GROUPS))
        return [("devices", len(self._devices) - groups), ("groups", groups)]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the numbers of a device's message; announcements are learnt from, everything else has none.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_large`, `too_deep`, `bad_shape` or `topic_too_long`.
        """
        device = self._devices.get(topic)
        if device is not None and payload[:1] == b"{":
            if not self._room.left:
                self._forget_strangers()
            return self._state(device, payload)
        if len(topic) > MAX_TOPIC:
            check_topic(topic)
        base, rest = self._split(topic)
        if rest.startswith("bridge/"):
            return self._bridge(base, rest, payload)
        levels = rest.split("/")
        if not rest or "set" in levels[1:] or "get" in levels[1:]:
            return []
        if rest.endswith(_AVAILABILITY):
            return self._available(topic.removesuffix(_AVAILABILITY), payload)
        if payload.lstrip(BLANK)[:1] == b"{":
            return self._state(device or self._stranger(topic, base), payload)
        return self._attribute(topic, base, payload) if len(levels) > 1 else []

    def _split(self, topic: str) -> tuple[str, str]:
        """The base topic of a bridge, and what follows it; empty texts where the topic is of no bridge."""
        for base in self._bases:
            levels = base.count("/") + 1
            parts = topic.split("/", levels)
            if len(parts) > levels and topic_matches(f"{base}/#", topic):
                return "/".join(parts[:levels]), parts[levels]
        return "", ""

    # -- numbers -------------------------------------------------------------------------------------

    def _state(self, device: Device, payload: bytes) -> list[Reading]:
        readings: list[Reading] = []
        _collect(device, load_document(payload), (), readings, self._room)
        device.sends()
        return readings

    def _attribute(self, topic: str, base: str, payload: bytes) -> list[Reading]:
        """A value that has a topic to itself (`output: attribute`): it is the one that the device's JSON has under that name."""
        place, _, name = topic.rpartition("/")
        if not name or not payload or len(payload) > MAX_TEXT:
            return []
        device = self._devices.get(place) or self._stranger(place, base)
        value = device.values.get(readable_path((name,)))
        if value is None and "-" in name:  # what stands inside of another value is joined to it by a hyphen
            value = device.values.get(readable_path(tuple(name.split("-", MAX_DEPTH))), NOTHING)
        value = value or device.value(readable_path((name,)), self._room)
        device.sends()
        return value.readings(datum_of(payload))

    def _stranger(self, topic: str, base: str) -> Device:
        """A device that its bridge has not announced yet; one that is called by its address is known all the same."""
        device = self._strangers.get(topic)
        if device is None:
            if len(self._strangers) >= MAX_DEVICES or not self._room.left:
                self._forget_strangers()
            name = topic[len(base) + 1 :]
            device = Device(topic, topic, name if _IEEE.fullmatch(name) else "")
            self._strangers[topic] = device
        return device

    def _forget_strangers(self) -> None:
        self._leave_room(self._strangers.values())
        self._strangers.clear()

    def _leave_room(self, devices: Iterable[Device]) -> None:
        """Leave the room to others that was taken by what devices have sent of which nothing was said."""
        self._room.left += sum(device.unsaid for device in devices)

    # -- announcements -------------------------------------------------------------------------------

    def _bridge(self, base: str, rest: str, payload: bytes) -> list[Reading]:
        if rest == "bridge/state":
            return self._bridge_state(base, payload)
        if rest not in (_DEVICES, _GROUPS):
            return []
        announced = load_document(payload, MAXIMUM_PACKET) if payload else []
        if not isinstance(announced, list):
            raise DecodeError("bad_shape", f"{rest} of Zigbee2MQTT is a list")
        place = f"{base}/{rest}"
        before = self._announced.pop(place, {})
        for topic in before:
            self._devices.pop(topic, None)
        self._leave_room(before.values())
        known: dict[str, Device] = {}
        self._announced[place] = known
        room = MAX_ALL_VALUES - sum(len(device.values) for device in self._devices.values())
        self._directory.forget(KIND, place)
        for entry in announced:
            device = _device(base, entry) if rest == _DEVICES else _group(base, entry)
            if device is None or device.topic in self._devices:
                continue
            room -= len(device.values)
            if len(self._devices) >= MAX_DEVICES or room < 0:
                told = f"only its first {len(known)} devices are known by name; the others are logged without names and units"
                self._directory.note(KIND, place, told)
                break
            known[device.topic] = self._devices[device.topic] = device
        self._introduce(known)
        return self._part(before, known)

    def _introduce(self, known: dict[str, Device]) -> None:
        for topic, device in known.items():
            stranger = self._strangers.pop(topic, None)
            self._leave_room([stranger] if stranger is not None else [])
            if topic in self._online:
                device.stand(HELD_S)
            self._directory.device(device.node, name=device.name, online=self._online.get(topic))

    def _part(self, before: dict[str, Device], known: dict[str, Device]) -> list[Reading]:
        """What devices that are announced no longer have sent is unknown from now on."""
        here = {device.node for device in known.values()}
        readings: list[Reading] = []
        for topic, device in before.items():
            if device.node not in here:
                self._online.pop(topic, None)
                self._directory.forget_device(device.node)
                readings += device.go()
        return readings

    # -- presence ------------------------------------------------------------------------------------

    def _available(self, topic: str, payload: bytes) -> list[Reading]:
        online = online_of(payload)
        if online is None:
            self._online.pop(topic, None)
            return []
        if topic in self._online or len(self._online) < MAX_DEVICES:
            self._online[topic] = online
        device = self._devices.get(topic)
        if device is not None:
            device.stand(HELD_S)
            self._directory.device(device.node, online=online)
        device = device or self._strangers.get(topic)
        return device.go() if device is not None and not online else []

    def _bridge_state(self, base: str, payload: bytes) -> list[Reading]:
        """Without its bridge nothing is known of a device."""
        online = online_of(payload)
        devices = self._announced.get(f"{base}/{_DEVICES}", {}) | self._announced.get(f"{base}/{_GROUPS}", {})
        if online is None or (online and base not in self._down):
            return []
        if online:
            self._down.discard(base)
            for topic, device in devices.items():
                self._directory.device(device.node, online=self._online.get(topic, True))
            return []
        if len(self._down) < MAX_DEVICES:
            self._down.add(base)
        readings: list[Reading] = []
        for device in devices.values():
            self._directory.device(device.node, online=False)
            readings += device.go()
        return readings


@speaks(*_TOPICS)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of the dialect, or of a `[decoder__NAME]` section of kind `zigbee2mqtt`.

    Raises:
        ConfigError: a topic is not `BASE/#`, or the section has options that only JSON has a use for.
    """
    refuse_paths(section, KIND, "value", "time", "label", "units")
    topics = section.get("topics") or _TOPICS
    problems = [
        Problem(
            section.places.get("topics", "the configuration"),
            section.name,
            "topics",
            f"{topic!r} is not the base topic of Zigbee2MQTT with /# behind it, such as zigbee2mqtt/#",
        )
        for topic in topics
        if len(topic) < 3 or not topic.endswith("/#")
    ]
    if problems:
        raise ConfigError(problems)
    # where one base is inside of another, the longer one is meant
    return Zigbee2MqttDecoder(tuple(sorted((topic[:-2] for topic in topics), key=lambda base: -base.count("/"))))


def _collect(device: Device, container: dict[str, Any], outer: tuple[str, ...], readings: list[Reading], room: Room) -> None:
    """Append the readings of what stands in an object of a message."""
    for name, datum in container.items():
        if isinstance(datum, dict):
            if len(outer) < MAX_DEPTH and readable_path((*outer, name)) in device.composites:
                _collect(device, datum, (*outer, name), readings, room)
            continue
        # most names are a path as they are
        path = name if not outer and "." not in name and "\\" not in name else readable_path((*outer, name))
        value = device.values.get(path) or (NOTHING if outer else device.value(path, room))
        if value.slots:
            readings += value.readings(datum)


def _device(base: str, entry: Any) -> Device | None:
    """A device of `bridge/devices`; None for the coordinator, and for what is no device."""
    if not isinstance(entry, dict) or entry.get("type") == "Coordinator":
        return None
    address, name = entry.get("ieee_address"), entry.get("friendly_name")
    if not isinstance(address, str) or _IEEE.fullmatch(address) is None or not _is_name(name):
        return None
    definition = entry.get("definition")
    exposes = definition.get("exposes") if isinstance(definition, dict) else None
    return Device(f"{base}/{name}", f"{base}/{address}", address, str(name), exposes)


def _group(base: str, entry: Any) -> Device | None:
    """A group of `bridge/groups`; its identity is its number in the network of this bridge."""
    if not isinstance(entry, dict) or not _is_name(entry.get("friendly_name")):
        return None
    number = entry.get("id")
    if not isinstance(number, int) or not 0 <= number <= 0xFFFF:
        return None
    name, node = str(entry["friendly_name"]), f"{base}/group/{int(number)}"
    return Device(f"{base}/{name}", node, node, name)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _MAX_NAME
