"""The agent in Home Assistant: one message that announces the device with its most telling numbers.

Source: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from .. import __version__
from .numbers import Number, Numbers
from .remembered import Remembered
from .settings import AgentSettings

MAX_ENTITIES = 100
MAX_BYTES = 64 << 10
"""Longest message."""
KEPT_S = 7 * 86400.0
"""So long an entity stays whose number is gone: a disk or a container that comes back is the same entity, with its history."""
_SEEN_S = 86400.0
_HOLD = 3.0
_LABEL_MAX = 100
_CLASSES = {
    "°C": "temperature",
    "°F": "temperature",
    "B": "data_size",
    "B/s": "data_rate",
    "W": "power",
    "V": "voltage",
    "A": "current",
    "Hz": "frequency",
    "MHz": "frequency",
    "s": "duration",
    "dBm": "signal_strength",
}
_PLATFORM = "sensor"
_Config = dict[str, Any]


class HomeAssistant:
    """Says which entities the device has.

    Args:
        settings: what the agent is told.
        numbers: its numbers.
        remembered: the entities that were announced before; it is kept up to date.
    """

    def __init__(self, settings: AgentSettings, numbers: Numbers, remembered: Remembered) -> None:
        self._settings = settings
        self._numbers = numbers
        self._remembered = remembered
        self._gone: set[str] = set()
        self._shown: Sequence[tuple[object, ...]] = ()
        self._until = 0.0
        self._message = b""

    @property
    def topic(self) -> str:
        """Where the device is announced."""
        return f"homeassistant/device/jnt_{self._settings.device}/config"

    def forget_gone(self) -> None:
        """Say no more of entities that were taken back: it has been said."""
        self._gone.clear()
        self._shown = ()

    def message(self, now: float) -> bytes:
        """The announcement; empty while there is nothing to announce.

        An entity that is announced no more stands in it with its platform alone, which takes it back.

        Args:
            now: seconds since the epoch UTC.
        """
        shown = [each for each in self._numbers if each.described.shown]
        signature = [(each.part, each.path, each.described, each.every) for each in shown]
        if signature != self._shown or not 0 <= self._until - now < _SEEN_S:
            self._shown, self._until = signature, now + _SEEN_S
            self._update(shown, now)
            self._message = self._write()
        return self._message

    def _write(self) -> bytes:
        entities = self._remembered.entities
        if not entities and not self._gone:
            return b""
        document = self._document({name: entities[name]["config"] for name in sorted(entities)})
        document["components"] |= {name: {"platform": _PLATFORM} for name in sorted(self._gone)}
        return _dump(document)

    # -- entities --------------------------------------------------------------------------------------

    def _update(self, shown: Iterable[Number], now: float) -> None:
        """Bring the entities up to date: those that are there first, then those that were there lately."""
        known = self._remembered.entities
        found: dict[str, Number] = {}
        for each in shown:
            name = f"{each.part}.{each.path}".replace(".", "_")
            while name in found:  # a.b_c and a_b.c
                name += "_"
            found[name] = each
        there = {
            name: {"part": each.part, "config": self._config(name, each), "seen": self._seen(name, now)}
            for name, each in found.items()
        }
        parts = {part.name for part in self._numbers.parts}
        lately = {
            name: each
            for name, each in sorted(known.items(), key=lambda item: -item[1]["seen"])
            if name not in there and each["part"] in parts and now - each["seen"] < KEPT_S
        }
        kept = self._bounded({**there, **lately}.items())
        self._gone = ((self._gone | known.keys()) - kept.keys()) if len(self._gone) < MAX_ENTITIES else self._gone - kept.keys()
        self._remembered.entities = kept

    def _bounded(self, entities: Iterable[tuple[str, _Config]]) -> dict[str, _Config]:
        """As many entities as a message may have."""
        kept: dict[str, _Config] = {}
        size = len(_dump(self._document({})))
        for name, each in entities:
            # one that was taken back takes some bytes as well: there may be as many of those
            size += len(_dump({name: each["config"]})) + len(name) + 30
            if len(kept) >= MAX_ENTITIES or size > MAX_BYTES:
                break
            kept[name] = each
        return kept

    def _seen(self, name: str, now: float) -> float:
        """When an entity was last there, to half a day; never earlier than it was known: clocks begin in 1970."""
        known = float(self._remembered.entities.get(name, {}).get("seen", 0.0))
        return known if now - known < _SEEN_S / 2 else now

    def _config(self, name: str, number: Number) -> _Config:
        described = number.described
        config = {
            "platform": _PLATFORM,
            "unique_id": f"jnt_{self._settings.device}_{name}",
            "name": described.label[:_LABEL_MAX],
            "value_template": _template(number),
            "state_class": "total_increasing" if described.counter else "measurement",
            "expire_after": int(max(number.every * _HOLD, 60.0)),
        }
        if described.units:
            config["unit_of_measurement"] = described.units
        if described.units in _CLASSES:
            config["device_class"] = _CLASSES[described.units]
        return config

    def _document(self, components: dict[str, _Config]) -> dict[str, Any]:
        settings = self._settings
        device = {
            "identifiers": [f"jnt_{settings.device}"],
            "name": settings.name[:_LABEL_MAX],
            "manufacturer": "Janitoo",
            "model": "Host agent",
            "sw_version": __version__,
        }
        if settings.location:
            device["suggested_area"] = settings.location[:_LABEL_MAX]
        return {
            "device": device,
            "origin": {"name": "janitoo_datalog_rrd", "sw_version": __version__},
            "state_topic": settings.telemetry,
            "availability_topic": settings.status,
            "qos": 1,
            "components": components,
        }


def _template(number: Number) -> str:
    """Where the number stands in a message; nothing where the message is one of other components, which leaves it as it is."""
    *levels, last = [number.part, *number.path.split(".")]
    return "{{ value_json.metrics" + "".join(f".get('{level}', {{}})" for level in levels) + f".get('{last}', '') }}}}"


def _dump(document: _Config) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
