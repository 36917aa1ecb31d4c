"""The web server itself: where it binds, what it says when it cannot, and how it stops."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import wait_until
from web.sites import Client, RrdStore, make_services

from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.server import WebServer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "", "*", "10.0.0.1", "::ffff:192.0.2.1"])
def test_anything_but_loopback_is_refused_and_says_which_option_to_set(services: Services, host: str) -> None:
    with pytest.raises(StartError, match=r"\[http\] http_host_0 = .*set http_host_0 to localhost"):
        WebServer(create_app(services), host, 0).start()


def test_a_taken_port_is_one_clear_sentence(services: Services, serve: Callable[..., WebServer]) -> None:
    port = serve(services).port
    with pytest.raises(StartError, match=rf"\[http\] http_port_0 = {port}: another program .* of 127\.0\.0\.1; stop it, or set"):
        WebServer(create_app(services), "127.0.0.1", port).start()


def test_localhost_is_answered_on_both_families_where_there_are_two(services: Services, serve: Callable[..., WebServer]) -> None:
    port = serve(services, "localhost").port
    assert Client(port).get("/healthz").status == 200
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return
    assert Client(port, "::1").get("/healthz").status == 200


def test_a_port_taken_in_one_family_only_is_told_too(services: Services) -> None:
    try:
        taken = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with taken, pytest.raises(StartError, match="http_port_0"):
        WebServer(create_app(services), "localhost", taken.getsockname()[1]).start()


def test_two_servers_live_in_one_process(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    clients = []
    for name in ("one", "two"):
        home = tmp_path / name
        home.mkdir()
        store = RrdStore(home)
        store.add(name, file=False)
        clients.append(Client(serve(make_services(home, store)).port))
    assert [client.get("/rrd/rrds/index.txt").text for client in clients] == ["one", "two"]


def test_stopping_closes_connections_and_frees_the_port_within_two_seconds(services: Services) -> None:
    before = threading.active_count()
    server = WebServer(create_app(services), "127.0.0.1", 0)
    server.start()
    port = server.port
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as idle,
        socket.create_connection(("127.0.0.1", port), timeout=10) as half,
    ):
        half.sendall(b"GET /healthz HTTP/1.1\r\nHost: localh")
        assert Client(port).get("/healthz").status == 200
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2
        assert idle.recv(100) == b""
        assert half.recv(100) == b""
    server.stop()
    assert threading.active_count() == before
    again = WebServer(create_app(services), "127.0.0.1", port)
    again.start()
    again.stop()


def test_a_request_that_hangs_does_not_hold_up_the_stop(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    inside, release = threading.Event(), threading.Event()

    def clock() -> float:
        if threading.current_thread().name != "MainThread":
            inside.set()
            release.wait(10)
        return time.time()

    services.clock = clock
    server = WebServer(create_app(services), "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as asker:
        asker.sendall(b"GET /api/v1/series HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert inside.wait(10)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2
        assert asker.recv(100) == b""
    release.set()
    wait_until(lambda: not any("waitress" in thread.name for thread in threading.enumerate()), 10)


def test_a_stopped_server_can_be_started_again(services: Services) -> None:
    server = WebServer(create_app(services), "127.0.0.1", 0)
    for _ in range(2):
        server.start()
        assert Client(server.port).get("/healthz").status == 200
        server.stop()
