"""Decoder `shelly`, its words: what stands on the topics of Shelly's first generation.

Source: the MQTT sections of shelly-api-docs.shelly.cloud/gen1. What is not here is not logged: presses of buttons, texts, limits
of power, temperatures in °F beside those in °C, sums of external sensors, and the energy that an energy meter has counted since
it was switched on, beside its totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .quantities import Quantity, numbered

Words = Mapping[str, Quantity]

_HOUR = 1 / 60
"""Energy is counted in watt-minutes; 60 of them are a watt-hour."""
_METER: Words = {
    "power": Quantity("Power", "W"),
    "energy": Quantity("Energy", "Wh", _HOUR, counted=True),
}

CHANNELS: Mapping[str, Words] = MappingProxyType(
    {
        "relay": {"": Quantity("Relay"), **_METER},
        "light": {"": Quantity("Light"), **_METER},
        "color": {"": Quantity("Light"), **_METER},
        "white": {"": Quantity("Light"), **_METER},
        "roller": {"pos": Quantity("Position", "%"), **_METER},
        "emeter": {
            "power": Quantity("Power", "W"),
            "reactive_power": Quantity("Reactive power", "var"),
            "voltage": Quantity("Voltage", "V"),
            "current": Quantity("Current", "A"),
            "pf": Quantity("Power factor"),
            "total": Quantity("Energy", "Wh", counted=True),
            "total_returned": Quantity("Returned energy", "Wh", counted=True),
        },
        "input": {"": Quantity("Input")},
        "adc": {"": Quantity("Analogue input", "V")},
        "ext_temperature": {"": Quantity("External temperature", "°C")},
        "ext_humidity": {"": Quantity("External humidity", "%")},
        "ext_switch": {"": Quantity("External switch")},
        "valve": {"state": Quantity("Valve")},
    }
)
"""First level behind the device → level behind the channel's number, empty for none → what stands there."""

SINGLE: Words = MappingProxyType(
    {
        "temperature": Quantity("Device temperature", "°C"),
        "overtemperature": Quantity("Overheated"),
        "voltage": Quantity("Voltage", "V"),
        "overload": Quantity("Overload"),
        "loaderror": Quantity("Load error"),
        "charger": Quantity("Charger"),
        "relay/power": Quantity("Power", "W"),
        "relay/energy": Quantity("Energy", "Wh", _HOUR, counted=True),
        "emeter_n/current": Quantity("Neutral current", "A"),
        "emeter_n/ixsum": Quantity("Sum of currents", "A"),
        "sensor/temperature": Quantity("Temperature", "°C"),
        "sensor/humidity": Quantity("Humidity", "%"),
        "sensor/battery": Quantity("Battery", "%"),
        "sensor/lux": Quantity("Illuminance", "lx"),
        "sensor/tilt": Quantity("Tilt", "°"),
        "sensor/concentration": Quantity("Gas concentration", "ppm"),
        "sensor/state": Quantity("Open"),
        "sensor/vibration": Quantity("Vibration"),
        "sensor/motion": Quantity("Motion"),
        "sensor/flood": Quantity("Flood"),
        "sensor/smoke": Quantity("Smoke"),
        "sensor/charger": Quantity("Charger"),
        "sensor/ext_power": Quantity("External power"),
    }
)
"""Levels behind the device → what stands there."""

LAMP: Words = MappingProxyType(
    {
        "ison": Quantity("Light"),
        "power": Quantity("Power", "W"),
        "brightness": Quantity("Brightness", "%"),
        "gain": Quantity("Gain", "%"),
        "temp": Quantity("Colour temperature", "K"),
        "red": Quantity("Red"),
        "green": Quantity("Green"),
        "blue": Quantity("Blue"),
        "white": Quantity("White"),
    }
)
"""What the status of a lamp has. Those that have a topic of their own have its key."""

STATUS: Words = MappingProxyType(
    {
        "motion": Quantity("Motion"),
        "vibration": Quantity("Vibration"),
        "lux": Quantity("Illuminance", "lx"),
        "bat": Quantity("Battery", "%"),
        "tmp.value": Quantity("Temperature", "°C"),
        "target_t.value": Quantity("Target temperature", "°C"),
    }
)
"""What the status of a motion sensor or a radiator valve has."""

STATUS_IN_INFO: Mapping[str, str] = MappingProxyType(
    {
        "sensor.motion": "motion",
        "sensor.vibration": "vibration",
        "lux.value": "lux",
        "bat.value": "bat",
        "tmp.value": "tmp.value",
        "thermostats.0.tmp.value": "tmp.value",
        "thermostats.0.target_t.value": "target_t.value",
    }
)
"""Where the info of such devices has the same, and as which word of their status it is logged."""

INFO: Words = MappingProxyType(
    {
        "wifi_sta.rssi": Quantity("Wi-Fi signal", "dBm"),
        "thermostats.0.pos": Quantity("Valve position", "%"),
    }
)
"""What only the info has."""

_FAHRENHEIT: Mapping[Quantity, Quantity] = MappingProxyType(
    {each: each._replace(units="°F") for each in STATUS.values() if each.units == "°C"}
)

BOOLEAN_WORDS: Mapping[bytes, float] = MappingProxyType(
    {
        b"on": 1.0, b"off": 0.0, b"overpower": 0.0, b"true": 1.0, b"false": 0.0,
        b"open": 1.0, b"close": 0.0, b"opened": 1.0, b"closed": 0.0,
    }
)  # fmt: skip
"""A relay that was switched off since too much power went through it says `overpower`."""


def quantity_of(rest: str) -> tuple[Quantity | None, str]:
    """What stands on the levels behind a device, and its label; None where that is not logged."""
    single = SINGLE.get(rest)
    if single is not None:
        return single, single.label
    component, _, behind = rest.partition("/")
    channel, _, last = behind.partition("/")
    if not (channel.isdecimal() and channel.isascii() and len(channel) < 4):
        return None, ""
    quantity = CHANNELS.get(component, {}).get(last)
    return quantity, numbered(quantity.label, int(channel)) if quantity is not None else ""


def in_units(quantity: Quantity, fahrenheit: bool) -> Quantity:
    """A quantity of a device that is set to °F, or not."""
    return _FAHRENHEIT.get(quantity, quantity) if fahrenheit else quantity
