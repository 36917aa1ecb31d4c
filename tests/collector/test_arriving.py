"""What processes took arrives, whatever happens to network, server and collector: each moment once, with its own time."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from collector.rack import Rack, begin_of
from support import Certificates, CommandLine, CutProxy, Mosquitto, wait_until
from support.webservers import WebServer

from janitoo_datalog_rrd.collector.collector import Collector, join_moments, write_moment
from janitoo_datalog_rrd.collector.target import Token, address_of
from janitoo_datalog_rrd.core.clock import Clock, ClockFile
from janitoo_datalog_rrd.core.connection import Backoff
from janitoo_datalog_rrd.core.delivery import Delivery
from janitoo_datalog_rrd.core.httpclient import HttpClient
from janitoo_datalog_rrd.core.outbox import Outbox
from janitoo_datalog_rrd.nodes.processtable import ProcessTable, Usage

ADDRESS = "10.2.0.1"
SERIES = "ressources-usage.10-2-0-1.memory.job"


class Impatient(Backoff):
    """Waits a moment only."""

    def draw(self) -> float:
        return 0.02


@contextmanager
def delivering(port: int, outbox: Outbox, token: Path, at_once: int = 7) -> Iterator[Delivery]:
    """Deliver what waits as the collector does, but for its patience."""
    shown = Token(token, {})
    delivery = Delivery(
        outbox,
        HttpClient(timeout_s=2.0),
        address_of(f"http://127.0.0.1:{port}", "save-all", shown, plain=False),
        what="collector",
        method="PUT",
        headers=lambda _: {"Content-Type": "application/json", **shown.headers()},
        backoff=Impatient(),
        join=join_moments(1.0),
        at_once=at_once,
    )
    delivery.start()
    try:
        yield delivery
    finally:
        assert delivery.stop(10.0)


def test_every_moment_arrives_once_whatever_is_cut(tmp_path: Path, command_line: CommandLine, mosquitto: Mosquitto) -> None:
    rack = Rack(tmp_path, command_line, mosquitto, auth="required")
    token = rack.token("rack", "agent")
    outbox = Outbox(tmp_path / "outbox")
    count, begin = 400, begin_of(400)
    left = list(range(count))
    with CutProxy(rack.port) as network, delivering(network.port, outbox, token) as delivery:

        def measure(number: int) -> None:
            for index in [left.pop(0) for _ in range(number)]:
                delivery.put(write_moment(Usage({"job": index + 1.0}, {})), begin + index, ADDRESS)

        def arrive() -> None:
            wait_until(lambda: outbox.waiting == 0, 40, "everything to arrive")

        def trouble(cut: Callable[[], None], number: int = 40) -> None:
            cut()
            failures = delivery.state.failures
            measure(number)
            wait_until(lambda: delivery.state.failures > failures, 40, "a failure")
            network.heal()

        trouble(network.refuse)
        rack.start()  # which was not there until now
        arrive()
        trouble(network.drop)
        arrive()
        measure(20)
        network.reset()
        measure(20)
        arrive()
        network.cut_after(700)  # in the middle of what is sent
        measure(40)
        arrive()
        network.cut_after(10, back=True)  # in the middle of the answer: it is in the journal, and comes again
        measure(40)
        arrive()
        network.cut_after(10, back=True)
        measure(40)
        rack.kill()
        rack.start()
        arrive()
        trouble(rack.kill)
        rack.start()
        measure(len(left))
        arrive()
        state = delivery.state
        assert (state.refused, state.dropped) == (0, 0)
    outbox.close()
    rack.stop()
    written = rack.rows(SERIES, begin + 1, begin + count - 2)
    assert written == {begin + index: index + 1.0 for index in range(1, count - 1) if begin + index in written}
    assert len(written) == count - 2


def moments_of(content: bytes) -> list[dict[str, Any]]:
    found = json.loads(content)
    assert found["ipaddress"] == ADDRESS
    return [*found["moments"]]


def test_a_collector_that_is_killed_goes_on_where_it_was(tmp_path: Path, command_line: CommandLine) -> None:
    server = WebServer()
    begun = time.time()
    words = (
        "collector",
        f"http://127.0.0.1:{server.port}",
        "--every",
        "1s",
        "--address",
        ADDRESS,
        "--outbox",
        str(tmp_path / "box"),
    )
    running = command_line.start(*words)
    running.wait_for_text("it is kept and tried again")
    wait_until(lambda: time.time() > begun + 3, what="a few moments")
    running.kill()
    outbox = Outbox(tmp_path / "box")
    kept = [{"timestamp": round(entry.time_s, 3), **json.loads(entry.content)} for entry in outbox.peek(100)]
    outbox.close()
    assert len(kept) >= 2
    server.start()
    try:
        again = command_line.start(*words)
        server.wait_taken(3)
        again.send(signal.SIGTERM)
        assert again.wait() == 0
        assert {(each.method, each.path) for each in server.asked} == {("PUT", "/ressources-usage/save-all")}
        arrived = [moment for each in server.asked for moment in moments_of(each.body)]
    finally:
        server.stop()
    assert arrived[: len(kept)] == kept
    assert moments_of(server.asked[0].body) == kept  # all of them at once
    times = [each["timestamp"] for each in arrived]
    assert times == sorted(set(times))
    assert begun < times[0] < times[-1] < time.time()
    assert any(arrived[-1]["cpu"].values())


def test_what_a_machine_takes_is_shown(tmp_path: Path, command_line: CommandLine, mosquitto: Mosquitto) -> None:
    """From the command to the answers of the server, with a log-in; the agent's token shows nothing, a viewer's does."""
    rack = Rack(tmp_path, command_line, mosquitto, auth="required")
    rack_token, viewer = rack.token("rack", "agent"), rack.token("wall", "viewer")
    rack.start()
    collector = command_line.start(
        *("collector", rack.url, "--token-file", str(rack_token), "--every", "1s"),
        *("--address", ADDRESS, "--outbox", str(tmp_path / "box")),
    )
    client, headers = HttpClient(), Token(viewer, {}).headers()

    def means() -> Any:
        assert collector.alive, collector.stderr
        found = json.loads(client.send("GET", f"{rack.url}/ressources-usage/get-all/10-2-0-1", b"", headers).body)
        return found if any(memory and cpu for memory, cpu in found.values()) else None

    found = wait_until(means, 40, "means of processes")
    assert all(0 <= memory < 400 for memory, _ in found.values() if memory is not None)
    assert rack_token.read_text().strip() not in collector.stderr
    assert collector.stop() == 0
    refused = command_line.run("alarms", rack.url, "--token-file", str(rack_token))
    assert (refused.returncode, "viewer" in refused.stderr) == (3, True)
    shown = command_line.run("alarms", rack.url, "--token-file", str(viewer))
    assert shown.returncode in (0, 1, 2)
    assert shown.stdout


def test_a_server_whose_authority_is_not_known_gets_nothing(
    tmp_path: Path, command_line: CommandLine, mosquitto: Mosquitto, certificates: Certificates
) -> None:
    """By TLS with an authority of its own; another one is told, and what was measured is kept."""
    rack = Rack(tmp_path, command_line, mosquitto, auth="required", tls=certificates)
    words = ("collector", rack.url, "--token-file", str(rack.token("rack", "agent")), "--every", "1s", "--address", ADDRESS)
    rack.start()
    box = ("--outbox", str(tmp_path / "box"))
    wary = command_line.start(*words, *box, "--ca", str(certificates.other_ca))
    wary.wait_for_text("its certificate is not trusted")
    assert wary.stop() == 0
    outbox = Outbox(tmp_path / "box")
    kept = outbox.waiting
    outbox.close()
    assert kept
    trusting = command_line.start(*words, *box, "--ca", str(certificates.ca))
    client, headers = HttpClient(str(certificates.ca)), Token(rack.token("wall", "viewer"), {}).headers()
    address = f"{rack.url}/ressources-usage/get-all/10-2-0-1"
    wait_until(lambda: json.loads(client.send("GET", address, b"", headers).body), 40, "what processes take")
    client.close()
    assert trusting.stop() == 0
    assert trusting.stderr == ""


def test_a_token_of_another_role_is_told_with_what_to_look_at(
    tmp_path: Path, command_line: CommandLine, mosquitto: Mosquitto
) -> None:
    rack = Rack(tmp_path, command_line, mosquitto, auth="required")
    rack.token("rack", "agent")
    rack.start()
    words = ("--token-file", str(rack.token("wall", "viewer")), "--every", "1s", "--outbox", str(tmp_path / "box"))
    collector = command_line.start("collector", rack.url, *words)
    collector.wait_for_text(
        "(HTTP 403); check the address, and the token: --token-file or JNT_COLLECTOR_TOKEN, of the role agent"
    )
    assert collector.stop() == 0


def test_a_second_collector_does_not_take_the_same_outbox(tmp_path: Path, command_line: CommandLine) -> None:
    words = ("collector", "http://127.0.0.1:9", "--outbox", str(tmp_path / "box"))
    first = command_line.start(*words)
    first.wait_for_text("it is kept and tried again")
    second = command_line.run(*words)
    assert second.returncode == 1
    assert "another process has it" in second.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("http://192.0.2.1:8081",), "is not encrypted"),
        (("http://user:s3cret@127.0.0.1",), "a user or a password"),
        (("ftp://house",), "is not a URL"),
        (("https://house", "--token-file", "/nowhere"), "No such file"),
        (("https://house", "--ca", "/nowhere"), "cannot be loaded"),
        (("https://house", "--every", "soon"), "--every"),
        (("https://house", "--address", "house"), "--address"),
        ((), "URL"),
    ],
)
def test_what_cannot_be_done_is_told(command_line: CommandLine, words: tuple[str, ...], said: str) -> None:
    done = command_line.run("collector", *words, env={"JNT_COLLECTOR_TOKEN": "jnt_s3cret"})
    assert done.returncode == (2 if said.startswith(("--", "URL")) else 1)
    assert said in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


class Heard:
    """Stands for the delivery: it is started, and keeps nothing."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.started = False

    def start(self) -> None:
        self.started = True

    def put(self, content: bytes, time_s: float, topic: str) -> None:
        self.outbox.put(content, time_s, topic)


def test_times_are_set_right_when_the_clock_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A machine without a clock begins in 1970, measures, and asks the network for the time later."""
    outbox = Outbox(tmp_path / "box")
    wall, boot = [10.0], [10.0]
    clock = Clock(lambda: wall[0], lambda: boot[0], lambda: False)
    delivery = Heard(outbox)
    collector = Collector(
        10.0,
        ProcessTable(1, 1.0),
        outbox,
        delivery,  # type: ignore[arg-type]
        clock,
        ClockFile(tmp_path / "clock", clock, "boot"),
        address=ADDRESS,
    )
    for seconds in (0.0, 10.0, 10.0):
        wall[0] += seconds
        boot[0] += seconds
        collector._measure()
    assert not delivery.started
    assert [entry.time_s for entry in outbox.peek(9)] == [10.0, 20.0, 30.0]
    wall[0] = 1_800_000_040.0
    boot[0] = 40.0
    collector._measure()
    assert delivery.started
    body = json.loads(join_moments(10.0)(outbox.peek(9)))
    assert [each["timestamp"] for each in body["moments"]] == [1_800_000_010.0, 1_800_000_020.0, 1_800_000_030.0, 1_800_000_040.0]
    assert caplog.text.count("long ago") == 1
    outbox.close()
