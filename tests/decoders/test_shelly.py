"""Shelly of the first generation: who a device is, what comes twice, and when it is gone."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.decoders.shelly import ShellyDecoder

PLUG = "shellies/shellyplug-s-C18B12"


class Home:
    """A decoder and what it has told.

    Attributes:
        nodes: what it has said of devices.
        shelly: the decoder.
    """

    def __init__(self, *filters: str) -> None:
        self.nodes = NodeRegistry()
        self.shelly = ShellyDecoder(filters or ("shellies/#",))
        self.shelly.join(Directory(self.nodes))

    def hear(self, topic: str, payload: str | bytes | dict[str, Any]) -> list[Reading]:
        """Decode a message."""
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        return self.shelly.decode(topic, payload if isinstance(payload, bytes) else payload.encode())

    def announce(self, device: str, **more: Any) -> None:
        """Announce a device as it does when it connects."""
        self.hear("shellies/announce", {"id": device, "mac": "4C7525C18B12", "model": "SHPLG-S", **more})


def numbers(readings: list[Reading]) -> dict[tuple[str, ...], float]:
    return {reading.key: reading.value for reading in readings}


def test_energy_in_watt_minutes_is_logged_in_watt_hours_with_its_rate() -> None:
    level, rate = Home().hear(f"{PLUG}/relay/0/energy", "120")
    assert (level.key, level.value, level.meta.units, level.meta.ds_type) == ((f"{PLUG}/relay/0/energy", ""), 2.0, "Wh", "")
    assert (rate.key, rate.value, rate.meta.ds_type) == ((f"{PLUG}/relay/0/energy", "rate"), 2.0, "DERIVE")


def test_the_state_and_power_of_a_lamp_have_one_place_wherever_they_come_from() -> None:
    home = Home()
    lamp = "shellies/dimmer/light/0"
    (state,), (power,) = home.hear(lamp, "on"), home.hear(f"{lamp}/power", "14")
    said = home.hear(f"{lamp}/status", {"ison": False, "power": 0.5, "brightness": 36})
    assert numbers(said) == {(lamp, ""): 0.0, (f"{lamp}/power", ""): 0.5, (f"{lamp}/status", "brightness"): 36.0}
    assert said[0].meta == state.meta
    assert said[1].meta == power.meta


def test_a_value_has_one_meta_object() -> None:
    home = Home()
    (first,), (second,) = home.hear(f"{PLUG}/temperature", "20"), home.hear(f"{PLUG}/temperature", "21")
    assert first.meta is second.meta


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        ("temperature_f", "70"), ("ext_temperatures", '{"0": {"tC": 20}}'), ("emeter/0/energy", "5"), ("relay/0/command", "1"),
        ("longpush/0", "1"), ("relay/0/overpower_value", "2500"), ("relay/x", "on"), ("relay/0", "toggle"), ("relay/0", "1_0"),
        ("relay/0/power", "nan"), ("relay/0/power", "1e400"), ("relay/0/power", ""), ("relay/0/power", "9" * 41),
        ("light/0/status", "on"), ("light/0/status", "[1]"), ("status", '"x"'), ("", "1"), ("online", "1"),
    ],
)  # fmt: skip
def test_what_is_no_number_of_the_house_gives_nothing(rest: str, payload: str) -> None:
    assert Home().hear(f"{PLUG}/{rest}", payload) == []


@pytest.mark.parametrize(
    ("rest", "payload"), [("sensor/temperature", "999"), ("sensor/tilt", "-1"), ("roller/0/pos", "-1"), ("ext_humidity/0", "999")]
)
def test_what_a_device_does_not_know_is_unknown(rest: str, payload: str) -> None:
    (reading,) = Home().hear(f"{PLUG}/{rest}", payload)
    assert math.isnan(reading.value)


def test_power_may_be_any_number() -> None:
    (reading,) = Home().hear(f"{PLUG}/emeter/0/power", "999")
    assert reading.value == 999.0


def test_an_announced_device_keeps_its_identity_under_another_name() -> None:
    home = Home()
    (before,) = home.hear(f"{PLUG}/relay/0", "on")
    assert before.meta.uid == ""
    home.announce("shellyplug-s-C18B12")
    (known,) = home.hear(f"{PLUG}/relay/0", "on")
    home.announce("boiler")
    (renamed,) = home.hear("shellies/boiler/relay/0", "on")
    assert known.meta.uid == renamed.meta.uid == "4C7525C18B12/relay/0"
    assert (known.meta.node, renamed.meta.node) == ("shelly/shellyplug-s-C18B12", "shelly/boiler")


def test_two_devices_with_one_address_do_not_share_a_history() -> None:
    home = Home()
    for device in ("boiler", "lamp", "boiler", "lamp"):
        home.announce(device)
    (boiler,), (lamp,) = home.hear("shellies/boiler/relay/0", "on"), home.hear("shellies/lamp/relay/0", "on")
    assert (boiler.meta.uid, lamp.meta.uid) == ("", "4C7525C18B12/relay/0")


def test_its_own_announcement_counts_for_its_own_topic() -> None:
    home = Home()
    home.hear("shellies/boiler/announce", {"id": "other", "mac": "4C7525C18B12"})
    (reading,) = home.hear("shellies/boiler/relay/0", "on")
    assert reading.meta.uid == "4C7525C18B12/relay/0"


def test_a_device_that_goes_leaves_unknown_values_once() -> None:
    home = Home()
    home.hear(f"{PLUG}/online", "true")
    home.hear(f"{PLUG}/relay/0", "on")
    assert [math.isnan(reading.value) for reading in home.hear(f"{PLUG}/online", "false")] == [True]
    assert home.hear(f"{PLUG}/online", "false") == []
    node = home.nodes.get("shelly/shellyplug-s-C18B12")
    assert node is not None
    assert (node.name, node.online) == ("shellyplug-s-C18B12", False)


@pytest.mark.parametrize("said", [("sensor/battery", "80"), ("status", '{"bat": 80}')])
def test_a_device_on_its_battery_is_not_gone_when_it_sleeps(said: tuple[str, str]) -> None:
    home = Home()
    home.hear("shellies/ht/sensor/temperature", "20")
    home.hear(f"shellies/ht/{said[0]}", said[1])
    assert home.hear("shellies/ht/online", "false") == []


def test_a_device_of_which_only_the_will_was_heard_is_not_shown() -> None:
    home = Home()
    home.hear(f"{PLUG}/online", "false")
    assert home.nodes.all() == []


def test_temperatures_in_fahrenheit_are_called_so() -> None:
    status = {"tmp": {"value": 70.5, "units": "F", "is_valid": True}, "target_t": {"value": 68, "units": "F"}, "bat": 90}
    found = {reading.key[1]: reading.meta.units for reading in Home().hear("shellies/trv/status", status)}
    assert found == {"tmp.value": "°F", "target_t.value": "°F", "bat": "%"}


def test_the_info_of_a_valve_goes_where_its_status_goes() -> None:
    home = Home()
    info = {
        "wifi_sta": {"rssi": 0},
        "bat": {"value": 90},
        "thermostats": [{"pos": 12.5, "tmp": {"value": 20.1, "units": "C"}, "target_t": {"value": 21, "units": "C"}}],
    }
    assert numbers(home.hear("shellies/trv/info", info)) == {
        ("shellies/trv/info", "thermostats.0.pos"): 12.5,
        ("shellies/trv/status", "bat"): 90.0,
        ("shellies/trv/status", "tmp.value"): 20.1,
        ("shellies/trv/status", "target_t.value"): 21.0,
    }


def test_devices_may_stand_below_another_base() -> None:
    home = Home("summerhouse/shellies/#", "attic/+/relay/#")
    (one,), (other,) = home.hear("summerhouse/shellies/plug/relay/0", "on"), home.hear("attic/lamp/relay/1", "off")
    assert (one.meta.node, other.meta.node, other.meta.label) == ("shelly/plug", "shelly/lamp", "Relay 2")
    assert home.shelly.announcements == (
        "summerhouse/shellies/announce",
        "summerhouse/shellies/+/announce",
        "attic/announce",
        "attic/+/announce",
    )
    assert home.hear("elsewhere/plug/relay/0", "on") == []


@pytest.mark.parametrize(
    ("rest", "payload"),
    [("relay/0", "on"), ("sensor/battery", "80"), ("light/0/status", '{"gain": 5}'), ("status", '{"lux": 5}')],
)
def test_a_section_may_name_one_device(rest: str, payload: str) -> None:
    home = Home("summerhouse/shellies/boiler/#")
    (reading,) = home.hear(f"summerhouse/shellies/boiler/{rest}", payload)
    assert reading.meta.node == "shelly/boiler"
    home.announce("boiler")
    assert home.hear("summerhouse/shellies/boiler/online", "true") == []


def test_a_later_generation_below_the_same_base_is_read_too() -> None:
    home = Home()
    home.hear("shellies/announce", {"id": "boiler", "name": "Boiler in the cellar", "mac": "A8032ABE54DC", "gen": 2})
    frame = {"src": "shellyplus1pm-a8032abe54dc", "method": "NotifyStatus", "params": {"switch:0": {"id": 0, "apower": 8.5}}}
    (reading,) = home.hear("shellies/boiler/events/rpc", frame)
    assert (reading.key, reading.meta.node) == (("shellies/boiler/status/switch:0", "apower"), "shelly/boiler")
    node = home.nodes.get("shelly/boiler")
    assert node is not None
    assert node.name == "Boiler in the cellar"
    assert [math.isnan(each.value) for each in home.hear("shellies/boiler/online", "false")] == [True]


@pytest.mark.parametrize("payload", ["", "{}", '{"id": 5}', '{"id": ""}', '{"mac": []}', "[]", '{"id": "' + "x" * 101 + '"}'])
def test_an_announcement_of_nobody_tells_nothing(payload: str) -> None:
    home = Home()
    assert home.hear("shellies/announce", payload) == []
    assert home.nodes.all() == []


def test_json_that_was_cut_off_is_told() -> None:
    with pytest.raises(DecodeError, match="not JSON") as caught:
        Home().hear("shellies/dimmer/light/0/status", '{"ison": tr')
    assert caught.value.reason == "not_json"


def test_topics_without_end_fill_no_memory() -> None:
    home = Home()
    for number in range(30_000):
        home.hear(f"shellies/x{number}/relay/0", "on")
    assert len(home.shelly._topics) <= 20_000
    assert len(home.nodes.all()) <= 10_000
