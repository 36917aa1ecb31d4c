"""`script/bench http`: a short run of its rows, and what its clients count."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import free_port
from web.listening import Listening
from web.sites import RrdStore, make_services

from benchmarks.helper import Helper, measure
from benchmarks.http.command import ROWS
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.server import WebServer


@pytest.fixture
def bare() -> Any:
    """Waitress alone; gives its port."""
    port = free_port()
    with Helper("http.bare", {"port": port}) as helper:
        helper.go()
        yield port


def crowd(port: int, *paths: str, **more: Any) -> dict[str, Any]:
    argument = {"port": port, "clients": 3, "paths": paths, "first": 0, "count": 30, "seconds": 0, "same": False, **more}
    return measure("http.crowd", argument)


def test_clients_ask_on_connections_that_are_kept_and_count_what_is_answered(bare: int) -> None:
    found = crowd(bare, "/1000", "/0")
    assert (found["count"], found["connections"], found["statuses"]) == (30, 3, {"200": 30})
    assert found["per_s"] == pytest.approx(30 / found["seconds"])


def test_clients_ask_for_a_while(bare: int) -> None:
    begun = time.monotonic()
    found = crowd(bare, "/{n}", count=0, seconds=0.3)
    assert time.monotonic() - begun >= 0.3
    assert found["count"] == found["statuses"]["200"] > 0


def test_listeners_count_events_until_they_are_halted(tmp_path: Path) -> None:
    store = RrdStore(tmp_path)
    store.add("a", file=False)
    server = WebServer(create_app(make_services(tmp_path, store)), "127.0.0.1", 0)
    server.start()
    try:
        with Helper("http.listeners", {"port": server.port, "clients": 4}) as listeners, Listening(server.port) as beside:
            listeners.go()
            beside.wait_for(1)
            for number, name in enumerate("bcd"):
                store.add(name, file=False)
                beside.wait_for(number + 2)
            listeners.halt()
            found = listeners.result()
    finally:
        server.stop()
    assert 8 <= found["events"] <= 12, "the last may still be on its way to some of them"
    assert found["events_per_s"] == pytest.approx(found["events"] / found["seconds"])


@pytest.mark.slow
def test_every_row_works(bench: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    path = tmp_path / "http.json"
    done = bench("http", "--quick", "--json", str(path))
    assert done.returncode == 0, done.stderr
    document = json.loads(path.read_text())
    assert document["faults"] == {}
    assert document["settings"]["rows"] == list(ROWS)
    for line in document["lines"]:
        assert line["ratio"] > 0, line["name"]
        assert line["name"] in done.stdout
        assert all(each["ours"].get("lost", 0) == 0 for each in line["runs"]), line["name"]
    assert {"values", "data-many", "graph-new", "graph-etag", "dashboard", "fleet-nodes", "ingest-api", "ingest-events"} <= {
        line["name"] for line in document["lines"]
    }


def test_what_is_inside_the_clock_is_told(bench: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = bench("http", "--explain")
    assert done.returncode == 0
    assert done.stdout.count("nside the clock") == len(ROWS)
