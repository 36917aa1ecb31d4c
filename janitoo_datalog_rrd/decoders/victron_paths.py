"""Decoder `victron`, its paths: what stands at a path of Venus OS' D-Bus, as far as it is known by its name.

Facts of https://github.com/victronenergy/venus/wiki/dbus and of https://github.com/victronenergy/dbus_modbustcp (attributes.csv):
measurements are in SI units, energy in kWh and temperature in °C.
"""

from __future__ import annotations

import re
from types import MappingProxyType


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|[0-9]+")

SILENT_SERVICES = _names("fronius gps hub4 logger modbusclient modbustcp packagemanager platform qwacs settings vecan")
"""Services of settings, of the system's own works, and of where people are: nothing of them is logged."""
_SILENT_FIRST = _names(
    """
    AvailableBatteries AvailableBatteryServices Batteries Capabilities Control Debug Devices Diagnostics FirmwareFeatures Hub4
    Interfaces Leds Link MicroGrid Mgmt Position ServiceMapping Settings Timers
    """
)
_SILENT_LAST = _names(
    """
    AllowedRoles BatteryService BmsInstance BuildDate Connected ConnectionInformation CustomName DataManagerVersion
    DateAndTime DeviceId DeviceInstance DeviceType FirmwareBuild FirmwareSubVersion FirmwareVersion FluidType Group
    HardwareVersion Id LastSeen LastUpdate Latency ModelId NrOfTrackers NumberOfAcInputs NumberOfInputs NumberOfOutputs
    NumberOfPhases PhaseSetting Position ProductId ProductName Refresh RefreshTime Serial ShortIds Standard TemperatureType
    Time Timestamp Type UpdateIndex VrmInstance
    """
)
# What the last part of a path says, whole or by its last word.
_UNITS = MappingProxyType(
    {
        "Altitude": "m", "AverageDischarge": "Ah", "CO2": "ppm", "Capacity": "Ah", "ChargeRate": "W", "ChargedAh": "Ah",
        "ChargingTime": "s", "ConsumedAmphours": "Ah", "Course": "°", "CurrentLimit": "A", "DeepestDischarge": "Ah", "F": "Hz",
        "FieldDrive": "%", "Forward": "kWh", "Frequency": "Hz", "Humidity": "%", "I": "A", "InstalledCapacity": "Ah",
        "Irradiance": "W/m²", "LastDischarge": "Ah", "Level": "%", "Load": "%", "Luminosity": "lx", "MidVoltageDeviation": "%",
        "OilPressure": "kPa", "OperatingHours": "s", "P": "W", "PM25": "µg/m³", "PowerLimit": "W", "Pressure": "hPa",
        "RPM": "rpm",
        "Remaining": "m³", "Reverse": "kWh", "Runtime": "s", "S": "VA", "Soc": "%", "Soh": "%", "TargetSoc": "%",
        "TimeInAbsorption": "min", "TimeInBulk": "min", "TimeInFloat": "min", "TimeSinceLastFullCharge": "s", "TimeToGo": "s",
        "TotalAhDrawn": "Ah", "V": "V", "WindDirection": "°", "WindSpeed": "m/s", "Yield": "kWh",
    }
)  # fmt: skip
_WORD_UNITS = MappingProxyType(
    {"Voltage": "V", "Current": "A", "Power": "W", "Temperature": "°C", "Energy": "kWh", "Setpoint": "W", "Soc": "%"}
)
_PATH_UNITS = MappingProxyType(
    {
        "DynamicEss/ChargeRate": "W",
        "Equalization/TimeRemaining": "s",
        "ExternalTemperature2": "°C",
        "Session/Time": "s",
        "Yield/System": "kWh",
        "Yield/User": "kWh",
    }
)
_SERVICE_UNITS = MappingProxyType(
    {
        ("tank", "Capacity"): "m³",
        ("pulsemeter", "Aggregate"): "m³",
        ("alternator", "Speed"): "rpm",
        ("genset", "Engine/Speed"): "rpm",
        ("motordrive", "Motor/RPM"): "rpm",
        ("evcharger", "Session/Energy"): "kWh",
    }
)
_COUNTS = frozenset(
    ("Aggregate", "Count", "ChargedEnergy", "DischargedEnergy", "EnergyIn", "EnergyOut", "TotalAhDrawn", "ChargedAh")
)
_WORDS = MappingProxyType(
    {
        "Ac": "AC", "Dc": "DC", "Pv": "PV", "F": "frequency", "I": "current", "P": "power", "S": "apparent power", "V": "voltage",
        "Soc": "state of charge", "Soh": "state of health", "Bms": "BMS", "Ess": "ESS", "CO2": "CO2", "NOX": "NOx",
        "PM25": "PM2.5",
    }
)  # fmt: skip


def is_silent(service: str, path: str) -> bool:
    """Whether what stands at a path is no measurement: settings, identities, versions, times, and positions."""
    parts = path.split("/")
    if service in SILENT_SERVICES or parts[0] in _SILENT_FIRST or parts[-1] in _SILENT_LAST:
        return True
    # Days that are over are told again each midnight, under the number of the next day; errors that were are no numbers.
    return path.startswith("History/Daily/") and parts[2:3] != ["0"]


def units_of(service: str, path: str) -> str:
    """Units of what stands at a path; empty for states, counts of things, and what is not known."""
    if path.startswith(("Alarms/", "Error", "Io/")):
        return ""
    known = _SERVICE_UNITS.get((service, path)) or _PATH_UNITS.get(path)
    last = path.rpartition("/")[2]
    known = known or _UNITS.get(last)
    if known is None and path.startswith("Energy/"):
        return "kWh"
    if known is None:
        words = _CAMEL.findall(last)
        known = _WORD_UNITS.get(words[-1], "") if words else ""
    return known


def is_count(path: str) -> bool:
    """Whether a number only grows, but for resets: meters of energy, charge and volume, and pulses."""
    last = path.rpartition("/")[2]
    if path.startswith("History/Daily/"):
        return False
    return last in ("Forward", "Reverse") or path.startswith(("Energy/", "Yield/User", "Yield/System")) or last in _COUNTS


def label_of(path: str) -> str:
    """What people call what stands at a path: its words, such as `AC L1 power` of `Ac/L1/Power`."""
    parts = path.removeprefix("History/Daily/0/").split("/")
    today = path.startswith("History/Daily/0/")
    words: list[str] = []
    for position, part in enumerate(parts):
        if part == "0" and position and parts[position - 1] == "Dc":
            continue  # the main one, of those that nearly always there is only one of
        words += _words(part)
    text = " ".join(words)
    return f"{text[:1].upper()}{text[1:]}{' today' if today else ''}"[:200]


def _words(part: str) -> list[str]:
    known = _WORDS.get(part)
    if known is not None:
        return [known]
    if re.fullmatch(r"L[1-3](N|L[1-3])?", part):
        return [part]
    return [_WORDS.get(word, word if word.isupper() and len(word) > 1 else word.lower()) for word in _CAMEL.findall(part)]
