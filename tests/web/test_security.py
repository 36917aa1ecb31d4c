"""Who is answered, and what browsers are told."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from web.sites import Client, RrdStore, Site, make_services

from janitoo_datalog_rrd.web.security import is_our_host
from janitoo_datalog_rrd.web.server import WebServer

PATHS = [
    "/",
    "/rrd/",
    "/status",
    "/healthz",
    "/metrics",
    "/rrd/rrds/index.txt",
    "/api/v1/series",
    "/static/style.css",
    "/nothing",
]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8081", "127.0.0.1", "127.0.0.1:1", "127.9.9.9", "[::1]:8081", "LOCALHOST", "localhost."]
)
def test_loopback_names_are_answered(site: Site, host: str) -> None:
    assert site.client.get("/", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8081",
        "localhost.evil.example",
        "a" * 64 + ".example",
        "a..example",
        "127.0.0.1.evil.example",
        "192.168.1.5",
        "[fe80::1]",
        "a b",
        "@",
        "",
    ],
)
def test_a_foreign_host_name_is_refused(site: Site, host: str) -> None:
    site.store.add("s", label="private")
    for path in ("/", "/api/v1/series", "/rrd/graph/s.png", "/static/style.css"):
        reply = site.client.get(path, Host=host)
        assert reply.status == 421
        assert "private" not in reply.text


def test_the_configured_host_is_answered(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    services = make_services(tmp_path, RrdStore(tmp_path), http_host_0="127.0.0.7")
    client = Client(serve(services, "127.0.0.7").port, "127.0.0.7")
    assert client.get("/healthz", Host="127.0.0.7").status == 200


def test_names_that_are_configured_are_answered(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    services = make_services(tmp_path, RrdStore(tmp_path), http_names=("house.example.org",))
    client = Client(serve(services).port)
    for host, status in (("house.example.org", 200), ("HOUSE.example.org.:8081", 200), ("x.house.example.org", 421)):
        assert client.get("/healthz", Host=host).status == status, host


@pytest.mark.parametrize("configured", ["0.0.0.0", "::", "192.168.1.5", "house.lan"])
def test_a_server_for_others_answers_to_any_address_and_to_its_own_name(tmp_path: Path, configured: str) -> None:
    """A page of somebody else has a name, which its owner can point here; an address is nobody's but ours."""
    options = make_services(tmp_path, None, http_host=configured).options
    ours = socket.gethostname().lower()
    for host in (
        "192.168.1.5",
        "192.168.1.5:8081",
        "[fe80::1]:8081",
        "localhost",
        configured,
        ours,
        f"{ours.partition('.')[0]}.local",
    ):
        assert is_our_host(f"[{host}]" if host == "::" else host, options), host
    for host in ("evil.example", f"{ours}.evil.example", "1.2.3.4.evil.example", "deadbeef", "[::1", ""):
        assert not is_our_host(host, options), host


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_page_of_another_site_cannot_flush(site: Site, headers: dict[str, str]) -> None:
    site.store.add("s", rows=3)
    reply = site.client.post("/api/v1/flush", **headers)
    assert (reply.status, reply.json["status"], site.store.flushes) == (403, 403, [])


def test_our_own_page_and_programs_can_flush(site: Site) -> None:
    ours = f"localhost:{site.client.port}"
    assert site.client.post("/api/v1/flush").status == 200
    assert site.client.post("/api/v1/flush", Host=ours, Origin=f"http://{ours}", Sec_Fetch_Site="same-origin").status == 200


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_security_headers(site: Site, path: str) -> None:
    headers = site.client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"]
    assert headers["Server"] is None


def test_a_picture_opened_by_itself_may_run_nothing(site: Site) -> None:
    site.store.add("s")
    policy = site.client.get("/rrd/graph/s.svg").headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "path", ["/static/../__init__.py", "/static/..%2f__init__.py", "/static/%2e%2e/templates/base.html", "/static/x%00y"]
)
def test_nothing_but_static_files_is_served_from_the_folder(site: Site, path: str) -> None:
    assert site.client.get(path).status == 404


def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", site.client.port, timeout=10)
    try:
        connection.request("POST", "/api/v1/flush", b"x" * 200_000)
        assert connection.getresponse().status == 413
    finally:
        connection.close()
    assert site.store.flushes == []


@pytest.mark.parametrize("target", [b"/rrd/?q=caf\xe9", b"/api/v1/series?\xff=1", b"/caf\xe9"])
def test_a_target_that_is_no_text_is_refused(site: Site, target: bytes) -> None:
    with socket.create_connection(("127.0.0.1", site.client.port), timeout=10) as asker:
        asker.sendall(b"GET " + target + b" HTTP/1.0\r\n\r\n")
        with asker.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.0 400 Bad Request\r\n"


@pytest.mark.parametrize("path", ["/api/v1/devices/x" + "/metrics/a" * 500, "/" + "a/" * 3000, "/static/" + "%41" * 4000])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_is_too_long_is_not_looked_for(site: Site, path: str, method: str) -> None:
    reply = site.client.ask(path, method)
    assert reply.status == 414
    assert "4000 characters" in reply.text
    assert reply.headers["Content-Security-Policy"]
