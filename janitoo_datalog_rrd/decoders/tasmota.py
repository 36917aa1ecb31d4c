"""Decoder `tasmota`: telemetry of Tasmota devices, with their names and units.

Topics and messages are described at https://tasmota.github.io/docs/MQTT/ and https://tasmota.github.io/docs/JSON-Status-Responses/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..core.contracts import Decoder, Reading
from ..core.directory import Directory
from ..core.errors import DecodeError
from ..core.heartbeats import NodeRegistry
from ..core.plugins import speaks
from ..core.topics import topic_matches
from .documents import MAX_TOPIC, check_topic, load_document, text_of
from .paths import refuse_paths
from .slots import Room
from .tasmota_device import MAX_RELAYS, TasmotaDevice, leaves
from .tasmota_names import said_units

if TYPE_CHECKING:
    from ..core.sections import Section

KIND = "tasmota"
MAX_DEVICES = 2000
"""How many devices are known by what they say of themselves, and how many others."""
MAX_ALL_VALUES = 50_000
"""How many values of all of them together are remembered."""
MAX_DEPTH = 5
"""How deep numbers of a sensor may stand in a message."""
_DISCOVERY = "tasmota/discovery/+/config"
_FOUND = "tasmota/discovery/"
# A relay is named in RESULT too, but for those who have switched that off (SetOption4), so its own topic is read as well.
_TOPICS = (
    "tele/+/SENSOR",
    "tele/+/+/SENSOR",
    "tele/+/STATE",
    "tele/+/LWT",
    "stat/+/RESULT",
    *(f"stat/+/POWER{number or ''}" for number in range(9)),
    "tasmota/discovery/+/+",
)
_LAST = re.compile(r"SENSOR|STATE|LWT|RESULT|POWER[0-9]{0,2}", re.ASCII)
_MAC = re.compile(r"[0-9A-F]{12}", re.ASCII)
_BLANK = b" \t\r\n"
# What RESULT, which answers commands too, may say of the state; the numbers of shutters and switches are those of SENSOR.
_IN_RESULT = re.compile(r"POWER[0-9]{0,2}|Dimmer[0-9]?|White|CT|FanSpeed", re.ASCII)
_SENSOR_IN_RESULT = re.compile(r"(?:Shutter|Switch)[0-9]{1,2}", re.ASCII)


class TasmotaDecoder:
    """Reads what Tasmota devices send.

    Args:
        topics: filters of the topics that it is given.
    """

    def __init__(self, topics: tuple[str, ...]) -> None:
        self._filters = topics
        self.announcements = (_DISCOVERY,) if any(topic_matches(each, _DISCOVERY) for each in topics) else ()
        self._directory = Directory(NodeRegistry())
        self._devices: dict[str, tuple[TasmotaDevice, list[str]]] = {}
        self._topics: dict[str, tuple[str, TasmotaDevice]] = {}
        self._strangers: dict[str, TasmotaDevice] = {}
        self._online: dict[str, bool] = {}
        self._room = Room(MAX_ALL_VALUES)

    def join(self, directory: Directory) -> None:
        """Put what devices say of themselves in a directory."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        return [("devices", len(self._devices)), ("devices that did not announce themselves", len(self._strangers))]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the numbers of a message; announcements are learnt from.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_large`, `too_deep`, `bad_shape` or `topic_too_long`.
        """
        known = self._topics.get(topic)
        if known is None:
            if len(topic) > MAX_TOPIC:
                check_topic(topic)
            if topic.startswith(_FOUND):
                return self._announced(topic, payload) if topic.endswith("/config") else []
            known = self._guess(topic)
            if known is None:
                return []
        kind, device = known
        if kind == "LWT":
            return self._will(device, payload)
        if kind.startswith("POWER"):
            readings = device.state((kind,)).readings(payload[:40].decode("utf-8", "replace").strip())
        elif payload.lstrip(_BLANK)[:1] != b"{":
            return []
        else:
            readings = self._document(kind, device, load_document(payload))
        if readings:
            self._sent(device, readings)
        return readings

    def _document(self, kind: str, device: TasmotaDevice, document: dict[str, Any]) -> list[Reading]:
        readings: list[Reading] = []
        if kind == "SENSOR":
            device.take_units(said_units(document))
            for name, datum in document.items():
                if name == "ZbReceived":
                    _read_zigbee(device, datum, readings)
                else:
                    _collect(device, (name,), datum, readings)
        elif kind == "STATE":
            for parts, datum in leaves(document):
                readings += device.state(parts).readings(datum)
        else:
            _read_result(device, document, readings)
        return readings

    def _sent(self, device: TasmotaDevice, readings: list[Reading]) -> None:
        """Note who has sent what, and who is new."""
        if not device.introduced and any(reading.meta.node == device.node for reading in readings):
            device.introduce()
        for node, title in device.take_news():
            self._directory.device(node, name=title)
        device.sends()

    # -- whose topic it is ---------------------------------------------------------------------------

    def _guess(self, topic: str) -> tuple[str, TasmotaDevice] | None:
        """The device of a topic that nobody has announced: `tele` or `stat` in it is the prefix, the rest is its name."""
        place, _, last = topic.rpartition("/")
        if not place or _LAST.fullmatch(last) is None:
            return None
        levels = place.split("/")
        prefix = next((number for number, level in enumerate(levels) if level in ("tele", "stat")), None)
        if prefix is not None:
            levels[prefix] = "tele"
        tele = "/".join(levels) + "/"
        named = self._topics.get(f"{tele}SENSOR")
        if named is not None:
            return last, named[1]
        device = self._strangers.get(tele)
        if device is None:
            if len(self._strangers) >= MAX_DEVICES or not self._room.left:
                for each in self._strangers.values():
                    each.forget()
                self._strangers.clear()
            name = "/".join(level for number, level in enumerate(levels) if number != prefix)
            device = self._strangers[tele] = TasmotaDevice(tele, f"{KIND}/{name}", {"dn": name}, "", self._room)
        return last, device

    # -- announcements -------------------------------------------------------------------------------

    def _announced(self, topic: str, payload: bytes) -> list[Reading]:
        mac = topic.split("/")[2].upper()
        if _MAC.fullmatch(mac) is None:
            return []
        config = load_document(payload) if payload else None
        if config is not None and not isinstance(config, dict):
            raise DecodeError("bad_shape", "what a Tasmota device says of itself is an object")
        before = self._devices.pop(mac, None)
        for each in before[1] if before is not None else ():
            del self._topics[each]
            self._directory.leave(each, self)
        self._directory.forget(KIND, mac)
        readings = self._leave(before[0]) if before is not None and config is None else []
        if before is not None:
            before[0].forget()
        if config is None:
            return readings
        self._enter(mac, config)
        return []

    def _enter(self, mac: str, config: dict[str, Any]) -> None:
        places = _places(mac, config)
        if places is None or len(self._devices) >= MAX_DEVICES:
            why = "its topics are not ones that a device can have" if places is None else f"only {MAX_DEVICES} are taken"
            self._directory.note(KIND, mac, f"what this device says of itself is not used: {why}")
            return
        tele, stat = places
        device = TasmotaDevice(tele, f"{KIND}/{mac}", config, mac, self._room)
        owner = self._topics.get(f"{tele}SENSOR") or self._topics.get(f"{stat}RESULT")
        if owner is not None:
            told = f"it sends on the topics of {owner[1].mac}: give each device a topic of its own; their numbers are mixed now"
            self._directory.note(KIND, mac, told)
            return
        relays = [f"POWER{number or ''}" for number in range(min(device.relays, MAX_RELAYS) + 1)]
        kinds = {tele + each: each for each in ("SENSOR", "STATE", "LWT")} | {stat + each: each for each in ("RESULT", *relays)}
        for topic in kinds:
            self._topics[topic] = (kinds[topic], device)
            if not any(topic_matches(each, topic) for each in self._filters):
                self._directory.claim(topic, self)
        self._devices[mac] = (device, list(kinds))
        stranger = self._strangers.pop(tele, None)
        if stranger is not None:  # it goes on under its own address
            self._directory.forget_device(stranger.node)
            stranger.forget()
        device.introduce()
        for node, title in device.take_news():
            self._directory.device(node, name=title or mac, online=self._online.get(tele))

    def _leave(self, device: TasmotaDevice) -> list[Reading]:
        self._online.pop(device.tele, None)
        readings = self._gone(device)
        for node in device.nodes:
            self._directory.forget_device(node)
        return readings

    def _gone(self, device: TasmotaDevice) -> list[Reading]:
        """Nothing is known any more of a device, and of those behind it."""
        for node in device.nodes:
            self._directory.device(node, online=False)
        return device.go()

    # -- presence ------------------------------------------------------------------------------------

    def _will(self, device: TasmotaDevice, payload: bytes) -> list[Reading]:
        """A device that sleeps between two messages says that it is offline each time: that is no news."""
        word = payload[:100].strip(_BLANK).decode("utf-8", "replace")
        if device.sleeps or word.lower() not in (device.online.lower(), device.offline.lower()):
            return []
        online = word.lower() == device.online.lower()
        if device.tele in self._online or len(self._online) < MAX_DEVICES:
            self._online[device.tele] = online
        if not device.introduced:
            return [] if online else device.go()
        if not online:
            return self._gone(device)
        for node in device.nodes:
            self._directory.device(node, online=True)
        return []


@speaks(*_TOPICS)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of the dialect, or of a `[decoder__NAME]` section of kind `tasmota`.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, KIND, "value", "time", "label", "units")
    return TasmotaDecoder(tuple(section.get("topics") or _TOPICS))


def _places(mac: str, config: dict[str, Any]) -> tuple[str, str] | None:
    """The beginnings of a device's telemetry and status topics; None where it does not say good ones."""
    prefixes, full, topic = config.get("tp"), text_of(config.get("ft")), text_of(config.get("t"))
    if not isinstance(prefixes, list) or len(prefixes) != 3 or not full or not topic:
        return None
    found = []
    for prefix in (text_of(prefixes[2]), text_of(prefixes[1])):
        parts = {"%prefix%": prefix, "%topic%": topic, "%hostname%": text_of(config.get("hn")), "%id%": mac[-6:]}
        place = full
        for name, part in parts.items():
            place = place.replace(name, part)
        found.append(place if place.endswith("/") else f"{place}/")
    tele, stat = found
    good = tele != stat and all(prefixes) and not any(bad in tele + stat for bad in "+#\0%") and len(tele) < MAX_TOPIC // 2
    return (tele, stat) if good and not tele.startswith(("$", "/", "homeassistant/", _FOUND)) else None


def _collect(device: TasmotaDevice, parts: tuple[str, ...], datum: Any, readings: list[Reading]) -> None:
    if isinstance(datum, dict):
        inside: Iterator[tuple[str, Any]] = iter(datum.items())
    elif isinstance(datum, list):
        inside = ((str(place), each) for place, each in enumerate(datum))
    else:
        readings += device.sensor(parts).readings(datum)
        return
    if len(parts) < MAX_DEPTH:
        for name, each in inside:
            _collect(device, (*parts, name), each, readings)


def _read_result(device: TasmotaDevice, document: dict[str, Any], readings: list[Reading]) -> None:
    for name, datum in document.items():
        if _IN_RESULT.fullmatch(name):
            readings += device.state((name,)).readings(datum)
        elif _SENSOR_IN_RESULT.fullmatch(name):
            if isinstance(datum, dict) and "Action" in datum:  # a switch that says what was done to it
                datum = datum["Action"]
            _collect(device, (name,), datum, readings)


def _read_zigbee(device: TasmotaDevice, received: Any, readings: list[Reading]) -> None:
    for address, values in received.items() if isinstance(received, dict) else ():
        if not isinstance(values, dict):
            continue
        title = text_of(values.get("Name")) or text_of(address)
        for name, datum in values.items():
            if not isinstance(datum, (dict, list)):
                readings += device.zigbee_value(("ZbReceived", address, name), title).readings(datum)
