"""Decoders, the units: one label for each unit, whoever wrote it, and which quantities are counts."""

from __future__ import annotations

from types import MappingProxyType

from ..core.contracts import Key, Meta, Reading

# As dialects and devices write them → as they are shown and stored: SI symbols (BIPM, The International System of Units).
_UNITS = MappingProxyType(
    {
        "c": "°C",
        "°c": "°C",
        "celsius": "°C",
        "f": "°F",
        "°f": "°F",
        "kwh": "kWh",
        "wh": "Wh",
        "m3": "m³",
    }
)
# Home Assistant's device classes of sensors → the units that they are in where nothing else is said.
_CLASSES = MappingProxyType({"temperature": "°C", "humidity": "%", "battery": "%", "power": "W", "energy": "kWh"})
_COUNTED_CLASSES = frozenset(("energy", "gas", "water"))


def normal_units(given: str) -> str:
    """Units as they are shown: `C` and `celsius` are `°C`; those that are not known stay as they are, without blanks around."""
    text = given.strip()[:40]
    return _UNITS.get(text.lower(), text)


def class_units(device_class: str) -> str:
    """Units of a quantity that says only its device class; empty where they are not known."""
    return _CLASSES.get(device_class, "")


def is_count(state_class: str, device_class: str = "", units: str = "") -> bool:
    """Whether a quantity is a count that only grows, but for wraps and resets: then its rate is logged too.

    Args:
        state_class: `measurement`, `total`, `total_increasing`, or empty where nothing is said.
        device_class: such as `energy`; asked where no state class is given.
        units: as `normal_units` writes them; asked where neither is given.
    """
    if state_class:
        return state_class in ("total", "total_increasing")
    return device_class in _COUNTED_CLASSES or (not device_class and units in ("kWh", "Wh"))


def with_rate(key: Key, value: float, timestamp: float | None, meta: Meta) -> tuple[Reading, Reading]:
    """The readings of a count: its level as it is, and its rate, which RRDtool makes of it.

    A count that is set back, or that wraps, leaves a gap in the rate and no spike (DERIVE with the minimum 0).
    The key of the rate is that of the level with `rate` as the last part of its path.
    """
    topic, path = key
    uid = f"{meta.uid}/rate" if meta.uid else ""
    rate = Meta(f"{meta.label} rate" if meta.label else "", meta.units, meta.node, "DERIVE", uid, meta.hold)
    return Reading(key, value, timestamp, meta), Reading((topic, f"{path}.rate" if path else "rate"), value, timestamp, rate)
