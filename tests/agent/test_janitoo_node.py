"""The agent as a Janitoo node: heartbeats, and answers in the form of the protocol; no value is published by them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from agent.announcers import Broker, Device

from janitoo_datalog_rrd.agent import janitoo
from janitoo_datalog_rrd.agent.announcing import Announcer
from janitoo_datalog_rrd.core.mqtt import Message

HADD = "2041/0007"
ASKER = "0300/0001"
BROADCAST = "/broadcast/request"
OWN = f"/nodes/{HADD}/request"


class Node:
    """A running agent that is asked.

    Attributes:
        device: what it runs on.
        announcer: what answers.
    """

    def __init__(self, folder: Any) -> None:
        self.device = Device(folder)
        self.announcer: Announcer = self.device.begin(janitoo=True, homeassistant=False)
        self.announcer.on_read(self.device.broker)
        self.broker: Broker = self.device.broker
        self.broker.take()

    def ask(self, topic: str = BROADCAST, payload: bytes | None = None, **request: Any) -> list[tuple[str, Any]]:
        """Ask, and return what is published for it."""
        content = json.dumps({"genre": 4, "reply_hadd": ASKER, **request}).encode() if payload is None else payload
        self.broker.handlers[topic](Message(topic, content))
        return self.broker.take()

    def discover(self, what: str, topic: str = BROADCAST) -> Any:
        """The data of the reply to a discovery."""
        ((answered, reply),) = self.ask(topic, cmd_class=0x5000, uuid=what)
        assert answered == (f"/broadcast/reply/{ASKER}" if topic == BROADCAST else f"/nodes/{ASKER}/reply")
        assert (reply["cmd_class"], reply["uuid"], reply["reply_hadd"]) == (0x5000, what, ASKER)
        return reply["data"]


@pytest.fixture
def node(tmp_path: Any) -> Node:
    return Node(tmp_path)


def test_it_heartbeats_and_listens_and_says_goodbye(tmp_path: Any) -> None:
    device = Device(tmp_path)
    announcer = device.begin(janitoo=True, homeassistant=False, heartbeat=30.0)
    assert list(device.broker.handlers) == [OWN, BROADCAST]
    announcer.on_read(device.broker)
    device.broker.take()
    now = device.now - 1e6
    assert announcer.due(now, device.broker) <= now + 30
    assert device.broker.take() == [(f"/dhcp/heartbeat/{HADD}", b"ONLINE")]
    assert device.broker.qos[f"/dhcp/heartbeat/{HADD}"] == 0, "a broker would keep it for a server that is away"
    announcer.due(now + 29, device.broker)
    assert device.broker.take() == []
    announcer.due(now + 30, device.broker)
    announcer.on_stop(device.broker)
    beats = [payload for topic, payload in device.broker.take() if topic == f"/dhcp/heartbeat/{HADD}"]
    assert beats == [b"ONLINE", b"OFFLINE"]


@pytest.mark.parametrize("topic", [BROADCAST, OWN])
def test_discovery_of_the_node(node: Node, topic: str) -> None:
    found = node.discover("request_info_nodes", topic)
    assert found.keys() == {HADD}
    about = found[HADD]
    assert (about["hadd"], about["name"], about["location"], about["state"]) == (HADD, "Web 1", "Rack 2", "ONLINE")
    assert (about["product_type"], about["heartbeat"], about["cmd_classes"]) == ("agent", 60.0, [0x31, 0x70])


def test_discovery_of_values(node: Node) -> None:
    users = node.discover("request_info_users")[HADD]
    assert {uuid: {index: each["data"] for index, each in value.items()} for uuid, value in users.items()} == {
        "cpu_percent": {"0": 4.5},
        "cpu_core_percent": {"0": 1.0},
        "net_received": {"eth0": 4711, "wlan0": 5},
        "net_up": {"eth0": 1, "wlan0": None},
        "sensors_temperature": {"acpitz_0": 48.5},
        "sensors_fan": {"a-1": 900},
    }
    value = users["net_received"]["eth0"]
    assert (value["hadd"], value["uuid"], value["index"], value["genre"], value["cmd_class"]) == (
        HADD,
        "net_received",
        "eth0",
        2,
        0x31,
    )
    assert (value["label"], value["units"], value["poll_delay"], value["rrd_type"]) == ("eth0 received", "B", 10.0, "DERIVE")
    assert value["is_readonly"] is True
    configs = node.discover("request_info_configs")[HADD]
    assert {uuid: value["0"]["data"] for uuid, value in configs.items()} == {
        "name": "Web 1",
        "location": "Rack 2",
        "heartbeat": 60.0,
    }
    systems = node.discover("request_info_systems")[HADD]
    assert systems["hadd"]["data"] == HADD, "systems have no index"
    assert node.discover("request_info_basics") == node.discover("request_info_commands") == {}


def test_reads(node: Node) -> None:
    def read(**request: Any) -> Any:
        ((topic, reply),) = node.ask(OWN, hadd=HADD, is_readonly=True, **request)
        assert topic == f"/nodes/{ASKER}/reply"
        return reply["data"]

    assert read(genre=2, cmd_class=0x31, uuid="cpu_percent") == 4.5
    assert read(genre=2, cmd_class=0x31, uuid="net_received", index="wlan0") == 5
    assert read(genre=2, cmd_class=0x31, uuid="net_received", index="eth9") is None
    assert read(genre=3, cmd_class=0x70, uuid="name") == "Web 1"


def test_what_is_not_asked_of_it_is_not_answered(node: Node) -> None:
    assert node.ask(hadd="0001/0001", cmd_class=0x31, uuid="cpu_percent") == []
    assert node.ask(cmd_class=0x31, uuid="other") == []
    assert node.ask(cmd_class=0x70, uuid="cpu_percent") == []
    assert node.ask(cmd_class=0x5000, uuid="request_info_weather") == []
    assert node.ask(cmd_class=0x5000, uuid="request_info_nodes", reply_hadd=None) == []


def test_it_can_only_be_read(node: Node) -> None:
    ((_, reply),) = node.ask(OWN, hadd=HADD, genre=3, cmd_class=0x70, uuid="name", is_writeonly=True, data="mine")
    assert (reply["data"], reply["error"]) == ("Web 1", "it can only be read")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"5",
        b"[]",
        b"\xff",
        b"[" * 90_000,
        b'{"reply_hadd": "../../x", "cmd_class": 20480, "uuid": "request_info_nodes"}',
        b" " * 20_000,
    ],
)
def test_requests_that_are_none_are_told_and_hurt_nothing(node: Node, payload: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert node.ask(payload=payload) == []
    assert "cannot be answered" in caplog.text
    assert node.discover("request_info_nodes")


def test_a_flood_of_requests_is_answered_in_part(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    answered = sum(len(node.ask(cmd_class=0x5000, uuid="request_info_nodes")) for _ in range(100))
    assert 0 < answered < 30
    assert caplog.text.count("not all of them") == 1
    node.device.now += 10
    assert node.discover("request_info_nodes")


def test_long_replies_are_given_less_often(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janitoo, "_BYTES", 100)
    asked = [node.ask(cmd_class=0x5000, uuid="request_info_users") for _ in range(20)]
    answered = [each for each in asked if each]
    longest = len(json.dumps(answered[0][0][1]))
    assert longest > 1000
    assert len(answered) <= 20 * 100 // longest + 2


def test_a_reply_is_bounded(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janitoo, "MAX_REPLY", 20_000)
    node.device.parts[2].tree["fan"] = {f"f{number}": 1 for number in range(1000)}
    node.device.parts[1].tree = {f"eth{number}": {"received": 1, "up": 1} for number in range(3)}
    users = node.discover("request_info_users")[HADD]
    assert len(json.dumps(users)) < 20_000
    assert users["cpu_percent"]["0"]["data"] == 4.5
