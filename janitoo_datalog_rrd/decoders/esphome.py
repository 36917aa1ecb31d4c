"""Decoder `esphome`: nodes that ESPHome was built for, on the topics of its `mqtt` component.

- `<prefix>/<component>/<object>/state`: a number, `ON` or `OFF`, or the JSON of a light;
- `<prefix>/<component>/<object>/<attribute>/state`: one number of a climate, a cover or a fan;
- `<prefix>/status`: `online`, and `offline` as the last will.

Others use such topics too. Units are not in these messages: ESPHome gives them with Home Assistant's discovery, and where that is
on, whoever reads the discovery reads these topics. Source: esphome.io/components/mqtt and the state topics of its components.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..core.contracts import Decoder, Key, Reading
from ..core.directory import Directory
from ..core.plugins import speaks
from .documents import MAX_TOPIC, check_topic, load_document
from .numbers import number_of_int
from .paths import MISSING, look_up
from .presence import MAX_NODES, Presence
from .quantities import Quantity, Values, words

if TYPE_CHECKING:
    from ..core.sections import Section

_MAX_NUMBER = 40
"""Longest number on a topic, in bytes."""
_NUMBERS = frozenset(("sensor", "number"))
_SWITCHED = frozenset(("binary_sensor", "switch", "fan"))
_ATTRIBUTES: Mapping[str, Mapping[str, Quantity]] = MappingProxyType(
    {
        "climate": {
            "current_temperature": Quantity("temperature", "°C"),
            "target_temperature": Quantity("target temperature", "°C"),
            "target_temperature_low": Quantity("lowest target temperature", "°C"),
            "target_temperature_high": Quantity("highest target temperature", "°C"),
            "current_humidity": Quantity("humidity", "%"),
            "target_humidity": Quantity("target humidity", "%"),
        },
        "cover": {"position": Quantity("position", "%"), "tilt": Quantity("tilt", "%")},
        "fan": {"speed_level": Quantity("speed")},
    }
)
_LIGHT = MappingProxyType(
    {
        "state": Quantity(""),
        "brightness": Quantity("brightness"),
        "color_temp": Quantity("colour temperature", "mired"),
        "white_value": Quantity("white"),
        "color.r": Quantity("red"),
        "color.g": Quantity("green"),
        "color.b": Quantity("blue"),
        "color.w": Quantity("white"),
        "color.c": Quantity("cold white"),
    }
)
_WORDS = MappingProxyType({b"ON": 1.0, b"OFF": 0.0})
_PRESENCE = MappingProxyType({b"online": True, b"offline": False})


class EspHomeDecoder:
    """Reads the states of ESPHome's nodes; whatever has another form gives nothing."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._values = Values()
        self._presence = Presence()
        self._online: dict[str, bool] = {}
        self._named: set[str] = set()

    def join(self, directory: Directory) -> None:
        """Tell a directory of devices from now on."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """How many nodes have sent something."""
        return [("devices", len(self._named))]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the message's readings.

        Raises:
            DecodeError: `topic_too_long`; or, of a light, `not_json`, `not_utf8`, `too_large` or `too_deep`.
        """
        if len(topic) > MAX_TOPIC:
            check_topic(topic)
        if topic.endswith("/status"):
            return self._take_presence(topic.removesuffix("/status"), payload)
        levels = topic.split("/")
        if levels[-1] != "state":
            return []
        if len(levels) >= 4 and levels[-3] == "light":
            found = self._read_light(topic, "/".join(levels[:-3]), levels[-2], payload)
        elif len(levels) >= 4 and levels[-3] in _NUMBERS | _SWITCHED:
            number = _number(payload, words_too=levels[-3] in _SWITCHED)
            found = self._readings((topic, ""), "/".join(levels[:-3]), levels[-2], Quantity(""), number)
        elif len(levels) >= 5:
            quantity = _ATTRIBUTES.get(levels[-4], {}).get(levels[-2])
            if quantity is None:
                return []
            found = self._readings((topic, ""), "/".join(levels[:-4]), levels[-3], quantity, _number(payload))
        else:
            return []
        if found:
            self._presence.sent(found[0].meta.node, found)
        return found

    def _take_presence(self, prefix: str, payload: bytes) -> list[Reading]:
        online = _PRESENCE.get(payload)
        if online is None:
            return []
        if prefix in self._online or len(self._online) < MAX_NODES:
            self._online[prefix] = online
        if prefix not in self._named:
            return []  # of somebody else, until it sends something of ESPHome's
        node = f"esphome/{prefix}"
        if self._directory is not None:
            self._directory.device(node, online=online)
        return [] if online else self._presence.gone(node)

    def _read_light(self, topic: str, prefix: str, name: str, payload: bytes) -> list[Reading]:
        if payload.lstrip()[:1] != b"{":
            return []
        document = load_document(payload)
        if not isinstance(document, dict) or document.get("state") not in ("ON", "OFF"):
            return []
        found: list[Reading] = []
        for path, quantity in _LIGHT.items():
            number = _number_of(look_up(document, tuple(path.split("."))))
            found += self._readings((topic, path), prefix, name, quantity, number)
        return found

    def _readings(self, key: Key, prefix: str, name: str, quantity: Quantity, number: float | None) -> list[Reading]:
        if number is None or not prefix or not name:
            return []
        value = self._values.get(key)
        if value is None:
            self._name(prefix)
            label = f"{words(name)} {quantity.label}" if quantity.label else words(name)
            value = self._values.make(key, quantity, f"esphome/{prefix}", "", label)
        return list(value.readings(number))

    def _name(self, prefix: str) -> None:
        """Note that a node has sent something."""
        if prefix in self._named or len(self._named) >= MAX_NODES:
            return
        self._named.add(prefix)
        if self._directory is not None:
            self._directory.device(f"esphome/{prefix}", name=prefix[:100], online=self._online.get(prefix))


@speaks(
    "+/sensor/+/state",
    "+/binary_sensor/+/state",
    "+/switch/+/state",
    "+/number/+/state",
    "+/light/+/state",
    "+/fan/+/state",
    "+/fan/+/speed_level/state",
    "+/climate/+/+/state",
    "+/cover/+/+/state",
    "+/status",
    loose=True,
)
def make_decoder(_section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `esphome`."""
    return EspHomeDecoder()


def _number(payload: bytes, *, words_too: bool = False) -> float | None:
    """The number on a topic: NaN for one that its sensor does not know, None for what is no number."""
    if len(payload) > _MAX_NUMBER or b"_" in payload:
        return None
    if words_too:
        return _WORDS.get(payload)
    try:
        number = float(payload)
    except ValueError:
        return None
    return None if isinf(number) else number


def _number_of(datum: Any) -> float | None:
    """The number of a light; None for what is no number."""
    if datum is MISSING or isinstance(datum, bool):
        return None
    if isinstance(datum, str):
        return _WORDS.get(datum[:4].encode("utf-8", "replace"))
    if isinstance(datum, (int, float)):
        number = number_of_int(datum) if isinstance(datum, int) else datum
        return None if isinf(number) or number != number else number
    return None
