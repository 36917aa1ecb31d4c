"""Tasmota: a number has one name, whichever topic it comes on; devices are known by what they say of themselves."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders import tasmota, tasmota_device
from janitoo_datalog_rrd.decoders.tasmota import TasmotaDecoder, make_decoder
from janitoo_datalog_rrd.decoders.tasmota_names import name_of, zigbee_name_of

MAC = "D8BC38AABBCC"
NODE = f"tasmota/{MAC}"


def decoder(**values: Any) -> TasmotaDecoder:
    """A decoder that has joined a directory."""
    made = make_decoder(Section("decoder__tasmota", values))
    assert isinstance(made, TasmotaDecoder)
    made.join(Directory(NodeRegistry()))
    return made


def announce(to: TasmotaDecoder, mac: str = MAC, **more: Any) -> list[Reading]:
    """Have a device announce itself."""
    config = {
        "dn": "Plug", "fn": ["Plug", None], "hn": "plug-1234", "mac": mac, "ofln": "Offline", "onln": "Online",
        "state": ["OFF", "ON", "TOGGLE", "HOLD"], "t": "plug", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"],
        "rl": [1, 0], "swn": [None], "dslp": 0,
    }  # fmt: skip
    return to.decode(f"tasmota/discovery/{mac}/config", json.dumps(config | more).encode())


def values(readings: list[Reading]) -> dict[tuple[str, ...], float]:
    return {each.key: each.value for each in readings}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("tele/plug/STATE", b'{"Time":"2024-02-03T10:20:30","UptimeSec":5,"POWER":"ON","Heap":25,"Wifi":{"AP":1,"Channel":6}}'),
        ("stat/plug/RESULT", b'{"POWER":"ON"}'),
        ("stat/plug/POWER", b"ON"),
    ],
)
def test_a_relay_has_one_name_whoever_tells_of_it(topic: str, payload: bytes) -> None:
    for ours in (decoder(), decoder()):
        assert values(ours.decode(topic, payload)) == {("tele/plug/STATE", "POWER"): 1.0}
        announce(ours)


@pytest.mark.parametrize(
    ("payload", "path", "number"),
    [
        ('{"Shutter1":{"Position":54,"Direction":1,"Target":100}}', "Shutter1.Position", 54.0),
        ('{"Switch2":"OFF"}', "Switch2", 0.0),
        ('{"Switch2":{"Action":"ON"}}', "Switch2", 1.0),
    ],
)
def test_what_a_result_says_of_a_sensor_is_the_number_of_the_sensor(payload: str, path: str, number: float) -> None:
    ours = decoder()
    for topic in ("stat/x/RESULT", "tele/x/SENSOR") if "Action" not in payload else ("stat/x/RESULT",):
        assert values(ours.decode(topic, payload.encode())) == {("tele/x/SENSOR", path): number}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("stat/plug/RESULT", b'{"TelePeriod":300}'),
        ("stat/plug/RESULT", b'{"Button1":{"Action":"SINGLE"}}'),
        ("stat/plug/RESULT", b'{"Switch1":{"Action":"TOGGLE"}}'),
        ("stat/plug/POWER", b"TOGGLE"),
        ("tele/plug/STATE", b'{"Uptime":"0T01:23:45","Sleep":50,"LoadAvg":19,"MqttCount":1,"Channel":[1,2],"Fade":"ON"}'),
        ("tele/plug/SENSOR", b'{"Time":"2024-02-03T10:20:30","Epoch":1706955630,"TempUnit":"C"}'),
        ("tele/plug/SENSOR", b'{"PN532":{"UID":"12345678"},"DS18B20":{"Id":"012345678901","Temperature":null}}'),
        ("tele/plug/SENSOR", b'{"SML":{"Meter_Number":"1234567890"}}'),
        ("tele/plug/SENSOR", b'{"ZbReceived":{"0x329F":{"Device":"0x329F","Endpoint":1,"0006!00":1},"x":5}}'),
        ("tele/plug/SENSOR", b"21.5"),
        ("tele/plug/LWT", b"Online"),
        ("tasmota/discovery/D8BC38AABBCC/sensors", b'{"sn":{"ENERGY":{"Power":41}},"ver":1}'),
        ("tasmota/discovery/nonsense/config", b'{"t":"x"}'),
        ("SENSOR", b'{"a":1}'),
    ],
)
def test_what_is_no_number_for_people_is_nothing(topic: str, payload: bytes) -> None:
    assert decoder().decode(topic, payload) == []


def test_the_time_of_arrival_counts() -> None:
    (reading,) = decoder().decode("tele/x/SENSOR", b'{"Time":"2001-02-03T10:20:30","ANALOG":{"A0":512}}')
    assert reading.timestamp is None


def test_a_device_is_known_by_its_address_and_called_by_its_name() -> None:
    ours = decoder()
    (before,) = ours.decode("tele/plug/SENSOR", b'{"ENERGY":{"Power":41}}')
    assert (before.meta.node, before.meta.uid) == ("tasmota/plug", "")
    assert ours._directory.nodes.get("tasmota/plug").name == "plug"  # type: ignore[union-attr]
    announce(ours)
    (after,) = ours.decode("tele/plug/SENSOR", b'{"ENERGY":{"Power":41}}')
    assert after.key == before.key
    assert (after.meta.node, after.meta.uid) == (NODE, f"{MAC}/ENERGY.Power")
    assert after.meta is ours.decode("tele/plug/SENSOR", b'{"ENERGY":{"Power":42}}')[0].meta
    assert ours._directory.nodes.get(NODE).name == "Plug"  # type: ignore[union-attr]
    assert ours._directory.nodes.get("tasmota/plug") is None


def test_a_device_whose_topic_was_changed_is_the_same() -> None:
    ours = decoder()
    announce(ours)
    (before,) = ours.decode("tele/plug/SENSOR", b'{"ENERGY":{"Power":41}}')
    announce(ours, t="socket")
    (after,) = ours.decode("tele/socket/SENSOR", b'{"ENERGY":{"Power":41}}')
    assert after.meta.uid == before.meta.uid
    assert after.key != before.key
    assert ours.decode("tele/plug/SENSOR", b'{"ENERGY":{"Power":41}}')[0].meta.uid == ""


@pytest.mark.parametrize(
    ("full", "tele", "stat"),
    [
        ("%topic%/%prefix%/", "plug/tele/", "plug/stat/"),
        ("home/%prefix%/%hostname%/%id%", "home/tele/plug-1234/AABBCC/", "home/stat/plug-1234/AABBCC/"),
    ],
)
def test_a_full_topic_of_its_own_is_claimed_and_left(full: str, tele: str, stat: str) -> None:
    ours = decoder()
    announce(ours, ft=full)
    wanted = {f"{tele}SENSOR", f"{tele}STATE", f"{tele}LWT", f"{stat}RESULT", f"{stat}POWER", f"{stat}POWER1"}
    assert set(ours._directory.claimed) == wanted
    assert values(ours.decode(f"{stat}RESULT", b'{"POWER":"ON"}')) == {(f"{tele}STATE", "POWER"): 1.0}
    announce(ours)
    assert not ours._directory.claimed


@pytest.mark.parametrize(
    "config",
    [
        {"ft": "%prefix%/#/"},
        {"ft": "%topic%/"},
        {"ft": 5},
        {"tp": ["cmnd", "stat"]},
        {"tp": [1, 2, 3]},
        {"t": ""},
        {"ft": "homeassistant/%prefix%/%topic%/"},
        {"ft": "$SYS/%prefix%/%topic%/"},
    ],
)
def test_topics_that_no_device_has_are_told(config: dict[str, Any]) -> None:
    ours = decoder()
    announce(ours, **config)
    (note,) = ours._directory.notes
    assert note.place == MAC
    assert not ours._directory.claimed
    announce(ours)
    assert not ours._directory.notes


def test_two_devices_on_one_topic_are_told() -> None:
    ours = decoder()
    announce(ours)
    announce(ours, mac="D8BC38AABB00")
    (note,) = ours._directory.notes
    assert MAC in note.what
    assert ours.decode("tele/plug/SENSOR", b'{"ENERGY":{"Power":41}}')[0].meta.node == NODE


def test_a_device_that_has_gone_is_unknown_with_those_behind_it() -> None:
    ours = decoder()
    announce(ours)
    ours.decode("tele/plug/SENSOR", b'{"ZbReceived":{"0x329F":{"Name":"Attic","Temperature":27.89}}}')
    ours.decode("tele/plug/STATE", b'{"POWER":"ON"}')
    gone = ours.decode("tele/plug/LWT", b"Offline")
    assert {"POWER", "ZbReceived.0x329F.Temperature"} < {each.key[1] for each in gone}
    assert all(math.isnan(each.value) for each in gone)
    assert ours.decode("tele/plug/LWT", b"Offline") == []
    nodes = ours._directory.nodes
    assert [(each.name, each.online) for each in nodes.all()] == [("Plug", False), ("Attic", False)]
    ours.decode("tele/plug/LWT", b"Online")
    assert all(each.online for each in nodes.all())


def test_the_state_of_a_device_that_went_before_it_was_heard_is_unknown_too() -> None:
    for announced in (True, False):
        ours = decoder()
        if announced:
            announce(ours, rl=[1, 2])
        gone = {each.key: each for each in ours.decode("tele/plug/LWT", b"Offline")}
        wanted = ("POWER", "POWER1", "POWER2", "Dimmer", "Wifi.Signal") if announced else ("POWER", "POWER1")
        assert {("tele/plug/STATE", path) for path in wanted} <= gone.keys()


def test_a_device_that_sleeps_in_between_has_not_gone() -> None:
    ours = decoder()
    announce(ours, dslp=1)
    ours.decode("tele/plug/SENSOR", b'{"ANALOG":{"A0":512}}')
    assert ours.decode("tele/plug/LWT", b"Offline") == []


def test_a_device_that_takes_its_announcement_back_is_unknown_and_forgotten() -> None:
    ours = decoder()
    announce(ours)
    ours.decode("tele/plug/STATE", b'{"POWER":"ON"}')
    gone = ours.decode(f"tasmota/discovery/{MAC}/config", b"")
    assert all(math.isnan(each.value) for each in gone)
    assert ("tele/plug/STATE", "POWER") in values(gone)
    assert ours._directory.nodes.get(NODE) is None
    assert ours.counts()[0] == ("devices", 0)


def test_words_and_names_of_its_own_are_used() -> None:
    ours = decoder()
    announce(ours, fn=["Ceiling", "Plug", "Tasmota3"], rl=[1, 1, 2], state=["aus", "ein", "um", "halt"], swn=["Burner"])
    found = ours.decode("tele/plug/STATE", b'{"POWER1":"ein","POWER2":"aus","POWER3":"ON"}')
    assert [(each.meta.label, each.value) for each in found] == [("Ceiling", 1.0), ("Relay 2", 0.0), ("Light 3", 1.0)]
    assert ours.decode("tele/plug/SENSOR", b'{"Switch1":"ON"}')[0].meta.label == "Burner"


def test_units_that_are_changed_are_taken_over() -> None:
    ours = decoder()
    told = [
        ours.decode("tele/x/SENSOR", json.dumps({"DHT11": {"Temperature": 70}, "TempUnit": unit}).encode())[0].meta.units
        for unit in ("C", "F", "F", "C")
    ]
    assert told == ["°C", "°F", "°F", "°C"]


@pytest.mark.parametrize(
    ("path", "label", "units", "counts"),
    [
        ("ENERGY.Power", "Power", "W", False),
        ("ENERGY.Total.Phase1", "Total energy phase 1", "kWh", True),
        ("ENERGY.TotalTariff.0", "Energy tariff 1", "kWh", True),
        ("ENERGY.Today", "Energy today", "kWh", False),
        ("ANALOG.Temperature2", "ANALOG temperature 2", "°C", False),
        ("ANALOG.CTEnergy1.Power", "ANALOG CTEnergy1 power", "W", False),
        ("ANALOG.A0", "ANALOG A0", "", False),
        ("MHZ19B.CarbonDioxide", "MHZ19B CO₂", "ppm", False),
        ("INA219.Current", "INA219 current", "A", False),
        ("X.Total", "X total", "", False),
        ("COUNTER.C3", "Counter 3", "", True),
        ("Distance", "Distance", "", False),
    ],
)
def test_names_have_labels_and_units(path: str, label: str, units: str, counts: bool) -> None:
    assert name_of(tuple(path.split(".")), ("C", "hPa", ""))[:3] == (label, units, counts)


def test_a_zigbee_device_has_units_of_zigbee() -> None:
    assert zigbee_name_of("Power") == ("State", "", False, False)
    assert zigbee_name_of("Temperature") == ("Temperature", "°C", False, False)
    assert zigbee_name_of("Endpoint") is None


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("tele/x/SENSOR", b'{"a": ', "not_json"),
        (f"tasmota/discovery/{MAC}/config", b"[]", "bad_shape"),
        ("tele/" + "x" * 1000 + "/SENSOR", b'{"a": 1}', "topic_too_long"),
    ],
)
def test_a_message_that_is_broken_is_refused(topic: str, payload: bytes, reason: str) -> None:
    ours = decoder()
    with pytest.raises(DecodeError) as caught:
        ours.decode(topic, payload)
    assert caught.value.reason == reason


def test_what_nobody_needs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasmota, "MAX_DEVICES", 3)
    ours = decoder()
    for number in range(9):
        announce(ours, mac=f"D8BC38AABB0{number}", t=f"plug{number}")
        ours.decode(f"tele/x{number}/SENSOR", b'{"ANALOG":{"A0":512}}')
    assert [count for _, count in ours.counts()] == [3, 3]
    assert len(ours._directory.notes) == 6
    many = {f"S{number}": {"A": 1, "B": 2} for number in range(300)}
    assert len(ours.decode("tele/x/SENSOR", json.dumps(many).encode())) == tasmota_device.MAX_VALUES


def test_a_section_reads_its_own_topics_and_no_announcements_unless_it_says_so() -> None:
    assert decoder(topics=("x/+/SENSOR",)).announcements == ()
    assert decoder(topics=("x/+/SENSOR", "tasmota/discovery/+/config")).announcements == ("tasmota/discovery/+/config",)
