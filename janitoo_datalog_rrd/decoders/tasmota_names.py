"""Decoders, the names of Tasmota: what the numbers of its sensors are called, and what they are in.

The names are those of the firmware (`tasmota/include/i18n.h`, `D_JSON_*`), the units those of its web page; where a user has
chosen a unit, the message says which: `TempUnit`, `PressureUnit`, `SpeedUnit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .units import normal_units

UNIT_NAMES = ("TempUnit", "PressureUnit", "SpeedUnit")
_TEMPERATURE, _PRESSURE, _SPEED = UNIT_NAMES
_MAX_UNIT = 20
_MAX_LABEL = 200


class Quantity(NamedTuple):
    """What a name stands for.

    Attributes:
        label: what people call it.
        units: as they are shown, or the name of the field of the message that says so.
    """

    label: str
    units: str = ""


_QUANTITIES = MappingProxyType(
    {
        "Temperature": Quantity("Temperature", _TEMPERATURE),
        "DewPoint": Quantity("Dew point", _TEMPERATURE),
        "HeatIndex": Quantity("Heat index", _TEMPERATURE),
        "FeelsLike": Quantity("Feels like", _TEMPERATURE),
        "Humidity": Quantity("Humidity", "%"),
        "ProbeTemperature": Quantity("Probe temperature", _TEMPERATURE),
        "ReferenceTemperature": Quantity("Reference temperature", _TEMPERATURE),
        "ChipTemperature": Quantity("Chip temperature", _TEMPERATURE),
        "aHumidity": Quantity("Absolute humidity", "g/m³"),
        "Moisture": Quantity("Moisture", "%"),
        "Pressure": Quantity("Pressure", _PRESSURE),
        "SeaPressure": Quantity("Sea pressure", _PRESSURE),
        "Speed": Quantity("Speed", _SPEED),
        "Dir": Quantity("Direction", "°"),
        "Illuminance": Quantity("Illuminance", "lx"),
        "Ambient": Quantity("Ambient light", "lx"),
        "CCT": Quantity("Colour temperature", "K"),
        "UvIndex": Quantity("UV index"),
        "CarbonDioxide": Quantity("CO₂", "ppm"),
        "eCO2": Quantity("eCO₂", "ppm"),
        "TVOC": Quantity("TVOC", "ppb"),
        "Gas": Quantity("Gas resistance", "kΩ"),
        "Distance": Quantity("Distance", "cm"),
        "Weight": Quantity("Weight", "kg"),
        "CF1": Quantity("CF1", "µg/m³"),
        "CF2.5": Quantity("CF2.5", "µg/m³"),
        "CF10": Quantity("CF10", "µg/m³"),
        "PM1": Quantity("PM1", "µg/m³"),
        "PM2.5": Quantity("PM2.5", "µg/m³"),
        "PM10": Quantity("PM10", "µg/m³"),
        "Power": Quantity("Power", "W"),
        "ActivePower": Quantity("Active power", "W"),
        "ApparentPower": Quantity("Apparent power", "VA"),
        "ReactivePower": Quantity("Reactive power", "var"),
        "Factor": Quantity("Power factor"),
        "Voltage": Quantity("Voltage", "V"),
        "Current": Quantity("Current", "A"),
        "CurrentNeutral": Quantity("Neutral current", "A"),
        "Frequency": Quantity("Frequency", "Hz"),
        "PhaseAngle": Quantity("Phase angle", "°"),
        "ImportPower": Quantity("Imported power", "W"),
        "ExportPower": Quantity("Exported power", "W"),
        "SolarPower": Quantity("Solar power", "W"),
        "Energy": Quantity("Energy", "kWh"),
        "ImportActive": Quantity("Imported energy", "kWh"),
        "ExportActive": Quantity("Exported energy", "kWh"),
        "ImportReactive": Quantity("Imported reactive energy", "kvarh"),
        "ExportReactive": Quantity("Exported reactive energy", "kvarh"),
        "BatteryPercentage": Quantity("Battery", "%"),
        "BatteryVoltage": Quantity("Battery voltage", "V"),
        "Battery": Quantity("Battery", "%"),
        "LinkQuality": Quantity("Link quality", "lqi"),
        "RSSI": Quantity("Signal", "dBm"),
        "Position": Quantity("Position", "%"),
        "Target": Quantity("Target position", "%"),
        "Tilt": Quantity("Tilt"),
    }
)
# What has another meaning where it stands in ENERGY.
_IN_ENERGY = MappingProxyType(
    {
        **_QUANTITIES,
        "Total": Quantity("Total energy", "kWh"),
        "Today": Quantity("Energy today", "kWh"),
        "Yesterday": Quantity("Energy yesterday", "kWh"),
        "Period": Quantity("Energy of the period", "Wh"),
        "TotalTariff": Quantity("Energy tariff", "kWh"),
        "ExportTariff": Quantity("Exported energy tariff", "kWh"),
    }
)
# What Zigbee's clusters call otherwise, or give in units of their own (https://tasmota.github.io/docs/Zigbee/).
_ZIGBEE = MappingProxyType(
    {
        **{name: quantity for name, quantity in _QUANTITIES.items() if quantity.units not in UNIT_NAMES},
        "Power": Quantity("State"),
        "Temperature": Quantity("Temperature", "°C"),
        "LocalTemperature": Quantity("Temperature", "°C"),
        "Pressure": Quantity("Pressure", "hPa"),
        "RMSVoltage": Quantity("Voltage", "V"),
        "RMSCurrent": Quantity("Current", "A"),
    }
)
_COUNTED = frozenset(("Total", "TotalTariff", "ImportActive", "ExportActive", "ImportReactive", "ExportReactive", "ExportTariff"))
# Numbers that are no quantity: identities, places in lists, times.
_ASIDE = frozenset(("Time", "Epoch", "Id", "ID", "UID", "UUID", "Address", "Device", "Endpoint", "Group", "Cluster", "Data"))
_SILENT_SENSORS = frozenset(("PN532", "RDM6300", "MFRC522", "Wiegand", "RfReceived", "IrReceived", *UNIT_NAMES))


class Named(NamedTuple):
    """What a number is.

    Attributes:
        label: what people call it, without its device.
        units: what it is in.
        counts: whether it only grows.
        known: whether the name is one of the firmware's: then a text of digits is such a number too, as some drivers write it.
    """

    label: str
    units: str = ""
    counts: bool = False
    known: bool = False


def is_aside(parts: tuple[str, ...]) -> bool:
    """Whether what stands at a path of a SENSOR message is no quantity; of a shutter, only where it stands is one."""
    sensor, name = parts[0], parts[-1]
    return sensor in _SILENT_SENSORS or name in _ASIDE or (sensor.startswith("Shutter") and name in ("Direction", "Target"))


def said_units(document: Mapping[str, object]) -> tuple[str, ...]:
    """What a message says of its units, in the order of `UNIT_NAMES`."""
    said = (document.get(name) for name in UNIT_NAMES)
    return tuple(each[:_MAX_UNIT] if isinstance(each, str) else "" for each in said)


def name_of(parts: tuple[str, ...], units: tuple[str, ...]) -> Named:
    """What a number of a SENSOR message is.

    Args:
        parts: names and positions from the top of the message: (`ENERGY`, `Power`, `0`).
        units: what the message says of its units, as `said_units` has it.
    """
    sensor, names = parts[0], parts[1:]
    if not names:
        return Named(_spaced(sensor))
    if sensor == "COUNTER" and names[0][:1] == "C":
        return Named(f"Counter {names[0][1:]}", counts=True)
    table = _IN_ENERGY if sensor == "ENERGY" else _QUANTITIES
    place, quantity, number = _find(names, table)
    words = [quantity.label if quantity else _spaced(names[place]), *number, *(_detail(each) for each in names[place + 1 :])]
    label = " ".join(words)
    if sensor != "ENERGY":
        label = " ".join((_spaced(sensor), *names[:place], _uncapitalised(label)))
    if quantity is None:
        return Named(label[:_MAX_LABEL])
    said = dict(zip(UNIT_NAMES, units, strict=True))
    counts = sensor == "ENERGY" and names[place] in _COUNTED
    return Named(label[:_MAX_LABEL], normal_units(said.get(quantity.units, quantity.units)), counts, known=True)


def zigbee_name_of(name: str) -> Named | None:
    """What a number of a device behind Tasmota's Zigbee bridge is; None for attributes that have no name."""
    if name in _ASIDE or not name.isalnum():
        return None
    quantity = _ZIGBEE.get(name)
    return Named(quantity.label, quantity.units) if quantity else Named(_spaced(name)[:_MAX_LABEL])


def _find(names: tuple[str, ...], table: Mapping[str, Quantity]) -> tuple[int, Quantity | None, tuple[str, ...]]:
    """Which of the names is the quantity, what it is, and its number: `Temperature2` is the second temperature."""
    for place in range(len(names) - 1, -1, -1):
        bare = names[place].rstrip("0123456789")
        for name in (names[place], bare):
            if name in table:
                number = names[place][len(name) :]
                return place, table[name], (number,) if number else ()
    return next((place for place in range(len(names) - 1, -1, -1) if not names[place].isdigit()), 0), None, ()


def _detail(name: str) -> str:
    """What comes behind a quantity; the phases of a meter are counted from 1."""
    return str(int(name) + 1) if name.isdigit() and len(name) < 4 else _uncapitalised(_spaced(name))


def _spaced(name: str) -> str:
    """A name as words: `Switch1` is Switch 1, `Total_in` is Total in; names of chips stay as they are."""
    text = name.replace("_", " ").strip()
    bare = text.rstrip("0123456789")
    return f"{bare} {text[len(bare) :]}" if bare != text and bare.isalpha() and bare[1:].islower() else text


def _uncapitalised(label: str) -> str:
    return label[:1].lower() + label[1:] if label[1:2].islower() or label[1:2] == " " else label
