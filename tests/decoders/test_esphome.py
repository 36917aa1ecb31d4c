"""ESPHome: states of all kinds, nodes that go, and messages of others on such topics."""

from __future__ import annotations

import math

import pytest

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.decoding import Readers, Route
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.privacy import Privacy
from janitoo_datalog_rrd.decoders.esphome import EspHomeDecoder, make_decoder
from janitoo_datalog_rrd.decoders.plain import PlainDecoder


class Home:
    """A decoder and what it has told.

    Attributes:
        nodes: what it has said of devices.
    """

    def __init__(self) -> None:
        self.nodes = NodeRegistry()
        self._decoder = EspHomeDecoder()
        self._decoder.join(Directory(self.nodes))

    def hear(self, topic: str, payload: str) -> list[Reading]:
        """Decode a message."""
        return self._decoder.decode(topic, payload.encode())


@pytest.mark.parametrize(
    ("topic", "payload", "number", "label", "units"),
    [
        ("attic/sensor/attic_temperature/state", "21.5", 21.5, "Attic temperature", ""),
        ("attic/number/level/state", "-3", -3.0, "Level", ""),
        ("attic/binary_sensor/door/state", "ON", 1.0, "Door", ""),
        ("attic/switch/relay/state", "OFF", 0.0, "Relay", ""),
        ("attic/fan/vent/speed_level/state", "2", 2.0, "Vent speed", ""),
        ("attic/climate/heat/target_temperature/state", "21", 21.0, "Heat target temperature", "°C"),
        ("attic/cover/blind/tilt/state", "50", 50.0, "Blind tilt", "%"),
        ("esphome/house/attic/sensor/co2/state", "600", 600.0, "Co2", ""),
    ],
)
def test_a_state_is_logged_with_its_name(topic: str, payload: str, number: float, label: str, units: str) -> None:
    (reading,) = Home().hear(topic, payload)
    assert (reading.key, reading.value, reading.meta.label, reading.meta.units) == ((topic, ""), number, label, units)


@pytest.mark.parametrize("payload", ["nan", "NaN", "NAN"])
def test_a_sensor_without_a_reading_is_unknown(payload: str) -> None:
    (reading,) = Home().hear("attic/sensor/co2/state", payload)
    assert math.isnan(reading.value)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("attic/sensor/mode/state", "heat"), ("attic/sensor/mode/state", "ON"), ("attic/sensor/mode/state", ""),
        ("attic/sensor/mode/state", "inf"), ("attic/sensor/mode/state", "1_0"), ("attic/sensor/mode/state", "9" * 41),
        ("attic/switch/relay/state", "1"), ("attic/switch/relay/state", "on"), ("attic/light/lamp/state", "ON"),
        ("attic/light/lamp/state", '{"brightness": 5}'), ("attic/light/lamp/state", '["state"]'),
        ("attic/climate/heat/mode/state", "heat"), ("attic/climate/heat/mode/state", "5"), ("attic/lock/door/state", "5"),
        ("/sensor/x/state", "5"), ("attic/sensor//state", "5"), ("attic/debug", "5"), ("attic/status", "5"),
        ("attic/status", "offline"), ("sensor/x/state", "5"), ("state", "5"), ("", "5"),
    ],
)  # fmt: skip
def test_messages_of_others_give_nothing_and_name_no_node(topic: str, payload: str) -> None:
    home = Home()
    assert home.hear(topic, payload) == []
    assert home.nodes.all() == []


def test_a_light_has_the_numbers_of_its_state() -> None:
    found = Home().hear("desk/light/lamp/state", '{"state": "ON", "brightness": 9, "color": {"r": 1, "g": true}, "effect": "5"}')
    assert {reading.key[1]: reading.value for reading in found} == {"state": 1.0, "brightness": 9.0, "color.r": 1.0}


def test_a_node_that_goes_leaves_unknown_values() -> None:
    home = Home()
    home.hear("attic/status", "online")
    home.hear("attic/sensor/co2/state", "600")
    node = home.nodes.get("esphome/attic")
    assert node is not None
    assert (node.name, node.online) == ("attic", True)
    (gone,) = home.hear("attic/status", "offline")
    assert gone.key == ("attic/sensor/co2/state", "")
    assert math.isnan(gone.value)
    node = home.nodes.get("esphome/attic")
    assert node is not None
    assert not node.online


def test_a_topic_that_is_claimed_is_read_by_whoever_has_claimed_it() -> None:
    directory, esphome, other = Directory(NodeRegistry()), EspHomeDecoder(), PlainDecoder()
    topics, loose = make_decoder.topics, make_decoder.loose  # type: ignore[attr-defined]
    readers = Readers([Route(topics, esphome, "esphome", loose=loose)], directory, Privacy())
    directory.claim("attic/sensor/co2/state", other)
    claimed, free = readers.route_of("attic/sensor/co2/state"), readers.route_of("attic/sensor/lux/state")
    assert claimed is not None
    assert free is not None
    assert (claimed.decoder, free.decoder) == (other, esphome)
