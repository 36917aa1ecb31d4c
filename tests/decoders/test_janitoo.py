"""Janitoo's value messages, in the three shapes that nodes send."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.errors import ConfigError, DecodeError
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.values import NodeValue
from janitoo_datalog_rrd.decoders.janitoo import make_decoder

TOPIC = "/values/user/0124/0002/temperature"
KEY = ("0124/0002", "temperature", "0")


def value(**changes: Any) -> dict[str, Any]:
    """A value object as a Raspberry Pi CPU node sends it; a change to `...` removes the key."""
    message: dict[str, Any] = {
        "hadd": "0124/0002",
        "node_uuid": "picpu",
        "uuid": "temperature",
        "index": 0,
        "data": 48.3,
        "genre": 2,
        "type": 3,
        "label": "Temp",
        "help": "The temperature of the CPU",
        "units": "°C",
        "min": None,
        "max": None,
        "default": None,
        "list_items": None,
        "cmd_class": 49,
        "is_readonly": True,
        "is_writeonly": False,
        "is_polled": True,
        "poll_delay": 300,
        "last_seen": {"$date": 1706955630000},
    }
    message.update(changes)
    return {key: datum for key, datum in message.items() if datum is not ...}


def decode(message: object, topic: str = TOPIC) -> list[Reading]:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return make_decoder(Section("")).decode(topic, payload)


def pairs(message: object, topic: str = TOPIC) -> dict[tuple[str, ...], float]:
    return {reading.key: reading.value for reading in decode(message, topic)}


def test_a_value_object_becomes_a_reading_with_label_and_units() -> None:
    assert decode(value()) == [Reading(KEY, 48.3, None, Meta("Temp", "°C", "0124/0002"))]


def test_values_keyed_by_index_are_all_read() -> None:
    load = {str(index): value(uuid="load", index=index, data=index + 0.5) for index in range(3)}
    expected = {("0124/0002", "load", str(index)): index + 0.5 for index in range(3)}
    assert pairs(load) == expected
    assert pairs({"load": load}) == expected
    assert pairs({"data": load}) == expected


def test_several_uuids_in_one_message_are_all_read() -> None:
    message = {"temperature": {"0": value()}, "voltage": {"0": value(uuid="voltage", data="1.2")}}
    assert pairs(message) == {KEY: 48.3, ("0124/0002", "voltage", "0"): 1.2}


def test_what_our_own_nodes_publish_is_read_back() -> None:
    own = NodeValue("net", lambda: {0: 10, "eth0": 20}, units="B", labels={"eth0": "Ethernet"}, rrd_type="DERIVE")
    assert decode(own.wire_all("0048/0001", "x"), "/values/user/0048/0001/net") == [
        Reading(("0048/0001", "net", "0"), 10.0, None, Meta("net", "B", "0048/0001", "DERIVE")),
        Reading(("0048/0001", "net", "eth0"), 20.0, None, Meta("Ethernet", "B", "0048/0001", "DERIVE")),
    ]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"data": 21}, 21.0),
        ({"data": "21.5"}, 21.5),
        ({"data": " -4 "}, -4.0),
        ({"data": True, "type": 1}, 1.0),
        ({"data": "False", "type": 1}, 0.0),
        ({"data": "on", "type": 1}, 1.0),
        ({"data": "21.5", "type": 8}, 21.5),
        ({"data": "3", "type": 5}, 3.0),
        ({"data": 1, "type": 9}, 1.0),
        ({"data": "7", "type": "4"}, 7.0),
        ({"data": 7, "type": ...}, 7.0),
        ({"data": 7, "type": None}, 7.0),
        ({"data": 7, "type": {}}, 7.0),
        ({"data": 18446744073709551615}, 18446744073709551615.0),
        ({"genre": 1}, 48.3),
        ({"genre": "2"}, 48.3),
        ({"genre": ...}, 48.3),
        ({"hadd": ..., "uuid": ...}, 48.3),
        ({"index": ...}, 48.3),
        ({"index": None}, 48.3),
        ({"index": ""}, 48.3),
        ({"index": "0"}, 48.3),
        ({"index": 0.0}, 48.3),
        ({"label": None, "units": None, "help": None}, 48.3),
        ({"unknown": {"deep": [1, 2]}}, 48.3),
    ],
)
def test_liberties_of_nodes_are_understood(changes: dict[str, Any], number: float) -> None:
    assert pairs(value(**changes)) == {KEY: number}


def test_null_is_unknown() -> None:
    (reading,) = decode(value(data=None))
    assert reading.key == KEY
    assert math.isnan(reading.value)


@pytest.mark.parametrize(
    ("index", "text"), [(3, "3"), ("3", "3"), ("eth0", "eth0"), (-1, "-1"), (2.0, "2"), ("x" * 100, "x" * 100)]
)
def test_the_index_may_be_a_number_or_a_text(index: object, text: str) -> None:
    assert pairs(value(index=index)) == {("0124/0002", "temperature", text): 48.3}


def test_a_value_without_an_index_has_the_one_of_its_place() -> None:
    assert pairs({"7": value(index=...)}) == {("0124/0002", "temperature", "7"): 48.3}
    assert pairs({"any": {"8": value(index=None)}}) == {("0124/0002", "temperature", "8"): 48.3}
    assert pairs({"9": value(index=1)}) == {("0124/0002", "temperature", "1"): 48.3}


def test_the_object_knows_better_than_the_topic_who_it_is() -> None:
    assert pairs(value(), "/values/user/0999/0001/other") == {KEY: 48.3}
    assert pairs(value(), "/values/user") == {KEY: 48.3}
    assert pairs(value(), "somewhere/else") == {KEY: 48.3}


def test_what_the_object_leaves_out_is_taken_from_the_topic() -> None:
    assert pairs({"data": 5}, "/values/basic/0001/0002/a/b") == {("0001/0002", "a/b", "0"): 5.0}
    assert pairs({"data": 5}, "house/values/user/0001/0002/t") == {("0001/0002", "t", "0"): 5.0}


@pytest.mark.parametrize("genre", ["config", "system", "command"])
def test_configuration_system_and_command_values_are_never_logged(genre: str) -> None:
    number = {"config": 3, "system": 4, "command": 5}[genre]
    assert decode(value(genre=number)) == []
    assert decode(value(genre=str(number))) == []
    assert decode(value(), f"/values/{genre}/0124/0002/temperature") == []
    assert decode(b"garbage", f"/values/{genre}/0124/0002/temperature") == []


@pytest.mark.parametrize("kind", [0x10, 0x14, 0x15, 0x20, 0x21, 0x30])
def test_passwords_addresses_and_raw_data_are_never_logged(kind: int) -> None:
    assert decode(value(type=kind, data="1234")) == []
    assert decode(value(type=str(kind), data=1234)) == []
    assert decode(value(type=kind, data=None)) == []


@pytest.mark.parametrize("kind", [5, 8, 9, 23])
@pytest.mark.parametrize("data", ["Idle", "", None, [], {"a": 1}])
def test_texts_are_rightly_not_logged(kind: int, data: object) -> None:
    assert decode(value(type=kind, data=data)) == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("1|2.5|on", {"0": 1.0, "1": 2.5, "2": 1.0}),
        ("1||x|4|nan", {"0": 1.0, "3": 4.0}),
        ("7", {"0": 7.0}),
        (7, {"0": 7.0}),
        ([1, "2"], {"0": 1.0, "1": 2.0}),
        ("", {}),
        (None, {}),
    ],
)
def test_each_item_of_a_piped_array_has_an_index(data: object, expected: dict[str, float]) -> None:
    found = pairs(value(type=22, index=4, data=data))
    assert found == {("0124/0002", "temperature", f"4.{item}"): number for item, number in expected.items()}


def test_an_empty_payload_logs_nothing() -> None:
    assert decode(b"") == []


@pytest.mark.parametrize(("sent", "kept"), [("COUNTER", "COUNTER"), ("gauge", ""), ("X", ""), (5, ""), ([], ""), (None, "")])
def test_only_rrd_types_are_taken_from_a_message(sent: object, kept: str) -> None:
    assert decode(value(rrd_type=sent))[0].meta.ds_type == kept


def test_labels_that_are_no_text_or_too_long_do_no_harm() -> None:
    (reading,) = decode(value(label=["x"], units="u" * 10_000))
    assert reading.meta == Meta("", "u" * 200, "0124/0002")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"21.5", "bad_shape"),
        (b'"text"', "bad_shape"),
        (b"null", "bad_shape"),
        ([value()], "bad_shape"),
        ({}, "bad_shape"),
        ({"0": 21.5}, "bad_shape"),
        ({"0": {"0": {"0": value()}}}, "bad_shape"),
        ({"0": {}}, "bad_shape"),
        (value(genre=0), "bad_genre"),
        (value(genre=6), "bad_genre"),
        (value(genre=10**18), "bad_genre"),
        (value(genre=True), "bad_genre"),
        (value(genre="user"), "bad_genre"),
        (value(genre=[2]), "bad_genre"),
        (value(hadd=5), "bad_hadd"),
        (value(hadd="14/1"), "bad_hadd"),
        (value(hadd="0124/0002/0003"), "bad_hadd"),
        (value(hadd="../../etc"), "bad_hadd"),
        (value(hadd="٠١٢٤/0002"), "bad_hadd"),
        (value(hadd="0" * 500_000), "bad_hadd"),
        (value(uuid=""), "bad_uuid"),
        (value(uuid="u" * 101), "bad_uuid"),
        (value(uuid=7), "bad_uuid"),
        (value(index=True), "bad_index"),
        (value(index=[0]), "bad_index"),
        (value(index={}), "bad_index"),
        (value(index=0.5), "bad_index"),
        (value(index=1e300), "bad_index"),
        (value(index=float("nan")), "bad_index"),
        (value(index="x" * 101), "bad_index"),
        (value(data=...), "no_data"),
        (value(data="warm"), "no_number"),
        (value(data=""), "no_number"),
        (value(data=[1]), "no_number"),
        (value(data={"$date": 1}), "no_number"),
        (value(data="1_000"), "no_number"),
        (value(data="x" * 500_000), "no_number"),
        (value(type=22, data="a|b"), "no_number"),
        (value(type=22, data={"a": 1}), "no_number"),
        (value(type=22, data="1|" * 1000), "too_many"),
        ({str(index): value(index=index) for index in range(1001)}, "too_many"),
        ({str(index): value(index=index, type=22, data="1|2|3") for index in range(400)}, "too_many"),
        (value(data=float("nan")), "not_finite"),
        (value(data=float("inf")), "not_finite"),
        (value(data="nan"), "not_finite"),
        (value(data="1e400"), "not_finite"),
        (json.dumps(value()).replace("48.3", "1e400").encode(), "not_finite"),
        (json.dumps(value()).replace("48.3", "1" + "0" * 400).encode(), "not_finite"),
        (b"{", "not_json"),
        (b"ONLINE", "not_json"),
        (json.dumps(value(label="\ud800")).encode(), "not_json"),
        (b'{"data": "\xff"}', "not_utf8"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "too_deep"),
        (b" " * (1024 * 1024 + 1), "too_large"),
    ],
)
def test_a_bad_message_is_refused_with_its_reason(message: object, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(message)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 250


def test_without_a_genre_anywhere_nothing_is_guessed() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(value(genre=...), "somewhere/else")
    assert caught.value.reason == "bad_genre"


def test_good_values_beside_bad_ones_are_kept() -> None:
    message = {"0": value(data="warm"), "1": value(index=1), "2": value(index=[]), "3": value(genre=3), "4": 5}
    assert pairs(message) == {("0124/0002", "temperature", "1"): 48.3}
    del message["1"]
    with pytest.raises(DecodeError) as caught:
        decode(message)
    assert caught.value.reason == "no_number"


def test_options_for_json_are_refused_by_name() -> None:
    with pytest.raises(ConfigError) as caught:
        make_decoder(Section("decoder__bad", values={"label": "x"}))
    assert "[decoder__bad] label: is of no use with kind = janitoo" in str(caught.value)
