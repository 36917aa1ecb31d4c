"""The nodes of the house: there when they say so, gone when they say so or fall silent."""

from __future__ import annotations

import json

import pytest

from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.core.heartbeats import MAX_CHANGES, MAX_DEVICES, MAX_NODES, NodeRegistry


class Clock:
    """Seconds since the epoch, as the test sets them."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def nodes(clock: Clock) -> NodeRegistry:
    return NodeRegistry(timeout=60, count=3, clock=clock)


def state_of(nodes: NodeRegistry, hadd: str) -> str:
    node = nodes.get(hadd)
    assert node is not None
    return node.state


def test_a_node_that_says_online_is_online_until_it_says_offline(nodes: NodeRegistry, clock: Clock) -> None:
    nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", b"ONLINE")
    clock.now += 10
    nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", b' "online"\n')
    node = nodes.get("0120/0001")
    assert node is not None
    assert node.online
    assert (node.since, node.last_seen) == (clock.now - 10, clock.now)
    nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", b"OFFLINE")
    node = nodes.get("0120/0001")
    assert node is not None
    assert not node.online
    assert node.since == clock.now


def test_a_node_that_misses_its_heartbeats_is_offline_until_it_is_heard_again(nodes: NodeRegistry, clock: Clock) -> None:
    nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", b"ONLINE")
    nodes.on_heartbeat("/dhcp/heartbeat/0120/0002", b"ONLINE")
    clock.now += 180
    assert nodes.check() == []
    nodes.on_heartbeat("/dhcp/heartbeat/0120/0002", b"ONLINE")
    clock.now += 1
    assert nodes.check() == ["0120/0001"]
    assert nodes.check() == []
    assert [node.state for node in nodes.all()] == ["OFFLINE", "ONLINE"]
    nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", b"ONLINE")
    assert state_of(nodes, "0120/0001") == "ONLINE"


def test_other_state_words_are_kept_and_count_as_a_sign_of_life(nodes: NodeRegistry) -> None:
    nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", b"BOOTING_UP")
    node = nodes.get("0120/0001")
    assert node is not None
    assert (node.state, node.online) == ("BOOTING_UP", True)


def test_the_older_form_names_a_node_or_a_whole_controller(nodes: NodeRegistry) -> None:
    def older(node: int, state: str) -> None:
        nodes.on_heartbeat("/dhcp/heartbeat/", json.dumps({"add_ctrl": 14, "add_node": node, "state": state}).encode())

    older(-1, "ONLINE")
    assert state_of(nodes, "0014/0000") == "ONLINE"
    older(3, "ONLINE")
    nodes.on_heartbeat("/dhcp/heartbeat/0015/0000", b"ONLINE")
    older(-1, "OFFLINE")
    assert [(node.hadd, node.state) for node in nodes.all()] == [
        ("0014/0000", "OFFLINE"),
        ("0014/0003", "OFFLINE"),
        ("0015/0000", "ONLINE"),
    ]


@pytest.mark.parametrize("address", ["14/1", "0014", "0014/0001/0002", "../../etc/0001", "", "+/#"])
@pytest.mark.parametrize(
    "payload", [b"", b"\xff\xfe", b"on line", b"x" * 1_000_000, b"[" * 100_000, b"null", b"NaN", b"<script>"]
)
def test_nonsense_is_refused_with_a_reason(nodes: NodeRegistry, address: str, payload: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        nodes.on_heartbeat(f"/dhcp/heartbeat/{address}", payload)
    assert caught.value.reason == "bad_heartbeat"
    assert nodes.all() == []


@pytest.mark.parametrize(
    "message",
    [
        {"add_ctrl": 14, "add_node": 1},
        {"add_ctrl": -1, "add_node": 1, "state": "ONLINE"},
        {"add_ctrl": 14, "add_node": 10000, "state": "ONLINE"},
        {"add_ctrl": "x", "add_node": 1, "state": "ONLINE"},
        {"add_ctrl": [14], "add_node": 1, "state": "ONLINE"},
        {"add_ctrl": 1e400, "add_node": 1, "state": "ONLINE"},
        {"add_ctrl": 14, "add_node": 1, "state": {"x": "é"}},
        [14, 1, "ONLINE"],
    ],
)
def test_nonsense_in_the_older_form_is_refused(nodes: NodeRegistry, message: object) -> None:
    with pytest.raises(DecodeError):
        nodes.on_heartbeat("/dhcp/heartbeat/", json.dumps(message).encode())
    assert nodes.all() == []


def test_a_bus_full_of_invented_nodes_does_not_fill_the_memory(nodes: NodeRegistry) -> None:
    for number in range(MAX_NODES + 10):
        nodes.seen(f"{number // 10000:04d}/{number % 10000:04d}")
    assert len(nodes.all()) == MAX_NODES
    nodes.describe("9999/9999", "one too many", "nowhere")
    assert nodes.get("9999/9999") is None


def test_a_node_keeps_its_name_over_its_heartbeats(nodes: NodeRegistry) -> None:
    nodes.describe("0014/0000", "Datalogger", "Cupboard")
    assert state_of(nodes, "0014/0000") == "OFFLINE"
    nodes.seen("0014/0000")
    node = nodes.get("0014/0000")
    assert node is not None
    assert (node.name, node.location, node.online) == ("Datalogger", "Cupboard", True)


def test_a_node_that_heartbeats_seldom_stays_online_in_between() -> None:
    now = [1000.0]
    registry = NodeRegistry(60.0, 3, lambda: now[0])
    for _ in range(5):
        registry.seen("0131/0001")
        now[0] += 600
        registry.check()
    registry.seen("0131/0001")
    now[0] += 700
    assert registry.check() == []
    now[0] += 1200
    assert registry.check() == ["0131/0001"]


def test_a_node_of_ours_is_known_by_its_own_interval() -> None:
    now = [1000.0]
    registry = NodeRegistry(60.0, 3, lambda: now[0])
    registry.describe("0014/0001", "x", "", 600.0)
    registry.seen("0014/0001")
    now[0] += 1000
    assert registry.check() == []


def test_a_node_of_ours_says_itself_how_it_is(nodes: NodeRegistry, clock: Clock) -> None:
    """What the broker says in its place, as its last will, does not count: it may be the broker that was away."""
    nodes.describe("0018/0000", "Web", "here", heartbeat=30)
    nodes.report("0018/0000", "ONLINE")
    nodes.on_heartbeat("/dhcp/heartbeat/0018/0000", b"OFFLINE")
    nodes.on_heartbeat("/dhcp/heartbeat/", json.dumps({"add_ctrl": 18, "add_node": -1, "state": "OFFLINE"}).encode())
    assert state_of(nodes, "0018/0000") == "ONLINE"
    nodes.report("0018/0000", "OFFLINE")
    assert state_of(nodes, "0018/0000") == "OFFLINE"


def test_a_node_of_ours_that_has_gone_or_hangs_is_offline(nodes: NodeRegistry, clock: Clock) -> None:
    nodes.report("0018/0000", "ONLINE")
    nodes.report("0018/0001", "ONLINE")
    nodes.release("0018/0000")
    nodes.release("0018/0009")
    assert state_of(nodes, "0018/0000") == "OFFLINE"
    assert nodes.get("0018/0009") is None
    clock.now += 181
    assert nodes.check() == ["0018/0001"]
    nodes.on_heartbeat("/dhcp/heartbeat/0018/0000", b"ONLINE")  # its address is another server's now
    assert state_of(nodes, "0018/0000") == "ONLINE"


def test_the_last_changes_of_a_node_are_remembered(nodes: NodeRegistry, clock: Clock) -> None:
    begin = clock.now
    for state in (b"ONLINE", b"ONLINE", b"OFFLINE", b"ONLINE"):
        nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", state)
        clock.now += 10
    clock.now += 1000
    nodes.check()
    node = nodes.get("0120/0001")
    assert node is not None
    assert [(when - begin, state) for when, state in node.changes] == [
        (0, "ONLINE"),
        (20, "OFFLINE"),
        (30, "ONLINE"),
        (1040, "OFFLINE"),
    ]
    for _ in range(MAX_CHANGES):
        nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", b"ONLINE")
        nodes.on_heartbeat("/dhcp/heartbeat/0120/0001", b"OFFLINE")
    node = nodes.get("0120/0001")
    assert node is not None
    assert len(node.changes) == MAX_CHANGES


def test_a_device_is_gone_only_where_its_dialect_says_so(nodes: NodeRegistry, clock: Clock) -> None:
    nodes.device("zigbee2mqtt/0x1", name="Desk", location="Study")
    nodes.device("zigbee2mqtt/0x2", online=True)
    clock.now += 1_000_000
    assert nodes.check() == []
    assert [(node.hadd, node.state, node.online) for node in nodes.all()] == [
        ("zigbee2mqtt/0x1", "", True),
        ("zigbee2mqtt/0x2", "ONLINE", True),
    ]
    nodes.device("zigbee2mqtt/0x2", online=False)
    gone = nodes.get("zigbee2mqtt/0x2")
    assert gone is not None
    assert (gone.state, gone.since, gone.last_seen) == ("OFFLINE", clock.now, clock.now)


def test_what_is_said_of_a_device_later_replaces_what_it_says_and_nothing_else(nodes: NodeRegistry) -> None:
    nodes.device("homie/x", name="Desk", location="Study", online=True)
    nodes.device("homie/x", name="Shelf")
    nodes.device("homie/x")
    node = nodes.get("homie/x")
    assert node is not None
    assert (node.name, node.location, node.state) == ("Shelf", "Study", "ONLINE")


def test_a_device_that_is_forgotten_is_no_more_and_nodes_stay(nodes: NodeRegistry) -> None:
    nodes.device("homie/x", name="Desk")
    nodes.seen("0100/0001")
    nodes.forget_device("homie/x")
    nodes.forget_device("homie/x")
    nodes.forget_device("0100/0001")
    assert [node.hadd for node in nodes.all()] == ["0100/0001"]


def test_devices_are_bounded_and_take_no_room_from_nodes(nodes: NodeRegistry) -> None:
    for number in range(MAX_DEVICES + 5):
        nodes.device(f"homie/{number}", name="x" * 1000)
    nodes.device("homie/" + "x" * 1000)
    nodes.device("0014/0000", name="no device")
    assert len(nodes.all()) == MAX_DEVICES
    assert max(len(node.name) for node in nodes.all()) == 200
    nodes.seen("0100/0001")
    assert nodes.get("0100/0001") is not None
    nodes.forget_device("homie/0")
    nodes.device("homie/last")
    assert nodes.get("homie/last") is not None
