"""Boards where people log in: who only looks is offered no change, and a screen on the wall comes back after the log-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from web.auth.visitors import PASSWORD, Gate
from web.sites import RrdStore, column, make_services

from browser.window import Faults
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.boards.board import Draft, Tile, TileSeries
from janitoo_datalog_rrd.web.room import room
from janitoo_datalog_rrd.web.server import WebServer

pytestmark = pytest.mark.slow


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A server that asks for a log-in, with one series and one board."""
    store = RrdStore(tmp_path)
    store.add("s", column(last=21.5), label="Kitchen")
    made = Gate(make_services(tmp_path, store, http_auth="required"), store, tmp_path)
    app = create_app(made.services)
    room(app).boards.add(Draft(title="Kitchen", tiles=(Tile(kind="value", series=(TileSeries(name="s"),)),)))
    made.server = WebServer(app, "127.0.0.1", 0, 4)
    made.server.start()
    yield made
    made.server.stop()


def enter(page: Page, gate: Gate, name: str, path: str) -> None:
    """Open a page, and log in on the way."""
    assert gate.server is not None
    page.goto(f"http://localhost:{gate.server.port}{path}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{path}")


def test_a_viewer_looks_at_boards_and_is_offered_no_change(page: Page, gate: Gate, faults: Faults) -> None:
    faults.expect("403")
    enter(page, gate, "vera", "/boards")
    expect(page.locator("#make")).to_have_count(0)
    page.get_by_role("link", name="Kitchen", exact=True).click()
    expect(page.locator(".tile .big b")).to_have_text("21.5")
    expect(page.get_by_role("button", name="Edit")).to_have_count(0)
    expect(page.get_by_role("link", name="Full screen")).to_be_visible()
    expect(page.locator("#editor, #tile-dialog")).to_have_count(0)
    status = page.evaluate(
        """async () => {
            const { csrf } = await (await fetch("/api/v1/session")).json();
            const headers = {"Content-Type": "application/json", "X-CSRF-Token": csrf};
            return (await fetch("/api/v1/boards", {method: "POST", headers, body: '{"title": "Mine"}'})).status;
        }"""
    )
    assert status == 403


def test_an_operator_changes_boards_by_the_token_of_the_session(page: Page, gate: Gate) -> None:
    enter(page, gate, "oskar", "/boards/kitchen")
    page.get_by_role("button", name="Edit", exact=True).click()
    page.get_by_role("textbox", name="Title").fill("Parlour")
    expect(page.locator("#save-state")).to_have_text("All changes saved")
    page.reload()
    expect(page.locator("h1")).to_have_text("Parlour")


def test_a_wall_whose_session_has_ended_leads_to_the_log_in_and_back(page: Page, gate: Gate, faults: Faults) -> None:
    faults.expect("401")
    page.clock.install()
    enter(page, gate, "vera", "/boards/kitchen/full")
    expect(page.locator(".tile .big b")).to_have_text("21.5")
    gate.users.remove("vera")
    with page.expect_event("load"):
        page.clock.run_for(45_000)
    page.wait_for_url("**/login?next=/boards/kitchen/full")
    page.get_by_label("Name").fill("oskar")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".tile .big b")).to_have_text("21.5")


def test_a_screen_on_the_wall_says_that_its_board_was_deleted(page: Page, gate: Gate, faults: Faults) -> None:
    faults.expect("404")
    page.clock.install()
    enter(page, gate, "vera", "/boards/kitchen/full")
    room(gate.app).boards.delete("kitchen", lambda _: True)
    page.clock.run_for(21_000)
    expect(page.locator("#connection")).to_have_text("This board was deleted.")
    expect(page.locator("body.stale")).to_be_visible()
