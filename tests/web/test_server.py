"""The web server itself: where it binds, what it says when it cannot, and how it stops."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import wait_until
from web.sites import Client, RrdStore, make_services

from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.web import server as server_module
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.auth.tokens import Tokens
from janitoo_datalog_rrd.web.routes import Role
from janitoo_datalog_rrd.web.server import WebServer
from janitoo_datalog_rrd.web.serving import binding, channels


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "", "*", "10.0.0.1", "::ffff:192.0.2.1"])
def test_anything_but_loopback_is_refused_and_says_which_option_to_set(services: Services, host: str) -> None:
    with pytest.raises(StartError, match=r"\[http\] http_host_0 = .*set http_host_0 to localhost"):
        WebServer(create_app(services), host, 0).start()


@pytest.fixture
def _known(tmp_path: Path) -> None:
    """There is somebody who may log in, so that others than this machine may ask."""
    Tokens(tmp_path, time.time).add("tester", Role.VIEWER, None)


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]"])
def test_all_addresses_of_the_machine_are_served(services: Services, serve: Callable[..., WebServer], host: str) -> None:
    services.options.section("http").values["http_host"] = host
    port = serve(services, host).port
    assert Client(port).get("/healthz").status == 200
    assert Client(port, "127.0.0.2").get("/healthz").status == 200
    if host != "0.0.0.0" and has_ipv6():
        assert Client(port, "::1").get("/healthz").status == 200


@pytest.mark.usefixtures("_known")
def test_a_host_may_be_named(services: Services, serve: Callable[..., WebServer], monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(host: str, *rest: object, **more: Any) -> object:
        return real(host.replace("house.example", "127.0.0.5"), *rest, **more)

    real = socket.getaddrinfo
    monkeypatch.setattr(binding.socket, "getaddrinfo", look_up)
    port = serve(services, "house.example").port
    assert Client(port, "127.0.0.5").get("/healthz").status == 200
    with pytest.raises(OSError, match="refused"):
        Client(port).get("/healthz")


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize("host", ["nothing.invalid", "*", "", "a b", "x" * 300])
def test_a_host_that_nobody_knows_is_told(services: Services, host: str) -> None:
    with pytest.raises(StartError, match=r"\[http\] http_host_0 = .*no address is known for it.*set http_host_0 to localhost"):
        WebServer(create_app(services), host, 0).start()


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_told(services: Services, host: str) -> None:
    with pytest.raises(StartError, match=rf"\[http\] http_host_0 = {host}: this machine has no address {host}"):
        WebServer(create_app(services), host, 0).start()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_a_taken_port_is_one_clear_sentence(services: Services, serve: Callable[..., WebServer]) -> None:
    port = serve(services).port
    with pytest.raises(StartError, match=rf"\[http\] http_port_0 = {port}: another program .* of 127\.0\.0\.1; stop it, or set"):
        WebServer(create_app(services), "127.0.0.1", port).start()


def test_localhost_is_answered_on_both_families_where_there_are_two(services: Services, serve: Callable[..., WebServer]) -> None:
    port = serve(services, "localhost").port
    assert Client(port).get("/healthz").status == 200
    if has_ipv6():
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


# -- slow clients ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "begun", [b"", b"GET /healthz HTTP/1.1\r\nHost: loc", b"POST /api/v1/flush HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
)
def test_who_dawdles_is_closed_however_busy(services: Services, serve: Callable[..., WebServer], begun: bytes) -> None:
    """A byte now and then keeps no connection open for ever."""
    port = serve(services).port
    with socket.create_connection(("127.0.0.1", port), timeout=0.1) as slow:
        slow.sendall(begun)

        def closed() -> bool:
            try:
                if begun:
                    slow.sendall(b"x")
                return slow.recv(100) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_until(closed, what="the server to close")
    assert Client(port).get("/healthz").status == 200


@pytest.mark.usefixtures("impatient")
def test_who_does_not_read_an_answer_is_closed(services: Services, store: RrdStore, serve: Callable[..., WebServer]) -> None:
    for number in range(1000):
        store.add(f"s{number}", label="x" * 8000, file=False)
    server = serve(services)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(b"GET /api/v1/series?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: channels_of(server), what="the connection")
        wait_until(lambda: not channels_of(server), what="its end")
    assert Client(server.port).get("/healthz").status == 200


def channels_of(server: WebServer) -> list[channels.Channel]:
    return [part for part in list(server._map.values()) if isinstance(part, channels.Channel)]


def test_headers_without_end_are_refused(services: Services, serve: Callable[..., WebServer]) -> None:
    port = serve(services).port
    with socket.create_connection(("127.0.0.1", port), timeout=20) as asker:
        asker.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with contextlib.suppress(OSError):
            for number in range(2000):
                asker.sendall(b"X-%d: %s\r\n" % (number, b"x" * 60))
        assert asker.recv(100).startswith(b"HTTP/1.0 431 ")


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nHost: loc"])
def test_who_only_holds_connections_open_keeps_nobody_out(
    services: Services, serve: Callable[..., WebServer], monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 12)
    server = serve(services)
    with contextlib.ExitStack() as crowd:
        for _ in range(30):
            crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20)).sendall(begun)
        assert Client(server.port).get("/healthz").status == 200
    assert Client(server.port).get("/healthz").status == 200


def test_more_connections_than_are_let_in_wait_while_all_are_at_work(
    services: Services, store: RrdStore, serve: Callable[..., WebServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 12)
    store.add("x")
    server = serve(services)
    with contextlib.ExitStack() as crowd:
        for _ in range(12 - len(server._map)):
            listener = crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            listener.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert listener.recv(12) == b"HTTP/1.1 200"
            wait_until(lambda: not any(channel.idle for channel in channels_of(server)), what="it to listen")
        late = crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=0.2))
        late.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        with pytest.raises(TimeoutError):
            late.recv(1)
        listener.close()
        late.settimeout(20)
        assert late.recv(12) == b"HTTP/1.0 200"


def test_a_stopped_server_can_be_started_again(services: Services) -> None:
    server = WebServer(create_app(services), "127.0.0.1", 0)
    for _ in range(2):
        server.start()
        assert Client(server.port).get("/healthz").status == 200
        server.stop()
