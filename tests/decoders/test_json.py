"""JSON topics: every number of a document by its path."""

from __future__ import annotations

import json
from typing import Any

import pytest

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.errors import ConfigError, DecodeError
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders.json import MAX_NUMBERS, make_decoder

TOPIC = "tele/plug/SENSOR"
TASMOTA = b"""{"Time":"2024-02-03T10:20:30","ENERGY":{"TotalStartTime":"2023-01-15T16:02:13","Total":12.345,"Yesterday":0.512,
"Today":0.123,"Period":1,"Power":56,"ApparentPower":70,"ReactivePower":42,"Factor":0.80,"Voltage":231,"Current":0.303}}"""
TASMOTA_STATE = b"""{"Time":"2024-02-03T10:20:30","Uptime":"3T04:05:06","UptimeSec":273906,"Heap":27,"SleepMode":"Dynamic",
"LoadAvg":19,"POWER":"ON","Wifi":{"AP":1,"SSId":"home","BSSId":"AA:BB:CC:DD:EE:FF","RSSI":84,"Downtime":"0T00:00:03"}}"""
ZIGBEE = b"""{"battery":97,"contact":false,"humidity":45.61,"last_seen":"2024-02-03T10:20:30+01:00","linkquality":120,
"temperature":21.43,"update":{"installed_version":16777241,"latest_version":null,"state":"idle"},"update_available":null}"""
SHELLY = b"""{"id":0,"source":"init","output":true,"apower":8.9,"voltage":237.5,
"aenergy":{"total":6.532,"by_minute":[45.199,47.141,88.397],"minute_ts":1626935779},"temperature":{"tC":23.5,"tF":74.4}}"""


def decode(payload: bytes, topic: str = TOPIC, **options: str) -> list[Reading]:
    return make_decoder(Section("decoder__test", values=dict(options))).decode(topic, payload)


def numbers(payload: bytes, **options: str) -> dict[str, float]:
    readings = decode(payload, **options)
    assert all(reading.key[0] == TOPIC for reading in readings)
    found = {reading.key[1]: reading.value for reading in readings}
    assert len(found) == len(readings)
    return found


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            TASMOTA,
            {
                "ENERGY.Total": 12.345,
                "ENERGY.Yesterday": 0.512,
                "ENERGY.Today": 0.123,
                "ENERGY.Period": 1,
                "ENERGY.Power": 56,
                "ENERGY.ApparentPower": 70,
                "ENERGY.ReactivePower": 42,
                "ENERGY.Factor": 0.8,
                "ENERGY.Voltage": 231,
                "ENERGY.Current": 0.303,
            },
        ),
        (TASMOTA_STATE, {"UptimeSec": 273906, "Heap": 27, "LoadAvg": 19, "POWER": 1, "Wifi.AP": 1, "Wifi.RSSI": 84}),
        (
            ZIGBEE,
            {
                "battery": 97,
                "contact": 0,
                "humidity": 45.61,
                "linkquality": 120,
                "temperature": 21.43,
                "update.installed_version": 16777241,
            },
        ),
        (
            SHELLY,
            {
                "id": 0,
                "output": 1,
                "apower": 8.9,
                "voltage": 237.5,
                "aenergy.total": 6.532,
                "aenergy.by_minute.0": 45.199,
                "aenergy.by_minute.1": 47.141,
                "aenergy.by_minute.2": 88.397,
                "aenergy.minute_ts": 1626935779,
                "temperature.tC": 23.5,
                "temperature.tF": 74.4,
            },
        ),
        (b'{"state": "online"}', {"state": 1}),
        (b'{"a": [{"b": 1}, {"b": "2.5"}]}', {"a.0.b": 1, "a.1.b": 2.5}),
        (b"[1, [2, true]]", {"0": 1, "1.0": 2, "1.1": 1}),
        (b'{"a": "21.5", "b": " Closed ", "c": "text", "d": null, "e": "1_000"}', {"a": 21.5, "b": 0}),
        (b'{"big": 18446744073709551616}', {"big": 18446744073709551616.0}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'\xef\xbb\xbf {"a": 1}', {"a": 1}),
        (b"{}", {}),
        (b"[]", {}),
        (b'{"a": "text"}', {}),
        (b"", {}),
        (b" \n", {}),
        (b"null", {}),
        (b" null\n", {}),
        (b"21.5", {"": 21.5}),
        (b' "21.5" ', {"": 21.5}),
        (b"true", {"": 1}),
        (b"Offline", {"": 0}),
        (b'"ON"', {"": 1}),
    ],
)
def test_every_number_is_found_by_its_path(payload: bytes, expected: dict[str, float]) -> None:
    assert numbers(payload) == expected


def test_a_unit_behind_a_bare_number_is_kept() -> None:
    assert decode("21.5 °C".encode()) == [Reading((TOPIC, ""), 21.5, None, Meta(units="°C"))]


def test_readings_come_in_the_order_of_the_document() -> None:
    assert [reading.key[1] for reading in decode(b'{"z": 1, "a": {"y": 2}, "b": 3}')] == ["z", "a.y", "b"]


def test_different_places_never_share_a_key() -> None:
    document: dict[str, Any] = {
        "a": {"b": 1, "": 2, "b.c": 3, "b\\": {"c": 4}},
        "a.b": 5,
        "a\\.b": 6,
        "": 7,
        "\\e": 8,
        "a.": 9,
        "e": 10,
        "\\": {"": 11},
    }
    found = numbers(json.dumps(document).encode())
    assert sorted(found.values()) == list(range(1, 12))
    assert found["a\\.b"] == 5


def test_each_path_that_is_made_can_be_given_as_the_value_option() -> None:
    payload = json.dumps({"a.b": {"": [0, {"c\\d": 1.5}]}, "": 2, "\\": {".": 3}}).encode()
    everything = numbers(payload)
    assert len(everything) == 4
    for path, number in everything.items():
        assert numbers(payload, value=path) == {path: number}


def test_the_value_option_takes_only_that_path() -> None:
    assert numbers(TASMOTA, value="ENERGY.Power") == {"ENERGY.Power": 56}
    assert numbers(SHELLY, value="aenergy.by_minute.1") == {"aenergy.by_minute.1": 47.141}
    assert numbers(SHELLY, value="temperature") == {"temperature.tC": 23.5, "temperature.tF": 74.4}
    assert numbers(TASMOTA_STATE, value="POWER") == {"POWER": 1}
    assert numbers(ZIGBEE, value="update_available") == {}


@pytest.mark.parametrize("path", ["ENERGY.Volt", "ENERGY.Power.x", "Time.0", "0", "ENERGY.0"])
def test_a_message_without_the_wanted_path_is_told(path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(TASMOTA, value=path)
    assert caught.value.reason == "no_value"
    assert path in str(caught.value)


@pytest.mark.parametrize("position", ["3", "-1", "01", "1.0", "x", "\u0661", "9999999999"])
def test_an_array_has_only_its_positions(position: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(b'{"a": [1, 2, 3]}', value=f"a.{position}")
    assert caught.value.reason == "no_value"


def test_a_bare_number_has_no_path() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(b"Online", value="ENERGY.Power")
    assert caught.value.reason == "no_value"


@pytest.mark.parametrize(
    ("payload", "timestamp"),
    [
        (b'{"t": 1706955630, "v": 1}', 1706955630.0),
        (b'{"t": 1706955630.25, "v": 1}', 1706955630.25),
        (b'{"t": "1706955630", "v": 1}', 1706955630.0),
        (b'{"t": 1706955630250, "v": 1}', 1706955630.25),
        (b'{"t": "2024-02-03T10:20:30Z", "v": 1}', 1706955630.0),
        (b'{"t": "2024-02-03T11:20:30.500+01:00", "v": 1}', 1706955630.5),
        (b'{"t": null, "v": 1}', None),
        (b'{"v": 1}', None),
    ],
)
def test_the_time_of_the_message_is_taken_from_its_path(payload: bytes, timestamp: float | None) -> None:
    assert decode(payload, time="t") == [Reading((TOPIC, "v"), 1.0, timestamp)]


def test_the_time_is_a_number_of_its_own_only_without_the_option() -> None:
    payload = b'{"at": {"t": 1706955630}, "v": 1}'
    assert decode(payload, time="at.t") == [Reading((TOPIC, "v"), 1.0, 1706955630.0)]
    assert numbers(payload) == {"at.t": 1706955630.0, "v": 1.0}


@pytest.mark.parametrize("time", ["true", '"soon"', '""', "-1", "0", "1e300", "{}", "[1706955630]", "1e400", "9" * 400, '"1_7"'])
def test_a_time_that_cannot_be_read_is_refused(time: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(f'{{"t": {time}, "v": 1}}'.encode(), time="t")
    assert caught.value.reason == "bad_time"


def test_label_and_units_come_from_their_paths() -> None:
    payload = '{"name": " Boiler ", "u": {"t": "°C"}, "t": 61.5, "serial": "12345"}'.encode()
    meta = Meta(label="Boiler", units="°C")
    assert decode(payload, label="name", units="u.t", value="t") == [Reading((TOPIC, "t"), 61.5, None, meta)]
    # Digits in a label are no quantity.
    assert decode(payload, label="serial", value="t") == [Reading((TOPIC, "t"), 61.5, None, Meta(label="12345"))]
    assert [reading.key[1] for reading in decode(payload, label="serial")] == ["t"]


@pytest.mark.parametrize("label", ["null", "5", "[]", "{}"])
def test_a_label_that_is_no_text_is_no_label(label: str) -> None:
    (reading,) = decode(f'{{"n": {label}, "v": 1}}'.encode(), label="n", value="v")
    assert reading.meta == Meta()


def test_a_long_label_is_cut() -> None:
    (reading,) = decode(json.dumps({"n": "x" * 5000, "v": 1}).encode(), label="n")
    assert reading.meta.label == "x" * 200


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"t": 21.5, "h": NaN}', {"t": 21.5}),
        (b'{"t": 21.5, "h": [Infinity, -Infinity, 1e400, -1e400]}', {"t": 21.5}),
        (b'{"t": 21.5, "h": "nan", "p": "inf"}', {"t": 21.5}),
        (b'{"t": 21.5, "h": ' + b"9" * 5000 + b"}", {"t": 21.5}),
        (b'{"t": 12345678901234567, "h": NaN}', {"t": 12345678901234567.0}),
    ],
)
def test_numbers_beside_one_that_is_not_finite_are_kept(payload: bytes, expected: dict[str, float]) -> None:
    assert numbers(payload) == expected


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"a": 1', "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": 1}\x00', "not_json"),
        (b'{"a": 01}', "not_json"),
        (b"[1,]", "not_json"),
        (b'{"a": 1, "b": "\\ud800"}', "not_json"),
        (b'{"a": NaN, "b": "\\uD800"}', "not_json"),
        (b"[NaN," + b"[]," * 2000 + b"1]", "not_json"),
        (b"Garage door", "no_number"),
        (b'"\\ud800"', "no_number"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b"\xff\xfe{", "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        (b'{"a": NaN}', "not_finite"),
        (b'{"a": 1e400}', "not_finite"),
        (b'{"a": 1' + b"0" * 400 + b"}", "not_finite"),
        (b'{"a": "1e400"}', "not_finite"),
        (b"[NaN]", "not_finite"),
        (b"NaN", "not_finite"),
        (b"1e400", "not_finite"),
        (b"1" + b"0" * 400, "not_finite"),
        (b"[" * 33 + b"1" + b"]" * 33, "too_deep"),
        (b"[" * 900 + b"NaN" + b"]" * 900, "too_deep"),
        (b"[" * 2000 + b"]" * 2000, "too_deep"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "too_deep"),
        (json.dumps(list(range(MAX_NUMBERS + 1))).encode(), "too_many"),
        (json.dumps({"k" * 501: 1}).encode(), "path_too_long"),
        (json.dumps({"." * 300: 1}).encode(), "path_too_long"),
        (json.dumps({"k" * 300: {"k" * 300: 1}}).encode(), "path_too_long"),
        (json.dumps({"k" * 500_000: [1] * 1000}).encode(), "path_too_long"),
    ],
)
def test_a_bad_document_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(payload)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 250


def test_a_text_at_the_wanted_path_is_refused() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(ZIGBEE, value="update.state")
    assert caught.value.reason == "no_number"


def test_the_largest_message_that_is_allowed_is_read() -> None:
    assert len(decode(json.dumps(list(range(MAX_NUMBERS))).encode())) == MAX_NUMBERS
    assert numbers(b"[" * 32 + b"1" + b"]" * 32) == {".".join("0" * 32): 1}
    padded = b'{"a": 1' + b" " * (1024 * 1024 - 8) + b"}"
    assert len(padded) == 1024 * 1024
    assert numbers(padded) == {"a": 1}
    with pytest.raises(DecodeError) as caught:
        decode(padded + b" ")
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize("path", ["a..b", ".a", "a.", ".", "a\\", "a\\x", "a\\eb", "b\\e", "x" * 501])
def test_a_path_that_cannot_be_is_told_with_its_place(path: str) -> None:
    section = Section("decoder__bad", values={"value": path, "time": "Time", "label": path}, places={"value": "x.conf:7"})
    with pytest.raises(ConfigError) as caught:
        make_decoder(section)
    assert [problem.option for problem in caught.value.problems] == ["value", "label"]
    assert str(caught.value).startswith("x.conf:7: [decoder__bad] value: ")
