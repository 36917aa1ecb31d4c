"""Grafana and the clients of other servers ask a server that asks for a log-in: by a token, or with a person's cookie."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from web.auth.visitors import Gate, knock

from janitoo_datalog_rrd.web.routes import Role

FORM = {"target": "constantLine(100)", "from": "-1h", "until": "now", "format": "json", "maxDataPoints": "300"}
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def render(gate: Gate, **headers: str) -> int:
    return knock(gate.port, "POST", "/render", {**HEADERS, **headers}, urlencode(FORM).encode()).status


def test_a_token_of_a_viewer_is_enough(gate: Gate) -> None:
    assert render(gate, Authorization=f"Bearer {gate.secrets[Role.VIEWER]}") == 200


def test_without_one_it_is_told_so_in_a_form_for_programs(gate: Gate) -> None:
    reply = knock(gate.port, "POST", "/render", HEADERS, urlencode(FORM).encode())
    assert (reply.status, reply.headers["Content-Type"]) == (401, "application/problem+json")
    assert reply.json["message"]


def test_a_post_with_a_cookie_needs_no_token_against_forgery_since_it_only_reads(gate: Gate) -> None:
    browser = gate.browser("vera")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    assert render(gate, Cookie=cookie) == 200
    assert browser.ask("/api/v1/flush", "POST").status == 403


@pytest.mark.parametrize(
    "path",
    ["/metrics/find?query=*", "/functions", "/api/v1/devices", "/ressources-usage/get-all", "/ressources-usage/query-alarm/"],
)
def test_a_viewer_sees_what_clients_ask_and_nobody_else_does(gate: Gate, path: str) -> None:
    assert gate.program(gate.secrets[Role.VIEWER], path).status == 200
    assert knock(gate.port, "GET", path, {"Accept": "application/json"}).status == 401
