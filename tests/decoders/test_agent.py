"""Agents: trees of any depth and in any order, what devices say of themselves, and two that say the same."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import pytest

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.errors import ConfigError, DecodeError
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.decoders import agent, agent_about, agent_devices
from janitoo_datalog_rrd.decoders.agent import AgentDecoder, make_decoder
from janitoo_datalog_rrd.decoders.homeassistant import make_decoder as make_homeassistant

NOW = 1763800000.25
HADD = "2041/0007"
TABLE = {
    "cpu.percent": {"label": "CPU", "units": "%", "counter": False, "every": 10},
    "net.*.received": {"label": "* received", "units": "B", "counter": True, "every": 20},
}


class Home:
    """A decoder and what it has told.

    Attributes:
        now: seconds since the epoch UTC.
        nodes: what it has said of devices.
        directory: its notes.
        agent: the decoder.
    """

    def __init__(self) -> None:
        self.now = NOW
        self.nodes = NodeRegistry(timeout=60.0, count=3, clock=lambda: self.now)
        self.directory = Directory(self.nodes)
        self.agent = AgentDecoder()
        self.agent.join(self.directory)

    def hear(self, topic: str, payload: Any) -> list[Reading]:
        """Decode a message."""
        return self.agent.decode(topic, payload.encode() if isinstance(payload, str) else json.dumps(payload).encode())

    def send(self, metrics: Any, device: str = "web01", timestamp: Any = NOW) -> list[Reading]:
        """Decode a message with numbers."""
        return self.hear(f"devices/{device}/monitoring", {"device_id": device, "timestamp": timestamp, "metrics": metrics})

    def about(self, device: str = "web01", **said: Any) -> None:
        """Have a device tell of itself."""
        self.hear(f"devices/{device}/about", {"name": device.title(), "hadd": HADD, "poll_delay": 10, "metrics": TABLE, **said})

    def state(self, address: str) -> str | None:
        """How a node is; None where it is not known."""
        node = self.nodes.get(address)
        return None if node is None else node.state


def found(readings: list[Reading]) -> dict[str, float]:
    """The numbers by their path."""
    return {each.key[1]: each.value for each in readings}


def test_trees_of_any_depth_are_flattened_and_said_again_by_the_same_objects() -> None:
    home = Home()
    tree = {"a": {"b": {"c": {"d": 1, "e": 2.5}}, "f": True}, "top": 7, "list": [1, {"x": [2]}]}
    first, second = home.send(tree), home.send(tree)
    assert found(first) == {
        "metrics.a.f": 1.0, "metrics.a.b.c.d": 1.0, "metrics.a.b.c.e": 2.5, "metrics.top": 7.0,
        "metrics.list.0": 1.0, "metrics.list.1.x.0": 2.0,
    }  # fmt: skip
    assert [each.key for each in first] == [each.key for each in second]
    assert all(one.meta is other.meta and one.key is other.key for one, other in zip(first, second, strict=True))
    assert {each.timestamp for each in first} == {NOW}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": {"x": 1}, "b": 5}, {"a": 5, "b": {"x": 1}}),
        ({"a": {"x": 1}, "b": {"y": 2}}, {"a": {"x": 1, "y": 2}, "b": {}}),
        ({"a": 1, "b": 2}, {"b": 1, "a": 2}),
        ({"a": "x", "b": 2}, {"a": 1, "b": 2}),
        ({"": {"x": 1}}, {"x": 1}),
        ({"a": {"": {"x": 1}}}, {"a": {"x": 1}}),
        ({"a.b": 1}, {"a": {"b": 1}}),
    ],
)
def test_messages_that_look_alike_are_not_mixed_up(one: Any, other: Any) -> None:
    home = Home()
    for first, second in ((one, other), ({"c": one}, {"c": other})):
        assert found(home.send(first)) == found(Home().send(first))
        assert found(home.send(second)) == found(Home().send(second)), "as if nothing had come before"
        assert found(home.send(first)) == found(Home().send(first))


def test_what_is_unknown_or_no_number_is_taken_as_that_beside_the_others() -> None:
    home = Home()
    home.about()
    tree = {"cpu": {"percent": None, "name": "x86", "wild": 4}, "net": {"eth0": {"received": None}}}
    for _ in range(2):
        values = found(home.send(tree))
        assert math.isnan(values.pop("metrics.cpu.percent"))
        assert math.isnan(values.pop("metrics.net.eth0.received"))
        assert values == {"metrics.cpu.wild": 4.0}
    payload = b'{"metrics": {"cpu": {"percent": 1e999, "wild": NaN, "huge": -1e400, "good": 3, "big": 1' + b"0" * 400 + b"}}}"
    values = found(home.agent.decode("devices/web01/monitoring", payload))
    assert math.isnan(values.pop("metrics.cpu.wild"))
    assert values == {"metrics.cpu.good": 3.0}


@pytest.mark.parametrize(
    ("given", "time"),
    [(1763800000, 1763800000.0), (1763800000123, 1763800000.123), ("2025-11-22T08:26:40.5Z", 1763800000.5), (None, None)],
)
def test_times_in_seconds_milliseconds_and_as_text(given: Any, time: float | None) -> None:
    (reading,) = Home().send({"a": 1}, timestamp=given)
    assert reading.timestamp == time


def test_about_says_labels_units_rates_holds_and_whose_numbers_they_are() -> None:
    home = Home()
    tree = {"cpu": {"percent": 4}, "net": {"eth0": {"received": 5}}, "new": {"thing": 1}}
    before = home.send(tree)[0].meta
    assert (before.label, before.node) == ("cpu percent", "agent/devices/web01")
    home.about(location="Rack 2")
    metas = [(each.key[1], each.meta) for each in home.send(tree)]
    assert [(path, meta.label, meta.units, meta.ds_type, meta.hold, meta.node) for path, meta in metas] == [
        ("metrics.cpu.percent", "CPU", "%", "", 25.0, HADD),
        ("metrics.net.eth0.received", "eth0 received", "B", "DERIVE", 50.0, HADD),
        ("metrics.new.thing", "new thing", "", "", 25.0, HADD),
    ]
    node = home.nodes.get(HADD)
    assert node is not None
    assert (node.name, node.location) == ("Web01", "Rack 2")
    assert home.nodes.get("agent/devices/web01") is None, "it stands once in the list"


def test_the_first_description_that_fits_counts() -> None:
    home = Home()
    home.about(metrics={"a.*.c": {"label": "first * *"}, "a.b.c": {"label": "second"}, "a.*.*": {"label": "*, *"}})
    labels = [each.meta.label for each in home.send({"a": {"b": {"c": 1, "d": 2}, "*": {"c": 3}}})]
    assert labels == ["first b *", "b, d", "first * *"]


def test_processes_are_labelled_with_their_machine() -> None:
    home = Home()
    home.about(address="192.0.2.7")
    readings = home.send({"processes": {"memory": {"firefox": 12.5}, "cpu": {"firefox": 90}, "count": 4}})
    assert [(each.meta.label, each.meta.units) for each in readings] == [
        ("processes count", ""), ("firefox memory, 192.0.2.7", "%"), ("firefox CPU, 192.0.2.7", "%"),
    ]  # fmt: skip
    home.about(address="<script>")
    assert home.send({"processes": {"memory": {"firefox": 1}}})[0].meta.label == "firefox memory"


def test_status_is_told_at_once_and_writes_nothing() -> None:
    home = Home()
    home.hear("devices/web01/status", "online")
    assert home.nodes.all() == [], "others may use such topics"
    home.about()
    assert home.state(HADD) == "ONLINE"
    assert home.send({"cpu": {"percent": 4}})
    assert home.hear("devices/web01/status", "offline") == []
    assert home.state(HADD) == "OFFLINE"
    home.send({"cpu": {"percent": 4}})
    assert home.state(HADD) == "OFFLINE", "what was on its way when it went says nothing"
    home.hear("devices/web01/status", "online")
    assert home.state(HADD) == "ONLINE"


def test_topics_of_somebody_else_are_told_of() -> None:
    home = Home()
    assert home.hear("devices/lamp/status", {"power": 5}) == home.hear("devices/lamp/status", "") == []
    assert home.nodes.all() == []
    assert [(note.place, "off = agent" in note.what) for note in home.directory.notes] == [("devices/lamp/status", True)]


def test_a_device_that_falls_silent_is_offline_until_it_is_heard_again() -> None:
    home = Home()
    home.about(poll_delay=600, metrics={})
    home.hear("devices/web01/status", "online")
    home.now += 1700
    assert home.nodes.check() == []
    home.now += 200
    assert home.nodes.check() == [HADD]
    home.send({"a": 1})
    assert home.state(HADD) == "ONLINE"


def test_one_hadd_belongs_to_one_device() -> None:
    home = Home()
    home.about("web01")
    home.about("web02")
    assert home.send({"a": 1}, "web02")[0].meta.node == "agent/devices/web02"
    assert [(note.kind, note.place) for note in home.directory.notes] == [("agent", "devices/web02/about")]
    home.hear("devices/web01/status", "offline")  # it was renamed, and its announcement is still there
    home.hear("devices/web02/status", "online")
    assert home.send({"a": 1}, "web02")[0].meta.node == HADD
    assert home.send({"a": 1}, "web01")[0].meta.node == "agent/devices/web01"
    assert home.directory.notes == []
    node = home.nodes.get(HADD)
    assert node is not None
    assert node.name == "Web02"
    home.hear("devices/web01/status", "online")
    assert [note.place for note in home.directory.notes] == ["devices/web01/about"]
    home.hear("devices/web02/about", "")
    home.hear("devices/web01/status", "online")
    assert home.send({"a": 1}, "web01")[0].meta.node == HADD


@pytest.mark.parametrize("reserved", [True, False])
def test_the_hadd_of_a_node_of_this_server_is_not_given_away(reserved: bool) -> None:
    home = Home()
    home.nodes.describe(HADD, "our own", "cellar")
    if reserved:
        home.nodes.reserve([HADD])
    else:
        home.nodes.report(HADD, "ONLINE")
    home.about(name="thief")
    home.hear("devices/web01/status", "online")
    home.hear("devices/web01/status", "offline")
    home.send({"a": 1})
    home.hear("devices/web01/about", "")
    home.about(name="thief")
    node = home.nodes.get(HADD)
    assert node is not None
    assert (node.name, node.state) == ("our own", "OFFLINE" if reserved else "ONLINE")
    assert home.send({"a": 1})[0].meta.node == "agent/devices/web01"
    assert "a node of this server" in home.directory.notes[0].what


def test_what_a_device_says_is_changed_and_taken_back() -> None:
    home = Home()
    home.about(name="Old")
    home.about(name="New", hadd="2041/0008")
    assert {node.hadd: node.name for node in home.nodes.all()} == {"2041/0008": "New"}
    home.hear("devices/web01/about", "")
    assert home.nodes.all() == []
    assert home.send({"cpu": {"percent": 1}})[0].meta.label == "cpu percent"


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"hadd": 5, "name": ["x"], "location": {}, "address": 7, "poll_delay": "often", "metrics": []},
        {"hadd": "../../etc", "name": "\u202e\x00" * 500, "poll_delay": -1, "metrics": {"": None, "*": 5, "cpu.percent": []}},
        {"hadd": "99999/0001", "poll_delay": 1e300, "metrics": {"cpu.percent": {"label": 7, "units": [], "every": True}}},
        {"metrics": {".".join("*" * depth): {"label": "*" * 300} for depth in range(1, 30)}},
    ],
)
def test_whatever_a_device_says_of_itself_its_numbers_are_logged(about: Any) -> None:
    home = Home()
    home.hear("devices/web01/about", about)
    readings = home.send({"cpu": {"percent": 4}, "a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": 1}}}}}}}}})
    assert [each.value for each in readings] == [4, 1]
    assert all(0 < len(each.meta.label) <= 200 and each.meta.hold == 0 for each in readings)


def test_a_huge_table_is_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_about, "MAX_DESCRIPTIONS", 100)
    home = Home()
    home.about(metrics={f"a.*.x{number}": {"label": f"* {number}"} for number in range(150)})
    labels = [each.meta.label for each in home.send({"a": {"b": {"x99": 1, "x100": 2}}})]
    assert labels == ["b 99", "a b x100"]
    assert "50 descriptions" in home.directory.notes[0].what
    home.about()
    assert home.directory.notes == []


def test_stars_in_too_many_ways_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[object] = []
    fitting = agent_about._fitting

    def count(*each: Any) -> Any:
        looked_at.append(each)
        return fitting(*each)

    monkeypatch.setattr(agent_about, "_fitting", count)
    home = Home()
    every_way = [".".join(each) for each in itertools.product("a*", repeat=8)]
    home.about(metrics={path: {"label": f"way {number}"} for number, path in enumerate(every_way)})
    [reading] = home.send({"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}})
    assert reading.meta.label == "way 0"
    assert len(looked_at) <= 8 * agent_about.MAX_FORMS
    assert f"{2**8 - agent_about.MAX_FORMS} descriptions" in home.directory.notes[0].what


def test_devices_that_are_too_many_own_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "MAX_DEVICES", 2)
    home = Home()
    for number in range(1, 50):
        home.about(f"web{number}", hadd=f"2041/{number:04d}")
    assert len(home.agent._owners) == 2
    assert home.send({"a": 1}, device="web9")[0].meta.node == "agent/devices/web9"


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("devices/x/monitoring", b"{", "not_json"),
        ("devices/x/monitoring", b"[1]", "bad_shape"),
        ("devices/x/monitoring", b'{"timestamp": 1763800000}', "bad_shape"),
        ("devices/x/monitoring", b'{"metrics": [1]}', "bad_shape"),
        ("devices/x/monitoring", b'{"metrics": {"a": 1}, "timestamp": "soon"}', "bad_time"),
        ("devices/x/monitoring", b'{"metrics": {"a": 1}, "timestamp": 12}', "bad_time"),
        ("devices/x/monitoring", b'{"metrics": {"' + b"a" * 600 + b'": 1}}', "path_too_long"),
        ("devices/x/monitoring", b'{"metrics": ' + b'{"a":' * 300 + b"1" + b"}" * 301, "path_too_long"),
        ("devices/x/monitoring", b'{"metrics": {"a": [' + b"[]," * 20_000 + b"1]}}", "too_many"),
        ("devices/x/monitoring", b'{"metrics": {"a": [' + b"1," * 20_000 + b"1]}}", "too_many"),
        ("devices/x/monitoring", b'{"metrics": {' + b",".join(b'"%d":{}' % each for each in range(200)) + b"}}", "too_many"),
        ("devices/x/about", b"5", "bad_shape"),
        ("devices/x/about", b'{"name": "' + b"x" * 300_000 + b'"}', "too_large"),
        ("devices/" + "x" * 1000 + "/monitoring", b'{"metrics": {"a": 1}}', "topic_too_long"),
    ],
)
def test_what_is_refused(topic: str, payload: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as refused:
        AgentDecoder().decode(topic, payload)
    assert refused.value.reason == reason


def test_what_is_remembered_is_bounded_and_what_is_beyond_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "MAX_DEVICES", 5)
    monkeypatch.setattr(agent, "MAX_ALL_PATHS", 1000)
    monkeypatch.setattr(agent_devices, "MAX_PATHS", 300)
    home = Home()
    for number in range(200):
        for device in ("a", f"d{number % 20}"):
            tree = {"c": {f"{number}.{each}": each for each in range(number % 50)}}
            assert len(home.send(tree, device)) == number % 50
    devices = home.agent._devices
    assert len(devices) == 5
    assert sum(len(each._slots) for each in devices.values()) == dict(home.agent.counts())["numbers"] <= 1000
    assert all(len(each._plans) <= 500 for each in devices.values())


def test_a_component_that_comes_in_pieces_takes_the_short_way_too(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home()
    pieces: list[Any] = [{"disk": {"a": {"x": 1, "y": 2}}}, {"disk": {"b": {"x": 1}}}]
    for piece in pieces:
        home.send(piece)
    monkeypatch.setattr(agent_devices, "_leaves", lambda *_: pytest.fail("it looks closer at what it knows"))
    assert [list(found(home.send(piece)).values()) for piece in pieces] == [[1, 2], [1]]


def test_home_assistants_announcement_of_an_agent_lists_no_second_device_and_makes_no_complaint() -> None:
    home = Home()
    home.directory.forms = agent.TOPICS
    other: Any = make_homeassistant(Section(""))
    other.join(home.directory)
    template = "{{ value_json.metrics.get('cpu', {}).get('percent', '') }}"
    part = {"platform": "sensor", "unique_id": "u", "name": "CPU in HA", "value_template": template}
    config = {
        "device": {"identifiers": ["jnt_web01"], "name": "Web"},
        "origin": {"name": "x"},
        "state_topic": "devices/web01/monitoring",
        "availability_topic": "devices/web01/status",
        "components": {"cpu_percent": part, "odd": {**part, "unique_id": "o", "value_template": "{% for a in b %}{% endfor %}"}},
    }
    other.decode("homeassistant/device/jnt_web01/config", json.dumps(config).encode())
    home.about()
    home.hear("devices/web01/status", "online")
    (reading,) = home.send({"cpu": {"percent": 4}})
    assert home.directory.dress(reading).meta == reading.meta
    assert [node.hadd for node in home.nodes.all()] == [HADD]
    assert home.directory.notes == []
    assert dict(other.counts())["values"] == 0, "hundreds of machines leave its room to others"


def test_a_section_reads_other_topics() -> None:
    topics = ("fleet/+/+/monitoring", "fleet/+/+/about", "fleet/+/+/status")
    decoder: Any = make_decoder(Section("decoder__x", {"topics": topics}))
    assert decoder.announcements == ("fleet/+/+/about",)
    (reading,) = decoder.decode("fleet/berlin/web01/monitoring", b'{"metrics": {"a": 1}}')
    assert reading.key == ("fleet/berlin/web01/monitoring", "metrics.a")
    (odd,) = decoder.decode("0014/0001/monitoring", b'{"metrics": {"a": 1}}')
    assert odd.meta.node == "agent/0014/0001", "no HADD is made of a topic"
    with pytest.raises(ConfigError):
        make_decoder(Section("decoder__x", {"topics": topics, "value": "a"}))
