"""Delivery to a web server that refuses, is busy, hangs, goes away and comes back: all arrives, in order."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import wait_until
from support.cutproxy import CutProxy
from support.webservers import WebServer

from janitoo_datalog_rrd.core.connection import Backoff
from janitoo_datalog_rrd.core.delivery import Delivery
from janitoo_datalog_rrd.core.httpclient import Answer, HttpAddress, HttpClient
from janitoo_datalog_rrd.core.outbox import Outbox


class Impatient(Backoff):
    """Waits a moment only; counts how often."""

    draws = 0

    def draw(self) -> float:
        self.draws += 1
        return 0.02


@pytest.fixture
def server() -> Iterator[WebServer]:
    made = WebServer()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "outbox.db")
    yield made
    made.close()


@pytest.fixture
def deliver(server: WebServer, outbox: Outbox) -> Iterator[Callable[..., Delivery]]:
    """A function that starts a delivery of the outbox to the server."""
    made: list[Delivery] = []

    def start(timeout_s: float = 20.0, backoff: Backoff | None = None) -> Delivery:
        address = HttpAddress.parse(server.url)
        delivery = Delivery(
            outbox,
            HttpClient(timeout_s=timeout_s),
            address,
            what="test",
            headers=lambda entry: {"X-Time": str(entry.time_s)},
            backoff=backoff or Impatient(),
        )
        made.append(delivery)
        delivery.start()
        return delivery

    yield start
    for each in made:
        each.stop()


def fill(outbox: Outbox, count: int = 5, first: int = 0) -> list[bytes]:
    bodies = [f"body {number}".encode() for number in range(first, first + count)]
    for number, body in enumerate(bodies, first):
        outbox.put(body, 1000.0 + number)
    return bodies


def test_what_waits_arrives_in_order_each_with_its_own_time(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery]
) -> None:
    bodies = fill(outbox)
    delivery = deliver()
    delivery.put(b"later", 2000.0)
    taken = server.wait_taken(6)
    assert [each.body for each in taken] == [*bodies, b"later"]
    assert [each.headers["x-time"] for each in taken] == ["1000.0", "1001.0", "1002.0", "1003.0", "1004.0", "2000.0"]
    wait_until(lambda: not outbox.waiting)
    state = delivery.state
    assert (state.sent, state.refused, state.failures, state.trouble) == (6, 0, 0, "")
    assert state.last_sent == pytest.approx(time.time(), abs=60)


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
def test_a_server_that_cannot_take_it_now_gets_it_later_and_both_are_told_once(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery], caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.INFO)
    bodies = fill(outbox)
    server.status = status
    delivery = deliver()
    wait_until(lambda: len(server.asked) > 3)
    assert f"HTTP {status}" in delivery.state.trouble
    assert {each.body for each in server.asked} == {bodies[0]}, "nobody overtakes"
    server.status = 204
    server.wait_taken(5)
    wait_until(lambda: not delivery.state.trouble)
    assert server.bodies == bodies
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "tried again" in told[0]
    assert "again (" in told[1]
    assert "s3cret" not in caplog.text


def test_what_is_refused_for_good_is_dropped_counted_and_told_once(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery], caplog: pytest.LogCaptureFixture
) -> None:
    fill(outbox, 3)
    server.status = 400
    delivery = deliver()
    wait_until(lambda: delivery.state.refused == 3)
    wait_until(lambda: not outbox.waiting)
    server.status = 200
    delivery.put(b"good", 1.0)
    server.wait_taken(1)
    assert server.bodies == [b"good"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "HTTP 400" in caplog.text


def test_a_busy_server_is_left_alone_as_long_as_it_asks(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery]
) -> None:
    fill(outbox, 1)
    server.status, server.retry_after = 429, "1"
    deliver()
    wait_until(lambda: len(server.asked) == 2)
    assert server.asked[1].time_s - server.asked[0].time_s >= 0.9
    server.status = 200
    server.wait_taken(1)


def test_a_server_that_hangs_gets_it_when_it_answers_again(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery]
) -> None:
    bodies = fill(outbox, 2)
    server.hangs.set()
    delivery = deliver(timeout_s=0.2)
    wait_until(lambda: delivery.state.failures > 1)
    assert "in time" in delivery.state.trouble
    server.hangs.clear()
    server.wait_taken(2)
    wait_until(lambda: not outbox.waiting)
    arrived = [body for index, body in enumerate(server.bodies) if body not in server.bodies[:index]]
    assert arrived == bodies  # the first may have come several times: nobody can know that it did


def test_a_server_that_goes_away_gets_the_rest_when_it_is_back(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery]
) -> None:
    delivery = deliver()
    delivery.put(b"before", 1.0)
    server.wait_taken(1)
    wait_until(lambda: not outbox.waiting)
    server.stop()
    bodies = fill(outbox)
    delivery.wake()
    wait_until(lambda: delivery.state.failures > 2)
    assert "refused" in delivery.state.trouble
    server.start()
    wait_until(lambda: not outbox.waiting)
    assert server.bodies == [b"before", *bodies]


def test_a_connection_that_the_server_has_closed_meanwhile_is_no_failure(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery]
) -> None:
    delivery = deliver()
    for number in range(5):
        delivery.put(b"%d" % number, 1.0)
        server.wait_taken(number + 1)
        wait_until(lambda: not outbox.waiting)
        server.stop()
        server.start()
    assert delivery.state.failures == 0


def test_the_waits_grow_and_begin_anew() -> None:
    backoff = Backoff()
    longest = [max(backoff.draw() for _ in range(1)) for _ in range(12)]
    assert longest[0] <= 1.5
    assert 13 <= longest[-1] <= 40
    backoff.reset()
    assert backoff.draw() <= 1.5


def test_stopping_is_quick_while_the_server_hangs_and_nothing_is_lost(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery]
) -> None:
    bodies = fill(outbox, 2)
    server.hangs.set()
    delivery = deliver()
    wait_until(lambda: server.hanging)
    begun = time.monotonic()
    assert not delivery.stop(0.1)
    assert time.monotonic() - begun < 10
    assert outbox.waiting == 2
    server.hangs.clear()  # the answer comes, and is too late
    assert delivery.stop(20)
    server.stop()
    server.asked.clear()
    server.start()
    deliver()
    wait_until(lambda: not outbox.waiting)
    assert set(server.bodies) <= set(bodies)
    assert server.bodies[-1] == bodies[-1]


def test_an_outbox_that_is_closed_under_a_hanging_request_does_no_harm(
    server: WebServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(tmp_path / "other.db")
    fill(outbox, 1)
    server.hangs.set()
    delivery = Delivery(outbox, HttpClient(), HttpAddress.parse(server.url), what="test", headers=lambda _: {})
    delivery.start()
    wait_until(lambda: server.hanging)
    assert not delivery.stop(0.05)
    outbox.close()
    server.hangs.clear()
    assert delivery.stop(20)
    assert caplog.text == ""
    again = Outbox(tmp_path / "other.db")
    assert again.waiting == 1
    again.close()


def test_it_stops_at_once_while_it_waits_to_try_again(
    server: WebServer, outbox: Outbox, deliver: Callable[..., Delivery]
) -> None:
    class Patient(Backoff):
        def draw(self) -> float:
            return 1000.0

    fill(outbox, 1)
    server.status = 500
    delivery = deliver(backoff=Patient())
    wait_until(lambda: delivery.state.trouble)
    assert delivery.stop(20)


CHILD = """
import sys
from pathlib import Path
from janitoo_datalog_rrd.core.delivery import Delivery
from janitoo_datalog_rrd.core.httpclient import Answer, HttpAddress, HttpClient
from janitoo_datalog_rrd.core.outbox import Outbox

outbox = Outbox(Path(sys.argv[1]))
delivery = Delivery(outbox, HttpClient(), HttpAddress.parse(sys.argv[2]), what="test", headers=lambda _: {})
delivery.start()
for number in range(outbox.waiting and 10**9, 200):
    delivery.put(b"%d" % number, float(number))
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.read()
"""


def test_a_kill_loses_nothing_and_keeps_the_order(server: WebServer, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path / "kill.db"), server.url]
    server.hangs.set()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        server.hangs.clear()
        server.wait_taken(20)
        os.kill(child.pid, signal.SIGKILL)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        wait_until(lambda: b"199" in server.bodies)
        child.kill()
    numbers = [int(body) for body in server.bodies]
    assert sorted(set(numbers)) == list(range(200))
    assert len(numbers) - 200 <= 1, "at most the one under way is sent twice"
    assert numbers == sorted(numbers)


def bundling(server: WebServer, outbox: Outbox, **more: object) -> Delivery:
    """A delivery that joins what waits by commas."""
    delivery = Delivery(
        outbox,
        HttpClient(),
        HttpAddress.parse(server.url),
        what="test",
        headers=lambda _: {},
        backoff=Impatient(),
        join=lambda entries: b",".join(entry.content for entry in entries),
        **more,  # type: ignore[arg-type]
    )
    delivery.start()
    return delivery


def test_what_waits_goes_together(server: WebServer, outbox: Outbox) -> None:
    bodies = fill(outbox, 25)
    delivery = bundling(server, outbox, at_once=10)
    try:
        wait_until(lambda: outbox.waiting == 0, what="all to arrive")
    finally:
        delivery.stop()
    assert server.bodies == [b",".join(bodies[:10]), b",".join(bodies[10:20]), b",".join(bodies[20:])]
    assert delivery.state.sent == 25


def test_what_goes_together_is_of_one_topic_and_not_too_large(server: WebServer, outbox: Outbox) -> None:
    for number, topic in enumerate(["a", "a", "b", "b", "b"]):
        outbox.put(str(number).encode() * 10, 1000.0 + number, topic)
    delivery = bundling(server, outbox, at_once_bytes=25)
    try:
        wait_until(lambda: outbox.waiting == 0, what="all to arrive")
    finally:
        delivery.stop()
    assert [body.decode() for body in server.bodies] == [f"{'0' * 10},{'1' * 10}", f"{'2' * 10},{'3' * 10}", "4" * 10]


def test_what_is_refused_together_goes_one_by_one(server: WebServer, outbox: Outbox) -> None:
    """The first one alone is taken, and those after it, once they are asked for by themselves."""
    bodies = fill(outbox, 4)
    heard: list[int] = []
    server.status = 400

    def on_answer(answer: Answer) -> None:
        heard.append(answer.status)
        server.status = 200  # after the first one by itself

    delivery = bundling(server, outbox, on_answer=on_answer)
    try:
        wait_until(lambda: outbox.waiting == 0, what="all to be dealt with")
    finally:
        delivery.stop()
    assert [each.body for each in server.asked] == [b",".join(bodies), *bodies]
    assert server.bodies == bodies[1:]
    assert (delivery.state.refused, delivery.state.sent) == (1, 3)
    assert heard == [400, 200, 200, 200]


def test_a_network_that_cuts_and_resets_costs_no_entry_and_no_order(server: WebServer, outbox: Outbox) -> None:
    bodies: list[bytes] = []
    with CutProxy(server.port) as proxy:
        address = HttpAddress.parse(f"http://127.0.0.1:{proxy.port}/")
        client = HttpClient(timeout_s=1.0)
        delivery = Delivery(outbox, client, address, what="test", headers=lambda _: {}, backoff=Impatient())

        def put_more() -> None:
            for number in range(len(bodies), len(bodies) + 10):
                bodies.append(b"%03d" % number * 100)
                delivery.put(bodies[-1], float(number))

        def all_arrived() -> None:
            wait_until(lambda: not outbox.waiting, what="all to arrive")

        proxy.cut_after(2000)  # in the middle of a request
        put_more()
        delivery.start()
        all_arrived()
        proxy.cut_after(150, back=True)  # a request arrives, and its answer does not
        put_more()
        all_arrived()
        proxy.reset()
        put_more()
        all_arrived()
        proxy.drop()
        put_more()
        wait_until(lambda: delivery.state.trouble)
        proxy.heal()
        all_arrived()
        delivery.stop()
        assert proxy.resets >= 3
    assert sorted(set(server.bodies)) == bodies
    firsts = [body for index, body in enumerate(server.bodies) if body not in server.bodies[:index]]
    assert firsts == bodies
