"""Zigbee2MQTT: what the bridge says decides how a device is logged, whenever it says it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from house import live_in
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import ConfigError, DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.topics import is_hadd
from janitoo_datalog_rrd.decoders import zigbee2mqtt, zigbee2mqtt_exposes
from janitoo_datalog_rrd.decoders.slots import Room
from janitoo_datalog_rrd.decoders.zigbee2mqtt import Zigbee2MqttDecoder, make_decoder

ADDRESS = "0x00158d0001a2b3c4"
NODE = f"zigbee2mqtt/{ADDRESS}"
TEMPERATURE = {
    "type": "numeric",
    "name": "temperature",
    "label": "Temperature",
    "property": "temperature",
    "unit": "°C",
    "access": 1,
}
CONTACT = {"type": "binary", "name": "contact", "label": "Contact", "property": "contact", "value_on": False, "value_off": True}


def decoder(*bases: str) -> Zigbee2MqttDecoder:
    """A decoder that has joined a directory."""
    made = Zigbee2MqttDecoder(bases or ("zigbee2mqtt",))
    made.join(Directory(NodeRegistry()))
    return made


def device(name: str, *given: dict[str, Any], address: str = ADDRESS) -> dict[str, Any]:
    """A device as the bridge announces it."""
    return {"ieee_address": address, "friendly_name": name, "type": "EndDevice", "definition": {"exposes": list(given)}}


def announce(to: Zigbee2MqttDecoder, *devices: dict[str, Any], base: str = "zigbee2mqtt") -> list[Reading]:
    """Have the bridge announce devices."""
    return to.decode(f"{base}/bridge/devices", json.dumps(devices).encode())


def values(readings: list[Reading]) -> dict[tuple[str, ...], float]:
    return {each.key: each.value for each in readings}


def test_a_device_gets_label_and_unit_once_it_is_announced_and_stays_the_same_value() -> None:
    ours = decoder()
    (before,) = ours.decode("zigbee2mqtt/attic", b'{"temperature": 21.5}')
    announce(ours, device("attic", TEMPERATURE))
    (after,) = ours.decode("zigbee2mqtt/attic", b'{"temperature": 21.5}')
    assert before.key == after.key == ("zigbee2mqtt/attic", "temperature")
    assert (before.meta.label, before.meta.units, before.meta.uid) == ("Temperature", "", "")
    assert (after.meta.units, after.meta.node, after.meta.uid) == ("°C", NODE, f"{ADDRESS}/temperature")
    assert after.meta is ours.decode("zigbee2mqtt/attic", b'{"temperature": 22}')[0].meta


def test_a_contact_means_the_same_before_and_after_it_is_announced() -> None:
    ours = decoder()
    before = values(ours.decode("zigbee2mqtt/door", b'{"contact": true}'))
    announce(ours, device("door", CONTACT))
    assert before == values(ours.decode("zigbee2mqtt/door", b'{"contact": true}')) == {("zigbee2mqtt/door", "contact"): 1.0}


def test_texts_of_what_is_not_announced_are_no_numbers_but_for_a_state() -> None:
    ours = decoder()
    found = ours.decode("zigbee2mqtt/x", b'{"state": "ON", "state_left": "OFF", "mode": "on", "level": "7", "position": 5}')
    assert [(each.key[1], each.value) for each in found] == [("state", 1.0), ("state_left", 0.0), ("position", 5.0)]


def test_a_device_called_by_its_address_is_known_before_it_is_announced() -> None:
    (reading,) = decoder().decode(NODE, b'{"temperature": 21.5}')
    assert reading.meta.uid == f"{ADDRESS}/temperature"


def test_a_renamed_device_is_the_same_value_on_another_topic() -> None:
    ours = decoder()
    announce(ours, device("attic", TEMPERATURE))
    (before,) = ours.decode("zigbee2mqtt/attic", b'{"temperature": 21.5}')
    assert announce(ours, device("loft", TEMPERATURE)) == []
    (after,) = ours.decode("zigbee2mqtt/loft", b'{"temperature": 22.5}')
    assert after.key != before.key
    assert (after.meta.uid, after.meta.node) == (before.meta.uid, before.meta.node)
    assert ours._directory.nodes.get(NODE).name == "loft"  # type: ignore[union-attr]


def test_a_device_that_was_taken_out_is_unknown_and_forgotten() -> None:
    ours = decoder()
    announce(ours, device("attic", TEMPERATURE))
    ours.decode("zigbee2mqtt/attic", b'{"temperature": 21.5}')
    (gone,) = announce(ours)
    assert gone.key == ("zigbee2mqtt/attic", "temperature")
    assert math.isnan(gone.value)
    assert ours._directory.nodes.get(NODE) is None


@pytest.mark.parametrize("word", [b'{"state": "offline"}', b"offline"])
def test_a_device_that_is_not_available_is_unknown(word: bytes) -> None:
    ours = decoder()
    announce(ours, device("attic/left", TEMPERATURE))
    ours.decode("zigbee2mqtt/attic/left", b'{"temperature": 21.5}')
    (gone,) = ours.decode("zigbee2mqtt/attic/left/availability", word)
    assert math.isnan(gone.value)
    assert not ours._directory.nodes.get(NODE).online  # type: ignore[union-attr]
    assert ours.decode("zigbee2mqtt/attic/left/availability", word.replace(b"offline", b"online")) == []
    assert ours._directory.nodes.get(NODE).online  # type: ignore[union-attr]


def test_a_device_that_went_before_it_was_heard_is_unknown_once() -> None:
    ours = decoder()
    announce(ours, device("attic", TEMPERATURE, {**TEMPERATURE, "property": "energy", "unit": "kWh"}))
    gone = ours.decode("zigbee2mqtt/attic/availability", b"offline")
    assert [each.key[1] for each in gone] == ["temperature", "energy", "energy.rate"]
    assert ours.decode("zigbee2mqtt/attic/availability", b"offline") == []
    ours.decode("zigbee2mqtt/attic", b'{"temperature": 21.5}')
    assert len(ours.decode("zigbee2mqtt/attic/availability", b"offline")) == 3


def test_availability_is_remembered_until_the_device_is_announced() -> None:
    ours = decoder()
    ours.decode("zigbee2mqtt/attic/availability", b'{"state": "offline"}')
    announce(ours, device("attic"))
    assert ours._directory.nodes.get(NODE).state == "OFFLINE"  # type: ignore[union-attr]


def test_numbers_stand_longer_where_the_bridge_says_who_is_there() -> None:
    ours = decoder()
    announce(ours, device("attic", TEMPERATURE))
    assert ours.decode("zigbee2mqtt/attic", b'{"temperature": 21.5}')[0].meta.hold == 0.0
    ours.decode("zigbee2mqtt/attic/availability", b'{"state": "online"}')
    for _ in range(2):
        found = ours.decode("zigbee2mqtt/attic", b'{"temperature": 21.5, "more": 1}')
        assert [each.meta.hold for each in found] == [90_000.0, 90_000.0]
        announce(ours, device("attic", TEMPERATURE))


def test_without_its_bridge_nothing_is_known_of_a_device() -> None:
    ours = decoder("zigbee2mqtt", "garage")
    announce(ours, device("attic", TEMPERATURE))
    announce(ours, device("door", TEMPERATURE, address="0x00158d0000000001"), base="garage")
    for topic in ("zigbee2mqtt/attic", "garage/door"):
        ours.decode(topic, b'{"temperature": 21.5}')
    assert [each.key[0] for each in ours.decode("zigbee2mqtt/bridge/state", b'{"state":"offline"}')] == ["zigbee2mqtt/attic"]
    assert ours.decode("zigbee2mqtt/bridge/state", b'{"state":"online"}') == []
    assert ours._directory.nodes.get(NODE).state == "ONLINE"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("topic", "payload", "path", "number"),
    [
        ("zigbee2mqtt/attic/temperature", b"21.5", "temperature", 21.5),
        ("zigbee2mqtt/attic/contact", b"false", "contact", 0.0),
        ("zigbee2mqtt/attic/level_config-on_level", b"7", "level_config.on_level", 7.0),
        ("zigbee2mqtt/attic/power_factor", b"0.9", "power_factor", 0.9),
    ],
)
def test_an_attribute_with_a_topic_of_its_own_is_the_value_of_the_json(
    topic: str, payload: bytes, path: str, number: float
) -> None:
    ours = decoder()
    level = {"type": "composite", "property": "level_config", "features": [{"type": "numeric", "property": "on_level"}]}
    announce(ours, device("attic", TEMPERATURE, CONTACT, level))
    assert values(ours.decode(topic, payload)) == {("zigbee2mqtt/attic", path): number}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("zigbee2mqtt/attic/set", b'{"state": "ON", "brightness": 5}'),
        ("zigbee2mqtt/attic/left/set/brightness", b"5"),
        ("zigbee2mqtt/attic/get", b'{"brightness": ""}'),
        ("zigbee2mqtt/bridge/request/permit_join", b'{"value": true, "time": 60}'),
        ("zigbee2mqtt/bridge/info", b'{"network": {"channel": 11}}'),
        ("zigbee2mqtt/attic/color-x", b"0.3"),
        ("zigbee2mqtt/attic/update-installed_version", b"7"),
        ("zigbee2mqtt/attic/last_seen", b"1706955630000"),
        (
            "zigbee2mqtt/attic",
            b'{"last_seen": 1706955630000, "elapsed": 5, "update_available": false, "update": {"progress": 5}}',
        ),
        ("zigbee2mqtt/attic", b'{"color": {"x": 0.3}, "device": {"networkAddress": 5}, "temperature": null, "humidity": NaN}'),
        ("zigbee2mqtt/attic", b'{"action": "on", "action_rate": 5}'),
        ("zigbee2mqtt/attic", b""),
        ("zigbee2mqtt/attic", b"hello"),
        ("zigbee2mqtt/attic", b"[1, 2]"),
        ("zigbee2mqtt", b'{"a": 1}'),
        ("other/attic", b'{"a": 1}'),
    ],
)
def test_what_is_no_number_of_a_device_is_nothing(topic: str, payload: bytes) -> None:
    assert decoder().decode(topic, payload) == []


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("zigbee2mqtt/attic", b'{"a": ', "not_json"),
        ("zigbee2mqtt/bridge/devices", b'{"a": 1}', "bad_shape"),
        ("zigbee2mqtt/bridge/devices", b"[" + b" " * (4 << 20) + b"]", "too_large"),
        ("zigbee2mqtt/" + "x" * 1000, b'{"a": 1}', "topic_too_long"),
    ],
)
def test_a_message_that_is_broken_is_refused(topic: str, payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decoder().decode(topic, payload)
    assert caught.value.reason == reason


def test_the_announcement_of_a_big_house_is_taken() -> None:
    ours = decoder()
    many = [device(f"lamp {number}", TEMPERATURE, address=f"0x{number:016x}") for number in range(1, 801)]
    for each in many:
        each["endpoints"] = {"1": {"clusters": "x" * 2000}}
    payload = json.dumps(many).encode()
    assert 1 << 20 < len(payload) < 4 << 20
    assert ours.decode("zigbee2mqtt/bridge/devices", payload) == []
    assert ours.counts() == [("devices", 800), ("groups", 0)]


def test_what_nobody_needs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zigbee2mqtt, "MAX_DEVICES", 3)
    ours = decoder()
    announce(ours, *(device(f"lamp {number}", address=f"0x{number:016x}") for number in range(1, 9)))
    assert ours.counts()[0] == ("devices", 3)
    (note,) = ours._directory.notes
    assert "only its first 3 devices" in note.what
    announce(ours, device("lamp"))
    assert not ours._directory.notes


def test_a_device_has_a_bounded_number_of_values_and_groups_of_them_a_bounded_depth() -> None:
    deep: dict[str, Any] = {"type": "composite", "property": "p", "features": []}
    for _ in range(20):
        deep = {"type": "composite", "property": "p", "features": [deep, {"type": "numeric", "property": "n"}]}
    given = [{"type": "numeric", "property": f"n{number}"} for number in range(1000)]
    room = Room(10)
    made = zigbee2mqtt_exposes.Device("t", "n", exposes=[deep, *given])
    assert len(made.values) == zigbee2mqtt_exposes.MAX_VALUES
    assert max(path.count(".") for path in made.values) < zigbee2mqtt_exposes.MAX_DEPTH
    assert not made.value("one_more", room).slots


@pytest.mark.parametrize(
    ("expose", "counted"),
    [
        ({"name": "energy", "unit": "kWh", "access": 1}, True),
        ({"name": "produced_energy", "unit": "Wh", "access": 5}, True),
        ({"name": "water_consumed", "unit": "m³"}, True),
        ({"name": "energy_today", "unit": "kWh"}, False),
        ({"name": "charge_energy", "unit": "kWh", "access": 2}, False),
        ({"name": "single_watering_amount", "unit": "L"}, False),
        ({"name": "gas"}, False),
        ({"name": "power", "unit": "W"}, False),
    ],
)
def test_meters_are_logged_with_their_rate(expose: dict[str, Any], counted: bool) -> None:
    made = zigbee2mqtt_exposes.Device("t", "n", exposes=[{"type": "numeric", "property": "x", **expose}])
    assert [key[1] for key, _ in made.values["x"].slots] == (["x", "x.rate"] if counted else ["x"])


def test_the_longest_base_of_a_section_is_meant_and_a_level_of_it_may_be_any() -> None:
    ours = decoder("house/+/zigbee", "house")
    assert ours._split("house/north/zigbee/attic/left") == ("house/north/zigbee", "attic/left")
    assert ours._split("house/attic") == ("house", "attic")
    announce(ours, device("attic", TEMPERATURE), base="house/north/zigbee")
    (reading,) = ours.decode("house/north/zigbee/attic", b'{"temperature": 1}')
    assert reading.meta.node == f"house/north/zigbee/{ADDRESS}"


@pytest.mark.parametrize("topic", ["zigbee2mqtt", "#", "zigbee2mqtt/+", "/#"])
def test_a_section_names_base_topics(topic: str) -> None:
    with pytest.raises(ConfigError, match="base topic"):
        make_decoder(Section("decoder__x", {"topics": (topic,)}))


def test_history_goes_on_under_the_new_name(tmp_path: Path, mosquitto: Mosquitto) -> None:
    def announced(name: str) -> tuple[str, str]:
        return ("zigbee2mqtt/bridge/devices", json.dumps([device(name, TEMPERATURE)]))

    with live_in(tmp_path, mosquitto) as house:
        store = house.server.services.store
        assert store is not None
        house.publish(announced("attic"), ("zigbee2mqtt/attic", '{"temperature": 21.5}'))
        assert store.series_of(("zigbee2mqtt/attic", "temperature"))
        house.publish(announced("loft"), ("zigbee2mqtt/loft", '{"temperature": 22.5}'))
        (name,) = store.series_of(("zigbee2mqtt/loft", "temperature"))
        assert store.series_of(("zigbee2mqtt/attic", "temperature")) == []
        assert store.get_series(name).columns[0].last_value == 22.5
        wait_until(lambda: store.get_series(name).node == NODE, what="the device to be the same")


def test_an_announcement_of_three_mebibytes_is_taken_and_known_after_a_restart(tmp_path: Path, mosquitto: Mosquitto) -> None:
    big = device("attic", TEMPERATURE, {**TEMPERATURE, "property": "outside"})
    big["endpoints"] = {"1": "x" * (3 << 20)}
    with live_in(tmp_path, mosquitto) as house:
        house.publish(("zigbee2mqtt/bridge/devices", json.dumps([big])), ("zigbee2mqtt/attic", '{"temperature": 21.5}'))
    with live_in(tmp_path, mosquitto) as house:
        house.publish(("zigbee2mqtt/attic", '{"outside": 3.5}'))
        store = house.server.services.store
        assert store is not None
        for path in ("temperature", "outside"):
            (name,) = store.series_of(("zigbee2mqtt/attic", path))
            info = store.get_series(name)
            assert (info.node, info.columns[0].units) == (NODE, "°C")
        assert house.server.services.nodes.get(NODE).name == "attic"  # type: ignore[union-attr]


def test_what_is_announced_to_home_assistant_too_is_logged_once_and_of_one_device(tmp_path: Path, mosquitto: Mosquitto) -> None:
    told = {
        "availability": [{"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"}],
        "device": {"identifiers": [f"zigbee2mqtt_{ADDRESS}"], "manufacturer": "Aqara", "name": "attic"},
        "device_class": "temperature",
        "enabled_by_default": True,
        "state_class": "measurement",
        "state_topic": "zigbee2mqtt/attic",
        "unique_id": f"{ADDRESS}_temperature_zigbee2mqtt",
        "unit_of_measurement": "°C",
        "value_template": "{{ value_json['temperature'] }}",
    }
    messages = (
        (f"homeassistant/sensor/{ADDRESS}/temperature/config", json.dumps(told)),
        ("zigbee2mqtt/bridge/devices", json.dumps([device("attic", TEMPERATURE)])),
        ("zigbee2mqtt/bridge/state", '{"state":"online"}'),
        ("zigbee2mqtt/attic", '{"temperature": 21.5}'),
    )
    for number, order in enumerate((messages, messages[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        with live_in(folder, mosquitto) as house:
            house.publish(*order, messages[-1])
            store = house.server.services.store
            assert store is not None
            (info,) = (each for each in store.list_series() if not is_hadd(each.node))
            assert (info.name, info.node, info.columns[0].units) == ("zigbee2mqtt.attic.temperature", NODE, "°C")
            devices = [each for each in house.server.services.nodes.all() if each.device]
            assert [(each.hadd, each.name) for each in devices] == [(NODE, "attic")]
