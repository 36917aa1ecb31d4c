"""Gateways of radio sensors: a sensor is logged once, whoever hears it, and phones are not logged."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.decoding import Readers, Route
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.privacy import Privacy
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders.homeassistant import make_decoder as make_homeassistant
from janitoo_datalog_rrd.decoders.openmqttgateway import GatewayDecoder, make_decoder

SENSOR = "A4C138CF0156"
HEARD = {"id": "A4:C1:38:CF:01:56", "tempc": 21.5, "tempf": 70.7}


class Home:
    """A decoder and what it has told.

    Attributes:
        nodes: what it has said of devices.
    """

    def __init__(self) -> None:
        self.nodes = NodeRegistry()
        self._decoder = GatewayDecoder()
        self._decoder.join(Directory(self.nodes))

    def hear(self, topic: str, payload: str | dict[str, Any]) -> list[Reading]:
        """Decode a message."""
        return self._decoder.decode(topic, (json.dumps(payload) if isinstance(payload, dict) else payload).encode())

    def title(self, node: str) -> str:
        """What a device is called."""
        state = self.nodes.get(node)
        return "" if state is None else state.name


def test_a_sensor_that_two_gateways_hear_has_one_place() -> None:
    home = Home()
    (one,) = home.hear(f"home/one/BTtoMQTT/{SENSOR}", HEARD)
    (other,) = home.hear(f"home/other/BTtoMQTT/{SENSOR}", HEARD)
    assert one.key == other.key == (f"home/BTtoMQTT/{SENSOR}", "tempc")
    assert one.meta is other.meta
    assert (one.meta.uid, one.meta.node) == (f"{SENSOR}/tempc", f"openmqttgateway/{SENSOR}")


def test_how_well_a_gateway_hears_a_sensor_is_its_own_number() -> None:
    home = Home()
    one = home.hear(f"home/one/BTtoMQTT/{SENSOR}", {**HEARD, "rssi": -60})[-1]
    other = home.hear(f"home/other/BTtoMQTT/{SENSOR}", {**HEARD, "rssi": -80})[-1]
    assert (one.key, other.key) == ((f"home/one/BTtoMQTT/{SENSOR}", "rssi"), (f"home/other/BTtoMQTT/{SENSOR}", "rssi"))
    assert (one.meta.label, one.meta.units) == ("Signal strength at one", "dBm")
    assert one.meta.uid != other.meta.uid


@pytest.mark.parametrize(
    "document",
    [
        {"id": "45:e1:74:12:6e:00", "rssi": -89, "distance": 21.5, "servicedata": "fe00"},
        {"id": "52:10:A8:46:90:AC", "rssi": -77, "model_id": "IBEACON", "major": 0, "minor": 0, "txpower": -66, "mfid": "4c00"},
        {"rssi": -5, "tempc": 20}, {"id": 5, "tempc": 20}, {"id": "", "tempc": 20}, {"id": "x", "tempc": "warm"},
        {"id": "x", "tempc": None}, {"id": "x", "tempc": [20]}, {"id": "x", "packet": 5, "mac_type": 1},
    ],
)  # fmt: skip
def test_what_passes_by_is_not_logged(document: dict[str, Any]) -> None:
    home = Home()
    assert home.hear("home/one/BTtoMQTT/45E174126E00", document) == []
    assert home.nodes.all() == []


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("home/one/433toMQTT", '{"value": 1315156}'), ("BTtoMQTT/x", '{"id": "x", "tempc": 5}'),
        ("home/BTtoMQTT/x", '{"id": "x", "tempc": 5}'),
        ("home/one/BTtoMQTT/x", "5"), ("home/one/BTtoMQTT/x", "[5]"), ("home/one/BTtoMQTT/x", ""), ("home/one/LWT", "5"),
        ("home/one/RTL_433toMQTT", '{"id": 5, "temperature_C": 20}'),
        ("home/one/RTL_433toMQTT", '{"model": "status", "rssi": -5}'),
        ("home/one/undecoded/x", '{"id": "x", "tempc": 5}'), ("LWT", "online"), ("", ""),
    ],
)  # fmt: skip
def test_what_has_another_form_gives_nothing(topic: str, payload: str) -> None:
    assert Home().hear(topic, payload) == []


def test_numbers_in_texts_are_read_of_known_words_only() -> None:
    (reading,) = Home().hear("home/one/LORAtoMQTT/x", {"id": "x", "tempc": "55.3", "serial": "12", "message": "5"})
    assert (reading.key, reading.value) == (("home/LORAtoMQTT/X", "tempc"), 55.3)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ({"name": "ATC_CF0156"}, "ATC_CF0156"), ({"name": "Flower care"}, "Flower care CF0156"),
        ({"brand": "Xiaomi", "model": "TH Sensor"}, "Xiaomi TH Sensor CF0156"), ({}, "Sensor CF0156"),
        ({"name": 5}, "Sensor CF0156"),
    ],
)  # fmt: skip
def test_a_sensor_is_called_so_that_it_can_be_told_from_others(said: dict[str, Any], title: str) -> None:
    home = Home()
    home.hear(f"home/one/BTtoMQTT/{SENSOR}", {**HEARD, **said})
    assert home.title(f"openmqttgateway/{SENSOR}") == title


def test_a_name_that_is_heard_once_stays() -> None:
    home = Home()
    for said in ({"model": "TH Sensor"}, {"name": "Bath"}, {"model": "TH Sensor"}):
        home.hear(f"home/one/BTtoMQTT/{SENSOR}", {**HEARD, **said})
    assert home.title(f"openmqttgateway/{SENSOR}") == "Bath CF0156"


def test_the_address_in_the_message_counts_and_not_that_of_a_beacon() -> None:
    (reading,) = Home().hear("home/one/BTtoMQTT/uuid", {"id": "1de4b189", "mac": "A4:C1:38:CF:01:56", "tempc": 20})
    assert reading.key[0] == f"home/BTtoMQTT/{SENSOR}"


@pytest.mark.parametrize(
    ("document", "units"),
    [
        ({"weight": 70, "unit": "lb"}, "lb"), ({"weight": 70}, "kg"), ({"weight": 70, "unit": 5}, "kg"),
        ({"pres": 2.5, "model_id": "TPMS"}, "bar"), ({"pres": 1013}, "hPa"), ({"avg": 2.3, "avgu": "kW"}, "kW"),
    ],
)  # fmt: skip
def test_units_are_those_that_the_message_says(document: dict[str, Any], units: str) -> None:
    (reading,) = Home().hear("home/one/BTtoMQTT/x", {"id": "x", **document})
    assert reading.meta.units == units


def test_rain_is_a_count_with_its_rate_and_no_temperature_comes_twice() -> None:
    document = {"model": "WS", "id": 7, "rain_mm": 12.5, "temperature_C": 20.0, "temperature_F": 68.0}
    found = {reading.key[1]: reading.meta.ds_type for reading in Home().hear("home/one/RTL_433toMQTT/WS/7", document)}
    assert found == {"temperature_C": "", "rain_mm": "", "rain_mm.rate": "DERIVE"}


def test_a_sensor_by_rtl_433_is_known_by_its_message_whatever_its_topic() -> None:
    document = {"model": "Acurite/Tower", "channel": "A", "id": 8623, "humidity": 44}
    places = {Home().hear(f"home/one/RTL_433toMQTT{rest}", document)[0].key[0] for rest in ("", "/Acurite-Tower/A/8623")}
    assert places == {"home/RTL_433toMQTT/Acurite_Tower/A/8623"}


def test_a_gateway_that_goes_takes_only_its_own_values_along() -> None:
    home = Home()
    home.hear(f"home/one/BTtoMQTT/{SENSOR}", HEARD)
    home.hear("home/one/LWT", "online")
    assert home.nodes.get("openmqttgateway/home/one") is None
    home.hear("home/one/SYStoMQTT", {"rssi": -60, "uptime": 5, "version": "1.7"})
    assert home.title("openmqttgateway/home/one") == "one"
    (gone,) = home.hear("home/one/LWT", "offline")
    assert gone.key == ("home/one/SYStoMQTT", "rssi")
    assert math.isnan(gone.value)


def test_what_home_assistant_is_told_of_its_topics_is_no_trouble() -> None:
    directory = Directory(NodeRegistry())
    homeassistant = make_homeassistant(Section(""))
    routes = [
        Route(make_decoder.topics, GatewayDecoder(), "openmqttgateway"),  # type: ignore[attr-defined]
        Route(("homeassistant/#",), homeassistant, "homeassistant"),
    ]
    Readers(routes, directory, Privacy())
    for number, way in enumerate(("BTtoMQTT", "OthertoMQTT")):
        config = {
            "stat_t": f"+/+/{way}/{SENSOR}",
            "uniq_id": f"x{number}",
            "val_tpl": "{{ value_json.tempc }}",
            "unit_of_meas": "°C",
        }
        homeassistant.decode(f"homeassistant/sensor/{SENSOR}-{number}/config", json.dumps(config).encode())
    (note,) = directory.notes
    assert f"+/+/OthertoMQTT/{SENSOR}" in note.what


def test_json_that_was_cut_off_is_told() -> None:
    with pytest.raises(DecodeError, match="not JSON"):
        Home().hear("home/one/BTtoMQTT/x", '{"id": ')
