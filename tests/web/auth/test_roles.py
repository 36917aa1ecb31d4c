"""Every path of the server, asked as nobody, agent, viewer, operator and administrator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from web.auth.visitors import USERS, Gate, knock
from web.sites import Reply

from janitoo_datalog_rrd import __version__
from janitoo_datalog_rrd.web.routes import Role, declared

NAMES = {role: name for name, role in USERS.items()}


def every_request(app: Flask) -> Iterator[tuple[str, str, Role]]:
    """Path, method and declared role of everything that can be asked."""
    urls = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: next(iter(getattr(each, "items", "7"))) for name, each in rule._converters.items()}
        path = urls.build(rule.endpoint, values)
        for method in sorted(rule.methods or ()):
            endpoint = urls.match(path, method)[0]  # OPTIONS of a path is answered by one of its routes
            yield path, method, Role.NOBODY if endpoint == "static" else declared(app)[endpoint].role


def leads_to_login(reply: Reply) -> bool:
    return reply.status == 303 and urlsplit(reply.headers["Location"]).path == "/login"


def test_every_path_declares_who_may_ask(gate: Gate) -> None:
    rules = {rule.endpoint for rule in gate.app.url_map.iter_rules()}
    assert rules - {"static"} == set(declared(gate.app))
    assert {route.path for route in declared(gate.app).values() if route.role == Role.NOBODY} == {
        "/healthz",
        "/login",
        "/logout",
        "/api/v1/session",
    }


def test_what_changes_something_is_an_operators(gate: Gate) -> None:
    for route in declared(gate.app).values():
        if set(route.methods) - {"GET"} and not route.safe and route.path not in ("/login", "/logout"):
            assert route.role >= Role.OPERATOR or route.path == "/ressources-usage/save-all", route.path


def test_what_an_agent_may_do(gate: Gate) -> None:
    """It hands in; it sees nothing, and who only looks hands nothing in."""
    may = {role: {other for other in Role if role.may(other)} for role in Role}
    assert may == {
        Role.NOBODY: {Role.NOBODY},
        Role.AGENT: {Role.NOBODY, Role.AGENT},
        Role.VIEWER: {Role.NOBODY, Role.VIEWER},
        Role.OPERATOR: {Role.NOBODY, Role.AGENT, Role.VIEWER, Role.OPERATOR},
        Role.ADMIN: set(Role),
    }
    assert {route.path for route in declared(gate.app).values() if route.role is Role.AGENT} == {"/ressources-usage/save-all"}
    reply = gate.program(gate.secrets[Role.AGENT], "/api/v1/series")
    assert reply.status == 403
    assert "needs the role viewer; rack has the role agent" in reply.json["detail"]


@pytest.mark.parametrize(
    ("by", "role"), [("token", role) for role in Role] + [("session", role) for role in (Role.NOBODY, *NAMES)]
)
def test_every_path_answers_only_who_may_ask(gate: Gate, role: Role, by: str) -> None:
    headers = {}
    if by == "token" and role:
        headers["Authorization"] = f"Bearer {gate.secrets[role]}"
    elif role:
        browser = gate.browser(NAMES[role])
        headers["X-CSRF-Token"] = browser.csrf()
        headers["Cookie"] = f"{browser.session}={browser.cookies[browser.session]}"
    asked = 0
    for path, method, needed in every_request(gate.app):
        if path == "/logout" and role:
            continue  # it would end the session
        reply = knock(gate.port, method, path, headers, read=False)
        where = f"{method} {path} as {role.name}: {reply.status}, needs {needed.name}"
        asked += 1
        if role.may(needed):
            assert reply.status not in (401, 403), where
            assert not leads_to_login(reply) or path == "/logout", where
        else:
            assert reply.status == (403 if role else 401), where
    assert asked > 30


@pytest.mark.parametrize("path", ["/", "/rrd/?q=a%26b", "/status", "/series/x"])
def test_a_browser_is_led_to_the_login_and_back(gate: Gate, path: str) -> None:
    gate.store.add("x")
    browser = gate.browser()
    reply = browser.ask(path)
    assert leads_to_login(reply)
    back = browser.log_in("vera", path=reply.headers["Location"])
    assert (back.status, back.headers["Location"]) == (303, path)
    assert browser.ask(path).status == 200


def test_what_a_page_loads_is_not_led_to_the_login(gate: Gate) -> None:
    gate.store.add("x")
    for headers in ({"Accept": "image/avif,*/*"}, {"Accept": "*/*"}, {"Accept": "text/html", "Sec-Fetch-Dest": "image"}):
        reply = knock(gate.port, "GET", "/rrd/graph/x.png", headers)
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_program_is_told_what_to_do(gate: Gate) -> None:
    reply = knock(gate.port, "GET", "/api/v1/series", {"Accept": "text/html"})
    assert (reply.status, reply.headers["Content-Type"]) == (401, "application/problem+json")
    assert reply.headers["WWW-Authenticate"] == "Bearer realm=janitoo_datalog_rrd"
    assert "token" in reply.json["detail"]
    reply = gate.program("jnt_wrong", "/api/v1/series")
    assert reply.status == 401
    assert "error=invalid_token" in reply.headers["WWW-Authenticate"]


def test_who_may_not_is_told_which_role_is_needed(gate: Gate) -> None:
    reply = gate.program(gate.secrets[Role.VIEWER], "/api/v1/flush", "POST")
    assert reply.status == 403
    assert "needs the role operator; for vera has the role viewer" in reply.json["detail"]
    assert gate.store.flushes == []


def test_a_path_that_no_route_declares_is_an_administrators(gate: Gate) -> None:
    gate.app.add_url_rule("/stray", "stray", lambda: "stray")
    assert gate.program(gate.secrets[Role.OPERATOR], "/stray").status == 403
    assert gate.program(gate.secrets[Role.ADMIN], "/stray").status == 200


def test_wrong_arguments_are_not_looked_at_before_the_role(gate: Gate) -> None:
    assert knock(gate.port, "GET", "/api/v1/series?limit=no", {}).status == 401
    assert gate.program(gate.secrets[Role.VIEWER], "/api/v1/series?limit=no").status == 400


def test_strangers_are_told_only_whether_all_is_well(gate: Gate) -> None:
    assert knock(gate.port, "GET", "/healthz", {}).json == {"status": "ok"}
    gate.services.health.fail("broker", "gone")
    reply = knock(gate.port, "GET", "/healthz", {})
    assert (reply.status, reply.json) == (503, {"status": "failing"})
    assert gate.program(gate.secrets[Role.VIEWER], "/healthz").json["problems"] == {"broker": "gone"}
    for page in ("/nothing", "/login"):
        shown = knock(gate.port, "GET", page, {}).text
        assert "gone" not in shown
        assert __version__ not in shown


def test_what_others_have_published_is_shown_to_operators_only(gate: Gate) -> None:
    gate.services.rejected.add("house/alarm/code", b"hunter2", "no_number", "hunter2 is no number")
    for path in ("/api/v1/status", "/status"):
        seen = gate.browser("vera").ask(path)
        assert seen.status == 200
        assert "hunter2" not in seen.text
        assert "house/alarm/code" not in seen.text
        assert "hunter2" in gate.browser("oskar").ask(path).text


@pytest.mark.parametrize("name", list(USERS))
def test_a_page_says_who_is_logged_in(gate: Gate, name: str) -> None:
    page = gate.browser(name).ask("/").text
    assert f">{name}</span>" in page
    assert 'action="/logout"' in page
    assert f"Role: {USERS[name].name.lower()}" in page


def test_pages_lead_only_to_where_one_may_go(gate: Gate) -> None:
    def leads(page: str) -> set[str]:
        return set(re.findall(r'href="(/[a-z]*/?)"', page.partition("</nav>")[0].partition("<nav")[2]))

    assert leads(gate.browser("vera").ask("/").text) == {"/", "/rrd/", "/boards", "/status"}
    assert leads(gate.browser("oskar").ask("/").text) == {"/", "/rrd/", "/boards", "/status", "/explore"}
    assert leads(gate.browser().ask("/login").text) == set()
    assert leads(gate.browser().ask("/nothing").text) == set()
