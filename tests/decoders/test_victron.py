"""Venus OS: names and units by path, what is not logged, devices that come and go, silent portals."""

from __future__ import annotations

import json
import math

import pytest

from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders.victron import SILENT_AFTER_S, VictronDecoder, make_decoder

PORTAL = "c0619ab12345"


def say(decoder: VictronDecoder, path: str, value: object, prefix: str = "N") -> list[float]:
    return [each.value for each in decoder.decode(f"{prefix}/{PORTAL}/{path}", json.dumps({"value": value}).encode())]


@pytest.fixture
def directory() -> Directory:
    return Directory(NodeRegistry())


@pytest.fixture
def decoder(directory: Directory) -> VictronDecoder:
    decoder = VictronDecoder(("N/#",))
    decoder.join(directory)
    return decoder


@pytest.mark.parametrize(
    ("path", "label", "units"),
    [
        ("battery/512/Soc", "State of charge", "%"),
        ("battery/512/Soh", "State of health", "%"),
        ("battery/512/Dc/0/Temperature", "DC temperature", "°C"),
        ("battery/512/Dc/0/MidVoltageDeviation", "DC mid voltage deviation", "%"),
        ("battery/512/Info/MaxChargeCurrent", "Info max charge current", "A"),
        ("battery/512/System/MinCellVoltage", "System min cell voltage", "V"),
        ("battery/512/History/TimeSinceLastFullCharge", "History time since last full charge", "s"),
        ("battery/512/Capacity", "Capacity", "Ah"),
        ("tank/4/Capacity", "Capacity", "m³"),
        ("vebus/276/Ac/Out/L1/S", "AC out L1 apparent power", "VA"),
        ("vebus/276/Ac/Out/L1/F", "AC out L1 frequency", "Hz"),
        ("solarcharger/279/Pv/0/P", "PV 0 power", "W"),
        ("system/0/Dc/Battery/TimeToGo", "DC battery time to go", "s"),
        ("system/0/Ac/Consumption/L1/Power", "AC consumption L1 power", "W"),
        ("meteo/20/Irradiance", "Irradiance", "W/m²"),
        ("temperature/24/Humidity", "Humidity", "%"),
        ("temperature/24/CO2", "CO2", "ppm"),
        ("alternator/1/Speed", "Speed", "rpm"),
        ("vebus/276/State", "State", ""),
        ("vebus/276/Alarms/HighTemperature", "Alarms high temperature", ""),
        ("solarcharger/279/ErrorCode", "Error code", ""),
        ("system/0/Relay/0/State", "Relay 0 state", ""),
    ],
)
def test_a_path_says_name_and_units(decoder: VictronDecoder, path: str, label: str, units: str) -> None:
    topic = f"N/{PORTAL}/{path}"
    (reading,) = decoder.decode(topic, b'{"max":null,"min":0,"value":1}')
    assert (reading.key, reading.value, reading.timestamp) == ((topic, "value"), 1.0, None)
    assert (reading.meta.label, reading.meta.units) == (label, units)
    assert reading.meta.node == "victron/" + "/".join(topic.split("/")[1:4])
    assert reading.meta.uid == f"{PORTAL}/{path}"
    assert decoder.decode(topic, b'{"value":2}')[0].meta is reading.meta


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("grid/30/Ac/L2/Energy/Forward", True),
        ("grid/30/Ac/Energy/Reverse", True),
        ("solarcharger/279/Yield/User", True),
        ("battery/512/History/ChargedEnergy", True),
        ("vebus/276/Energy/AcIn1ToAcOut", True),
        ("pulsemeter/1/Aggregate", True),
        ("digitalinput/1/Count", True),
        ("solarcharger/279/History/Daily/0/Yield", False),
        ("solarcharger/279/Yield/Power", False),
    ],
)
def test_meters_have_a_rate_too(decoder: VictronDecoder, path: str, counted: bool) -> None:
    readings = decoder.decode(f"N/{PORTAL}/{path}", b'{"value":1.5}')
    assert [each.meta.ds_type for each in readings] == (["", "DERIVE"] if counted else [""])


@pytest.mark.parametrize(
    "path",
    [
        "settings/0/Settings/CGwacs/AcPowerSetPoint",
        "gps/0/Position/Latitude",
        "gps/0/Speed",
        "platform/0/Firmware/Progress",
        "battery/512/DeviceInstance",
        "battery/512/ProductId",
        "battery/512/FirmwareVersion",
        "battery/512/Mgmt/Connection",
        "battery/512/Connected",
        "battery/512/Serial",
        "pvinverter/20/Position",
        "vebus/276/Hub4/L1/AcPowerSetpoint",
        "vebus/276/Devices/0/Version",
        "vebus/276/Interfaces/Mk2/Version",
        "solarcharger/279/History/Daily/1/Yield",
        "solarcharger/279/Settings/BmsPresent",
    ],
)
def test_what_is_no_measurement_is_not_logged(decoder: VictronDecoder, path: str) -> None:
    assert say(decoder, path, 1) == []


@pytest.mark.parametrize("value", ["text", "1.5", [1, 2], {"a": 1}, 1e999, 10**400])
def test_what_is_no_number_is_not_logged(decoder: VictronDecoder, value: object) -> None:
    assert say(decoder, "battery/512/Soc", value) == []


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (f"N/{PORTAL}/keepalive", b'{"value":1}'),
        (f"N/{PORTAL}/battery/512", b'{"value":1}'),
        (f"N/{PORTAL}//512/Soc", b'{"value":1}'),
        ("N/x", b"1"),
        (f"N/{PORTAL}/battery/512/Soc", b"1"),
        (f"N/{PORTAL}/battery/512/Soc", b"hello"),
        (f"N/{PORTAL}/battery/512/Soc", b"{}"),
        (f"N/{PORTAL}/battery/512/" + "x" * 2000, b'{"value":1}'),
        (f"N/{PORTAL}/battery/512/ProductName", b"[1]"),
        (f"N/{PORTAL}/battery/512/ProductName", b"House"),
        (f"R/{PORTAL}/battery/512/Soc", b'{"value":1}'),
    ],
)
def test_what_is_none_of_this_logs_nothing(decoder: VictronDecoder, topic: str, payload: bytes) -> None:
    assert decoder.decode(topic, payload) == []


def test_a_value_that_is_invalid_is_unknown_once(decoder: VictronDecoder) -> None:
    (before,) = say(decoder, "battery/512/TimeToGo", None)
    assert math.isnan(before), "it may have been logged before a start"
    for gone in (None, []):
        assert say(decoder, "battery/512/TimeToGo", 7200) == [7200.0]
        (unknown,) = say(decoder, "battery/512/TimeToGo", gone)
        assert math.isnan(unknown)
        assert say(decoder, "battery/512/TimeToGo", gone) == []


def test_a_device_that_leaves_the_bus_is_gone(decoder: VictronDecoder, directory: Directory) -> None:
    say(decoder, "pvinverter/20/ProductName", "Fronius Symo")
    assert say(decoder, "pvinverter/20/Ac/Power", 936) == [936.0]
    node = f"victron/{PORTAL}/pvinverter/20"
    state = directory.nodes.get(node)
    assert state is not None
    assert (state.name, state.state) == ("Fronius Symo", "ONLINE")
    (reading,) = decoder.decode(f"N/{PORTAL}/pvinverter/20/Ac/Power", b"")
    assert math.isnan(reading.value)
    decoder.decode(f"N/{PORTAL}/pvinverter/20/ProductName", b"")
    state = directory.nodes.get(node)
    assert state is not None
    assert state.state == "OFFLINE"
    assert say(decoder, "pvinverter/20/Ac/Power", 12) == [12.0]
    state = directory.nodes.get(node)
    assert state is not None
    assert state.state == "ONLINE"


def test_all_values_of_a_device_that_is_not_connected_are_unknown(decoder: VictronDecoder) -> None:
    say(decoder, "temperature/24/Temperature", 4.5)
    say(decoder, "temperature/24/Humidity", 40)
    assert say(decoder, "temperature/24/Connected", 1) == []
    gone = say(decoder, "temperature/24/Connected", 0)
    assert len(gone) == 2
    assert all(math.isnan(each) for each in gone)
    assert say(decoder, "temperature/24/Connected", 0) == []


def test_the_name_that_people_gave_counts(decoder: VictronDecoder, directory: Directory) -> None:
    def name() -> str:
        state = directory.nodes.get(f"victron/{PORTAL}/battery/512")
        assert state is not None
        return state.name

    say(decoder, "battery/512/CustomName", "House")
    say(decoder, "battery/512/ProductName", "Lynx Smart BMS 500")
    assert name() == "House"
    say(decoder, "battery/512/CustomName", "Boat")
    assert name() == "Boat"
    say(decoder, "battery/512/CustomName", "")
    assert name() == "Lynx Smart BMS 500"


def test_a_bridge_may_put_something_before_the_topics() -> None:
    section = Section("decoder__boat", {"topics": ("boat/venus/N/#",)})
    decoder = make_decoder(section)
    assert isinstance(decoder, VictronDecoder)
    assert decoder.announcements == ("boat/venus/N/+/+/+/CustomName", "boat/venus/N/+/+/+/ProductName")
    (reading,) = decoder.decode(f"boat/venus/N/{PORTAL}/battery/512/Soc", b'{"value":50}')
    assert (reading.meta.node, reading.meta.uid) == (f"victron/{PORTAL}/battery/512", f"{PORTAL}/battery/512/Soc")
    one = make_decoder(Section("decoder__one", {"topics": (f"N/{PORTAL}/battery/#",)}))
    assert len(one.decode(f"N/{PORTAL}/battery/512/Soc", b'{"value":50}')) == 1


def test_a_portal_that_nobody_keeps_alive_is_counted() -> None:
    now = [0.0]
    decoder = VictronDecoder(("N/#",), lambda: now[0])
    say(decoder, "battery/512/Soc", 50)
    assert ("silent portals", 0) in decoder.counts()
    now[0] = SILENT_AFTER_S + 1
    assert ("silent portals", 1) in decoder.counts()
    say(decoder, "battery/512/Soc", 51)
    assert ("silent portals", 0) in decoder.counts()


def test_a_flood_of_topics_and_devices_is_bounded(decoder: VictronDecoder) -> None:
    for number in range(60_000):
        decoder.decode(f"N/{number}/battery/{number}/Soc", b'{"value":1}')
    counts = dict(decoder.counts())
    assert counts["values"] <= 50_000
    assert counts["devices"] <= 5000
    assert counts["portals"] <= 100
