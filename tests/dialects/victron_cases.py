"""What Venus OS publishes of devices at a GX; topics and units by Victron's own documentation."""

from __future__ import annotations

import json

from .cases import Case, Expected

_WIKI = "https://github.com/victronenergy/venus/wiki/dbus"
_MQTT = "https://github.com/victronenergy/dbus-flashmq"
_PORTAL = "c0619ab12345"


def _say(path: str, value: object) -> tuple[str, str]:
    return f"N/{_PORTAL}/{path}", json.dumps({"value": value})


def _series(path: str, label: str, units: str, value: float | None, node: str) -> Expected:
    return Expected(f"N.{_PORTAL}.{path.replace('/', '.')}.value", label, units, value, node)


def _meter(path: str, label: str, value: float, node: str) -> tuple[Expected, Expected]:
    name = f"N.{_PORTAL}.{path.replace('/', '.')}.value"
    return (
        Expected(name, label, "kWh", value, node),
        Expected(f"{name}.rate", f"{label} rate", "kWh", value, node, ds_type="DERIVE"),
    )


CASES = [
    Case(
        "Victron BMV-712, battery monitor",
        _WIKI,
        (
            _say("battery/256/ProductName", "BMV-712 Smart"),
            _say("battery/256/CustomName", "House bank"),
            _say("battery/256/DeviceInstance", 256),
            _say("battery/256/ProductId", 0xA381),
            _say("battery/256/FirmwareVersion", 1041),
            _say("battery/256/Serial", "HQ1234ABCDE"),
            _say("battery/256/Connected", 1),
            _say("battery/256/Mgmt/Connection", "VE.Direct port 1"),
            _say("battery/256/Dc/0/Voltage", 13.319999694824219),
            _say("battery/256/Dc/0/Current", -4.199999809265137),
            _say("battery/256/Dc/0/Power", -56),
            _say("battery/256/Dc/1/Voltage", 12.899999618530273),
            _say("battery/256/Soc", 87.4000015258789),
            _say("battery/256/ConsumedAmphours", -25.200000762939453),
            _say("battery/256/TimeToGo", 72000),
            _say("battery/256/TimeToGo", None),
            _say("battery/256/History/MinimumVoltage", 11.9),
            _say("battery/256/Alarms/LowVoltage", 0),
        ),
        (
            _series("battery/256/Dc/0/Voltage", "DC voltage", "V", 13.319999694824219, "House bank"),
            _series("battery/256/Dc/0/Current", "DC current", "A", -4.199999809265137, "House bank"),
            _series("battery/256/Dc/0/Power", "DC power", "W", -56, "House bank"),
            _series("battery/256/Dc/1/Voltage", "DC 1 voltage", "V", 12.899999618530273, "House bank"),
            _series("battery/256/Soc", "State of charge", "%", 87.4000015258789, "House bank"),
            _series("battery/256/ConsumedAmphours", "Consumed amphours", "Ah", -25.200000762939453, "House bank"),
            _series("battery/256/TimeToGo", "Time to go", "s", None, "House bank"),
            _series("battery/256/History/MinimumVoltage", "History minimum voltage", "V", 11.9, "House bank"),
            _series("battery/256/Alarms/LowVoltage", "Alarms low voltage", "", 0, "House bank"),
        ),
    ),
    Case(
        "Victron SmartSolar MPPT 150/35, solar charger",
        _WIKI,
        (
            _say("solarcharger/279/ProductName", "SmartSolar Charger MPPT 150/35"),
            _say("solarcharger/279/CustomName", ""),
            _say("solarcharger/279/Yield/Power", 412.0),
            _say("solarcharger/279/Yield/User", 1523.45),
            _say("solarcharger/279/Pv/V", 71.2),
            _say("solarcharger/279/State", 3),
            _say("solarcharger/279/Load/State", None),
            _say("solarcharger/279/History/Daily/0/Yield", 2.25),
            _say("solarcharger/279/History/Daily/1/Yield", 3.5),  # of yesterday, and logged then
            _say("solarcharger/279/History/Daily/0/MaxPower", 540),
            _say("solarcharger/279/Link/NetworkMode", 0),
        ),
        (
            _series("solarcharger/279/Yield/Power", "Yield power", "W", 412, "SmartSolar Charger MPPT 150/35"),
            *_meter("solarcharger/279/Yield/User", "Yield user", 1523.45, "SmartSolar Charger MPPT 150/35"),
            _series("solarcharger/279/Pv/V", "PV voltage", "V", 71.2, "SmartSolar Charger MPPT 150/35"),
            _series("solarcharger/279/State", "State", "", 3, "SmartSolar Charger MPPT 150/35"),
            _series("solarcharger/279/History/Daily/0/Yield", "Yield today", "kWh", 2.25, "SmartSolar Charger MPPT 150/35"),
            _series("solarcharger/279/History/Daily/0/MaxPower", "Max power today", "W", 540, "SmartSolar Charger MPPT 150/35"),
        ),
    ),
    Case(
        "Victron MultiPlus-II, inverter/charger",
        _WIKI,
        (
            _say("vebus/276/ProductName", "MultiPlus-II 48/3000/35-32"),
            _say("vebus/276/Ac/ActiveIn/L1/V", 231.4),
            _say("vebus/276/Ac/ActiveIn/L1/F", 49.98),
            _say("vebus/276/Ac/ActiveIn/L2/V", None),
            _say("vebus/276/Ac/ActiveIn/CurrentLimit", 16.0),
            _say("vebus/276/Ac/Out/L1/P", 324),
            _say("vebus/276/Ac/Out/L1/I", 1.62),
            _say("vebus/276/Energy/InverterToAcOut", 431.07),
            _say("vebus/276/Hub4/L1/AcPowerSetpoint", 30),
            _say("vebus/276/Devices/0/Version", 2710503),
        ),
        (
            _series("vebus/276/Ac/ActiveIn/L1/V", "AC active in L1 voltage", "V", 231.4, "MultiPlus-II 48/3000/35-32"),
            _series("vebus/276/Ac/ActiveIn/L1/F", "AC active in L1 frequency", "Hz", 49.98, "MultiPlus-II 48/3000/35-32"),
            _series("vebus/276/Ac/ActiveIn/CurrentLimit", "AC active in current limit", "A", 16, "MultiPlus-II 48/3000/35-32"),
            _series("vebus/276/Ac/Out/L1/P", "AC out L1 power", "W", 324, "MultiPlus-II 48/3000/35-32"),
            _series("vebus/276/Ac/Out/L1/I", "AC out L1 current", "A", 1.62, "MultiPlus-II 48/3000/35-32"),
            *_meter("vebus/276/Energy/InverterToAcOut", "Energy inverter to AC out", 431.07, "MultiPlus-II 48/3000/35-32"),
        ),
    ),
    Case(
        "a grid meter, and a PV inverter that shuts down at night",
        _MQTT,
        (
            _say("grid/30/ProductName", "Grid meter"),
            _say("grid/30/Ac/L1/Power", -210.4),
            _say("grid/30/Ac/Energy/Forward", 4521.6),
            _say("pvinverter/20/ProductName", "Fronius Symo"),
            _say("pvinverter/20/Position", 1),
            _say("pvinverter/20/Ac/Power", 936),
            (f"N/{_PORTAL}/pvinverter/20/Ac/Power", b""),
            _say("settings/0/Settings/CGwacs/AcPowerSetPoint", 50),
            _say("gps/0/Position/Latitude", 52.1),
            (f"N/{_PORTAL}/keepalive", '{"value":1}'),
            (f"N/{_PORTAL}/full_publish_completed", '{"value":1702459522}'),
        ),
        (
            _series("grid/30/Ac/L1/Power", "AC L1 power", "W", -210.4, "Grid meter"),
            *_meter("grid/30/Ac/Energy/Forward", "AC energy forward", 4521.6, "Grid meter"),
            _series("pvinverter/20/Ac/Power", "AC power", "W", None, "Fronius Symo"),
        ),
    ),
    Case(
        "a tank sensor, and a temperature sensor that was taken away",
        _WIKI,
        (
            _say("tank/4/ProductName", "Cerbo GX tank input"),
            _say("tank/4/CustomName", "Fresh water"),
            _say("tank/4/FluidType", 1),
            _say("tank/4/Capacity", 0.2),
            _say("tank/4/Level", 61.5),
            _say("tank/4/Remaining", 0.123),
            _say("temperature/24/CustomName", "Fridge"),
            _say("temperature/24/Temperature", 4.5),
            _say("temperature/24/BatteryVoltage", 3.1),
            _say("temperature/24/Connected", 0),
        ),
        (
            _series("tank/4/Capacity", "Capacity", "m³", 0.2, "Fresh water"),
            _series("tank/4/Level", "Level", "%", 61.5, "Fresh water"),
            _series("tank/4/Remaining", "Remaining", "m³", 0.123, "Fresh water"),
            _series("temperature/24/Temperature", "Temperature", "°C", None, "Fridge"),
            _series("temperature/24/BatteryVoltage", "Battery voltage", "V", None, "Fridge"),
        ),
    ),
]
