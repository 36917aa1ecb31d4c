"""What holds on every page: usable without a mouse and by a screen reader, on a phone, light and dark, and quick to load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from support import Mosquitto, fetch_json

from browser.town import Town, build_town
from browser.window import DESKTOP, PHONE, Faults, axe, overflow, weighed
from janitoo_datalog_rrd.web.routes import Role

FIRST_LOAD = 200_000
"""Bytes on the wire that a page may take at its first load."""
PATHS = (
    "/",
    "/rrd/",
    "/series/0100.0001.temperature.0",
    "/boards",
    "/boards/{board}",
    "/boards/{board}/full",
    "/explore",
    "/status",
    "/nodes/0100/0001",
    "/nodes/topic?name=tele/boiler/SENSOR",
    "/configuration",
    "/api/docs",
    "/nothing-here",
    "/series/nothing-here",
)
MOST_TABS = 400


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The house, with a board in it."""
    folder = tmp_path_factory.mktemp("everywhere")
    with Mosquitto(folder / "broker") as broker, build_town(folder, broker) as town:
        yield town


@pytest.fixture
def path(request: pytest.FixtureRequest, house: Town, faults: Faults) -> str:
    """Where a page is; that of a page that is not there is a 404, which browsers note."""
    given = str(request.param)
    if "nothing-here" in given:
        faults.expect("404.*nothing-here")
    return house.url + given.format(board=house.board)


every_page = pytest.mark.parametrize("path", PATHS, indirect=True)


def show(page: Page, url: str) -> None:
    """Open a page and wait until it stands still; one that listens for events never falls silent."""
    page.goto(url)
    page.wait_for_load_state("load")
    page.wait_for_function("!document.querySelector('[aria-busy=true]')")


@every_page
@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_screen_reader_can_use_it_and_nobody_scrolls_sideways(page: Page, path: str) -> None:
    show(page, path)
    assert overflow(page) == 0
    assert axe(page) == []
    assert page.title()
    assert page.locator("h1").count() == 1
