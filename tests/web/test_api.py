"""The JSON API: what a program gets, page by page, and how errors look."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rrdtool
from web.sites import STEP, Client, RrdStore, Site, column, make_services

from janitoo_datalog_rrd.core.errors import StoreError
from janitoo_datalog_rrd.web.server import WebServer


def test_a_series_has_its_label_units_last_value_and_links(site: Site) -> None:
    site.store.add("house.t", column("value", "Kitchen", "°C", 21.5, last_time=1700000000.5), label="Temperature")
    document = site.client.get("/api/v1/series/house.t").json
    assert document["name"] == "house.t"
    assert document["node"] == "0100/0001"
    assert document["label"] == "Temperature"
    assert document["step"] == STEP
    assert document["last_time"] == 1700000000.5
    assert document["columns"] == [
        {
            "name": "value",
            "key": ["0100/0001", "value", "0"],
            "label": "Kitchen",
            "units": "°C",
            "type": "GAUGE",
            "last_value": 21.5,
            "last_time": 1700000000.5,
        }
    ]
    for link in ("self", "data", "graph", "file"):
        assert site.client.get(document["links"][link]).status == 200


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), None])
def test_an_unknown_number_is_null(site: Site, value: float | None) -> None:
    site.store.add("s", column(last=value))
    assert site.client.get("/api/v1/series/s").json["columns"][0]["last_value"] is None
    assert b"NaN" not in site.client.get("/api/v1/series").body


def test_text_that_is_no_unicode_does_not_break_the_answer(site: Site) -> None:
    site.store.add("s", column("a", "\ud800", "\udfff"), label="\ud800", node="tele/\udc80")
    assert site.client.get("/api/v1/series").json["series"][0]["label"] == "?"
    for path in ("/", "/rrd/", "/series/s"):
        assert site.client.get(path).status == 200


def test_pages_of_series_follow_each_other_until_all_were_seen(site: Site) -> None:
    names = [f"s{index:03d}" for index in range(25)]
    for name in names:
        site.store.add(name, file=False)
    seen: list[str] = []
    path = "/api/v1/series?limit=10"
    sizes = []
    while True:
        page = site.client.get(path).json
        assert page["total"] == 25
        sizes.append(len(page["series"]))
        seen += [each["name"] for each in page["series"]]
        if page["next_cursor"] is None:
            break
        path = f"/api/v1/series?limit=10&cursor={page['next_cursor']}"
    assert sizes == [10, 10, 5]
    assert seen == names


def test_a_series_made_between_two_pages_moves_nothing(site: Site) -> None:
    for name in ("b", "d", "f"):
        site.store.add(name, file=False)
    first = site.client.get("/api/v1/series?limit=2").json
    site.store.add("a", file=False)
    second = site.client.get(f"/api/v1/series?limit=2&cursor={first['next_cursor']}").json
    assert [each["name"] for each in first["series"] + second["series"]] == ["b", "d", "f"]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/series?limit=0", "limit"),
        ("/series?limit=1001", "limit"),
        ("/series?limit=ten", "limit"),
        ("/series?limit=-1", "limit"),
        ("/series?cursor=%25%25", "cursor"),
        ("/series?cursor=abc", "cursor"),
        ("/series?cursor=%FF", "cursor"),
        ("/series?colour=red", "colour"),
        ("/nodes?limt=1", "limt"),
        ("/series/s?x=1", "x"),
        ("/series/s/data?resolution=1", "resolution"),
        ("/series/s/data?step=0", "step"),
        ("/series/s/data?max_points=9", "max_points"),
        ("/series/s/data?max_points=10001", "max_points"),
        ("/series/s/data?format=xml", "format"),
        ("/series/s/data?cf=AVERAGE&cf=MIN&cf=MAX&cf=LAST&cf=MIN", "cf"),
        ("/series/s/data?start=2024-13-31", "start"),
        ("/series/s/data?end=1969-07-20T20:17:40Z", "end"),
        ("/data", "series"),
        ("/data?series=s&" + "&".join(["series=s"] * 50), "series"),
        ("/series/s/data?cf=MEDIAN", "cf"),
        ("/nodes/0100/0001?x=", "x"),
    ],
)
def test_a_wrong_or_unknown_parameter_is_a_problem_that_names_it(site: Site, path: str, parameter: str) -> None:
    site.store.add("s", rows=3)
    reply = site.client.get(f"/api/v1{path}")
    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/problem+json")
    assert reply.json["parameter"] == parameter


def test_nodes_have_their_state_and_how_many_series_they_have(site: Site) -> None:
    site.store.add("a", node="0100/0001", file=False)
    site.store.add("b", node="0100/0001", file=False)
    site.store.add("c", node="tele/kitchen", file=False)
    site.services.nodes.seen("0100/0001")
    site.services.nodes.describe("0100/0001", "Kitchen", "Ground floor")
    site.services.nodes.seen("0200/0000", "OFFLINE")
    document = site.client.get("/api/v1/nodes").json
    assert [(each["hadd"], each["state"], each["online"], each["series"]) for each in document["nodes"]] == [
        ("0100/0001", "ONLINE", True, 2),
        ("0200/0000", "OFFLINE", False, 0),
    ]
    one = site.client.get("/api/v1/nodes/0100/0001").json
    assert (one["name"], one["location"], [each["name"] for each in one["series"]]) == ("Kitchen", "Ground floor", ["a", "b"])


def test_a_node_that_only_sent_values_has_no_state(site: Site) -> None:
    site.store.add("a", node="0100/0001", file=False)
    assert site.client.get("/api/v1/nodes/0100/0001").json["online"] is None


@pytest.mark.parametrize("address", ["9999/9999", "1/1", "abcd/efgh", "0100/0001x"])
def test_an_unknown_node_is_not_found(site: Site, address: str) -> None:
    reply = site.client.get(f"/api/v1/nodes/{address}")
    assert (reply.status, reply.json["status"]) == (404, 404)


def test_flush_writes_one_series_or_all(site: Site) -> None:
    now = int(time.time())
    for name in ("a", "b"):
        site.store.add(name, rows=3)
        site.store.cache(name, now, 1)
    assert site.client.post("/api/v1/flush?series=a").json == {"flushed": 1}
    assert site.store.count_cached() == 1
    assert site.client.post("/api/v1/flush").json == {"flushed": 1}
    assert site.store.count_cached() == 0


@pytest.mark.parametrize(("query", "status"), [("series=nobody", 404), ("series=", 404), ("serie=a", 400)])
def test_flush_of_nothing_known_flushes_nothing(site: Site, query: str, status: int) -> None:
    site.store.add("a", rows=3)
    reply = site.client.post(f"/api/v1/flush?{query}")
    assert (reply.status, site.store.flushes) == (status, [])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api", 404),
        ("GET", "/api/v1/flush", 405),
        ("POST", "/api/v1/series", 405),
        ("DELETE", "/api/v1/series/s", 405),
        ("GET", "/api/v1/series/nobody", 404),
    ],
)
def test_errors_under_api_are_problem_documents(site: Site, method: str, path: str, status: int) -> None:
    reply = site.client.ask(path, method)
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert (reply.json["status"], reply.json["type"], reply.json["instance"]) == (status, "about:blank", path)
    assert reply.json["title"]
    assert reply.json["detail"]
    if status == 405:
        assert reply.headers["Allow"]


@pytest.mark.parametrize("path", ["/nothing", "/rrd/nothing", "/rrd/graph/nobody.png", "/rrd/graph/s.gif"])
def test_errors_elsewhere_are_pages(site: Site, path: str) -> None:
    reply = site.client.get(path)
    assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>Not Found</h1>" in reply.text


def test_a_mistake_of_ours_is_a_500_without_its_insides(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.store.add("s", rows=3)
    site.store.failing = RuntimeError("secret insides")
    for path in ("/api/v1/series/s/data", "/rrd/graph/s.png"):
        reply = site.client.get(path)
        assert reply.status == 500
        assert "secret" not in reply.text
    assert "secret insides" in caplog.text


def test_a_store_that_cannot_write_is_a_503_that_says_why(site: Site) -> None:
    site.store.add("s", rows=3)
    site.store.failing = StoreError("The disk is full.")
    reply = site.client.get("/api/v1/series/s/data")
    assert (reply.status, reply.json["detail"]) == (503, "The disk is full.")


def test_before_the_store_is_up_the_api_says_so(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    services = make_services(tmp_path, None)
    client = Client(serve(services).port)
    assert client.get("/api/v1/series").status == 503
    assert "not up yet" in client.get("/api/v1/series/s").json["detail"]
    services.store = RrdStore(tmp_path)
    assert client.get("/api/v1/series").json["series"] == []


def test_names_are_joined_by_a_pipe_in_the_index(site: Site) -> None:
    for name in ("b", "a", "c.d"):
        site.store.add(name, file=False)
    reply = site.client.get("/rrd/rrds/index.txt")
    assert (reply.text, reply.headers["Content-Type"]) == ("a|b|c.d", "text/plain; charset=utf-8")


def test_the_raw_file_is_flushed_and_can_be_read_by_rrdtool(site: Site, tmp_path: Path) -> None:
    now = int(time.time())
    site.store.add("a-b.c", rows=3)
    site.store.cache("a-b.c", now, 7)
    reply = site.client.get("/rrd/rrds/a-b.c.rrd")
    assert reply.headers["Content-Disposition"] == "attachment; filename=a-b.c.rrd"
    copy = tmp_path / "copy"
    copy.write_bytes(reply.body)
    assert rrdtool.last(str(copy)) == now


def test_the_raw_file_of_a_series_without_data_is_not_found(site: Site) -> None:
    site.store.add("s", file=False)
    reply = site.client.get("/rrd/rrds/s.rrd")
    assert reply.status == 404
    assert "no data yet" in reply.text


def test_every_answer_in_json_parses_strictly(site: Site) -> None:
    site.store.add("s", column("a", last=float("nan")), column("b", last=float("inf")), rows=3)
    for path in (
        "/api/v1/series",
        "/api/v1/series/s",
        "/api/v1/series/s/data",
        "/api/v1/nodes",
        "/api/v1/nodes/0100/0001",
        "/healthz",
    ):
        document: Any = site.client.get(path).json
        assert document
