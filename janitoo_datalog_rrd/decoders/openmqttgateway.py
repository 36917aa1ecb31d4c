"""Decoder `openmqttgateway`: what OpenMQTTGateway and Theengs Gateway hear of sensors by radio.

Their topics are `<base>/<gateway>/<way>/...`; the ways that are read:

- `BTtoMQTT/<MAC address>` and `LORAtoMQTT/<address>`: properties of Theengs' decoder, `{"id": ..., "tempc": 21.3, "hum": 45}`;
- `RTL_433toMQTT/<model>/<channel>/<id>`: fields of rtl_433;
- `CLIMAtoMQTT/<sensor>`: sensors at the gateway itself; `SYStoMQTT`: the gateway itself.

One sensor may be heard by more than one gateway, so the key of its numbers has the topic without the gateway:
`home/BTtoMQTT/A4C138CF0156`. How well a gateway hears it is a number of that gateway's topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.contracts import Decoder, Key, Reading
from ..core.directory import Directory
from ..core.plugins import speaks
from .documents import MAX_TOPIC, check_topic, load_document, text_of
from .numbers import number_of
from .openmqttgateway_words import PRESSURE_OF_TYRES, RTL_433, SIGNAL, SYSTEM, THEENGS, UNIT_PROPERTIES, WIRED, Words
from .presence import MAX_NODES, Presence
from .quantities import Quantity, Values
from .units import normal_units

if TYPE_CHECKING:
    from ..core.sections import Section

_RADIOS = ("BTtoMQTT", "LORAtoMQTT", "RTL_433toMQTT")
_WAYS = (*_RADIOS, "CLIMAtoMQTT", "SYStoMQTT")
_PRESENCE = (b"online", b"offline")
_IDENTITY = re.compile(r"[^A-Za-z0-9_.-]")
_MAX_IDENTITY = 60
"""Longest part of a device's address, in characters."""


class _Place(NamedTuple):
    """Where a message comes from.

    Attributes:
        base: levels before the gateway.
        gateway: its name.
        way: such as `BTtoMQTT`.
    """

    base: str
    gateway: str
    way: str


class _Device(NamedTuple):
    """Whose message it is.

    Attributes:
        address: what the levels behind the way are in its key.
        title: what people call it.
        named: whether the title is a name of its own.
    """

    address: str
    title: str
    named: bool


class GatewayDecoder:
    """Reads what gateways publish; what is not known to be a number gives nothing."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._values = Values()
        self._presence = Presence()
        self._titles: dict[str, _Device] = {}
        self._gateways: set[str] = set()
        self._online: dict[str, bool] = {}

    def join(self, directory: Directory) -> None:
        """Tell a directory of devices from now on."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """How many gateways and devices have been heard."""
        return [("gateways", len(self._gateways)), ("devices", len(self._titles))]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the message's readings.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_large`, `too_deep` or `topic_too_long`.
        """
        if len(topic) > MAX_TOPIC:
            check_topic(topic)
        levels = topic.split("/")
        if levels[-1] == "LWT" and len(levels) >= 2:
            return self._take_presence("/".join(levels[:-1]), payload)
        at = next((number for number, level in enumerate(levels) if number >= 2 and level in _WAYS), 0)
        if not at or payload.lstrip()[:1] != b"{":
            return []
        document = load_document(payload)
        if not isinstance(document, dict):
            return []
        place = _Place("/".join(levels[: at - 1]), levels[at - 1], levels[at])
        if place.way in _RADIOS:
            return self._read_radio(topic, place, document)
        return self._read_gateway(topic, place, document)

    # -- messages ------------------------------------------------------------------------------------

    def _read_radio(self, topic: str, place: _Place, document: dict[str, Any]) -> list[Reading]:
        """Read what a gateway has heard of a device; nothing of one that has no measured value, such as a phone."""
        rtl_433 = place.way == "RTL_433toMQTT"
        device = _rtl_433_device(document) if rtl_433 else _theengs_device(document)
        if device is None:
            return []
        own_topic = f"{place.base}/{place.way}/{device.address}"
        node = f"openmqttgateway/{device.address}"
        found: list[Reading] = []
        for word, quantity, number in _numbers(document, RTL_433 if rtl_433 else THEENGS):
            if word == "temperature_F" and "temperature_C" in document:
                continue
            its_own = quantity if rtl_433 else _quantity_here(word, quantity, document)
            found += self._readings((own_topic, word), its_own, node, f"{device.address}/{word}", "", number)
        if not found:
            return []
        self._call(node, device)
        for word, quantity, number in _numbers(document, SIGNAL):
            label = f"{quantity.label} at {place.gateway}"
            uid = f"{device.address}/{place.gateway}/{word}"
            found += self._readings((topic, word), quantity, node, uid, label, number)
        return found

    def _read_gateway(self, topic: str, place: _Place, document: dict[str, Any]) -> list[Reading]:
        """Read what a gateway says of itself, or of sensors at its own pins."""
        node = f"openmqttgateway/{place.base}/{place.gateway}"
        system = place.way == "SYStoMQTT"
        sensor = "" if system else topic.partition(f"/{place.way}/")[2]
        found: list[Reading] = []
        for word, quantity, number in _numbers(document, SYSTEM if system else WIRED):
            kept = quantity._replace(units="°F") if word == "temp" and document.get("unit") == "F" else quantity
            label = f"{quantity.label} ({sensor})" if sensor else ""
            found += self._readings((topic, word), kept, node, "", label, number)
        if found:
            self._know_gateway(node, place.gateway)
            self._presence.sent(node, found)
        return found

    def _take_presence(self, place: str, payload: bytes) -> list[Reading]:
        if payload not in _PRESENCE:
            return []
        online = payload == b"online"
        node = f"openmqttgateway/{place}"
        if node in self._online or len(self._online) < MAX_NODES:
            self._online[node] = online
        if node not in self._gateways:
            return []  # until it says something of itself, there is nothing to show
        if self._directory is not None:
            self._directory.device(node, online=online)
        return [] if online else self._presence.gone(node)

    # -- devices and values --------------------------------------------------------------------------

    def _readings(self, key: Key, quantity: Quantity, node: str, uid: str, label: str, number: float) -> list[Reading]:
        value = self._values.get(key)
        if value is None or value.quantity != quantity:
            value = self._values.make(key, quantity, node, uid, label)
        return list(value.readings(number))

    def _call(self, node: str, device: _Device) -> None:
        """Tell the directory what a device is called: by its own name, once that was heard."""
        known = self._titles.get(node)
        if known is not None and (known.title == device.title or known.named >= device.named):
            return
        if known is None and len(self._titles) >= MAX_NODES:
            return
        self._titles[node] = device
        if self._directory is not None:
            self._directory.device(node, name=device.title)

    def _know_gateway(self, node: str, name: str) -> None:
        """Note that a gateway says something of itself."""
        if node in self._gateways or len(self._gateways) >= MAX_NODES:
            return
        self._gateways.add(node)
        if self._directory is not None:
            self._directory.device(node, name=name[:100], online=self._online.get(node))


@speaks(
    "+/+/BTtoMQTT/#",
    "+/+/RTL_433toMQTT/#",
    "+/+/LORAtoMQTT/#",
    "+/+/CLIMAtoMQTT/#",
    "+/+/SYStoMQTT",
    "home/+/LWT",
)
def make_decoder(_section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `openmqttgateway`."""
    return GatewayDecoder()


def _numbers(document: dict[str, Any], known: Words) -> Iterator[tuple[str, Quantity, float]]:
    """Each number of a document whose word is known."""
    for word, datum in document.items():
        quantity = known.get(word)
        number = None if quantity is None else number_of(datum)
        if quantity is not None and number is not None and isfinite(number):
            yield word, quantity, number


def _quantity_here(word: str, quantity: Quantity, document: dict[str, Any]) -> Quantity:
    """What a property is in this message, which may say in which units it is."""
    if word == "pres" and str(document.get("model_id", "")).startswith("TPMS"):
        return PRESSURE_OF_TYRES
    said = document.get(UNIT_PROPERTIES.get(word, ""))
    return quantity._replace(units=normal_units(said)[:10]) if isinstance(said, str) else quantity


def _theengs_device(document: dict[str, Any]) -> _Device | None:
    given = document.get("mac") or document.get("id")
    if not isinstance(given, str):
        return None
    address = _identity(given.replace(":", "").upper())
    if not address:
        return None
    tail = address[-6:]
    name, brand, model = (text_of(document.get(each), 60) for each in ("name", "brand", "model"))
    if name:
        return _Device(address, name if tail[-4:] in name.upper() else f"{name} {tail}", True)
    return _Device(address, " ".join(each for each in (brand, model or "Sensor", tail) if each), False)


def _rtl_433_device(document: dict[str, Any]) -> _Device | None:
    if not isinstance(document.get("model"), str):
        return None
    given = [document.get(each) for each in ("model", "subtype", "channel", "id")]
    parts = [_identity(str(each)) for each in given if isinstance(each, (str, int)) and not isinstance(each, bool)]
    return _Device("/".join(each for each in parts if each), " ".join(each for each in parts if each), True)


def _identity(text: str) -> str:
    return _IDENTITY.sub("_", text[:_MAX_IDENTITY])
