"""The server's own nodes on the bus: what they answer, what they publish, and what they shrug off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from house import House, janitoo, live_in
from support import CommandLine, Listener, Mosquitto, free_port, wait_until

from janitoo_datalog_rrd.core.component import JNTComponent
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.values import GENRE_COMMAND, NodeValue

ASKER = "0999/0000"
DISCOVERY, CONFIGURATION, CONTROLLER = 0x5000, 0x0070, 0x1050
DATARRD = "heartbeat = 1\nname = Logger\ncomponents.weather = datarrd.datasource"
WEATHER = """
[datarrd__weather]
hadd = 0014/0001
name = Weather
rrd_file_0 = weather
rrd_step_0 = 1
source_config_0 = 0131/0001|temperature|0|GAUGE|temperature
source_config_1 = 0131/0001|humidity|0|GAUGE|humidity
"""


def wait_for_state(listener: Listener, hadd: str, state: bytes) -> None:
    """Wait until a node has said last that it is in this state."""
    wait_until(lambda: listener.on(f"/dhcp/heartbeat/{hadd}")[-1:] == [state], what=f"{hadd} to be {state!r}")


class Asker:
    """Somebody on the bus who asks nodes and hears everything they say."""

    def __init__(self, house: House, listener: Listener) -> None:
        self.house = house
        self.listener = listener

    def send(self, hadd: str, payload: object) -> None:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.house.broker.publish((f"/nodes/{hadd}/request" if hadd else "/broadcast/request", raw))

    def heard(self, topic: str, number: int = 1) -> dict[str, Any]:
        """The message on a topic, once there are so many of them."""
        found = wait_until(lambda: self.listener.on(topic)[number - 1 : number], what=f"message {number} on {topic}")
        answer = json.loads(found[0])
        assert isinstance(answer, dict)
        return answer

    def bring(self, *values: NodeValue) -> None:
        """Bring a further node, 0014/0009, onto the bus, and wait until it listens."""
        thread = self.house.server.get_thread("datarrd")
        assert thread is not None
        assert thread.nodeman is not None
        node = JNTComponent(addr="0014/0009", section=Section("datarrd__lamp"))
        for each in values:
            node.add_value(each)
        thread.nodeman.add(node)
        self.listener.wait_for("/dhcp/heartbeat/0014/0009")

    def ask(self, hadd: str, uuid: str, cmd_class: int, genre: int, **further: Any) -> dict[str, Any]:
        """Ask a node and return its reply."""
        topic = f"/nodes/{ASKER}/reply"
        number = len(self.listener.on(topic)) + 1
        self.send(hadd, {"uuid": uuid, "cmd_class": cmd_class, "genre": genre, "reply_hadd": ASKER, "hadd": hadd, **further})
        return self.heard(topic, number)

    def configure(self, hadd: str, uuid: str, data: Any, genre: str = "config", **further: Any) -> dict[str, Any]:
        """Set a configuration and return the value objects that are published."""
        topic = f"/values/{genre}/{hadd}/{uuid}"
        number = len(self.listener.on(topic)) + 1
        request = {"uuid": uuid, "hadd": hadd, "cmd_class": CONFIGURATION, "genre": 3, "is_writeonly": True, "data": data}
        self.send(hadd, {**request, **further})
        return self.heard(topic, number)


@pytest.fixture
def asker(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Asker]:
    with ExitStack() as stack:
        listener = stack.enter_context(mosquitto.listen("#"))
        house = stack.enter_context(live_in(tmp_path, mosquitto, datarrd=DATARRD, more=WEATHER))
        listener.wait_for("/dhcp/heartbeat/0014/0001")
        yield Asker(house, listener)


# -- discovery ---------------------------------------------------------------------------------------


def test_a_controller_tells_of_itself(asker: Asker) -> None:
    reply = asker.ask("0014/0000", "request_info_nodes", DISCOVERY, 4)
    assert reply["uuid"] == "request_info_nodes"
    assert reply["reply_hadd"] == ASKER
    node = reply["data"]["0014/0000"]
    assert (node["hadd"], node["name"], node["state"], node["heartbeat"]) == ("0014/0000", "Logger", "ONLINE", 1.0)


def test_every_node_answers_a_broadcast(asker: Asker) -> None:
    request = {"uuid": "request_info_nodes", "cmd_class": DISCOVERY, "genre": 4, "reply_hadd": ASKER}
    asker.send("", request)
    found: dict[str, Any] = {}
    for number in (1, 2):  # each controller answers for its own
        found |= asker.heard(f"/broadcast/reply/{ASKER}", number)["data"]
    assert sorted(found) == ["0014/0000", "0014/0001", "0018/0000"]
    assert {node["state"] for node in found.values()} == {"ONLINE"}


CONFIGS = {"name", "location", "heartbeat"}
VALUES = [
    ("request_info_basics", "0014/0000", {"count_values", "count_series", "actions"}),
    ("request_info_configs", "0014/0000", CONFIGS | {"cache_rrd_ttl", "cache_pickle_ttl", "cache_dead_ttl"}),
    ("request_info_configs", "0014/0001", CONFIGS | {"source_config", "rrd_file", "rrd_step"}),
    ("request_info_basics", "0014/0001", {"source", "http_file"}),
]


def test_a_node_tells_its_values_by_index(asker: Asker) -> None:
    for uuid, hadd, expected in VALUES:
        values = asker.ask(hadd, uuid, DISCOVERY, 4)["data"][hadd]
        assert set(values) == expected
        for name, by_index in values.items():
            assert (by_index["0"]["uuid"], by_index["0"]["hadd"]) == (name, hadd)


def test_system_values_are_told_without_an_index(asker: Asker) -> None:
    values = asker.ask("0014/0000", "request_info_systems", DISCOVERY, 4)["data"]["0014/0000"]
    assert set(values) == {"hadd", "uuid"}
    assert values["hadd"]["data"] == "0014/0000"
    values = asker.ask("0018/0000", "request_info_systems", DISCOVERY, 4)["data"]["0018/0000"]
    assert set(values) >= {"hadd", "uuid", "host", "port"}


def test_user_and_command_values_are_told_where_there_are_some(asker: Asker) -> None:
    assert asker.ask("0014/0000", "request_info_users", DISCOVERY, 4)["data"] == {}
    asker.bring(NodeValue("watts", lambda: {0: 40, 1: 60}), NodeValue("switch", lambda: "off", genre=GENRE_COMMAND))
    users = asker.ask("0014/0009", "request_info_users", DISCOVERY, 4)["data"]["0014/0009"]
    assert [each["data"] for each in users["watts"].values()] == [40, 60]
    commands = asker.ask("0014/0009", "request_info_commands", DISCOVERY, 4)["data"]["0014/0009"]
    assert commands["switch"]["data"] == "off"


def test_a_sensor_that_fails_does_not_hide_its_neighbours(asker: Asker) -> None:

    def fail() -> float:
        raise OSError("the wire is cut")

    asker.bring(
        *(NodeValue(uuid, read, poll_delay=0.1) for uuid, read in (("broken", fail), ("strange", object), ("watts", int)))
    )
    assert set(asker.ask("0014/0009", "request_info_users", DISCOVERY, 4)["data"]["0014/0009"]) == {"watts"}
    asker.heard("/values/user/0014/0009/watts", 3)
    reply = asker.ask("0014/0009", "broken", 0x0031, 2)
    assert reply["data"] is None


# -- reading and writing -----------------------------------------------------------------------------


def test_a_value_is_read_on_the_askers_topic_and_its_own(asker: Asker) -> None:
    asker.house.publish(janitoo("0131/0001", "rain", 3))
    reply = asker.ask("0014/0000", "count_series", CONTROLLER, 1, is_readonly=True)
    assert reply["data"] >= 2  # the datasource, and the rain by itself
    said = asker.listener.on("/values/basic/0014/0000/count_series")
    wait_until(lambda: reply["data"] in [json.loads(each)["0"]["data"] for each in said])


def test_an_index_is_answered_with_that_index(asker: Asker) -> None:
    assert asker.ask("0014/0001", "source", 0x0031, 1, index=1)["data"] == "humidity"
    assert asker.ask("0014/0001", "source", 0x0031, 1)["data"] == "temperature"
    assert asker.ask("0014/0001", "source", 0x0031, 1, index=7)["data"] is None


def test_the_action_flush_writes_what_is_cached(asker: Asker) -> None:
    asker.house.publish(janitoo("0131/0001", "rain", 3))
    store = asker.house.server.services.store
    assert store is not None
    assert store.get_series("0131.0001.rain.0").cached == 1

    def flushed() -> bool:
        """What came in the second that is under way is written by the next flush."""
        assert "error" not in asker.ask("0014/0000", "actions", CONTROLLER, 1, data="flush")
        return store.get_series("0131.0001.rain.0").cached == 0

    wait_until(flushed)
    assert store.get_series("0131.0001.rain.0").path.exists()


def test_an_unknown_action_is_refused_with_a_sentence(asker: Asker) -> None:
    assert (
        asker.ask("0014/0000", "actions", CONTROLLER, 1, data="explode")["error"] == "'explode' is not an action: expected flush"
    )


def test_a_value_that_can_only_be_read_is_not_written(asker: Asker) -> None:
    reply = asker.ask("0014/0000", "count_series", CONTROLLER, 1, is_writeonly=True, data=99)
    assert reply["error"] == "it can only be read"
    assert reply["data"] != 99


def test_a_configuration_is_read_on_its_own_topic(asker: Asker) -> None:
    request = {
        "uuid": "cache_rrd_ttl",
        "hadd": "0014/0000",
        "cmd_class": CONFIGURATION,
        "genre": 3,
        "is_readonly": True,
        "data": 5,
    }
    asker.send("0014/0000", request)
    assert asker.heard("/values/config/0014/0000/cache_rrd_ttl")["0"]["data"] == 3600.0
    asker.send("0014/0000", {**request, "uuid": "uuid", "genre": 4})
    assert asker.heard("/values/system/0014/0000/uuid")["0"]["data"] != ""


def test_a_configuration_over_the_bus_is_taken_and_survives_a_restart(asker: Asker, tmp_path: Path) -> None:
    broker = asker.house.broker
    assert asker.configure("0014/0000", "name", "Attic")["0"]["data"] == "Attic"
    assert asker.configure("0014/0000", "cache_rrd_ttl", "10m")["0"]["data"] == 600.0
    source = "0131/0002|rain|0|DERIVE|rain"
    assert asker.configure("0014/0001", "source_config", source, index=2)["2"]["data"] == source
    node = asker.house.server.services.nodes.get("0014/0000")
    assert node is not None
    assert node.name == "Attic"
    asker.house.server.stop()
    with live_in(tmp_path, broker, datarrd=DATARRD, more=WEATHER) as again:
        asker.house = again
        wait_until(lambda: asker.listener.on("/dhcp/heartbeat/0014/0001")[-1] == b"ONLINE")
        assert asker.ask("0014/0000", "request_info_nodes", DISCOVERY, 4)["data"]["0014/0000"]["name"] == "Attic"
        configs = asker.ask("0014/0000", "request_info_configs", DISCOVERY, 4)["data"]["0014/0000"]
        assert configs["cache_rrd_ttl"]["0"]["data"] == 600.0
        store = again.server.services.store
        assert store is not None
        assert [column.name for column in store.get_series("weather").columns] == ["temperature", "humidity", "rain"]


def test_a_heartbeat_over_the_bus_is_kept_at_once(asker: Asker) -> None:
    assert asker.configure("0014/0001", "heartbeat", 1)["0"]["data"] == 1.0
    count = len(asker.listener.on("/dhcp/heartbeat/0014/0001"))
    wait_until(lambda: len(asker.listener.on("/dhcp/heartbeat/0014/0001")) >= count + 2)


WRONG = [
    ("name", None),
    ("name", ["a", "list"]),
    ("name", {"a": 1}),
    ("name", "two\nlines"),
    ("heartbeat", "soon"),
    ("heartbeat", -1),
    ("heartbeat", True),
    ("heartbeat", 1e300),
    ("cache_rrd_ttl", {"$gt": 0}),
    ("cache_rrd_ttl", "0"),
]


def test_a_wrong_configuration_changes_nothing(asker: Asker) -> None:
    for uuid, data in WRONG:
        topic = f"/values/config/0014/0000/{uuid}"
        number = len(asker.listener.on(topic)) + 1
        request = {"uuid": uuid, "hadd": "0014/0000", "cmd_class": CONFIGURATION, "genre": 3, "is_readonly": True}
        asker.send("0014/0000", request)
        before = asker.heard(topic, number)
        assert asker.configure("0014/0000", uuid, data) == before, (uuid, data)


def test_a_configuration_for_another_node_changes_nothing(asker: Asker) -> None:
    asker.send("0014/0000", {"uuid": "name", "hadd": "0014/0001", "cmd_class": CONFIGURATION, "is_writeonly": True, "data": "x"})
    assert asker.ask("0014/0000", "request_info_nodes", DISCOVERY, 4)["data"]["0014/0000"]["name"] == "Logger"


# -- heartbeats and polls ----------------------------------------------------------------------------


def test_nodes_say_that_they_are_alive_and_that_they_go(asker: Asker) -> None:
    for hadd in ("0014/0000", "0014/0001", "0018/0000"):
        assert asker.listener.wait_for(f"/dhcp/heartbeat/{hadd}") == b"ONLINE"
    count = len(asker.listener.on("/dhcp/heartbeat/0014/0000"))
    wait_until(lambda: len(asker.listener.on("/dhcp/heartbeat/0014/0000")) >= count + 2, what="two more heartbeats")
    asker.house.server.stop()
    for hadd in ("0014/0000", "0014/0001", "0018/0000"):
        wait_for_state(asker.listener, hadd, b"OFFLINE")


def test_values_are_published_when_the_server_comes_up_and_after_the_broker_was_away(asker: Asker) -> None:
    assert asker.heard("/values/basic/0014/0000/count_values")["0"]["is_polled"] is True
    asker.house.broker.restart()
    with asker.house.broker.listen("/values/#") as listener:
        listener.wait_for("/values/basic/0014/0000/count_values")


def test_values_are_published_on_their_delay(tmp_path: Path, mosquitto: Mosquitto) -> None:
    host = "[hostsensor]\nhadd = 0120/0000\ncomponents.host = hostsensor.psutil\n"
    host += "[hostsensor__host]\nhadd = 0120/0001\npoll_delay = 1\n"
    with mosquitto.listen("/values/user/#") as listener, live_in(tmp_path, mosquitto, more=host) as house:
        wait_until(lambda: len(listener.on("/values/user/0120/0001/load")) >= 3, what="three loads")
        message = json.loads(listener.on("/values/user/0120/0001/load")[-1])
        assert [message[index]["data"] >= 0 for index in ("0", "1", "2")] == [True] * 3
        assert (message["0"]["hadd"], message["0"]["genre"], message["0"]["poll_delay"]) == ("0120/0001", 2, 1.0)
        wait_until(lambda: "0120.0001.load.0" in house.names(), what="the load as a series")


def test_a_killed_server_is_offline_for_everybody(mosquitto: Mosquitto, command_line: CommandLine) -> None:
    (command_line.folder / "house.conf").write_text("[system]\n[datarrd]\n")
    environ = {**mosquitto.environ(), "JNT_HTTP_HTTP_PORT": str(free_port())}
    with mosquitto.listen("/dhcp/heartbeat/#") as listener:
        server = command_line.start("-c", "house.conf", "front", env=environ)
        for hadd in ("0014/0000", "0018/0000"):
            wait_for_state(listener, hadd, b"ONLINE")
        server.kill()
        for hadd in ("0014/0000", "0018/0000"):
            wait_for_state(listener, hadd, b"OFFLINE")


# -- hostile requests --------------------------------------------------------------------------------

HOSTILE: list[bytes | dict[str, Any] | list[Any] | str | int | None] = [
    b"",
    b"\xff\xfe\x00",
    b"{" * 50_000,
    b'{"a":' * 5_000,
    b"x" * 1_048_576,
    b'"' + b"x" * 1_048_576 + b'"',
    b'{"cmd_class": NaN}',
    [],
    [1, 2],
    "text",
    5,
    None,
    {},
    {"uuid": None, "cmd_class": None, "genre": None},
    {"uuid": ["request_info_nodes"], "cmd_class": DISCOVERY},
    {"uuid": {"a": 1}, "cmd_class": [DISCOVERY], "genre": {}},
    {"uuid": "request_info_everything", "cmd_class": DISCOVERY, "genre": 4, "reply_hadd": ASKER},
    {"uuid": "x" * 1_048_576, "cmd_class": CONFIGURATION, "genre": 3, "reply_hadd": ASKER},
    {"uuid": "actions", "cmd_class": CONTROLLER, "genre": 1, "data": {"flush": 1}},
    {"uuid": "actions", "cmd_class": CONTROLLER, "genre": 1, "data": "flush", "index": {"a": []}},
    {"uuid": "source_config", "cmd_class": CONFIGURATION, "is_writeonly": True, "index": -1, "data": "0131/0001|a|0|GAUGE|a"},
    {"uuid": "source_config", "cmd_class": CONFIGURATION, "is_writeonly": True, "index": "x", "data": "0131/0001|a|0|GAUGE|a"},
    {"uuid": "source_config", "cmd_class": CONFIGURATION, "is_writeonly": True, "index": 10**30, "data": "0131/0001|a|0|GAUGE|a"},
    {"uuid": "source_config", "cmd_class": CONFIGURATION, "is_writeonly": True, "index": 5, "data": "../../etc/passwd"},
    {"uuid": "rrd_file", "cmd_class": CONFIGURATION, "is_writeonly": True, "data": "../../etc/passwd"},
]
BAD_ADDRESSES: list[Any] = [
    "+/#",
    "#",
    "../../0001",
    "0999/0000/x",
    "0999/+",
    "",
    " ",
    "0999/0000\n",
    5,
    ["0999/0000"],
    {"a": 1},
    "x" * 70_000,
]


def test_hostile_requests_are_shrugged_off(asker: Asker) -> None:
    for hadd in ("0014/0000", "0014/0001", ""):
        for payload in HOSTILE:
            asker.send(hadd, payload)
    for bad in BAD_ADDRESSES:
        for hadd in ("0014/0000", ""):
            asker.send(hadd, {"uuid": "request_info_nodes", "cmd_class": DISCOVERY, "genre": 4, "reply_hadd": bad})
    reply = asker.ask("0014/0000", "request_info_nodes", DISCOVERY, 4)
    assert reply["data"]["0014/0000"]["state"] == "ONLINE"
    known = ("/nodes/0999/0000/reply", "/broadcast/reply/0999/0000")
    replies = {topic for topic, _ in asker.listener.messages if topic.endswith("/reply") or topic.startswith("/broadcast/reply")}
    assert replies <= set(known)
    assert asker.house.server.services.health.problems() == {}
    assert asker.ask("0014/0001", "request_info_configs", DISCOVERY, 4)["data"]["0014/0001"]["rrd_file"]["0"]["data"] == "weather"
    assert not list(asker.house.home.parent.glob("**/passwd*"))
