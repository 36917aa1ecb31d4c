"""Logging in and out as a person does it, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from web.auth.visitors import PASSWORD, Gate
from web.sites import RrdStore, make_services

from browser.window import PHONE, Faults, fits
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.routes import Role
from janitoo_datalog_rrd.web.server import WebServer


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A running server that asks for a log-in, with a user of each role."""
    store = RrdStore(tmp_path)
    made = Gate(make_services(tmp_path, store, http_auth="required"), store, tmp_path)
    made.server = WebServer(create_app(made.services), "127.0.0.1", 0, 4)
    made.server.start()
    yield made
    made.server.stop()


@pytest.fixture
def url(gate: Gate) -> str:
    return f"http://localhost:{gate.port}"


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("size", [PHONE, (1400, 900)], ids=["phone", "desktop"])
def test_a_person_logs_in_looks_and_logs_out(page: Page, gate: Gate, url: str, faults: Faults) -> None:
    gate.store.add("s", label="Kitchen")
    faults.expect("403.*/login")
    faults.expect("401.*/(rrd/graph|api/v1)/")  # what was on its way at the log-out
    page.goto(f"{url}/series/s")
    expect(page).to_have_url(f"{url}/login?next=/series/s")
    log_in(page, "vera", "wrong password")
    expect(page.get_by_role("alert")).to_have_text("Name or password are wrong.")
    expect(page.get_by_label("Name")).to_have_value("vera")
    expect(page.get_by_label("Password")).to_have_value("")
    log_in(page, "vera")
    expect(page).to_have_url(re.compile(f"{url}/series/s"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Kitchen")
    expect(page.get_by_text("vera", exact=True)).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{url}/login")
    page.goto(f"{url}/status")
    expect(page).to_have_url(f"{url}/login?next=/status")


def test_it_is_done_without_a_mouse(page: Page, gate: Gate, url: str) -> None:
    page.goto(f"{url}/")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{url}/")
    expect(page.get_by_text("ada", exact=True)).to_be_visible()


def test_scripts_cannot_read_the_cookie_and_may_change_what_the_user_may(page: Page, gate: Gate, url: str) -> None:
    page.goto(f"{url}/login")
    log_in(page, "oskar")
    page.wait_for_url(f"{url}/")
    assert page.evaluate("document.cookie") == ""
    made = page.evaluate("import('/static/js/api.js').then((api) => api.send('POST', '/api/v1/flush'))")
    assert made == {"flushed": 0}


def test_a_page_that_is_open_when_the_session_ends_leads_to_the_login(page: Page, gate: Gate, url: str, faults: Faults) -> None:
    faults.expect("401|ERR_")
    gate.store.add("s", label="Kitchen")
    page.goto(f"{url}/login")
    log_in(page, "vera")
    page.wait_for_url(f"{url}/")
    expect(page.get_by_text("Kitchen").first).to_be_visible()
    gate.users.set_password("vera", "another battery")
    expect(page).to_have_url(f"{url}/login", timeout=60_000)


@pytest.mark.parametrize("size", [PHONE])
def test_a_long_name_pushes_nothing_off_a_phone(page: Page, gate: Gate, url: str) -> None:
    name = "W" * 64
    gate.users.add(name, PASSWORD, Role.ADMIN)
    page.goto(f"{url}/login")
    log_in(page, name)
    page.wait_for_url(f"{url}/")
    assert fits(page)
    expect(page.get_by_role("button", name="Log out")).to_be_in_viewport()
