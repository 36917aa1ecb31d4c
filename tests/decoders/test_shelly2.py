"""Shelly's later generations: one place for each number, the device's own time, and messages of others."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.decoders.shelly2 import Shelly2Decoder

PLUS = "shellyplus1pm-a8032abe54dc"
SWITCH = {"id": 0, "output": True, "apower": 8.5}


class Home:
    """A decoder and what it has told.

    Attributes:
        nodes: what it has said of devices.
        shelly: the decoder.
    """

    def __init__(self) -> None:
        self.nodes = NodeRegistry()
        self.shelly = Shelly2Decoder()
        self.shelly.join(Directory(self.nodes))

    def hear(self, topic: str, payload: str | dict[str, Any]) -> list[Reading]:
        """Decode a message."""
        return self.shelly.decode(topic, (json.dumps(payload) if isinstance(payload, dict) else payload).encode())

    def notify(self, prefix: str, source: str = PLUS, ts: Any = 1631186545.04, **components: Any) -> list[Reading]:
        """Decode a notification; `switch__0` is the component `switch:0`."""
        status = {name.replace("__", ":"): each for name, each in components.items()}
        return self.hear(f"{prefix}/events/rpc", {"src": source, "method": "NotifyStatus", "params": {"ts": ts, **status}})


def test_a_number_has_one_place_wherever_it_comes_from() -> None:
    home = Home()
    notified = home.notify(PLUS, switch__0=SWITCH)
    told = home.hear(f"{PLUS}/status/switch:0", SWITCH)
    assert [each.key for each in notified] == [each.key for each in told]
    assert notified[1].key == (f"{PLUS}/status/switch:0", "apower")
    assert notified[1].meta is told[1].meta
    assert (notified[1].timestamp, told[1].timestamp) == (1631186545.04, None)


@pytest.mark.parametrize("ts", [None, 3.2, "1631186545", 1e300, True, [1]])
def test_a_device_that_does_not_know_the_time_counts_as_of_its_arrival(ts: Any) -> None:
    assert [each.timestamp for each in Home().notify(PLUS, ts=ts, switch__0={"id": 0, "apower": 1})] == [None]


def test_a_part_of_a_status_is_enough_and_unknown_is_unknown() -> None:
    (reading,) = Home().notify(PLUS, temperature__0={"id": 0, "tC": None, "tF": None, "errors": ["read"]})
    assert reading.key == (f"{PLUS}/status/temperature:0", "tC")
    assert math.isnan(reading.value)


def test_an_unknown_count_says_nothing() -> None:
    assert Home().notify(PLUS, switch__0={"id": 0, "aenergy": {"total": None}}) == []


def test_history_follows_the_device_under_another_prefix() -> None:
    home = Home()
    (one,) = home.notify(PLUS, switch__0={"id": 0, "apower": 1.0})
    (other,) = home.notify("boiler", switch__0={"id": 0, "apower": 1.0})
    assert one.meta.uid == other.meta.uid == f"{PLUS}/switch:0/apower"
    assert (one.meta.node, other.meta.node) == (f"shelly/{PLUS}", "shelly/boiler")


def test_the_default_prefix_is_the_name_of_the_device() -> None:
    (reading,) = Home().hear(f"{PLUS}/status/input:0", {"id": 0, "state": False})
    assert reading.meta.uid == f"{PLUS}/input:0/state"
    (reading,) = Home().hear("boiler/status/input:0", {"id": 0, "state": False})
    assert reading.meta.uid == ""


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("washer/events/rpc", '{"method": "NotifyStatus", "params": {"switch:0": {"apower": 1}}}'),
        ("washer/events/rpc", '{"src": "x", "method": "NotifyEvent", "params": {"switch:0": {"apower": 1}}}'),
        ("washer/events/rpc", '{"src": "x", "method": "NotifyStatus", "params": [1]}'),
        ("washer/events/rpc", '{"src": "x", "method": ["NotifyStatus"], "params": {}}'),
        ("washer/events/rpc", "5"), ("washer/events/rpc", "[1"), ("washer/events/rpc", ""),
        ("washer/status/wifi", '{"rssi": -50}'), ("washer/status/switch:0", '{"output": true}'),
        ("washer/status/switch:0", '{"id": 1, "output": true}'), ("washer/status/switch:0", '{"id": true, "output": true}'),
        ("washer/status/switch:0", "true"), ("washer/status/sys", '{"uptime": 5}'), ("washer/status/switch:00000", '{"id": 0}'),
        ("washer/status/temperature", "61"), ("washer/online", "true"), ("washer/online", "false"), ("online", "false"),
        ("status/switch:0", '{"id": 0, "output": true}'), ("/status/switch:0", '{"id": 0, "output": true}'),
    ],
)  # fmt: skip
def test_messages_of_others_give_nothing_and_name_no_device(topic: str, payload: str) -> None:
    home = Home()
    assert home.hear(topic, payload) == []
    assert home.nodes.all() == []


def test_a_component_without_a_number_is_read_of_a_device_that_is_known() -> None:
    home = Home()
    assert home.hear(f"{PLUS}/status/wifi", {"rssi": -60}) == []
    home.notify(PLUS, switch__0=SWITCH)
    (reading,) = home.hear(f"{PLUS}/status/wifi", {"rssi": -60})
    assert (reading.value, reading.meta.units) == (-60.0, "dBm")


def test_a_device_that_goes_leaves_unknown_values() -> None:
    home = Home()
    home.hear("boiler/online", "true")
    home.notify("boiler", switch__0={"id": 0, "apower": 8.5})
    node = home.nodes.get("shelly/boiler")
    assert node is not None
    assert (node.name, node.online) == ("boiler", True)
    (gone,) = home.hear("boiler/online", "false")
    assert gone.key == ("boiler/status/switch:0", "apower")
    assert math.isnan(gone.value)


@pytest.mark.parametrize(("present", "gone"), [(False, False), (True, True)])
def test_a_device_on_its_battery_is_not_gone_when_it_sleeps(present: bool, gone: bool) -> None:
    home = Home()
    power = {"id": 0, "battery": {"V": 5.1, "percent": 70}, "external": {"present": present}}
    home.notify("ht", temperature__0={"id": 0, "tC": 20.0}, devicepower__0=power)
    assert bool(home.hear("ht/online", "false")) is gone


def test_a_message_of_many_components_is_read_in_part() -> None:
    status = {f"input__{number}": {"id": number, "state": True} for number in range(1000)}
    assert len(Home().notify(PLUS, **status)) <= 200


def test_numbers_that_are_none_are_passed_over() -> None:
    status = '{"apower": 1e400, "voltage": "230", "current": [1], "freq": 50}'
    frame = f'{{"src": "x", "method": "NotifyStatus", "params": {{"switch:0": {status}}}}}'
    assert [each.key[1] for each in Home().hear("x/events/rpc", frame)] == ["freq"]


def test_json_that_was_cut_off_is_told() -> None:
    with pytest.raises(DecodeError, match="not JSON"):
        Home().hear(f"{PLUS}/events/rpc", '{"src": ')


def test_channels_are_called_by_their_number() -> None:
    found = Home().notify(PLUS, switch__1={"id": 1, "apower": 1.0}, temperature__100={"id": 100, "tC": 20.0})
    assert [each.meta.label for each in found] == ["Power 2", "Temperature 100"]
