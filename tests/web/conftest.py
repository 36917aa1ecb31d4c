"""Fixtures of the web: a real web server in front of a small real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from web.sites import Client, RrdStore, Site, make_services

from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.server import WebServer
from janitoo_datalog_rrd.web.serving import channels, tls


@pytest.fixture
def store(tmp_path: Path) -> RrdStore:
    return RrdStore(tmp_path)


@pytest.fixture
def services(tmp_path: Path, store: RrdStore) -> Services:
    return make_services(tmp_path, store)


@pytest.fixture
def serve() -> Iterator[Callable[..., WebServer]]:
    """Start servers that are stopped at the end of the test."""
    running: list[WebServer] = []

    def start(services: Services, host: str = "127.0.0.1", port: int = 0, threads: int = 4) -> WebServer:
        server = WebServer(create_app(services), host, port, threads, services.options.section("http"))
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that give every client half a second."""
    for name in ("IDLE_S", "REQUEST_S", "LOOK_EVERY_S"):
        monkeypatch.setattr(channels, name, 0.5)
    monkeypatch.setattr(tls, "HANDSHAKE_S", 0.5)


@pytest.fixture
def site(services: Services, store: RrdStore, serve: Callable[..., WebServer]) -> Site:
    """A running server with an empty store."""
    return Site(services, store, Client(serve(services).port))
