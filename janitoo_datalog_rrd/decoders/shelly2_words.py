"""Decoder `shelly2`, its words: what the components of Shelly's second and later generations report.

Source: the status sections of "Components and Services" and "Dynamic Components" in shelly-api-docs.shelly.cloud/gen2.
What is not here is not logged: identifiers, timers, minutes of energy, texts, colours, and temperatures in °F beside those in °C.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .quantities import Quantity

Words = Mapping[str, Quantity]

_METER: Words = {
    "apower": Quantity("Power", "W"),
    "voltage": Quantity("Voltage", "V"),
    "current": Quantity("Current", "A"),
    "freq": Quantity("Frequency", "Hz"),
    "pf": Quantity("Power factor"),
    "aenergy.total": Quantity("Energy", "Wh", counted=True),
    "ret_aenergy.total": Quantity("Returned energy", "Wh", counted=True),
    "temperature.tC": Quantity("Device temperature", "°C"),
}
_LIGHT: Words = {
    "output": Quantity("Light"),
    "brightness": Quantity("Brightness", "%"),
    "white": Quantity("White"),
    "ct": Quantity("Colour temperature", "K"),
    **_METER,
}
_PHASES = ("a", "b", "c")
_EM: Words = {
    **{f"{each}_act_power": Quantity(f"Phase {each.upper()} power", "W") for each in _PHASES},
    **{f"{each}_aprt_power": Quantity(f"Phase {each.upper()} apparent power", "VA") for each in _PHASES},
    **{f"{each}_voltage": Quantity(f"Phase {each.upper()} voltage", "V") for each in _PHASES},
    **{f"{each}_current": Quantity(f"Phase {each.upper()} current", "A") for each in _PHASES},
    **{f"{each}_pf": Quantity(f"Phase {each.upper()} power factor") for each in _PHASES},
    **{f"{each}_freq": Quantity(f"Phase {each.upper()} frequency", "Hz") for each in _PHASES},
    "n_current": Quantity("Neutral current", "A"),
    "total_current": Quantity("Total current", "A"),
    "total_act_power": Quantity("Total power", "W"),
    "total_aprt_power": Quantity("Total apparent power", "VA"),
}
_EM_DATA: Words = {
    **{f"{each}_total_act_energy": Quantity(f"Phase {each.upper()} energy", "Wh", counted=True) for each in _PHASES},
    **{f"{each}_total_act_ret_energy": Quantity(f"Phase {each.upper()} returned energy", "Wh", counted=True) for each in _PHASES},
    "total_act": Quantity("Total energy", "Wh", counted=True),
    "total_act_ret": Quantity("Total returned energy", "Wh", counted=True),
}
_ALARM: Words = {"alarm": Quantity("Alarm")}
_VALVE: Words = {
    "target_C": Quantity("Target temperature", "°C"),
    "current_C": Quantity("Temperature", "°C"),
    "target_humidity": Quantity("Target humidity", "%"),
    "current_humidity": Quantity("Humidity", "%"),
    "output": Quantity("Heating"),
    "pos": Quantity("Valve position", "%"),
    "rssi": Quantity("Signal strength", "dBm"),
    "battery": Quantity("Battery", "%"),
}

COMPONENTS: Mapping[str, Words] = MappingProxyType(
    {
        "switch": {"output": Quantity("Switch"), **_METER},
        "pm1": _METER,
        "cover": {"current_pos": Quantity("Position", "%"), "slat_pos": Quantity("Slat position", "%"), **_METER},
        "light": _LIGHT,
        "rgb": _LIGHT,
        "rgbw": _LIGHT,
        "cct": _LIGHT,
        "rgbcct": _LIGHT,
        "input": {
            "state": Quantity("Input"),
            "percent": Quantity("Input level", "%"),
            "freq": Quantity("Input frequency", "Hz"),
            "counts.total": Quantity("Input count", counted=True),
        },
        "em": _EM,
        "em1": {
            "act_power": Quantity("Power", "W"),
            "aprt_power": Quantity("Apparent power", "VA"),
            "voltage": Quantity("Voltage", "V"),
            "current": Quantity("Current", "A"),
            "pf": Quantity("Power factor"),
            "freq": Quantity("Frequency", "Hz"),
        },
        "emdata": _EM_DATA,
        "em1data": {
            "total_act_energy": Quantity("Energy", "Wh", counted=True),
            "total_act_ret_energy": Quantity("Returned energy", "Wh", counted=True),
        },
        "temperature": {"tC": Quantity("Temperature", "°C")},
        "humidity": {"rh": Quantity("Humidity", "%")},
        "illuminance": {"lux": Quantity("Illuminance", "lx")},
        "voltmeter": {"voltage": Quantity("Voltage", "V")},
        "devicepower": {"battery.percent": Quantity("Battery", "%"), "battery.V": Quantity("Battery voltage", "V")},
        "smoke": _ALARM,
        "flood": _ALARM,
        "motion": {"motion": Quantity("Motion")},
        "thermostat": _VALVE,
        "trv": _VALVE,
        "blutrv": _VALVE,
        "bthomedevice": {"rssi": Quantity("Signal strength", "dBm"), "battery": Quantity("Battery", "%")},
        "bthomesensor": {"value": Quantity("Sensor")},
        "number": {"value": Quantity("Number")},
        "boolean": {"value": Quantity("Boolean")},
        "wifi": {"rssi": Quantity("Wi-Fi signal", "dBm")},
    }
)
"""Type of the component → path in its status → what stands there."""
