"""What is never logged: secrets, and where people are, by what devices call them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from janitoo_datalog_rrd.core.privacy import Privacy, is_private
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders.json import make_decoder

# Messages as devices send them, by their public documentation, and the numbers in them that may be logged.
MESSAGES: list[tuple[str, dict[str, Any] | list[Any], set[str]]] = [
    (  # OwnTracks: booklet, JSON
        "owntracks/ada/phone",
        {"_type": "location", "acc": 12, "alt": 154, "batt": 56, "lat": 48.856826, "lon": 2.292713, "SSID": "1234", "BSSID": "7"},
        {"acc", "alt", "batt"},
    ),
    ("owntracks/ada/phone/waypoint", {"_type": "waypoint", "lat": 48.8, "lon": 2.2, "rad": 50}, {"rad"}),
    (  # Traccar, and Home Assistant's device trackers
        "tracker/car/attributes",
        {"latitude": 52.5, "longitude": 13.4, "gps_accuracy": 30, "battery": 80, "speed": 12},
        {"battery", "speed"},
    ),
    ("teslamate/cars/1/location", {"latitude": 37.8, "longitude": -122.4}, set()),
    ("gateway/trip", {"long": 13.4, "lat": 52.5, "sat": 7}, {"sat"}),
    (
        "msh/EU/json/LongFast/!a1",
        {"payload": {"latitude_i": 525, "longitude_i": 134, "sats_in_view": 6}},
        {"payload.sats_in_view"},
    ),
    (
        "lora/uplink",
        {"rx": [{"location": {"latitude": 1, "longitude": 2, "altitude": 9}, "rssi": -90}]},
        {"rx.0.location.altitude", "rx.0.rssi"},
    ),
    ("geo/json", {"geometry": {"type": "Point", "coordinates": [13.4, 52.5]}, "speed": 3}, {"speed"}),
    ("boat/position", {"gps": [54.1, 10.2], "gps_satellites": 9, "depth": 4.5}, {"gps_satellites", "depth"}),
    (  # Tasmota's STATE
        "tele/plug/STATE",
        {"Wifi": {"AP": 1, "SSId": "20042004", "BSSId": "112233445566", "Channel": 6, "RSSI": 74, "Signal": -63}},
        {"Wifi.AP", "Wifi.Channel", "Wifi.RSSI", "Wifi.Signal"},
    ),
    ("shellies/announce", {"mac": "112233445566", "new_fw": False}, {"new_fw"}),
    ("shelly/status/wifi", {"ssid": "4711", "rssi": -51}, {"rssi"}),
    (  # Zigbee2MQTT: locks and keypads
        "zigbee2mqtt/door",
        {"pin_code": {"user": 3, "pin_code": 123456}, "users": {"1": {"pin_code": "4711", "status": 1}}, "battery": 90},
        {"users.1.status", "battery"},
    ),
    ("zigbee2mqtt/keypad", {"action_code": "4711", "action_zone": 0, "voltage": 2900}, {"action_zone", "voltage"}),
    ("alarm/keypad", {"pin": "4711", "tamper": False}, {"tamper"}),
    ("zigbee2mqtt/bridge/info", {"network": {"channel": 11, "network_key": [1, 2, 3]}}, {"network.channel"}),
    (
        "modem/status",
        {"imei": "490154203237518", "iccid": "8949", "cell_id": 21345, "rsrp": -97, "SIM": {"pin": "0000"}},
        {"rsrp"},
    ),
    ("fritz/call", {"caller": "0301234567", "callee": "0307654321", "duration": 44}, {"duration"}),
    ("camera/yard/config", {"password": "123456", "userCode": 77, "fps": 25, "accessToken": "99"}, {"fps"}),
    ("lorawan/join", {"devEUI": "1122334455667788", "nwkSKey": "00", "AppKey": 1, "fCnt": 12}, {"fCnt"}),
]
# Names that look like secrets or places to a careless eye.
HARMLESS = [
    ("cover/position", ""),
    ("cover", "position"),
    ("cover", "current_position"),
    ("house/flat/temperature", ""),
    ("house", "flat"),
    ("gpio", "pin"),
    ("gpio/pin/3", ""),
    ("board", "pin.4"),
    ("network", "token_ring"),
    ("ai", "tokens"),
    ("computers/mac", "cpu"),
    ("button", "long_press"),
    ("button", "press.long_count"),
    ("weather", "longwave_radiation"),
    ("inverter", "Vin"),
    ("inverter", "error_code"),
    ("bms", "cell_1_voltage"),
    ("bms", "otp"),
    ("router", "ssid_count"),
    ("wifi", "rssi"),
    ("sun", "elevation"),
    ("platform", "plate.translation"),
    ("x/keyboard", "battery"),
    ("secretary/desk", "height"),
    ("location", "temperature"),
    ("lock", "lock_state"),
    ("user/steps", "value"),
    ("lonely/planet", "relation"),
    ("tag", "temperature"),
]


def logged(privacy: Privacy, topic: str, content: object) -> set[str]:
    readings = make_decoder(Section("decoder__x")).decode(topic, json.dumps(content).encode())
    return {reading.key[1] for reading in readings if not privacy.keeps_back(reading.key)}


@pytest.mark.parametrize(("topic", "content", "kept"), MESSAGES, ids=[topic for topic, _, _ in MESSAGES])
def test_no_secret_and_no_position_of_a_device_is_logged(topic: str, content: object, kept: set[str]) -> None:
    assert logged(Privacy(), topic, content) == kept


@pytest.mark.parametrize(
    "topic",
    [
        "teslamate/cars/1/latitude",
        "tracker/gps/lon",
        "zwave/door/userCode/1",
        "homie/lock/keypad/pin-code",
        "wifi/password",
        "house/keypad/pin",
        "phone/ssid/value",
        "tracker/sensor/latitude/state",
    ],
)
def test_a_bare_number_is_known_by_the_last_level_of_its_topic(topic: str) -> None:
    assert is_private(topic)


@pytest.mark.parametrize(("topic", "path"), HARMLESS)
def test_harmless_names_are_logged(topic: str, path: str) -> None:
    assert not is_private(topic, path)


def test_a_value_that_an_ini_asks_for_is_logged_whatever_it_is_called() -> None:
    asked = ("0100/0001", "latitude", "0")
    assert Privacy(asked_for=lambda key: key == asked).keeps_back(asked) is False
    assert Privacy().keeps_back(asked) is True


def test_topics_are_hidden_and_allowed_by_filters() -> None:
    privacy = Privacy(["bedroom/#"], ["balloon/+", "bedroom/lamp"])
    assert privacy.keeps_back(("bedroom/temperature", ""))
    assert privacy.keeps_back(("bedroom/lamp", "power")), "what is hidden is hidden"
    assert not privacy.keeps_back(("balloon/7", "lat"))
    assert privacy.keeps_back(("balloon", "lat"))


def test_a_name_without_end_is_looked_at_in_no_time() -> None:
    for part in ("A", "a", "1", "Aa", "\\.", "."):
        assert not is_private(part * 1000, part * 500)
