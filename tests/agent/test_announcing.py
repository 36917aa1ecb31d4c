"""What an agent says of itself: to the server, and to Home Assistant, whose reader here understands every number of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from agent.announcers import CPU, SENSORS, Device, Measured, Part

from janitoo_datalog_rrd.agent import homeassistant
from janitoo_datalog_rrd.agent.announcing import MOST_OFTEN_S
from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.metrics import Described
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders.ha_words import ABBREVIATIONS, DEVICE_ABBREVIATIONS
from janitoo_datalog_rrd.decoders.homeassistant import make_decoder

ABOUT, STATUS, CONFIG = "devices/web01/about", "devices/web01/status", "homeassistant/device/jnt_web01/config"
DAY = 86400.0


def config_of(messages: list[tuple[str, Any]]) -> dict[str, Any]:
    """The last announcement to Home Assistant."""
    return next(payload for topic, payload in reversed(messages) if topic == CONFIG)


def taken_back(components: Mapping[str, Any]) -> set[str]:
    """The entities that an announcement takes back."""
    return {name for name, each in components.items() if each == {"platform": "sensor"}}


def test_the_device_says_what_it_is_when_its_numbers_were_read(tmp_path: Path) -> None:
    device = Device(tmp_path, [Part("cpu", None, {})])
    announcer = device.begin(homeassistant=False)
    assert announcer.will == (STATUS, b"offline")
    assert device.broker.take() == [(STATUS, b"online")], "nothing is called by its path for want of a moment"
    device.parts[0].metrics = CPU
    announcer.on_read(device.broker)
    ((topic, about),) = device.broker.take()
    assert topic == ABOUT
    metrics = about.pop("metrics")
    assert about == {
        "device_id": "web01", "name": "Web 1", "location": "Rack 2", "hadd": "2041/0007", "version": about["version"],
        "address": "192.0.2.7", "poll_delay": 10.0,
    }  # fmt: skip
    assert metrics == {
        "cpu.percent": {"label": "CPU", "units": "%", "counter": False, "every": 10.0},
        "cpu.core.*.percent": {"label": "Core *", "units": "%", "counter": False, "every": 10.0},
    }
    announcer.on_read(device.broker)
    assert device.broker.take() == [], "it is no news"
    announcer.on_stop(device.broker)
    assert device.broker.take() == [(STATUS, b"offline")]
    device.parts[0].metrics = None
    device.begin()
    assert device.broker.take() == [(ABOUT, {**about, "metrics": metrics}), (STATUS, b"online")], "known from the last run"


def test_a_device_without_any_component_says_what_it_is_too(tmp_path: Path) -> None:
    device = Device(tmp_path, [])
    announcer = device.begin(homeassistant=False)
    device.broker.take()
    due = announcer.due(device.now - 1e6, device.broker)
    assert due < math.inf
    device.now += 10
    announcer.due(device.now - 1e6, device.broker)
    assert [topic for topic, _ in device.broker.take()] == [ABOUT]
    assert announcer.due(device.now - 1e6, None) == math.inf


def test_home_assistant_is_told_as_it_documents(tmp_path: Path) -> None:
    device = Device(tmp_path)
    device.begin().on_read(device.broker)
    messages = device.broker.take()
    assert [topic for topic, _ in messages] == [STATUS, ABOUT, CONFIG]
    config = config_of(messages)
    assert {"device", "origin", "components"} <= config.keys()
    assert config["device"]["identifiers"] == ["jnt_web01"]
    assert config["origin"]["name"]
    assert (config["state_topic"], config["availability_topic"]) == ("devices/web01/monitoring", STATUS)
    assert sorted(config["components"]) == [
        "cpu_percent", "net_eth0_received", "net_eth0_up", "net_wlan0_received", "net_wlan0_up", "sensors_fan_a-1",
        "sensors_temperature_acpitz_0",
    ]  # fmt: skip
    known = {*ABBREVIATIONS.values(), *ABBREVIATIONS}
    assert config.keys() <= known | {"qos"}
    for each in config["components"].values():
        assert {"platform", "unique_id", "name", "value_template", "state_class"} <= each.keys() <= known
        assert each["unique_id"].startswith("jnt_web01_")
        assert each["state_class"] in ("measurement", "total_increasing")
    assert config["device"].keys() <= {*DEVICE_ABBREVIATIONS.values(), "name", "sw_version"}
    temperature = config["components"]["sensors_temperature_acpitz_0"]
    assert (temperature["device_class"], temperature["unit_of_measurement"], temperature["expire_after"]) == (
        "temperature",
        "°C",
        90,
    )


def test_home_assistants_reader_here_understands_every_number(tmp_path: Path) -> None:
    device = Device(tmp_path)
    device.begin().on_read(device.broker)
    config = config_of(device.broker.take())
    decoder: Any = make_decoder(Section(""))
    nodes = NodeRegistry()
    directory = Directory(nodes)
    decoder.join(directory)
    decoder.decode(CONFIG, json.dumps(config).encode())
    decoder.decode(STATUS, b"online")

    def read(*names: str) -> list[Reading]:
        metrics = {each.name: each.tree for each in device.parts if each.name in names}
        content = {"device_id": "web01", "timestamp": 1763800000.5, "metrics": metrics}
        return list(decoder.decode("devices/web01/monitoring", json.dumps(content).encode()))

    found = {(each.meta.label, each.meta.units, each.meta.ds_type): each.value for each in read("cpu", "net", "sensors")}
    assert found == {
        ("CPU", "%", "GAUGE"): 4.5,
        ("eth0 received", "B", "GAUGE"): 4711.0,
        ("eth0 received rate", "B", "DERIVE"): 4711.0,
        ("wlan0 received", "B", "GAUGE"): 5.0,
        ("wlan0 received rate", "B", "DERIVE"): 5.0,
        ("eth0 up", "", "GAUGE"): 1.0,
        ("Temperature acpitz_0", "°C", "GAUGE"): 48.5,
        ("Fan a-1", "rpm", "GAUGE"): 900.0,
    }
    assert [each.value for each in read("cpu")] == [4.5], "a message of some components says nothing of the others"
    (node,) = nodes.all()
    assert (node.name, node.location, node.state) == ("Web 1", "Rack 2", "ONLINE")
    assert directory.notes == []


def test_entities_that_went_stay_for_a_week_and_are_then_taken_back_as_documented(tmp_path: Path) -> None:
    device = Device(tmp_path)
    announcer = device.begin()
    announcer.on_read(device.broker)
    whole = config_of(device.broker.take())["components"]
    del device.parts[1].tree["wlan0"]
    device.now += MOST_OFTEN_S + 1
    announcer.on_read(device.broker)
    assert device.broker.take() == [], "what may come back is the same entity"
    device.now += 8 * DAY
    announcer.on_read(device.broker)
    config = config_of(device.broker.take())["components"]
    assert taken_back(config) == {"net_wlan0_received", "net_wlan0_up"}
    device.begin().on_read(device.broker)
    config = config_of(device.broker.take())["components"]
    assert config.keys() == whole.keys() - {"net_wlan0_received", "net_wlan0_up"}, "it has been said"


def test_entities_of_the_last_run_whose_component_was_not_read_yet_stay(tmp_path: Path) -> None:
    device = Device(tmp_path)
    device.begin().on_read(device.broker)
    whole = config_of(device.broker.take())["components"]
    device.now = 0.0  # a clock that was not set yet
    sensors = device.parts[2]
    device.parts[2] = Part("sensors", None, {})
    device.begin().on_read(device.broker)
    assert config_of(device.broker.take())["components"] == whole
    device.parts[2] = sensors
    del device.parts[1]  # switched off
    device.begin().on_read(device.broker)
    config = config_of(device.broker.take())["components"]
    assert {name for name, each in config.items() if each == {"platform": "sensor"}} == {
        each for each in whole if each[:3] == "net"
    }


def test_news_for_home_assistant_come_now_and_then_only(tmp_path: Path) -> None:
    device = Device(tmp_path)
    announcer = device.begin()
    announcer.on_read(device.broker)
    device.broker.take()
    device.parts[0].tree = {}
    for number in range(5):
        device.parts[2].tree["fan"][f"b{number}"] = 1
        announcer.on_read(device.broker)
    assert device.broker.take() == []
    due = announcer.due(device.now - 1e6, device.broker)
    assert due == pytest.approx(device.now - 1e6 + MOST_OFTEN_S)
    device.now += MOST_OFTEN_S
    announcer.due(device.now - 1e6, device.broker)
    assert "sensors_fan_b4" in config_of(device.broker.take())["components"]


def test_an_announcement_is_bounded(tmp_path: Path) -> None:
    device = Device(tmp_path, [Part("sensors", SENSORS, {"fan": {f"f{number}": 1 for number in range(500)}})])
    device.begin().on_read(device.broker)
    assert len(config_of(device.broker.take())["components"]) == homeassistant.MAX_ENTITIES
    long = "x" * 64
    deep = {f"{number}{long}": {long: {long: {long: {long: 1}}}} for number in range(500)}
    device.parts[0] = Part("sensors", Measured({"*.*.*.*.*": Described("* * * * *" * 100, "x" * 500, shown=True)}), deep)
    device.now += MOST_OFTEN_S
    device.begin().on_read(device.broker)
    payload = next(payload for topic, payload, _ in device.broker.messages if topic == CONFIG)
    assert len(payload) <= homeassistant.MAX_BYTES
    names = json.loads(payload)["components"]
    assert len(names) > 10


def test_what_was_announced_is_taken_back_when_it_is_switched_off_or_renamed(tmp_path: Path) -> None:
    device = Device(tmp_path)
    device.begin().on_read(device.broker)
    device.broker.take()
    device.begin(homeassistant=False).on_read(device.broker)
    assert [(topic, payload) for topic, payload in device.broker.take() if topic == CONFIG] == [(CONFIG, b"")]
    device.begin()
    assert CONFIG not in dict(device.broker.take()), "once, since a broker may end the connection of who publishes there"
    device.begin(homeassistant=True).on_read(device.broker)
    device.broker.take()
    device.begin(device="web02").on_read(device.broker)
    messages = device.broker.take()
    assert messages[:3] == [(ABOUT, b""), (STATUS, b""), (CONFIG, b"")]
    assert {topic for topic, _ in messages[3:]} == {
        "devices/web02/about", "devices/web02/status", "homeassistant/device/jnt_web02/config",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"topics": 5}', b'{"topics": [], "descriptions": [], "entities": {"a": 5}}']
)
def test_a_damaged_file_of_what_was_announced_is_passed_over(tmp_path: Path, content: bytes) -> None:
    device = Device(tmp_path)
    device.begin().on_read(device.broker)
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(content)
    device.broker.take()
    device.begin().on_read(device.broker)
    assert config_of(device.broker.take())["components"]
    assert json.loads(file.read_bytes())["entities"]


def test_a_disk_that_takes_nothing_does_not_keep_it_from_announcing(tmp_path: Path) -> None:
    device = Device(tmp_path / "file" / "folder")
    (tmp_path / "file").write_text("")
    device.begin().on_read(device.broker)
    assert config_of(device.broker.take())["components"]


@pytest.mark.parametrize(
    ("topics", "descriptions"), [(["a#", "", 5, "a\u0000"], {}), ([], {"gone": {"x": 5}, "gpu": {"x": []}}), ([], {"gone": [1]})]
)
def test_a_damaged_note_of_what_was_announced_keeps_nothing_from_being_said(
    tmp_path: Path, topics: list[object], descriptions: dict[str, object]
) -> None:
    device = Device(tmp_path)
    device.begin().on_stop(device.broker)
    (note,) = tmp_path.rglob("agent-announced.json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "topics": topics, "descriptions": descriptions}))
    device.broker.take()
    device.begin().on_read(device.broker)
    said = device.broker.take()
    assert {ABOUT, STATUS} <= {topic for topic, _ in said}
    assert all(payload for _, payload in said)
