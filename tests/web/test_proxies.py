"""Behind a reverse proxy: what it says of a request is believed of one that is trusted, and of nobody else."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify, request
from web.sites import Client, RrdStore, make_services

from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.auth.tokens import Tokens
from janitoo_datalog_rrd.web.routes import Role
from janitoo_datalog_rrd.web.security import parse_names
from janitoo_datalog_rrd.web.server import WebServer
from janitoo_datalog_rrd.web.serving.proxies import parse_networks

SAID = {"X_Forwarded_For": "198.51.100.7", "X_Forwarded_Proto": "https", "X_Forwarded_Host": "house.example.org"}


def told() -> Any:
    """What a handler sees of a request."""
    return jsonify(
        address=request.remote_addr,
        scheme=request.scheme,
        host=request.host,
        headers={name: value for name, value in request.headers if name.startswith(("X-Forwarded", "Forwarded"))},
    )


def app_of(home: Path, **options: Any) -> tuple[Flask, Any]:
    services = make_services(home, RrdStore(home), **options)
    app = create_app(services)
    app.add_url_rule("/told", "told", told)
    return app, services.options.section("http")


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Ask a server that trusts these proxies, as an administrator: others have to log in where there is a proxy."""
    running: list[WebServer] = []
    _, token = Tokens(tmp_path, time.time).add("tester", Role.ADMIN, None)

    def asked(trusted: str, path: str = "/told", method: str = "GET", address: str = "127.0.0.1", **headers: str) -> Any:
        app, section = app_of(tmp_path, trusted_proxies=parse_networks(trusted), http_names=("house.example.org",))
        server = WebServer(app, "127.0.0.1", 0, section=section)
        server.start()
        running.append(server)
        return Client(server.port, address).ask(path, method, Authorization=f"Bearer {token}", **headers)

    yield asked
    for server in running:
        server.stop()


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.0/8", "::1, 127.0.0.1", "10.0.0.0/8,127.0.0.1/32"])
def test_a_trusted_proxy_is_believed(ask: Callable[..., Any], trusted: str) -> None:
    seen = ask(trusted, **SAID).json
    assert (seen["address"], seen["scheme"], seen["host"]) == ("198.51.100.7", "https", "house.example.org")


@pytest.mark.parametrize("trusted", ["", "127.0.0.2", "10.0.0.0/8", "::1"])
def test_nobody_else_is(ask: Callable[..., Any], trusted: str) -> None:
    seen = ask(trusted, Forwarded="for=1.2.3.4;host=evil.example", X_Forwarded_Prefix="/x", X_Forwarded_Port="1", **SAID).json
    assert (seen["address"], seen["scheme"]) == ("127.0.0.1", "http")
    assert seen["host"].startswith("127.0.0.1:")
    assert seen["headers"] == {}


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
        ("6.6.6.6, 198.51.100.7, 10.1.1.1, 10.2.2.2", "198.51.100.7"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ('"[2001:db8::7]"', "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("6.6.6.6, ::ffff:10.1.1.1", "6.6.6.6"),
        ("198.51.100.7, unknown", "127.0.0.1"),
        ("<script>", "127.0.0.1"),
        ("", "127.0.0.1"),
        (",,,", "127.0.0.1"),
        ("198.51.100.7, 10.1.1.1\t", "198.51.100.7"),
    ],
)
def test_who_asks_is_the_nearest_who_is_no_proxy_of_ours(ask: Callable[..., Any], chain: str, address: str) -> None:
    assert ask("127.0.0.1, 10.0.0.0/8", X_Forwarded_For=chain).json["address"] == address


@pytest.mark.parametrize(
    ("proto", "scheme"), [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("javascript", "http"), ("", "http")]
)
def test_a_scheme_is_one_of_two(ask: Callable[..., Any], proto: str, scheme: str) -> None:
    assert ask("127.0.0.1", X_Forwarded_Proto=proto).json["scheme"] == scheme


def test_the_host_that_was_asked_for_is_checked(ask: Callable[..., Any]) -> None:
    assert ask("127.0.0.1", "/healthz", X_Forwarded_Host="house.example.org").status == 200
    assert ask("127.0.0.1", "/healthz", X_Forwarded_Host="evil.example").status == 421
    assert ask("127.0.0.1", "/healthz", X_Forwarded_Host="evil.example, house.example.org").status == 200
    assert ask("127.0.0.1", "/healthz", X_Forwarded_Host="a b").status == 421
    assert ask("", "/healthz", Host="evil.example", X_Forwarded_Host="house.example.org").status == 421


def test_a_page_behind_the_proxy_may_post_and_others_may_not(ask: Callable[..., Any]) -> None:
    for origin, status in (
        ("https://house.example.org", 200),
        ("http://house.example.org", 403),
        ("https://evil.example", 403),
        ("http://127.0.0.1", 403),
    ):
        assert ask("127.0.0.1", "/api/v1/flush", "POST", Origin=origin, **SAID).status == status, origin


def test_tls_of_the_proxy_counts_as_ours(ask: Callable[..., Any]) -> None:
    assert ask("127.0.0.1", "/healthz", **SAID).headers["Strict-Transport-Security"]
    assert ask("", "/healthz", **SAID).headers["Strict-Transport-Security"] is None


@pytest.mark.parametrize("raw", ["nonsense", "10.0.0.0/33", "*", "house.example.org", "10.0.0.1 10.0.0.2", "1.2.3.4;"])
def test_what_is_no_address_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"is no address and no network: expected such as 127\.0\.0\.1"):
        parse_networks(raw)


def test_addresses_and_networks_are_taken() -> None:
    expected = tuple(map(ipaddress.ip_network, ("127.0.0.1/32", "192.168.1.0/24", "fd00::/8")))
    assert parse_networks("127.0.0.1, 192.168.1.7/24,, fd00::/8") == expected
    assert parse_networks("") == ()


@pytest.mark.parametrize("raw", ["house.example.org:8081", "http://house", "a/b", "house name", "*.example.org", "hä"])
def test_what_is_no_host_name_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="is no name of a host"):
        parse_names(f"fine.example, {raw}")


def test_names_are_taken_in_any_writing() -> None:
    assert parse_names("House.Example.org., other") == ("house.example.org", "other")
