"""Sparkplug B: births explain what data mean, deaths end it, and no message does harm."""

from __future__ import annotations

import contextlib
import math
import struct
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hypotheses import SHORT
from support.sparkplug import field, metric, payload, varint

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.topics import topic_matches
from janitoo_datalog_rrd.decoders.sparkplug import SparkplugDecoder, make_decoder
from janitoo_datalog_rrd.decoders.sparkplug_messages import MAX_METRICS
from janitoo_datalog_rrd.decoders.sparkplug_tags import number_of

T0 = 1_700_000_000_000
"""Milliseconds since the epoch."""


class Plant:
    """A decoder, and one edge node `E` of the group `G` with its devices."""

    def __init__(self) -> None:
        self.now = T0 / 1000.0
        self.nodes = NodeRegistry(clock=lambda: self.now)
        self.directory = Directory(self.nodes)
        self.decoder = SparkplugDecoder(clock=lambda: self.now)
        self.decoder.join(self.directory)

    def say(self, kind: str, *metrics: bytes, device: str = "", seq: int | None = None, time: int | None = T0) -> list[Reading]:
        topic = f"spBv1.0/G/{kind}/E" + (f"/{device}" if device else "")
        return self.decoder.decode(topic, payload(metrics, time=time, seq=seq) or b"\x18\x00")

    def counted(self, word: str) -> int:
        return dict(self.decoder.counts())[word]

    @property
    def notes(self) -> list[str]:
        return [each.what for each in self.directory.notes]


@pytest.fixture
def plant() -> Plant:
    return Plant()


def numbers(readings: list[Reading]) -> dict[str, float | None]:
    return {each.key[1]: None if math.isnan(each.value) else each.value for each in readings}


def refusal(plant: Plant, kind: str, *metrics: bytes, device: str = "") -> str:
    with pytest.raises(DecodeError) as caught:
        plant.say(kind, *metrics, device=device)
    return caught.value.reason


@pytest.mark.parametrize(
    ("kind", "value", "number"),
    [
        ("Int8", -128, -128.0),
        ("Int8", 127, 127.0),
        ("Int16", -1, -1.0),
        ("Int32", -(2**31), -(2.0**31)),
        ("Int64", -(2**63), -(2.0**63)),
        ("Int64", 2**63 - 1, 2.0**63),
        ("UInt8", 255, 255.0),
        ("UInt32", 2**32 - 1, 2.0**32 - 1),
        ("UInt64", 2**64 - 1, 2.0**64),
        ("Float", 0.5, 0.5),
        ("Double", -1e300, -1e300),
        ("Boolean", True, 1.0),
    ],
)
def test_a_number_of_each_type_is_read_to_its_edges(plant: Plant, kind: str, value: float, number: float) -> None:
    assert numbers(plant.say("NBIRTH", metric("x", kind, value))) == {"x": number}


@pytest.mark.parametrize(
    ("value", "datatype", "number"),
    [(0xFE, 1, -2.0), (2**64 - 5, 3, -5.0), (7, 10, 7.0), (3, 11, 1.0), (7, 0, None), (7, 13, None)],
)
def test_a_whole_number_is_read_by_its_type_however_it_was_written(value: int, datatype: int, number: float | None) -> None:
    assert number_of(value, datatype) == number


@pytest.mark.parametrize("kind", ["String", "Text", "UUID", "DateTime", "Bytes", "File", "DataSet", "Template"])
def test_what_is_no_number_is_not_logged_and_no_trouble(plant: Plant, kind: str) -> None:
    value = "42" if kind in ("String", "Text", "UUID") else T0 if kind == "DateTime" else field(18, b"\x0a\x01x")
    assert plant.say("DBIRTH", metric("x", kind, value, alias=1), device="d") == []
    assert plant.say("DDATA", metric(None, kind, value, alias=1, typed=False), device="d") == []


def test_data_are_known_by_the_aliases_of_the_birth(plant: Plant) -> None:
    (birth,) = plant.say("DBIRTH", metric("a.b/c", "Int16", -3, alias=0, properties={"engUnit": "degC"}), device="d", time=T0)
    (data,) = plant.say("DDATA", metric(None, "Int16", -4, alias=0, time=T0 + 500, typed=False), device="d")
    assert birth.key == data.key == ("spBv1.0/G/E/d", "a\\.b/c")
    assert (data.value, data.timestamp, data.meta.label, data.meta.units) == (-4.0, T0 / 1000.0 + 0.5, "a.b/c", "°C")
    assert data.meta is birth.meta
    assert data.meta.node == "sparkplug/G/E/d"


def test_data_under_an_alias_that_no_birth_told_are_counted_and_noted_until_it_comes(plant: Plant) -> None:
    assert refusal(plant, "DDATA", metric(None, "Float", 1.0, alias=5), device="d") == "no_birth"
    assert plant.counted("values without a birth") == 1
    assert "Rebirth" in plant.notes[0]
    plant.say("DBIRTH", metric("x", "Float", 1.0, alias=5), device="d")
    assert plant.notes == []
    assert numbers(plant.say("DDATA", metric(None, "Float", 2.0, alias=5), device="d")) == {"x": 2.0}


def test_data_that_say_enough_need_no_birth(plant: Plant) -> None:
    assert numbers(plant.say("NDATA", metric("f", "Float", 1.5, typed=False), metric("i", "Int8", -1))) == {"f": 1.5, "i": -1.0}
    assert refusal(plant, "NDATA", metric("j", "Int8", -1, typed=False)) == "no_birth"  # 4294967295, if it had no sign
    assert numbers(plant.say("NDATA", metric("j", "Int8", -1, typed=False), metric("f", "Float", 2.5))) == {"f": 2.5}


def test_a_birth_that_is_kept_explains_the_data_after_a_restart(plant: Plant) -> None:
    birth = payload([metric("x", "Int32", 5, alias=9, time=T0)], time=T0, seq=1)
    decoder = SparkplugDecoder()
    topic = "spBv1.0/G/DBIRTH/E/d"
    assert any(topic_matches(each, topic) for each in decoder.announcements)
    decoder.decode(topic, birth)
    data = payload([metric(None, "Int32", -5, alias=9, typed=False)], time=T0, seq=77)
    assert numbers(decoder.decode("spBv1.0/G/DDATA/E/d", data)) == {"x": -5.0}
    assert dict(decoder.counts())["gaps in the sequence of messages"] == 0


def test_a_broker_that_keeps_births_has_them_for_who_comes_later(plant: Plant) -> None:
    plant.decoder = make_decoder(Section("decoder__x", {"topics": ("spBv1.0/#", "$sparkplug/certificates/#")}))  # type: ignore[assignment]
    topic = "$sparkplug/certificates/spBv1.0/G/DBIRTH/E/d"
    assert any(topic_matches(each, topic) for each in plant.decoder.announcements)
    birth = payload([metric("x", "Float", 1.0, alias=5)], time=T0)
    (reading,) = plant.decoder.decode(topic, birth)
    assert (reading.key, reading.timestamp) == (("spBv1.0/G/E/d", "x"), T0 / 1000.0)
    assert numbers(plant.say("DDATA", metric(None, "Float", 2.0, alias=5), device="d")) == {"x": 2.0}
    plant.say("DBIRTH", metric("y", "Float", 3.0, alias=5), device="d", time=T0 + 1)
    assert plant.decoder.decode(topic, birth) == []
    assert numbers(plant.say("DDATA", metric(None, "Float", 4.0, alias=5), device="d")) == {"y": 4.0}


def test_aliases_of_a_device_end_with_the_life_of_its_edge_node(plant: Plant) -> None:
    plant.say("DBIRTH", metric("x", "Float", 1.0, alias=5), device="d", time=T0)
    plant.say("NBIRTH", time=T0 + 1000)
    assert refusal(plant, "DDATA", metric(None, "Float", 1.0, alias=5), device="d") == "no_birth"


def test_values_of_a_birth_are_those_of_its_time_and_old_ones_keep_theirs(plant: Plant) -> None:
    old = metric("old", "Float", 2.0, time=T0 - 90_000, historical=True)
    now, before = plant.say("NBIRTH", metric("x", "Float", 1.0, time=T0 - 86_400_000), old, time=T0)
    assert now.timestamp == T0 / 1000.0
    assert before.timestamp == T0 / 1000.0 - 90.0


@pytest.mark.parametrize("time", [None, 0, 1000, 2**63, 10**17])
def test_a_time_that_is_none_is_that_of_the_arrival(plant: Plant, time: int | None) -> None:
    assert [each.timestamp for each in plant.say("NDATA", metric("x", "Float", 1.0, time=time), time=time)] == [None]


def test_unknown_values_are_told_as_such(plant: Plant) -> None:
    plant.say(
        "NBIRTH", metric("a", "Float", 1.0), metric("b", "Float", 1.0), metric("c", "Float", 1.0), metric("s", "String", "x")
    )
    unknown = plant.say(
        "NDATA",
        metric("a", "Float", null=True),
        metric("b", "Float", 2.0, properties={"Quality": 0}),
        metric("c", "Float", math.nan),
        metric("s", "String", null=True),
    )
    assert numbers(unknown) == {"a": None, "b": None, "c": None}
    assert numbers(plant.say("NDATA", metric("b", "Float", 3.0))) == {"b": 3.0}  # good, where nothing is said


def test_what_is_of_the_protocol_or_passing_is_not_logged(plant: Plant) -> None:
    metrics = (
        metric("bdSeq", "Int64", 3),
        metric("Node Control/Rebirth", "Boolean", False, alias=1),
        metric("t", "Float", 1.0, transient=True),
    )
    assert plant.say("NBIRTH", *metrics) == []
    assert plant.say("NDATA", metric(None, "Boolean", True, alias=1)) == []


def test_the_death_of_a_device_is_that_of_its_values(plant: Plant) -> None:
    plant.say("NBIRTH", metric("n", "Float", 1.0))
    plant.say("DBIRTH", metric("x", "Float", 1.0), metric("e", "Double", 5.0, properties={"units": "kWh"}), device="d")
    gone = plant.say("DDEATH", device="d", time=T0 + 1000)
    assert numbers(gone) == {"x": None, "e": None, "e.rate": None}
    assert {each.timestamp for each in gone} == {T0 / 1000.0 + 1.0}
    assert plant.say("DDEATH", device="d") == []
    node, device = plant.nodes.get("sparkplug/G/E"), plant.nodes.get("sparkplug/G/E/d")
    assert node is not None
    assert device is not None
    assert (node.online, device.online, device.name, device.location) == (True, False, "d", "G/E")
    plant.say("DDATA", metric("x", "Float", 1.0), device="d")
    device = plant.nodes.get("sparkplug/G/E/d")
    assert device is not None
    assert device.online


def test_the_death_of_an_edge_node_is_that_of_its_devices_and_not_of_its_next_life(plant: Plant) -> None:
    plant.say("NBIRTH", metric("bdSeq", "Int64", 4), metric("n", "Float", 1.0))
    plant.say("DBIRTH", metric("x", "Float", 1.0), device="d")
    assert plant.say("NDEATH", metric("bdSeq", "Int64", 3)) == []
    gone = plant.say("NDEATH", metric("bdSeq", "Int64", 4), time=T0 - 10**9)
    assert numbers(gone) == {"n": None, "x": None}
    assert all(each.timestamp in (None, T0 / 1000.0 + 0.001) for each in gone)


def test_a_death_comes_after_the_last_value_although_the_clocks_differ(plant: Plant) -> None:
    plant.say("NBIRTH", metric("n", "Float", 1.0), time=T0 + 20_000)
    (gone,) = plant.say("NDEATH")
    assert gone.timestamp is not None
    assert gone.timestamp > T0 / 1000.0 + 20.0


def test_a_metric_that_a_birth_leaves_out_is_gone(plant: Plant) -> None:
    plant.say("NBIRTH", metric("a", "Float", 1.0), metric("b", "Float", 1.0))
    assert numbers(plant.say("NBIRTH", metric("a", "Float", 2.0))) == {"a": 2.0, "b": None}
    assert plant.counted("metrics") == 1


def test_messages_that_were_lost_are_noted_until_the_next_birth(plant: Plant) -> None:
    plant.say("NBIRTH", metric("x", "Float", 1.0), seq=0)
    for seq in (1, 2, 2, 255, 0):
        assert plant.say("NDATA", metric("x", "Float", 1.0), seq=seq)
    assert plant.counted("gaps in the sequence of messages") == 1
    assert "255 came after 2" in plant.notes[0]
    plant.say("NBIRTH", metric("x", "Float", 1.0), seq=0)
    assert plant.notes == []


def test_templates_are_noted(plant: Plant) -> None:
    plant.say("NBIRTH", metric("Motor", "Template", field(18, field(2, metric("Amps", "Float", 4.0)))))
    assert "Template" in plant.notes[0]
    plant.say("NBIRTH", metric("Amps", "Float", 4.0))
    assert plant.notes == []


@pytest.mark.parametrize(
    "topic",
    [
        "spBv1.0/STATE/scada",
        "STATE/scada",
        "spBv1.0/G/NCMD/E",
        "spBv1.0/G/DCMD/E/d",
        "spBv1.0/G/DDATA/E",
        "spBv1.0/G/NDATA/E/d",
        "spBv1.0",
        "a/b",
    ],
)
def test_commands_and_states_of_hosts_are_not_read(plant: Plant, topic: str) -> None:
    assert plant.decoder.decode(topic, b"online") == []


def test_a_filter_of_a_section_narrows_what_is_heard_again() -> None:
    decoder = make_decoder(Section("decoder__x", {"topics": ("spBv1.0/Plant/#",)}))
    assert getattr(decoder, "announcements") == ("spBv1.0/Plant/NBIRTH/+", "spBv1.0/Plant/DBIRTH/+/+")  # noqa: B009 - not in the protocol
    decoder = make_decoder(Section("decoder__x", {"topics": ("spBv1.0/+/DDATA/#", "spBv1.0/+/DBIRTH/+/d", "spBv1.0/A/NBIRTH/E")}))
    assert getattr(decoder, "announcements") == ("spBv1.0/+/DBIRTH/+/d", "spBv1.0/A/NBIRTH/E")  # noqa: B009


def test_protobuf_is_imported_with_the_first_message_only() -> None:
    program = """
import sys
from janitoo_datalog_rrd.decoders.sparkplug import SparkplugDecoder
decoder = SparkplugDecoder()
decoder.decode("spBv1.0/STATE/x", b"{}")
assert not [name for name in sys.modules if name.startswith("google.protobuf")]
decoder.decode("spBv1.0/G/NBIRTH/E", b"\\x18\\x00")
assert "google.protobuf" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# -- hostile messages --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x12\x05\x0a", "not_protobuf"),
        (b"\xff" * 20, "not_protobuf"),
        (b"\x0b" * 500, "not_protobuf"),
        (b'{"metrics": []}', "not_protobuf"),
        (b"\x12\x00" * (MAX_METRICS + 1), "too_many"),
        (b"\x00" * (2**20 + 1), "too_large"),
    ],
)
def test_what_is_no_message_is_refused(plant: Plant, content: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        plant.decoder.decode("spBv1.0/G/NDATA/E", content)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 400


def test_a_name_that_is_no_text_spoils_its_own_metric_only(plant: Plant) -> None:
    assert numbers(plant.say("NBIRTH", metric(b"\xff\xfe", "Float", 1.0), metric("x", "Float", 2.0))) == {"x": 2.0}


def test_a_name_that_is_too_long_makes_no_series(plant: Plant) -> None:
    assert plant.say("NBIRTH", metric("x" * 501, "Float", 1.0)) == []


def test_templates_within_templates_are_not_followed(plant: Plant) -> None:
    inner = metric("x", "Float", 1.0)
    for _ in range(5000):
        inner = field(18, field(2, inner))
    assert plant.say("NBIRTH", metric("deep", "Template", inner[:500_000])) == []


def test_a_birth_of_a_metric_twice_is_of_the_first(plant: Plant) -> None:
    assert [each.value for each in plant.say("NBIRTH", metric("x", "Float", 1.0), metric("x", "Float", 2.0))] == [1.0]


metrics = st.builds(
    metric,
    st.none() | st.sampled_from(["x", "y", "bdSeq", "", "a.b"]) | st.binary(max_size=4),
    st.sampled_from(["", "Int8", "Int64", "UInt64", "Boolean", "String", "Float", "Double"]),
    st.sampled_from(
        [None, b"", field(10, 7), field(11, 2**64 - 1), b"\x65" + struct.pack("<f", 1.5), field(14, 1), field(15, b"\xff")]
    ),
    alias=st.none() | st.integers(0, 3),
    time=st.none() | st.sampled_from([0, T0, 2**64 - 1]),
    null=st.booleans(),
    historical=st.booleans(),
    transient=st.booleans(),
    properties=st.none()
    | st.dictionaries(st.sampled_from(["units", "Quality", "z"]), st.sampled_from(["kWh", "%", 0, 192, 500])),
)
messages = st.tuples(
    st.sampled_from(["NBIRTH/E", "NDATA/E", "NDEATH/E", "DBIRTH/E/d", "DDATA/E/d", "DDEATH/E/d", "DDATA/F/e"]),
    st.lists(metrics, max_size=5),
    st.none() | st.integers(0, 300),
    st.sampled_from([T0, T0 + 1000, 0, 2**64 - 1]),
)


@SHORT
@given(st.lists(messages, max_size=15))
def test_whatever_order_messages_come_in_the_answers_are_sound(said: list[tuple[str, list[bytes], int | None, int]]) -> None:
    plant = Plant()
    for topic, content, seq, time in said:
        readings: list[Reading] = []
        with contextlib.suppress(DecodeError):
            readings = plant.decoder.decode(f"spBv1.0/G/{topic}", payload(content, time=time, seq=seq))
        for reading in readings:
            assert reading.key[0].startswith("spBv1.0/G/")
            assert not math.isinf(reading.value)
            assert reading.timestamp is None or 3e8 < reading.timestamp < 5e9
    assert 0 <= plant.counted("metrics") <= 15 * 5


@settings(SHORT, max_examples=500)
@given(st.binary(max_size=300), st.sampled_from(["NBIRTH", "NDATA", "NDEATH"]))
@example(varint(2 << 3 | 3) * 1000, "NBIRTH")
@example(field(2, field(9, field(1, b"\xff") * 300 + field(2, field(9, b"\x0a\x00") * 300))), "NBIRTH")
def test_any_bytes_are_answered(content: bytes, kind: str) -> None:
    with contextlib.suppress(DecodeError):
        for reading in SparkplugDecoder().decode(f"spBv1.0/G/{kind}/E", content):
            assert not math.isinf(reading.value)


@settings(SHORT, max_examples=300)
@given(st.integers(0, 2**32), st.integers(0, 400))
def test_a_birth_with_bytes_changed_or_cut_off_is_answered(seed: int, cut: int) -> None:
    good = bytearray(
        payload(
            [metric(f"m{n}", "Int32", -n, alias=n, time=T0, properties={"engUnit": "W", "Quality": 192}) for n in range(8)],
            time=T0,
            seq=0,
        )
    )
    good[seed % len(good)] = seed >> 8 & 255
    good[(seed >> 16) % len(good)] ^= seed >> 4 & 255
    with contextlib.suppress(DecodeError):
        SparkplugDecoder().decode("spBv1.0/G/NBIRTH/E", bytes(good[: len(good) - cut] or b"\x00"))
