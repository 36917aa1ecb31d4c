"""Decoders, the units: one label for each unit, whoever wrote it, and which quantities are counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from ..core.contracts import Key, Meta, Reading

MAX_UNITS = 40
"""Characters that are kept of units which are not known."""

# Each unit as it is shown and stored → how dialects and devices write it beside that: Home Assistant's constants, Homie's and
# SenML's (RFC 8428, RFC 8798) recommended units, Tasmota, Zigbee2MQTT. Small and capital letters are the same, unless two units
# differ by nothing else (mW and MW).
_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "°C": "C Cel Celsius degC deg_C ℃ ºC °Celsius",
        "°F": "F Fahrenheit degF deg_F ℉ ºF °Fahrenheit",
        "K": "Kelvin °K",
        "°": "deg degree degrees º",
        "%": "percent pct %RH %EL rH% %rel %r.H.",
        "hPa": "mbar mb millibar hectopascal",
        "Pa": "pascal",
        "kPa": "",
        "bar": "",
        "mmHg": "",
        "inHg": "",
        "psi": "",
        "W": "w watt watts",
        "mW": "milliwatt",
        "kW": "kilowatt",
        "MW": "megawatt",
        "GW": "",
        "VA": "",
        "kVA": "",
        "var": "VAr vars",
        "kvar": "kVAr",
        "Wh": "",
        "mWh": "",
        "kWh": "kW*h kW·h",
        "MWh": "",
        "GWh": "",
        "VAh": "",
        "kVAh": "",
        "varh": "VArh",
        "kvarh": "kVArh",
        "J": "joule",
        "kJ": "",
        "MJ": "",
        "GJ": "",
        "V": "v volt volts",
        "mV": "millivolt",
        "kV": "",
        "µV": "uV",
        "A": "ampere amperes amp amps",
        "mA": "milliampere",
        "µA": "uA",
        "Ah": "",
        "mAh": "",
        "Ω": "Ohm ohms",
        "kΩ": "kOhm kohms",
        "MΩ": "MOhm",
        "Hz": "hertz",
        "kHz": "",
        "MHz": "",
        "GHz": "",
        "rpm": "r/min",
        "lx": "lux",
        "lm": "lumen",
        "W/m²": "W/m2 W/m^2 W/sqm",
        "ppm": "",
        "ppb": "",
        "µg/m³": "ug/m3 ug/m³ µg/m3 ug/m^3 µg/m^3 mcg/m3",
        "mg/m³": "mg/m3 mg/m^3",
        "g/m³": "g/m3 g/m^3",
        "p/m³": "p/m3 #/m3 #/m³",
        "dB": "",
        "dBA": "dB(A)",
        "dBm": "",
        "µS/cm": "uS/cm",
        "mS/cm": "",
        "m": "meter metre meters metres",
        "cm": "",
        "mm": "millimeter millimetre l/m2 l/m²",
        "km": "",
        "in": "inch inches",
        "ft": "foot feet",
        "mi": "mile miles",
        "m²": "m2 m^2 sqm",
        "m/s": "mps",
        "mm/s": "",
        "km/h": "kmh kph kmph km/hr",
        "mph": "mi/h",
        "kn": "knot knots kt kts",
        "mm/h": "mm/hr",
        "mm/d": "",
        "in/h": "in/hr",
        "m³": "m3 m^3 cbm",
        "dm³": "dm3",
        "ft³": "ft3 ft^3 cuft",
        "l": "L liter litre liters litres",
        "ml": "mL",
        "gal": "gallon gallons",
        "m³/h": "m3/h m^3/h cbm/h m³/hr",
        "m³/s": "m3/s m^3/s",
        "l/min": "lpm L/m",
        "l/h": "lph",
        "l/s": "",
        "ft³/min": "ft3/min cfm",
        "gal/min": "gpm",
        "g": "gram grams",
        "mg": "",
        "kg": "kilogram",
        "lb": "lbs",
        "oz": "",
        "ms": "msec millisecond milliseconds",
        "s": "sec secs second seconds",
        "min": "mins minute minutes",
        "h": "hr hrs hour hours",
        "d": "day days",
        "bit": "bits",
        "kbit": "kb",
        "Mbit": "Mb",
        "B": "byte bytes",
        "kB": "KB",
        "MB": "",
        "GB": "",
        "KiB": "",
        "MiB": "",
        "GiB": "",
        "bit/s": "",
        "kbit/s": "kbps",
        "Mbit/s": "Mbps",
        "B/s": "byte/s bytes/s",
        "kB/s": "KB/s",
        "MB/s": "",
        "mired": "mireds MK⁻¹",
        "µSv/h": "uSv/h",
        "Bq/m³": "Bq/m3",
        "€": "EUR",
        "£": "GBP",
        "": "none null n/a unitless # count counts /",
    }
)
# Characters that look like another.
_ALIKE = str.maketrans({"\N{GREEK SMALL LETTER MU}": "µ", "\N{OHM SIGN}": "Ω"})


def _exactly() -> Iterator[tuple[str, str]]:
    for label, spellings in _SPELLINGS.items():
        yield label, label
        for spelling in spellings.split():
            yield spelling.translate(_ALIKE), label


def _loosely() -> dict[str, str]:
    """Units by their small letters, without those that small and capital letters tell apart."""
    labels: dict[str, set[str]] = {}
    for spelling, label in _exactly():
        if len(spelling) > 1:  # single letters stand for too much: s and S, m and M, h and H
            labels.setdefault(spelling.lower(), set()).add(label)
    return {spelling: found.pop() for spelling, found in labels.items() if len(found) == 1}


_EXACT = MappingProxyType({**dict(_exactly()), "c": "°C", "f": "°F"})
_LOOSE = MappingProxyType(_loosely())

# Home Assistant's device classes of sensors and numbers → the units that they are in where nothing else is said: the first one
# that its documentation names, or the one that devices mostly use. Classes without units are not here.
_CLASSES = MappingProxyType(
    {
        "absolute_humidity": "g/m³",
        "apparent_power": "VA",
        "area": "m²",
        "atmospheric_pressure": "hPa",
        "battery": "%",
        "blood_glucose_concentration": "mg/dL",
        "carbon_dioxide": "ppm",
        "carbon_monoxide": "ppm",
        "conductivity": "µS/cm",
        "current": "A",
        "data_rate": "bit/s",
        "data_size": "B",
        "distance": "m",
        "duration": "s",
        "energy": "kWh",
        "energy_distance": "kWh/100km",
        "energy_storage": "kWh",
        "frequency": "Hz",
        "gas": "m³",
        "humidity": "%",
        "illuminance": "lx",
        "irradiance": "W/m²",
        "moisture": "%",
        "nitrogen_dioxide": "µg/m³",
        "nitrogen_monoxide": "µg/m³",
        "nitrous_oxide": "µg/m³",
        "ozone": "µg/m³",
        "pm1": "µg/m³",
        "pm10": "µg/m³",
        "pm25": "µg/m³",
        "pm4": "µg/m³",
        "power": "W",
        "precipitation": "mm",
        "precipitation_intensity": "mm/h",
        "pressure": "hPa",
        "reactive_energy": "varh",
        "reactive_power": "var",
        "signal_strength": "dBm",
        "sound_pressure": "dB",
        "speed": "m/s",
        "sulphur_dioxide": "µg/m³",
        "temperature": "°C",
        "temperature_delta": "°C",
        "volatile_organic_compounds": "µg/m³",
        "volatile_organic_compounds_parts": "ppb",
        "voltage": "V",
        "volume": "l",
        "volume_flow_rate": "m³/h",
        "volume_storage": "l",
        "water": "l",
        "weight": "kg",
        "wind_direction": "°",
        "wind_speed": "m/s",
    }
)
_COUNTED_CLASSES = frozenset(("energy", "gas", "water", "reactive_energy"))
_NEVER_COUNTED = frozenset(("monetary", "energy_storage", "volume_storage"))
"""Classes that may be a total, and whose rate says nothing."""
_COUNTED_UNITS = frozenset(("mWh", "Wh", "kWh", "MWh", "GWh", "VAh", "kVAh", "varh", "kvarh"))


def normal_units(given: str) -> str:
    """Units as they are shown: `C` and `celsius` are `°C`; those that are not known stay as they are, without blanks around."""
    text = given.strip()[:MAX_UNITS].translate(_ALIKE)
    known = _EXACT.get(text)
    return _LOOSE.get(text.lower(), text) if known is None else known


def class_units(device_class: str, component: str = "sensor") -> str:
    """Units of a quantity that says only its device class; empty where it has none, or they are not known.

    Args:
        device_class: one of Home Assistant's.
        component: what it is a class of; those of a `binary_sensor` have the same words, and no units.
    """
    return "" if component == "binary_sensor" else _CLASSES.get(device_class, "")


def is_count(state_class: str, device_class: str = "", units: str = "") -> bool:
    """Whether a quantity is a count that only grows, but for wraps and resets: then its rate is logged too.

    Args:
        state_class: `measurement`, `total`, `total_increasing`, or empty where nothing is said.
        device_class: such as `energy`; asked where no state class is given.
        units: as `normal_units` writes them; asked where neither is given.
    """
    if state_class:
        return state_class == "total_increasing" or (state_class == "total" and device_class not in _NEVER_COUNTED)
    return device_class in _COUNTED_CLASSES or (not device_class and units in _COUNTED_UNITS)


def with_rate(key: Key, value: float, timestamp: float | None, meta: Meta) -> tuple[Reading, Reading]:
    """The readings of a count: its level as it is, and its rate, which RRDtool makes of it.

    A count that is set back, or that wraps, leaves a gap in the rate and no spike (DERIVE with the minimum 0). The units of both
    are those of the count: whoever shows a rate knows that `kWh` per second is power. The key of the
    rate is that of the level with `rate` as the last part of its path.
    """
    rate_key, rate = _rate(key, meta)
    return Reading(key, value, timestamp, meta), Reading(rate_key, value, timestamp, rate)


@lru_cache(maxsize=20_000)  # the same object with each number, as `Meta` promises
def _rate(key: Key, meta: Meta) -> tuple[Key, Meta]:
    topic, path = key
    uid = f"{meta.uid}/rate" if meta.uid else ""
    label = f"{meta.label} rate" if meta.label else ""
    return (topic, f"{path}.rate" if path else "rate"), meta._replace(label=label, ds_type="DERIVE", uid=uid)
