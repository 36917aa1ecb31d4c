"""When a server asks for a log-in, and when it does not start."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from web.auth.visitors import PASSWORD, Browser
from web.sites import Client, RrdStore, make_services

from janitoo_datalog_rrd.core.errors import ConfigError, StartError
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.web.auth.passwords import Passwords
from janitoo_datalog_rrd.web.auth.policy import check_exposed, is_required
from janitoo_datalog_rrd.web.auth.tokens import Tokens
from janitoo_datalog_rrd.web.auth.users import Users
from janitoo_datalog_rrd.web.routes import Role
from janitoo_datalog_rrd.web.server import WebServer
from janitoo_datalog_rrd.web.serving.proxies import parse_networks

LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]", "LOCALHOST", "127.0.0.9")
EXPOSED = ("0.0.0.0", "::", "192.168.1.5", "house.local", "fe80::1%eth0", "127.0.0.1.example.org")
PROXY = parse_networks("127.0.0.1")
COMMAND = "jnt_datalog_rrd user add NAME --role admin"


def options_of(home: Path, **http: Any) -> Options:
    return make_services(home, None, **http).options


@pytest.mark.parametrize("host", LOOPBACK)
def test_on_loopback_nobody_has_to_log_in(tmp_path: Path, host: str) -> None:
    options = options_of(tmp_path, http_host=host)
    assert not is_required(options)
    check_exposed(host, options)
    assert not list(tmp_path.iterdir()), "nothing is written for a log-in that is not asked for"


@pytest.mark.parametrize("host", EXPOSED)
def test_elsewhere_everybody_has_to_log_in(tmp_path: Path, host: str) -> None:
    assert is_required(options_of(tmp_path, http_host=host))
    assert is_required(options_of(tmp_path, http_host=host, http_auth="required"))


@pytest.mark.parametrize("http", [{"http_auth": "required"}, {"trusted_proxies": PROXY}], ids=str)
def test_on_loopback_it_can_be_asked_for(tmp_path: Path, http: dict[str, Any]) -> None:
    assert is_required(options_of(tmp_path, http_host="localhost", **http))


@pytest.mark.parametrize("host", EXPOSED)
def test_to_let_everybody_of_a_network_in_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(StartError, match=r"\[http\] http_auth = off: with http_host_0 = .*set http_auth to auto"):
        check_exposed(host, options_of(tmp_path, http_host=host, http_auth="off"))


def test_to_let_everybody_in_that_a_proxy_brings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"http_auth = off: with trusted_proxies others"):
        check_exposed("localhost", options_of(tmp_path, http_auth="off", trusted_proxies=PROXY))


@pytest.mark.parametrize("http", [{"http_host": "0.0.0.0"}, {"http_auth": "required"}, {"trusted_proxies": PROXY}], ids=str)
def test_a_log_in_that_nobody_can_pass_is_refused_with_the_command_to_run(tmp_path: Path, http: dict[str, Any]) -> None:
    options = options_of(tmp_path, **http)
    host = http.get("http_host", "localhost")
    with pytest.raises(StartError, match=COMMAND):
        check_exposed(host, options)
    tokens = Tokens(tmp_path, lambda: time.time() - 7200)
    tokens.add("over", Role.ADMIN, 3600)
    with pytest.raises(StartError, match=COMMAND):
        check_exposed(host, options)
    tokens.add("good", Role.VIEWER, None)
    check_exposed(host, options)
    tokens.remove("good")
    Users(tmp_path, Passwords(memory_kib=1024), time.time).add("vera", PASSWORD, Role.VIEWER)
    check_exposed(host, options)


@pytest.mark.parametrize("name", ["users.json", "tokens.json"])
def test_a_damaged_file_keeps_the_server_from_starting(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(StartError, match=f"{name} cannot be used: .*mended"):
        check_exposed("0.0.0.0", options_of(tmp_path, http_host="0.0.0.0"))


def test_a_server_behind_a_proxy_starts_once_there_is_a_user(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    services = make_services(tmp_path, RrdStore(tmp_path), trusted_proxies=PROXY)
    with pytest.raises(StartError, match=COMMAND):
        serve(services)
    Users(tmp_path, Passwords(), time.time).add("vera", PASSWORD, Role.VIEWER)
    port = serve(services).port
    assert Client(port).get("/api/v1/series").status == 401
    assert Browser(port).log_in("vera").status == 303


def test_without_authentication_everybody_may_do_everything(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    for http in ({}, {"http_auth": "off"}):
        client = Client(serve(make_services(tmp_path, RrdStore(tmp_path), **http)).port)
        assert client.get("/api/v1/session").json["role"] == "admin"
        assert client.post("/api/v1/flush").status == 200
        assert "pid" in client.get("/healthz").json
        assert client.get("/api/v1/series", Authorization="Bearer anything").status == 200


@pytest.mark.parametrize("word", ["on", "", "Required", "no"])
def test_a_word_that_is_none_is_told(tmp_path: Path, word: str) -> None:
    ini = tmp_path / "house.conf"
    ini.write_text(f"[http]\nhttp_auth = {word}\n")
    with pytest.raises(ConfigError, match="expected one of auto, required, off"):
        Options.load(ini, Plugins())
