"""Decoder `victron`: what Venus OS (Cerbo GX and the like) publishes of its D-Bus."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from ..core.contracts import Decoder, Key, Meta, Reading
from ..core.directory import Directory
from ..core.plugins import speaks
from .documents import MAX_TOPIC, load_document
from .numbers import number_of_int
from .paths import MISSING, refuse_paths
from .presence import Presence
from .units import with_rate
from .victron_paths import SILENT_SERVICES, is_count, is_silent, label_of, units_of

if TYPE_CHECKING:
    from ..core.sections import Section

SILENT_AFTER_S = 180.0
"""Seconds without a message after which a portal counts as silent; Venus OS itself stops a minute after the last keep-alive."""
_MAX_KNOWN = 50_000
_MAX_DEVICES = 5000
_MAX_PORTALS = 100
_NAMES = ("CustomName", "ProductName")
_ABOUT = ("/CustomName", "/ProductName", "/Connected")
_EMPTY: tuple[object, ...] = (None, [])  # what the D-Bus calls invalid is null now, and was an empty list before


@dataclass(slots=True)
class _Device:
    """What is known of a device.

    Attributes:
        custom, product: its names; the first one counts.
        online: whether it is there; None while nothing was heard.
    """

    custom: str = ""
    product: str = ""
    online: bool | None = None


class _Value:
    """Where the number of a topic goes: its level, and for a count its rate too."""

    __slots__ = ("known", "node", "slots")

    def __init__(self, node: str, slots: list[tuple[Key, Meta]]) -> None:
        self.node = node
        self.slots = slots
        self.known = True  # perhaps from before a start: then it is told once that it is so no longer


class VictronDecoder:
    """Reads `N/PORTAL/SERVICE/INSTANCE/PATH`; the key is (topic, "value").

    Args:
        filters: MQTT topic filters that it reads; what stands before their `N` may be anything.
        clock: seconds, by which it is noticed that a portal is silent.
    """

    def __init__(self, filters: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self._bases = sorted({_base_of(each) for each in filters}, key=len, reverse=True)
        self.announcements = tuple(f"{base}/+/+/+/{name}" for base in self._bases for name in _NAMES)
        self._clock = clock
        self._values: dict[str, _Value | None] = {}
        self._devices: dict[str, _Device] = {}
        self._heard: dict[str, float] = {}
        self._presence = Presence()
        self._directory: Directory | None = None

    def join(self, directory: Directory) -> None:
        """Put the names of devices there, and whether they are present."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page; a portal that is silent is asked by nobody to go on."""
        now = self._clock()
        silent = sum(1 for heard in list(self._heard.values()) if now - heard > SILENT_AFTER_S)
        values = sum(1 for value in list(self._values.values()) if value is not None)
        return [("portals", len(self._heard)), ("silent portals", silent), ("devices", len(self._devices)), ("values", values)]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the number, two readings for a meter; NaN where it is known no more. Texts and settings give none.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_deep` or `too_large`: what begins as an object is no JSON that is taken.
        """
        if topic not in self._values:
            self._meet(topic)
        value = self._values.get(topic)
        if value is None:
            return self._hear_name(topic, payload)
        datum = _datum_of(payload)
        if datum is MISSING:
            return []
        if datum in _EMPTY:
            if not value.known:
                return []
            value.known = False
            return [Reading(key, nan, None, meta) for key, meta in value.slots]
        if isinstance(datum, int):
            datum = number_of_int(datum)
        if not isinstance(datum, float) or not isfinite(datum):
            return []
        value.known = True
        self._note(value.node, topic)
        readings = [Reading(key, datum, None, meta) for key, meta in value.slots]
        self._presence.sent(value.node, readings)
        return readings

    def _meet(self, topic: str) -> None:
        """Get to know a topic: what stands there, or that nothing of it is logged."""
        if len(topic) > MAX_TOPIC:
            return
        if len(self._values) >= _MAX_KNOWN:
            self._values.clear()
        self._values[topic] = None
        levels = self._levels(topic)
        if levels is None:
            return
        portal, service, instance, path = levels
        if is_silent(service, path):
            return
        node, uid = f"victron/{portal}/{service}/{instance}", f"{portal}/{service}/{instance}/{path}"
        key, meta = (topic, "value"), Meta(label_of(path), units_of(service, path), node, uid=uid)
        slots: list[tuple[Key, Meta]] = [(key, meta)]
        if is_count(path):
            slots = [(each.key, each.meta) for each in with_rate(key, 0.0, None, meta)]
        self._values[topic] = _Value(node, slots)

    def _levels(self, topic: str) -> tuple[str, str, str, str] | None:
        """Portal, service, instance and path of a topic; None where it has not this form."""
        for base in self._bases:
            if topic.startswith(f"{base}/"):
                levels = topic[len(base) + 1 :].split("/", 3)
                return (levels[0], levels[1], levels[2], levels[3]) if len(levels) == 4 and all(levels) else None
        return None

    # -- devices -------------------------------------------------------------------------------------

    def _hear_name(self, topic: str, payload: bytes) -> list[Reading]:
        """Learn from what says something of a device: its names, and whether it is connected."""
        if not topic.endswith(_ABOUT) or len(topic) > MAX_TOPIC:
            return []
        levels, datum = self._levels(topic), _datum_of(payload)
        if levels is None or levels[3] not in (*_NAMES, "Connected") or levels[1] in SILENT_SERVICES or datum is MISSING:
            return []
        node = "victron/" + "/".join(levels[:3])
        device = self._device(node)
        if device is None:
            return []
        if levels[3] == "Connected":
            return self._hear_connected(node, device, there=datum in (1, True))
        text = datum.strip()[:100] if isinstance(datum, str) else ""
        if datum in _EMPTY and levels[3] == "ProductName":
            return self._hear_connected(node, device, there=False)
        if levels[3] == "CustomName":
            device.custom = text
        else:
            device.product = text
        name = device.custom or device.product
        if name and self._directory is not None:
            self._directory.device(node, name=name)
        return []

    def _hear_connected(self, node: str, device: _Device, *, there: bool) -> list[Reading]:
        if there:
            self._be_there(node, device)
            return []
        if device.online is not False and self._directory is not None:
            self._directory.device(node, online=False)
        device.online = False
        return self._presence.gone(node)

    def _be_there(self, node: str, device: _Device) -> None:
        if device.online is not True and self._directory is not None:
            self._directory.device(node, online=True)
        device.online = True

    def _device(self, node: str) -> _Device | None:
        device = self._devices.get(node)
        if device is None and len(self._devices) < _MAX_DEVICES:
            device = self._devices[node] = _Device()
        return device

    def _note(self, node: str, topic: str) -> None:
        """Note that a device has sent a number."""
        device = self._device(node)
        if device is not None and device.online is not True:
            self._be_there(node, device)
        portal = node.split("/", 2)[1]
        if portal in self._heard or len(self._heard) < _MAX_PORTALS:
            self._heard[portal] = self._clock()


@speaks("N/#")
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `victron`.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, "victron", "value", "time", "label", "units")
    return VictronDecoder(tuple(section.get("topics") or ("N/#",)))


def _datum_of(payload: bytes) -> Any:
    """What a message says is there: None where it says that nothing is, MISSING where it has not this form."""
    if not payload:
        return None  # the device has left the D-Bus
    if payload[:1] != b"{":
        return MISSING
    document = load_document(payload)
    return document.get("value", MISSING) if isinstance(document, dict) else MISSING


def _base_of(topic_filter: str) -> str:
    """What stands before the portal in a filter's topics: everything up to its `N`."""
    levels = topic_filter.split("/")
    fixed = levels[: next((index for index, level in enumerate(levels) if level in ("+", "#")), len(levels))]
    if "N" in fixed:
        fixed = fixed[: len(fixed) - fixed[::-1].index("N")]
    return "/".join(fixed) or "N"
