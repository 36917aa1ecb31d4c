"""Tokens of programs."""

from __future__ import annotations

import json

import pytest
from web.auth.visitors import DAY, Gate, knock

from janitoo_datalog_rrd.web.auth.tokens import Tokens
from janitoo_datalog_rrd.web.routes import Role


def used(gate: Gate, name: str) -> float | None:
    return next(token.used for token in gate.tokens.list() if token.name == name)


def test_a_token_lets_in_until_it_expires(gate: Gate) -> None:
    _, secret = gate.tokens.add("hour", Role.VIEWER, 3600)
    _, forever = gate.tokens.add("forever", Role.VIEWER, None)
    assert gate.program(secret, "/api/v1/series").status == 200
    gate.ahead = 3599
    assert gate.program(secret, "/api/v1/series").status == 200
    gate.ahead = 3601
    assert gate.program(secret, "/api/v1/series").status == 401
    gate.ahead = 3650 * DAY
    assert gate.program(forever, "/api/v1/series").status == 200


def test_a_clock_that_goes_back_wakes_no_token_for_long(gate: Gate) -> None:
    gate.ahead = 400 * DAY
    _, secret = gate.tokens.add("later", Role.VIEWER, 10 * DAY)
    gate.ahead = 405 * DAY
    assert gate.program(secret, "/api/v1/series").status == 200
    gate.ahead = 0
    assert gate.program(secret, "/api/v1/series").status == 401, "it was made in the future, so the clock is wrong"
    gate.ahead = 405 * DAY
    assert gate.program(secret, "/api/v1/series").status == 200


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER   {}", "Bearer {} "])
def test_the_scheme_may_be_written_in_several_ways(gate: Gate, form: str) -> None:
    headers = {"Authorization": form.format(gate.secrets[Role.VIEWER])}
    assert knock(gate.port, "GET", "/api/v1/series", headers).status == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer x", "Basic {}", "{}", "Bearer {}x", "Bearer é", "Bearer " + "x" * 9000]
)
def test_what_is_no_token_lets_nobody_in(gate: Gate, given: str) -> None:
    headers = {"Authorization": given.format(gate.secrets[Role.ADMIN])}
    assert knock(gate.port, "GET", "/api/v1/series", headers).status == 401


def test_what_is_kept_of_a_token_lets_nobody_in(gate: Gate) -> None:
    kept = json.loads((gate.home / "tokens.json").read_text())["tokens"]
    for entry in kept:
        assert gate.program(entry["sha256"], "/api/v1/series").status == 401


def test_a_token_in_the_address_lets_nobody_in(gate: Gate) -> None:
    """Addresses stand in logs and histories."""
    for query in ("token", "access_token"):
        assert knock(gate.port, "GET", f"/rrd/?{query}={gate.secrets[Role.VIEWER]}", {}).status == 401


def test_when_a_token_was_used_is_noted_once_a_day(gate: Gate) -> None:
    path = gate.home / "tokens.json"
    assert used(gate, "for vera") is None
    gate.program(gate.secrets[Role.VIEWER], "/api/v1/series")
    first = used(gate, "for vera")
    assert first is not None
    assert first % DAY == 0
    before = path.stat()
    gate.program(gate.secrets[Role.VIEWER], "/api/v1/series")
    assert path.stat() == before
    gate.ahead = 2 * DAY
    gate.program(gate.secrets[Role.VIEWER], "/api/v1/series")
    assert used(gate, "for vera") == first + 2 * DAY


def test_a_disk_that_is_full_keeps_no_token_out(gate: Gate) -> None:
    (gate.home / ".tokens.json.tmp").mkdir()
    assert gate.program(gate.secrets[Role.VIEWER], "/api/v1/series").status == 200


def test_a_listener_is_asked_again_whether_he_may_go_on(gate: Gate) -> None:
    by_token = gate.access.by_token(gate.secrets[Role.VIEWER])
    browser = gate.browser("vera")
    by_session = gate.access.by_session(browser.cookies[browser.session])
    assert gate.access.knows_still(by_token)
    assert gate.access.knows_still(by_session)
    gate.tokens.remove("for vera")
    gate.users.set_password("vera", "another battery")
    assert not gate.access.knows_still(by_token)
    assert not gate.access.knows_still(by_session)


def test_a_token_is_long_and_never_the_same(gate: Gate) -> None:
    secrets = {Tokens(gate.home, gate.services.clock).add(f"t{n}", Role.VIEWER, None)[1] for n in range(20)}
    assert len(secrets) == 20
    assert all(secret.startswith("jnt_") and len(secret) == 47 for secret in secrets)
