"""Homie: values find their datatype in whatever order they come, and devices come and go."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import ConfigError, DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.topics import topic_matches
from janitoo_datalog_rrd.decoders.homie import MAX_DEVICES, HomieDecoder, make_decoder
from janitoo_datalog_rrd.decoders.homie_devices import MAX_PROPERTIES
from janitoo_datalog_rrd.decoders.homie_values import number_of, units_of


class Home:
    """A decoder with a clock that is set by hand."""

    def __init__(self, *filters: str) -> None:
        self.now = 1_700_000_000.0
        self.nodes = NodeRegistry(clock=lambda: self.now)
        self.decoder = HomieDecoder(filters or ("homie/#",), clock=lambda: self.now)
        self.decoder.join(Directory(self.nodes))

    def say(self, topic: str, payload: str = "") -> list[Reading]:
        return self.decoder.decode(topic, payload.encode())

    def numbers(self, topic: str, payload: str) -> list[tuple[str, float]]:
        return [(each.key[0], each.value) for each in self.say(topic, payload)]

    def counted(self, word: str) -> int:
        return dict(self.decoder.counts())[word]


@pytest.fixture
def home() -> Home:
    return Home()


def description(**properties: dict[str, object]) -> str:
    return json.dumps(
        {"homie": "5.0", "version": 1, "name": "Kettle", "nodes": {"pot": {"name": "Pot", "properties": properties}}}
    )


@pytest.mark.parametrize(
    ("payload", "datatype", "number"),
    [
        ("21.5", "float", 21.5),
        ("-3", "integer", -3.0),
        ("1e3", "float", 1000.0),
        ("45", "percent", 45.0),
        ("true", "boolean", 1.0),
        ("false", "boolean", 0.0),
        ("PT12H5M46S", "duration", 43546.0),
        ("PT5M", "duration", 300.0),
        ("PT0.5S", "duration", 0.5),
        ("P1DT1S", "duration", 86401.0),
        ("42", "string", None),
        ("1", "enum", None),
        ("100,100,100", "color", None),
        ("2024-02-03T10:20:30Z", "datetime", None),
        ("[1]", "json", None),
        ("7", "", 7.0),
        ("on", "", 1.0),
        ("cooking", "", None),
        ("nan", "", None),
        ("", "float", None),
    ],
)
def test_a_payload_is_read_by_its_datatype(payload: str, datatype: str, number: float | None) -> None:
    assert number_of(payload.encode(), datatype) == number


@pytest.mark.parametrize("payload", ["nan", "NaN", "unavailable", "unknown"])
def test_a_sensor_that_gives_nothing_makes_its_value_unknown(payload: str) -> None:
    assert math.isnan(number_of(payload.encode(), "float") or 0.0)


@pytest.mark.parametrize(
    ("payload", "datatype"),
    [
        ("warm", "float"),
        ("2", "boolean"),
        ("PT", "duration"),
        ("P", "duration"),
        ("5", "duration"),
        ("1,5", "float"),
        ("1e999", "float"),
    ],
)
def test_what_is_not_of_its_datatype_is_refused(payload: str, datatype: str) -> None:
    with pytest.raises(DecodeError) as caught:
        number_of(payload.encode(), datatype)
    assert caught.value.reason == "no_number"


@pytest.mark.parametrize(
    ("unit", "datatype", "shown"),
    [
        ("ºC", "float", "°C"),
        ("#", "integer", ""),
        ("", "percent", "%"),
        ("x", "boolean", ""),
        ("", "duration", "s"),
        (" W ", "float", "W"),
    ],
)
def test_units_are_those_of_the_property_or_of_its_datatype(unit: str, datatype: str, shown: str) -> None:
    assert units_of(unit, datatype) == shown


def test_a_value_waits_for_its_datatype_and_is_logged_once_as_of_then(home: Home) -> None:
    assert home.say("homie/kettle/pot/heat", "21.5") == []
    assert home.say("homie/kettle/pot/heat/$name", "Heat") == []
    home.now += 2.0
    (reading,) = home.say("homie/kettle/pot/heat/$datatype", "float")
    assert (reading.value, reading.timestamp, reading.meta.label) == (21.5, None, "pot Heat")
    assert home.say("homie/kettle/pot/heat/$datatype", "float") == []


def test_none_of_several_values_that_wait_is_lost(home: Home) -> None:
    for number in (1, 2, 3):
        home.say("homie/kettle/pot/heat", str(number))
        home.now += 3.0
    readings = home.say("homie/kettle/pot/heat/$datatype", "integer")
    start = 1_700_000_000.0
    assert [(each.value, each.timestamp) for each in readings] == [(1.0, start), (2.0, start + 3.0), (3.0, None)]


def test_a_text_that_looks_like_a_number_is_not_logged_although_it_came_first(home: Home) -> None:
    home.say("homie/kettle/pot/code", "4711")
    assert home.say("homie/kettle/pot/code/$datatype", "string") == []
    assert home.say("homie/kettle/pot/code", "4712") == []


def test_a_device_without_datatypes_is_logged_once_it_had_the_time_to_say_them(home: Home) -> None:
    assert home.say("homie/old/pot/heat", "20") == []
    assert home.say("homie/old/pot/mode", "auto") == []
    home.now += 11.0
    assert home.numbers("homie/old/pot/level", "5") == [("homie/old/pot/heat", 20.0), ("homie/old/pot/level", 5.0)]
    assert home.numbers("homie/old/pot/heat", "21") == [("homie/old/pot/heat", 21.0)]
    assert home.say("homie/old/pot/mode", "off today") == []


def test_units_that_come_after_the_value_reach_it(home: Home) -> None:
    home.say("homie/kettle/$nodes", "pot")
    home.say("homie/kettle/pot/heat/$datatype", "float")
    (first,) = home.say("homie/kettle/pot/heat", "20")
    (second,) = home.say("homie/kettle/pot/heat/$unit", "°C")
    assert (first.meta.units, second.meta.units, second.value) == ("", "°C", 20.0)
    home.now += 3600.0
    assert home.say("homie/kettle/pot/heat/$name", "Water") == []
    (third,) = home.say("homie/kettle/pot/heat", "21")
    assert third.meta.label == "Water"


def test_each_number_of_a_value_comes_with_the_same_object(home: Home) -> None:
    home.say("homie/kettle/pot/heat/$datatype", "float")
    (first,), (second,) = home.say("homie/kettle/pot/heat", "20"), home.say("homie/kettle/pot/heat", "21")
    assert first.meta is second.meta


def test_a_label_has_the_node_where_the_device_has_several(home: Home) -> None:
    for topic, text in (("$nodes", "pot,lid"), ("pot/$name", "Pot"), ("lid/$name", "Lid"), ("lid/lid/$name", "lid")):
        home.say(f"homie/kettle/{topic}", text)
    for topic in ("pot/heat", "lid/lid"):
        home.say(f"homie/kettle/{topic}/$datatype", "integer")
    assert home.say("homie/kettle/pot/heat", "1")[0].meta.label == "Pot heat"
    assert home.say("homie/kettle/lid/lid", "1")[0].meta.label == "lid"


def test_an_array_of_homie_3_has_the_attributes_of_its_family(home: Home) -> None:
    home.say("homie/lamp/light_0/power", "12")
    home.say("homie/lamp/light/power/$unit", "W")
    assert home.numbers("homie/lamp/light/power/$datatype", "integer") == [("homie/lamp/light_0/power", 12.0)]
    (reading,) = home.say("homie/lamp/light_1/power", "13")
    assert (reading.value, reading.meta.units) == (13.0, "W")


def test_commands_targets_logs_and_alerts_are_no_values(home: Home) -> None:
    home.say("homie/5/kettle/$description", description(heat={"datatype": "float"}))
    for topic in ("pot/heat/set", "pot/heat/$target", "$log/warn", "$alert/battery", "$fw/version", "pot/$type", "$stats/uptime"):
        assert home.say(f"homie/5/kettle/{topic}", "5") == []
        assert home.say(f"homie/old/{topic}", "5") == []
    assert home.say("homie/$broadcast/alert", "5") == []
    assert home.say("homie/5/$broadcast/alert", "5") == []


@pytest.mark.parametrize("state", ["lost", "disconnected"])
def test_a_device_that_is_gone_has_no_values_any_more(home: Home, state: str) -> None:
    home.say("homie/5/kettle/$description", description(heat={"datatype": "float"}, on={"datatype": "boolean"}))
    home.say("homie/5/kettle/$state", "ready")
    home.say("homie/5/kettle/pot/heat", "20")
    home.say("homie/5/kettle/pot/on", "true")
    node = home.nodes.get("homie/5/kettle")
    assert node is not None
    assert (node.name, node.online) == ("Kettle", True)
    gone = home.say("homie/5/kettle/$state", state)
    assert [each.key[0] for each in gone if math.isnan(each.value)] == ["homie/5/kettle/pot/heat", "homie/5/kettle/pot/on"]
    node = home.nodes.get("homie/5/kettle")
    assert node is not None
    assert not node.online


def test_a_device_that_sleeps_is_not_gone(home: Home) -> None:
    home.say("homie/kettle/pot/heat/$datatype", "float")
    home.say("homie/kettle/pot/heat", "20")
    assert home.say("homie/kettle/$state", "sleeping") == []
    assert home.numbers("homie/kettle/pot/heat", "19") == [("homie/kettle/pot/heat", 19.0)]


def test_what_the_broker_still_has_of_a_lost_device_is_not_logged_and_what_it_sends_itself_is(home: Home) -> None:
    home.say("homie/kettle/$state", "lost")
    home.say("homie/kettle/pot/heat/$datatype", "float")
    assert home.say("homie/kettle/pot/heat", "20") == []
    assert home.say("homie/kettle/pot/heat", "20") == []  # after a restart of the broker
    assert home.numbers("homie/kettle/pot/heat", "21") == [("homie/kettle/pot/heat", 21.0)]


def test_values_that_overtake_the_word_that_a_device_is_back_are_logged(home: Home) -> None:
    home.say("homie/kettle/pot/heat/$datatype", "float")
    home.say("homie/kettle/$state", "lost")
    home.say("homie/kettle/pot/heat", "20")
    assert home.numbers("homie/kettle/$state", "ready") == [("homie/kettle/pot/heat", 20.0)]
    home.say("homie/kettle/$state", "lost")
    home.say("homie/kettle/pot/heat", "18")
    home.now += 86400.0
    assert home.say("homie/kettle/$state", "ready") == []


def test_what_waits_of_a_lost_device_is_not_logged_once_its_datatype_comes(home: Home) -> None:
    home.say("homie/kettle/pot/heat", "20")
    home.say("homie/kettle/$state", "lost")
    assert home.say("homie/kettle/pot/heat/$datatype", "float") == []
    assert home.say("homie/kettle/pot/heat/$unit", "°C") == []
    assert home.say("homie/kettle/$nodes", "pot") == []
    assert home.numbers("homie/kettle/$state", "ready") == [("homie/kettle/pot/heat", 20.0)]  # back at once


def test_a_child_that_names_a_lost_root_is_lost(home: Home) -> None:
    home.say("homie/5/bridge/$state", "lost")
    home.say("homie/5/kettle/$state", "ready")
    home.say("homie/5/kettle/pot/heat", "20")
    assert (
        home.say(
            "homie/5/kettle/$description", json.dumps(json.loads(description(heat={"datatype": "float"})) | {"root": "bridge"})
        )
        == []
    )
    node = home.nodes.get("homie/5/kettle")
    assert node is not None
    assert not node.online


def test_children_are_lost_with_their_root_and_back_with_it(home: Home) -> None:
    child = json.loads(description(heat={"datatype": "float"})) | {"root": "bridge"}
    home.say("homie/5/kettle/$description", json.dumps(child))
    home.say("homie/5/kettle/$state", "ready")
    home.say("homie/5/bridge/$state", "ready")
    home.say("homie/5/kettle/pot/heat", "20")
    assert home.say("homie/5/bridge/$state", "disconnected") == []
    (gone,) = home.say("homie/5/bridge/$state", "lost")
    assert gone.key[0] == "homie/5/kettle/pot/heat"
    assert math.isnan(gone.value)
    home.say("homie/5/bridge/$state", "ready")
    assert home.numbers("homie/5/kettle/pot/heat", "21") == [("homie/5/kettle/pot/heat", 21.0)]


def test_a_device_that_is_removed_is_forgotten(home: Home) -> None:
    home.say("homie/5/kettle/$description", description(heat={"datatype": "float"}))
    home.say("homie/5/kettle/$state", "ready")
    home.say("homie/5/kettle/pot/heat", "20")
    (gone,) = home.say("homie/5/kettle/$state")
    assert math.isnan(gone.value)
    for rest in ("$description", "pot/heat"):  # the broker is told to forget those, too
        assert home.say(f"homie/5/kettle/{rest}") == []
    assert home.counted("devices") == 0
    assert home.say("homie/5/kettle/pot/heat", "20") == []


def test_a_number_that_is_said_in_homie_4_and_5_is_logged_once(home: Home) -> None:
    home.say("homie/kettle/pot/heat/$datatype", "float")
    (older,) = home.say("homie/kettle/pot/heat", "20")
    home.say("homie/5/kettle/$description", description(heat={"datatype": "float"}))
    (newer,) = home.say("homie/5/kettle/pot/heat", "20")
    assert older.meta.uid == newer.meta.uid
    assert home.say("homie/kettle/pot/heat", "21") == []


def test_a_description_says_all_there_is(home: Home) -> None:
    home.say("homie/5/kettle/$description", description(heat={"datatype": "float", "unit": "°C", "name": "Water"}))
    (reading,) = home.say("homie/5/kettle/pot/heat", "20")
    assert (reading.meta.label, reading.meta.units, reading.meta.node) == ("Water", "°C", "homie/5/kettle")
    home.now += 3600.0
    assert home.say("homie/5/kettle/pot/other", "5") == []
    home.say("homie/5/kettle/$description", description(other={"datatype": "integer"}))
    assert home.numbers("homie/5/kettle/pot/other", "6")[-1] == ("homie/5/kettle/pot/other", 6.0)
    assert home.say("homie/5/kettle/pot/heat", "7") == []


@pytest.mark.parametrize(
    "text", ['{"nodes": 5}', '{"nodes": {"a": []}}', '{"nodes": {"a": {"properties": {"b": 1}}}}', '{"root": {}}', "{}"]
)
def test_a_description_of_another_shape_harms_nobody(home: Home, text: str) -> None:
    home.say("homie/5/kettle/$description", text)
    home.say("homie/5/kettle/pot/heat", "1")


@pytest.mark.parametrize(("text", "reason"), [("[]", "bad_shape"), ("{", "not_json"), ('"x"', "bad_shape")])
def test_a_description_that_is_none_is_refused(home: Home, text: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        home.say("homie/5/kettle/$description", text)
    assert caught.value.reason == reason


def test_energy_that_nobody_sets_is_a_count(home: Home) -> None:
    properties = {"used": {"datatype": "float", "unit": "kWh"}, "goal": {"datatype": "float", "unit": "kWh", "settable": True}}
    home.say("homie/5/kettle/$description", description(**properties))
    level, rate = home.say("homie/5/kettle/pot/used", "5")
    assert (level.key[1], rate.key[1], rate.meta.ds_type) == ("", "rate", "DERIVE")
    assert len(home.say("homie/5/kettle/pot/goal", "5")) == 1


def test_another_base_topic_is_taken_from_the_section() -> None:
    home = Home("garage/sensors/#", "+/5/#")
    home.say("garage/sensors/kettle/pot/heat/$datatype", "float")
    assert home.numbers("garage/sensors/kettle/pot/heat", "5") == [("garage/sensors/kettle/pot/heat", 5.0)]
    home.say("attic/5/kettle/$description", description(heat={"datatype": "float"}))
    assert home.numbers("attic/5/kettle/pot/heat", "6") == [("attic/5/kettle/pot/heat", 6.0)]
    assert any(topic_matches(each, "attic/5/kettle/$description") for each in home.decoder.announcements)
    assert not any(topic_matches(each, "garage/sensors/kettle/pot/heat/set") for each in home.decoder.announcements)


def test_a_section_without_a_base_topic_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        make_decoder(Section("decoder__x", {"topics": ("homie/+/power",)}))
    assert "homie/+/power" in str(caught.value.problems[0])


def test_too_many_devices_and_properties_are_bounded(home: Home) -> None:
    for number in range(MAX_PROPERTIES + 10):
        home.say(f"homie/kettle/pot/p{number}", "1")
    assert home.counted("properties") == MAX_PROPERTIES
    for number in range(MAX_DEVICES + 10):
        home.say(f"homie/d{number}/pot/heat", "on air")
    assert home.counted("devices") == MAX_DEVICES


levels = st.sampled_from(["homie", "5", "kettle", "pot", "pot_1", "heat", "set", "", "$broadcast"])
words = st.sampled_from(
    ["$state", "$description", "$name", "$nodes", "$datatype", "$unit", "$stats", "$target", "$online", "$settable"]
)
payloads = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"", b"21.5", b"float", b"true", b"lost", b"ready", b"PT5M", b"nan", b"1" * 2000, b"pot,lid", b"kWh", b"\xff"]
    ),
    st.recursive(
        st.text(max_size=5) | st.integers() | st.booleans(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
    ).map(
        lambda found: json.dumps(
            {"nodes": {"pot": {"properties": {"heat": found, "b": {"datatype": found}}}}, "root": found}
        ).encode()
    ),
)


@SHORT
@given(st.lists(st.tuples(st.lists(levels | words, max_size=5), payloads), max_size=30))
def test_whatever_comes_in_whatever_order_is_answered(messages: list[tuple[list[str], bytes]]) -> None:
    home = Home()
    for rest, payload in messages:
        home.now += 3.0
        readings: list[Reading] = []
        with contextlib.suppress(DecodeError):
            readings = home.decoder.decode("/".join(["homie", *rest]), payload)
        for reading in readings:
            assert reading.key[0].startswith("homie/")
            assert not math.isinf(reading.value)
            assert len(reading.meta.label) < 500
