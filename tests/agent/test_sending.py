"""What waits, and how it is sent: a broker that refuses, forgets or takes little, and a disk that takes nothing."""

from __future__ import annotations

import math
import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from agents import documents, numbers
from support import CutProxy, Mosquitto, wait_until

from janitoo_datalog_rrd.agent import agent, sender, waiting
from janitoo_datalog_rrd.agent.agent import Agent
from janitoo_datalog_rrd.agent.announcing import Announcer
from janitoo_datalog_rrd.agent.settings import AgentSections, AgentSettings
from janitoo_datalog_rrd.agent.waiting import Waiting
from janitoo_datalog_rrd.core.connection import BrokerSettings
from janitoo_datalog_rrd.core.metrics import Described, Metrics, Tree
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.outbox import Outbox
from janitoo_datalog_rrd.core.plugins import Plugins

MONITORING = "devices/web01/monitoring"


class Counting:
    """Counts its readings, from one."""

    described = {"n": Described("Readings")}  # noqa: RUF012

    def __init__(self, size: int = 0) -> None:
        self.n = 0
        self._more = {f"name{each}": each for each in range(size)}

    def read(self) -> Tree:
        self.n += 1
        return {"n": self.n, **({"more": self._more} if self.n == 3 else {})}


@contextmanager
def running(folder: Path, port: int, one: Metrics, more: str = "", *, janitoo: bool = False) -> Iterator[tuple[Agent, Outbox]]:
    """An agent in a thread of the test's process."""
    ini = folder / "agent.conf"
    ini.write_text(
        f"[system]\nhome_dir = {folder / 'home'}\nbroker_port = {port}\n"
        f"[agent]\ndevice = web01\npoll_delay = 1\njanitoo = {janitoo}\nhomeassistant = False\n{more}\n"
    )
    sections = AgentSections(Plugins())
    options = Options.load(ini, sections)
    settings = AgentSettings.from_options(options, ["load"])
    settings.components["load"].values["poll_delay"] = 0.1
    outbox = Outbox(settings.outbox)
    made = Agent(settings, BrokerSettings.from_options(options), outbox, {"load": lambda: one})
    made.begin()
    thread = threading.Thread(target=made.run, name="agent-under-test")
    thread.start()
    try:
        yield made, outbox
    finally:
        made.end()
        thread.join()
        made.goodbye()
        outbox.close()


def test_what_the_broker_does_not_take_waits_until_it_does(
    make_mosquitto: Callable[..., Mosquitto], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sender, "_REFUSED_PAUSE_S", 0.2)
    rules = tmp_path / "rules"
    rules.write_text("topic read #\ntopic readwrite devices/web01/status\n")
    rules.chmod(0o600)
    broker = make_mosquitto(extra=[f"acl_file {rules}"])
    one = Counting()
    with broker.listen("devices/#") as listener, running(tmp_path, broker.port, one) as (_, outbox):
        wait_until(lambda: "/monitoring: Not authorized" in caplog.text, what="the refusal to be told")
        wait_until(lambda: one.n >= 8, what="readings")
        assert not listener.on(MONITORING)
        assert outbox.waiting >= 7
        rules.write_text("topic readwrite #\n")
        os.kill(broker.pid, signal.SIGHUP)
        wait_until(lambda: len(numbers(documents(listener), "load")) >= 8, what="what has waited")
        came = list(dict.fromkeys(numbers(documents(listener), "load")))
    assert came == list(range(1, max(came) + 1))
    assert caplog.text.count("/monitoring: Not authorized") <= 2
    assert caplog.text.count("does not take all that the device says of itself: Not authorized") == 1, "its about was refused"


def test_a_broker_that_forgets_to_acknowledge_is_asked_again(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sender, "_PATIENCE_S", 1.0)
    one = Counting()
    with CutProxy(mosquitto.port) as proxy, mosquitto.listen(MONITORING) as listener, running(tmp_path, proxy.port, one):
        listener.wait_for(MONITORING)
        proxy.drop()
        wait_until(lambda: "has acknowledged nothing for" in caplog.text, what="the agent to lose its patience")
        proxy.heal()
        begun = one.n
        wait_until(lambda: begun + 3 in numbers(documents(listener), "load"), what="everything")
        came = list(dict.fromkeys(numbers(documents(listener), "load")))
    assert sorted(came) == list(range(1, max(came) + 1))


CONNACK_WITH_RECEIVE_MAXIMUM_1 = bytes((0x20, 6, 0, 0, 3, 0x21, 0, 1))


class Strict:
    """A broker of MQTT 5 that takes one message at a time, and keeps how many came before it had acknowledged the last."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.topics: list[str] = []
        self.too_early = 0

    def run(self) -> None:
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rb") as stream:
            while header := stream.read(1):
                size = shift = 0
                while True:
                    byte = stream.read(1)[0]
                    size |= (byte & 0x7F) << shift
                    shift += 7
                    if byte < 0x80:
                        break
                body = stream.read(size)
                kind = header[0] >> 4
                if kind == 8:
                    connection.sendall(bytes((0x90, 4)) + body[:2] + bytes((0, 1)))
                elif kind == 1:
                    connection.sendall(CONNACK_WITH_RECEIVE_MAXIMUM_1)
                elif kind == 3:
                    topic_end = 2 + int.from_bytes(body[:2], "big")
                    if header[0] & 6:  # of QoS 1
                        follows = stream.peek(1)[:1] if select.select([connection], [], [], 0.1)[0] else b""
                        self.too_early += any(each >> 4 == 3 and each & 6 for each in follows)
                        connection.sendall(bytes((0x40, 2)) + body[topic_end : topic_end + 2])
                    self.topics.append(body[2:topic_end].decode())
                elif kind == 14:
                    return


def test_a_broker_that_takes_one_message_at_a_time_gets_no_more(tmp_path: Path) -> None:
    broker = Strict()
    thread = threading.Thread(target=broker.run)
    thread.start()
    try:
        with running(tmp_path, broker.port, Counting(), "heartbeat = 1", janitoo=True):
            wait_until(lambda: broker.topics.count(MONITORING) >= 5, what="readings")
            wait_until(lambda: any("heartbeat" in each for each in broker.topics), what="a heartbeat")
    finally:
        thread.join()
        broker.socket.close()
    assert broker.too_early == 0
    assert {"devices/web01/about", "devices/web01/status"} <= set(broker.topics)
    assert sum("heartbeat" in each for each in broker.topics[-2:]) == 1  # the last words are waited for


def test_what_has_no_topic_holds_up_nothing(
    make_mosquitto: Callable[..., Mosquitto], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(tmp_path / "home" / "agent-outbox.sqlite")
    for topic in ("nothing", "", "devices/#/monitoring"):
        outbox.put(b"{}", 1.8e9, topic)
    outbox.close()
    broker = make_mosquitto()
    with broker.listen("devices/#") as listener, running(tmp_path, broker.port, Counting()):
        wait_until(lambda: len(numbers(documents(listener), "load")) >= 3, what="readings")
    assert caplog.text.count("has no topic") == 1


def test_a_message_that_is_too_long_for_the_broker_holds_up_no_other(
    make_mosquitto: Callable[..., Mosquitto], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make_mosquitto(extra=["max_packet_size 2000"])
    with broker.listen(MONITORING) as listener, running(tmp_path, broker.port, Counting(500)) as (_, outbox):
        wait_until(lambda: 6 in numbers(documents(listener), "load"), what="readings")
    came = numbers(documents(listener), "load")
    assert came[:5] == [1, 2, 4, 5, 6]
    assert "message_bytes" in caplog.text
    assert not outbox.dropped


def test_a_long_message_is_several_of_which_each_fits(make_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> None:
    broker = make_mosquitto(extra=["max_packet_size 2000"])
    with (
        broker.listen(MONITORING) as listener,
        running(tmp_path, broker.port, Counting(500), "message_bytes = 1900") as (_, outbox),
    ):
        wait_until(lambda: any(each["metrics"]["load"].get("n") == 4 for each in documents(listener)), what="readings")
    third = [each for each in documents(listener) if "more" in each["metrics"]["load"]]
    assert len(third) > 3
    assert len({each["timestamp"] for each in third}) == 1
    assert {name for each in third for name in each["metrics"]["load"]["more"]} == {f"name{n}" for n in range(500)}
    assert not outbox.waiting


def test_a_fault_of_the_agent_s_own_costs_no_reading(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing = iter(range(3))

    def fail(*_: object) -> float:
        if next(failing, None) is not None:
            raise KeyError("a fault")
        return math.inf

    monkeypatch.setattr(Announcer, "on_read", fail)
    monkeypatch.setattr(Announcer, "due", fail)
    monkeypatch.setattr(agent, "_AGAIN_S", 0.1)
    with mosquitto.listen(MONITORING) as listener, running(tmp_path, mosquitto.port, Counting()):
        wait_until(lambda: len(documents(listener)) >= 6, what="readings")
    came = numbers(documents(listener), "load")
    assert came == list(range(1, len(came) + 1))
    assert caplog.text.count("a fault") >= 3


def full(outbox: Outbox) -> None:
    """Have the outbox's file grow no more."""
    pages = next(outbox._database.execute("PRAGMA page_count"))[0]
    outbox._database.execute(f"PRAGMA max_page_count = {pages}")


def test_a_disk_that_takes_nothing_leaves_a_bounded_number_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_MEMORY_MAX", 10)
    outbox = Outbox(tmp_path / "outbox.sqlite")
    wait = Waiting(outbox)
    wait.put(b"0" * 5000, 0.0, "t")
    full(outbox)
    for n in range(1, 16):
        wait.put(b"%d" % n * 5000, float(n), "t")
    in_file, in_memory = outbox.waiting, wait.in_memory
    assert in_memory == 10
    assert wait.lost == 16 - in_file - in_memory > 0
    first = wait.peek(4, 0)
    assert [each.time_s for each in first] == [float(n) for n in (*range(in_file), *range(in_file + wait.lost, 16))][:4]
    outbox._database.execute("PRAGMA max_page_count = 100000")
    wait.remove([each.number for each in first])
    assert wait.write()
    assert wait.in_memory == 0
    assert [each.time_s for each in wait.peek(100, 0)] == [float(n) for n in range(16 - (len(wait.peek(100, 0))), 16)]
    assert len(wait) == outbox.waiting
    outbox.close()
