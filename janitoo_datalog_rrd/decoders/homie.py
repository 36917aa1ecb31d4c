"""Decoder `homie`: devices of the Homie convention, versions 3, 4 and 5, which say themselves what their numbers are.

Values are retained, and so is what describes them; a broker sends both in any order. So values wait until their datatype is
known: texts are not logged, and no number is lost.

Source: the Homie convention, https://homieiot.github.io.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..core.contracts import Decoder, Meta, Reading
from ..core.directory import Directory
from ..core.errors import ConfigError, DecodeError, Problem
from ..core.plugins import speaks
from ..core.topics import topic_matches
from .documents import MAX_TOPIC, check_topic, load_document
from .homie_devices import GONE, MAX_PROPERTIES, MAX_TITLE, STATES, Device
from .homie_properties import ATTRIBUTES, MAX_HELD_TEXT, Held, Property
from .homie_values import STATS, number_of
from .numbers import MAX_TEXT
from .presence import Presence
from .slots import Room

if TYPE_CHECKING:
    from ..core.sections import Section

MAX_DEVICES = 10_000
MAX_ALL_PROPERTIES = 50_000
"""How many properties of all devices together are remembered."""
VERSION = "5"
"""The level of the topic by which Homie 5 is told from those before it."""
TOPICS = ("homie/#",)


class HomieDecoder:
    """Reads properties of Homie devices; the key is (topic, "").

    Args:
        filters: topic filters; what stands before their `#` is the base topic.
        clock: seconds since the epoch UTC.
    """

    def __init__(self, filters: tuple[str, ...] = TOPICS, clock: Callable[[], float] = time.time) -> None:
        self._bases = [(each, each.count("/")) for each in filters]
        self.announcements = tuple(topic for each in filters for topic in _announcements(each[:-2]))
        self._clock = clock
        self._directory: Directory | None = None
        self._devices: dict[str, Device] = {}
        self._children: dict[str, dict[str, Device]] = {}
        self._presence = Presence()
        self._stats: dict[tuple[str, str], Meta] = {}
        self._room = Room(MAX_ALL_PROPERTIES)

    def join(self, directory: Directory) -> None:
        """Take the directory where devices are told of."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        devices = list(self._devices.values())
        return [
            ("devices", len(devices)),
            ("properties", sum(len(each.properties) for each in devices)),
            ("values that wait for their datatype", sum(each.waiting for each in devices)),
        ]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return what a message brings: the number of its property, and those that have waited for what it says.

        Raises:
            DecodeError: `no_number`, `topic_too_long`, or a description that is no document: `too_large`, `not_utf8`, `too_deep`,
                `not_json` or `bad_shape`.
        """
        if len(topic) > MAX_TOPIC:
            check_topic(topic)
        levels = topic.split("/")
        depth = next((depth for each, depth in self._bases if topic_matches(each, topic)), len(levels))
        depth += levels[depth : depth + 1] == [VERSION]
        base, (name, *rest) = "/".join(levels[:depth]), levels[depth:] or [""]
        if not rest or not name or name.startswith("$"):
            return []
        device = self._device(base, name, make=bool(payload))
        newer = self._devices.get(f"{base}/{VERSION}/{name}")
        if device is None or (newer is not None and newer.described):
            return []  # a device that speaks Homie 5 too is logged by that
        readings = self._read(device, rest, payload)
        self._presence.sent(device.address, readings)
        return readings

    def _read(self, device: Device, rest: list[str], payload: bytes) -> list[Reading]:
        match rest:
            case [node, name] if not node.startswith("$") and not name.startswith("$"):
                return self._value(device, node, name, payload)
            case ["$state" | "$online" as word]:
                return self._state(device, word, payload)
            case ["$description"]:
                return self._description(device, payload)
            case ["$name"]:
                self._call(device, _text(payload))
            case ["$nodes"]:
                return self._nodes(device, _text(payload))
            case ["$stats", word] if word in STATS:
                return self._statistic(device, word, payload)
            case [node, "$name"] if not node.startswith("$"):
                return self._of_node(device, node, _text(payload))
            case [node, name, word] if word[:1] == "$" and word[1:] in ATTRIBUTES and not node.startswith("$"):
                return self._of_property(device, node, name, word[1:], _text(payload))
        return []

    # -- values --------------------------------------------------------------------------------------

    def _value(self, device: Device, node: str, name: str, payload: bytes) -> list[Reading]:
        now = self._clock()
        of = device.find(node, name) if len(payload) <= MAX_TEXT else None
        if of is None or not payload:
            return self._learnt(device, ())
        value = Held(now, payload)
        if self._is_gone(device) and not self._comes_back(device, of.topic, value):
            return []
        return [*device.take(of, value, now), *device.settle(now)]

    def _statistic(self, device: Device, word: str, payload: bytes) -> list[Reading]:
        number = number_of(payload, "")
        readings = self._learnt(device, ())
        if number is None or self._is_gone(device):
            return readings
        meta = self._stats.get((device.address, word))
        if meta is None:
            meta = STATS[word]._replace(node=device.address, uid=f"{device.uid}/$stats/{word}")
            if len(self._stats) < MAX_DEVICES:
                self._stats[device.address, word] = meta
        return [*readings, Reading((f"{device.base}/$stats/{word}", ""), number, None, meta)]

    # -- whether it is there -------------------------------------------------------------------------

    def _state(self, device: Device, word: str, payload: bytes) -> list[Reading]:
        state = _text(payload)
        if word == "$online":  # of Homie 2
            state = {"true": "ready", "false": "lost"}.get(state, "")
        if not payload:
            return self._remove(device)
        if state not in STATES:
            return []
        before, device.state = device.state, state
        readings = self._on_presence(device)
        if "lost" in (before, state) and before != state:
            for child in list(self._children.get(device.address, {}).values()):
                readings += self._on_presence(child)
        return readings

    def _on_presence(self, device: Device) -> list[Reading]:
        """After a word of its state: what becomes unknown, or what came just before the device was known to be there."""
        device.overruled = False
        gone = self._is_gone(device)
        if self._directory is not None:
            self._directory.device(device.address, online=not gone)
        if gone:
            device.put_aside()
            return self._presence.gone(device.address)
        return device.come_back(self._clock())

    def _is_gone(self, device: Device) -> bool:
        if device.overruled:
            return False
        root = self._devices.get(device.root) if device.root else None
        return device.state in GONE or (root is not None and root.state == "lost")

    def _comes_back(self, device: Device, topic: str, value: Held) -> bool:
        """Whether a value shows that a device is there although it is said to be gone.

        A broker still has the last value of each property, and may send it again and again; another one comes from the device.
        """
        if len(value.payload) > MAX_HELD_TEXT:
            return False
        before = device.late.get(topic)
        if before is None or before.payload == value.payload:
            if before is not None or len(device.late) < MAX_PROPERTIES:
                device.late[topic] = value
            return False
        device.overruled = True
        device.late.clear()
        if self._directory is not None:
            self._directory.device(device.address, online=True)
        return True

    def _remove(self, device: Device) -> list[Reading]:
        readings = self._presence.gone(device.address)
        self._devices.pop(device.address, None)
        device.forget()
        self._leave_root(device)
        if self._directory is not None:
            self._directory.forget_device(device.address)
        return readings

    # -- what it says of itself ----------------------------------------------------------------------

    def _description(self, device: Device, payload: bytes) -> list[Reading]:
        document: Any = load_document(payload) if payload else {}
        if not isinstance(document, dict):
            raise DecodeError("bad_shape", "the description is no object")
        device.describe(document)
        self._have_root(device, document.get("root"))
        name = document.get("name")
        self._call(device, name if isinstance(name, str) and payload else "")
        if self._is_gone(device):  # with the root that it has named
            return self._on_presence(device)
        return self._learnt(device, device.properties.values())

    def _learnt(self, device: Device, which: Iterable[Property]) -> list[Reading]:
        """The numbers that what a device has said of properties brings; none where it is gone."""
        now = self._clock()
        fresh = device.freshen(list(which), now)
        return [] if self._is_gone(device) else [*fresh, *device.settle(now)]

    def _have_root(self, device: Device, root: object) -> None:
        self._leave_root(device)
        if isinstance(root, str) and root and len(root) <= MAX_TITLE:
            device.root = f"{device.base.rpartition('/')[0]}/{root}"
            if len(self._children) < MAX_DEVICES:
                self._children.setdefault(device.root, {})[device.address] = device

    def _leave_root(self, device: Device) -> None:
        children = self._children.get(device.root, {})
        children.pop(device.address, None)
        if not children:
            self._children.pop(device.root, None)
        device.root = ""

    def _nodes(self, device: Device, text: str) -> list[Reading]:
        changed = device.have_nodes(each.partition("[")[0].strip() for each in text.split(",")[:MAX_PROPERTIES] if each.strip())
        return self._learnt(device, device.properties.values() if changed else ())

    def _of_node(self, device: Device, node: str, text: str) -> list[Reading]:
        if device.titles.get(node, "") == text or (node not in device.titles and len(device.titles) >= MAX_PROPERTIES):
            return []
        device.titles[node] = text
        return self._learnt(device, [each for each in device.properties.values() if each.node.startswith(node)])

    def _of_property(self, device: Device, node: str, name: str, attribute: str, text: str) -> list[Reading]:
        of = device.find(node, name)
        if of is None or device.described or not device.learn(of, attribute, text):
            return []
        return self._learnt(device, device.family(of))

    def _call(self, device: Device, name: str) -> None:
        text = " ".join(name[:MAX_TITLE].split())
        if self._directory is not None and text:
            self._directory.device(device.address, name=text)

    # -- devices -------------------------------------------------------------------------------------

    def _device(self, base: str, name: str, *, make: bool) -> Device | None:
        topic = f"{base}/{name}"
        found = self._devices.get(topic)
        if found is None and make and len(self._devices) < MAX_DEVICES:
            found = self._devices[topic] = Device(topic, f"{base.removesuffix(f'/{VERSION}')}/{name}", self._room)
        return found


@speaks(*TOPICS)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `homie`.

    Raises:
        ConfigError: a filter does not end in `/#`, so that there is no base topic.
    """
    filters = tuple(section.get("topics") or TOPICS)
    place = section.places.get("topics", "the configuration")
    problems = [
        Problem(place, section.name, "topics", f"{each} is no base topic with /# behind it, such as homie/#")
        for each in filters
        if not each.endswith("/#")
    ]
    if problems:
        raise ConfigError(problems)
    return HomieDecoder(filters)


def _announcements(base: str) -> list[str]:
    """Topic filters of what devices say of themselves below a base topic."""
    if base.rpartition("/")[2] == VERSION:
        return [f"{base}/+/$state", f"{base}/+/$description"]
    return [
        *(f"{base}/+/{word}" for word in ("$state", "$online", "$name", "$nodes")),
        f"{base}/+/+/$name",
        *(f"{base}/+/+/+/${word}" for word in ATTRIBUTES),
        f"{base}/{VERSION}/+/$state",
        f"{base}/{VERSION}/+/$description",
    ]


def _text(payload: bytes) -> str:
    return " ".join(payload[: 4 * MAX_TITLE].decode("utf-8", "replace")[:MAX_TITLE].split())
