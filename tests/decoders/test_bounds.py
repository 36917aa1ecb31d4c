"""What decoders remember is bounded, of all devices together: a flood of names leaves room for those who come next."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from support.sparkplug import metric, payload

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders import homeassistant, presence, sparkplug, tasmota, zigbee2mqtt
from janitoo_datalog_rrd.decoders.homie import HomieDecoder
from janitoo_datalog_rrd.decoders.presence import Presence
from janitoo_datalog_rrd.decoders.tasmota import TasmotaDecoder
from janitoo_datalog_rrd.decoders.zigbee2mqtt import Zigbee2MqttDecoder

MANY = json.dumps({f"k{number}": number for number in range(400)}).encode()


def bridge(*names: str) -> bytes:
    """What a bridge announces of devices of whose values nothing is said."""
    return json.dumps([{"ieee_address": f"0x{number:016x}", "friendly_name": name} for number, name in enumerate(names)]).encode()


def test_values_of_which_zigbee2mqtt_has_said_nothing_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zigbee2mqtt, "MAX_ALL_VALUES", 1000)
    decoder = zigbee2mqtt.make_decoder(Section(""))
    assert isinstance(decoder, Zigbee2MqttDecoder)
    for number in range(20):
        assert decoder.decode(f"zigbee2mqtt/x{number}", MANY)
    assert sum(len(each.values) for each in decoder._strangers.values()) <= 1000
    names = [f"x{number}" for number in range(5)]
    decoder.decode("zigbee2mqtt/bridge/devices", bridge(*names))
    decoder.decode("zigbee2mqtt/x0", MANY)  # what strangers have taken is free from now on
    found = [len(decoder.decode(f"zigbee2mqtt/{name}", MANY)) for name in names]
    assert sum(found) <= 1000
    assert found[0] == 400
    for _ in range(3):  # what is announced anew leaves its room
        decoder.decode("zigbee2mqtt/bridge/devices", b"")
        decoder.decode("zigbee2mqtt/bridge/devices", bridge(*names))
        assert [len(decoder.decode(f"zigbee2mqtt/{name}", MANY)) for name in names] == found


def test_values_of_tasmota_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasmota, "MAX_ALL_VALUES", 1000)
    decoder = tasmota.make_decoder(Section(""))
    assert isinstance(decoder, TasmotaDecoder)
    sensor = json.dumps({f"S{number}": {"Temperature": 1} for number in range(400)}).encode()
    for number in range(20):
        assert decoder.decode(f"tele/x{number}/SENSOR", sensor)
    assert sum(len(each._values) for each in decoder._strangers.values()) <= 1000
    config = json.dumps({"t": "plug", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"]}).encode()
    for number in range(10):  # announced anew and taken back, it leaves its room
        decoder.decode("tasmota/discovery/D8BC38AABBCC/config", config if number % 3 else b"")
        decoder.decode("tele/plug/SENSOR", sensor)
    assert len(decoder.decode("tele/last/SENSOR", sensor)) == 400


def test_what_devices_have_sent_is_bounded_and_leaves_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "MAX_ALL_KEYS", 10)
    here = Presence()
    for number in range(30):
        here.sent(f"n{number % 3}", [Reading((str(number), ""), 1.0, None, Meta())])
    gone = [len(here.gone(f"n{number}")) for number in range(3)]
    assert sum(gone) == 10
    here.sent("later", [Reading((str(number), ""), 1.0, None, Meta()) for number in range(30)])
    assert len(here.gone("later")) == 10


def test_long_names_of_metrics_take_no_memory() -> None:
    decoder = sparkplug.make_decoder(Section(""))
    tracemalloc.start()
    try:
        for number in range(40):
            name = f"{number} " + "ä" * 200_000
            decoder.decode("spBv1.0/G/NDATA/E", payload([metric(name, "Double", 1.0), metric("good", "Double", 2.0)]))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2 << 20  # bytes; the names have 16 MB


def test_many_slow_templates_on_one_topic_share_the_time_of_a_message() -> None:
    decoder = homeassistant.make_decoder(Section(""))
    slow = " or ".join(["value|split(',')|length > 99000"] * 40)
    parts: dict[str, dict[str, str]] = {}
    for number in range(120):
        parts[f"s{number}"] = {"p": "sensor", "stat_t": "t", "val_tpl": f"{{{{ {number} if {slow} else {number} }}}}"}
    parts["good"] = {"p": "sensor", "stat_t": "t", "val_tpl": "{{ value|length * 2 }}"}
    decoder.decode("homeassistant/device/d/config", json.dumps({"dev": {"ids": ["d"]}, "cmps": parts}).encode())
    found: list[Reading] = []
    for _ in range(10):
        found = decoder.decode("t", b"1," * 32_000)
    assert [each.value for each in found] == [128_000.0]  # the others are given up


def test_roots_that_have_no_devices_any_more_are_forgotten() -> None:
    decoder = HomieDecoder()
    for number in range(50):
        said = json.dumps({"homie": "5.0", "root": f"r{number}", "nodes": {}}).encode()
        decoder.decode(f"homie/5/d{number % 2}/$description", said)
    assert len(decoder._children) == 2
    for number in range(2):
        decoder.decode(f"homie/5/d{number}/$state", b"")
    assert not decoder._children
