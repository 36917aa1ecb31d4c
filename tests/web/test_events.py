"""Server-sent events: whoever listens hears of new values, and holds up nobody."""

from __future__ import annotations

import http.client
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from support import wait_until
from web.listening import Listening, wait_for_listeners
from web.sites import Client, RrdStore, Site, column, make_services

from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.auth.tokens import Tokens
from janitoo_datalog_rrd.web.live import hub as hub_module
from janitoo_datalog_rrd.web.live.hub import Hub
from janitoo_datalog_rrd.web.room import KEY, room
from janitoo_datalog_rrd.web.routes import Role
from janitoo_datalog_rrd.web.server import WebServer


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hub look more often than it does for people."""
    monkeypatch.setattr(hub_module, "LOOK_EVERY_S", 0.25)


@pytest.fixture
def hub(services: Services) -> Hub:
    """The hub of `web`."""
    return Hub(lambda: services.store, lambda: services.clock(), comment_every_s=0.3)


@pytest.fixture
def web(services: Services, hub: Hub) -> Iterator[WebServer]:
    """A running server whose hub sends its comments soon."""
    app = create_app(services)
    app.extensions[KEY] = replace(room(app), live=hub)
    server = WebServer(app, "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


def set_value(store: RrdStore, name: str, value: float | None, when: float = -1) -> None:
    """Let a series have a new last value."""
    store.series[name] = replace(store.series[name], columns=(column(last=value, last_time=when),))


def listening_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "web-live"]


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_who_listens_gets_everything_and_then_what_changes(site: Site, version: str) -> None:
    for name in ("a", "b"):
        site.store.add(name, column("x", last=1.5), column("y", last=None, last_time=None), file=False)
    with Listening(site.client.port, version=version) as listening:
        assert listening.status == 200
        assert listening.headers["content-type"] == "text/event-stream"
        assert listening.headers["cache-control"] == "no-store"
        assert listening.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in listening.headers
        assert ("transfer-encoding" in listening.headers) == (version == "1.1")
        first = listening.wait_for(1)
        assert [(each["series"], each["column"], each["value"]) for each in first["values"]] == [
            ("a", "x", 1.5),
            ("a", "y", None),
            ("b", "x", 1.5),
            ("b", "y", None),
        ]
        assert first["values"][1]["time"] is None
        assert abs(first["time"] - time.time()) < 60
        set_value(site.store, "b", 22.0, 1_700_000_000.5)
        second = listening.wait_for(2)["values"]
        # its second column is no more, which changes nothing for the first
        assert second == [{"series": "b", "column": "value", "value": 22.0, "time": 1_700_000_000.5}]


def test_series_that_come_and_go_are_told(site: Site) -> None:
    site.store.add("a", file=False)
    with Listening(site.client.port) as listening:
        listening.wait_for(1)
        site.store.add("new", file=False)
        assert [each["series"] for each in listening.wait_for(2)["values"]] == ["new"]
        del site.store.series["a"]
        third = listening.wait_for(3)
        assert (third["values"], third["removed"]) == ([], ["a"])
        site.store.add("a", file=False)
        fourth = listening.wait_for(4)
        assert [each["series"] for each in fourth["values"]] == ["a"]
        assert "removed" not in fourth


def test_who_names_series_hears_of_these_only(site: Site) -> None:
    for name in ("a", "b", "c"):
        site.store.add(name, file=False)
    with Listening(site.client.port, "?series=a&series=c") as listening:
        assert [each["series"] for each in listening.wait_for(1)["values"]] == ["a", "c"]
        set_value(site.store, "b", 5.0)
        set_value(site.store, "c", 6.0)
        assert [(each["series"], each["value"]) for each in listening.wait_for(2)["values"]] == [("c", 6.0)]
        set_value(site.store, "b", 7.0)
        set_value(site.store, "a", 8.0)
        assert [(each["series"], each["value"]) for each in listening.wait_for(3)["values"]] == [("a", 8.0)]


@pytest.mark.parametrize("name", ["nothing", "../x", "", "%00"])
def test_a_series_that_is_not_there_is_told_at_once(site: Site, name: str) -> None:
    site.store.add("a", file=False)
    reply = site.client.get(f"/api/v1/events?series=a&series={name}")
    assert (reply.status, reply.json["status"]) == (404, 404)


def test_wrong_parameters_and_too_many_series_are_refused(site: Site) -> None:
    assert site.client.get("/api/v1/events?serie=a").json["parameter"] == "serie"
    reply = site.client.get("/api/v1/events?" + "&".join(["series=a"] * 1001))
    assert (reply.status, reply.json["parameter"]) == (400, "series")
    assert site.client.post("/api/v1/events").status == 405


def test_its_head_is_an_answer_like_others(site: Site) -> None:
    reply = site.client.ask("/api/v1/events", "HEAD")
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "text/event-stream", b"")


def test_numbers_that_json_does_not_have_become_null(site: Site) -> None:
    site.store.add("a", column(last=float("nan")), file=False)
    site.store.add("b", column(last=float("inf")), file=False)
    with Listening(site.client.port) as listening:
        assert [each["value"] for each in listening.wait_for(1)["values"]] == [None, None]
        set_value(site.store, "b", 1.0)
        # the NaN that stays is no change
        assert [(each["series"], each["value"]) for each in listening.wait_for(2)["values"]] == [("b", 1.0)]


def test_a_store_that_is_not_up_yet_and_one_that_comes_in_its_place(
    tmp_path: Path, services: Services, serve: Callable[..., WebServer]
) -> None:
    services.store = None
    with Listening(serve(services).port) as listening:
        assert listening.wait_for(1)["values"] == []
        for names in (("a", "b"), ("b", "c")):
            other = RrdStore(tmp_path)
            for name in names:
                other.add(name, file=False)
            services.store = other
            last = listening.wait_for(len(listening.events) + 1)
            assert [each["series"] for each in last["values"]] == list(names)
        assert last["removed"] == ["a"]


def test_a_store_that_fails_is_looked_at_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site.store.add("a", file=False)
    with Listening(site.client.port) as listening:
        listening.wait_for(1)
        with monkeypatch.context() as broken:
            broken.setattr(site.store, "get_series", lambda _: 1 / 0)
            wait_until(lambda: "looked at" in caplog.text)
        set_value(site.store, "a", 3.0)
        listening.wait_for_value("a", 3.0)
    assert caplog.text.count("could not be looked at") == 1


def test_a_comment_comes_while_nothing_changes(web: WebServer) -> None:
    with Listening(web.port) as listening:
        for _ in range(3):
            listening.wait_for_comment()


def test_who_may_no_longer_log_in_is_let_go(tmp_path: Path, store: RrdStore) -> None:
    tokens = Tokens(tmp_path, time.time)
    _, secret = tokens.add("phone", Role.VIEWER, None)
    services = make_services(tmp_path, store, http_auth="required")
    app = create_app(services)
    app.extensions[KEY] = replace(room(app), live=Hub(lambda: store, services.clock, comment_every_s=0.1))
    server = WebServer(app, "127.0.0.1", 0)
    server.start()
    try:
        assert Client(server.port).get("/api/v1/events").status == 401
        with Listening(server.port, lines=f"Authorization: Bearer {secret}\r\n") as listening:
            listening.wait_for(1)
            listening.wait_for_comment()
            tokens.remove("phone")
            listening.wait_for_end()
        _, secret = tokens.add("tablet", Role.VIEWER, None)
        store.add("busy", file=False)
        with Listening(server.port, lines=f"Authorization: Bearer {secret}\r\n") as listening:
            for number in range(3):
                set_value(store, "busy", float(number))
                listening.wait_for_value("busy", float(number))
            tokens.remove("tablet")
            for number in range(100):  # something new each time: it is never silent
                set_value(store, "busy", float(number))
                listening.wait_for_more()
                if listening.ended:
                    break
            assert listening.ended
    finally:
        server.stop()


def test_a_listener_that_meets_a_bug_silences_no_other(
    store: RrdStore, web: WebServer, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> bool:
        raise RuntimeError("a bug")

    store.add("a", file=False)
    with Listening(web.port) as unlucky:
        unlucky.wait_for(1)
        for each in hub._listeners:
            each.allowed = fail
        with Listening(web.port) as other:
            unlucky.wait_for_end()
            set_value(store, "a", 3.0)
            other.wait_for_value("a", 3.0)
    assert "could not be told" in caplog.text


def test_hundreds_listen_while_four_workers_answer_others(services: Services, store: RrdStore, web: WebServer, hub: Hub) -> None:
    store.add("a", file=False)
    with ExitStack() as stack:
        crowd = [stack.enter_context(Listening(web.port)) for _ in range(hub_module.MOST_LISTENERS)]
        assert hub.listeners == len(crowd) == 256
        assert Client(web.port).get("/api/v1/series").status == 200
        refused = Client(web.port).get("/api/v1/events")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
        set_value(store, "a", 77.0)
        for listening in crowd:
            listening.wait_for_value("a", 77.0)
        assert len(listening_threads()) == 1
        crowd[0].close()
        wait_for_listeners(hub, 255)
        with Listening(web.port) as late:
            assert late.wait_for(1)["values"][0]["value"] == 77.0
    wait_for_listeners(hub, 0)
    wait_until(lambda: not listening_threads(), what="the end of the thread")


def test_nobody_is_looked_after_once_all_have_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with Listening(site.client.port) as listening:
        listening.wait_for(1)
    wait_until(lambda: not listening_threads(), what="the end of the thread")
    with Listening(site.client.port) as again:
        assert again.wait_for(1)["values"] == []


def test_one_who_does_not_read_is_told_all_it_has_missed_in_one(
    services: Services, store: RrdStore, web: WebServer, hub: Hub
) -> None:
    names = [f"{'long' * 40}{number}" for number in range(3000)]
    for name in names:
        store.add(name, file=False)
    with socket.socket() as slow, Listening(web.port) as quick:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(20)
        slow.connect(("127.0.0.1", web.port))
        slow.sendall(b"GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
        wait_for_listeners(hub, 2)
        for value in range(5):
            for name in names:
                set_value(store, name, float(value))
            quick.wait_for_value(names[-1], float(value))
        assert max(each.outlet.unsent for each in hub._listeners if each.outlet) < 2_000_000, "one event, and no more"
        received = b""
        while f'{names[-1]}","column":"value","value":4.0'.encode() not in received:
            received += slow.recv(1 << 20)
        assert received.count(b"event: values") == 2


@pytest.mark.usefixtures("impatient")
def test_one_who_never_reads_is_closed(services: Services, store: RrdStore, serve: Callable[..., WebServer]) -> None:
    for number in range(3000):
        store.add(f"{'long' * 40}{number}", file=False)
    server = serve(services)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(listening_threads, what="somebody who listens")
        wait_until(lambda: not listening_threads(), what="nobody who listens")


def test_one_who_goes_on_talking_is_closed(web: WebServer, hub: Hub) -> None:
    with Listening(web.port) as listening:
        listening.wait_for(1)
        listening.socket.sendall(b"GET /api/v1/series HTTP/1.1\r\nHost: localhost\r\n\r\n")
        listening.wait_for_end()
        wait_for_listeners(hub, 0)


def test_what_was_sent_behind_the_request_is_not_answered_into_the_events(site: Site) -> None:
    site.store.add("a", file=False)
    more = "\r\nGET /api/v1/series HTTP/1.1\r\nHost: localhost\r\n"
    with Listening(site.client.port, lines=more) as listening:
        assert [each["series"] for each in listening.wait_for(1)["values"]] == ["a"]
        set_value(site.store, "a", 3.0)
        assert listening.wait_for(2)["values"][0]["value"] == 3.0


def test_a_stop_ends_all_who_listen_and_leaves_no_thread(services: Services, store: RrdStore) -> None:
    before = threading.active_count()
    store.add("a", file=False)
    server = WebServer(create_app(services), "127.0.0.1", 0)
    server.start()
    with ExitStack() as stack:
        crowd = [stack.enter_context(Listening(server.port)) for _ in range(50)]
        for listening in crowd:
            listening.wait_for(1)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2
        for listening in crowd:
            listening.wait_for_end()
    assert threading.active_count() == before


def test_listeners_that_come_and_go_leave_nothing_open(web: WebServer, hub: Hub) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before = open_files()
    for _ in range(30):
        with Listening(web.port) as listening:
            listening.wait_for(1)
        with socket.create_connection(("127.0.0.1", web.port)) as rude:
            rude.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_for_listeners(hub, 0)
    wait_until(lambda: open_files() <= before, what="every connection to be closed")


def test_a_server_that_cannot_hand_over_gives_the_first_event(site: Site) -> None:
    site.store.add("a", file=False)
    app = create_app(make_services(site.store.home, site.store))
    live = room(app).live
    live.open()
    with app.test_client().get("/api/v1/events") as reply:
        assert b'"series":"a"' in reply.data
        assert reply.data.endswith(b"\n\n")
    assert live.listeners == 0
    live.close()


def test_events_go_on_over_a_connection_that_was_used_before(site: Site) -> None:
    site.store.add("a", file=False)
    connection = http.client.HTTPConnection("127.0.0.1", site.client.port, timeout=20)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    connection.request("GET", "/api/v1/events")
    with connection.getresponse() as response:
        assert response.readline() == b"retry: 3000\n"
        response.readline()
        assert response.readline() == b"event: values\n"
        assert b'"series":"a"' in response.readline()
    connection.close()
