"""What holds on every page: usable without a mouse and by a screen reader, on a phone, light and dark, and quick to load."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page
from web.auth.visitors import Gate
from web.sites import RrdStore, make_services

from browser.town import Town
from browser.window import DESKTOP, PHONE, Faults, axe, fits, overflow, show, weighed
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.server import WebServer

pytestmark = pytest.mark.slow
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


@pytest.fixture(scope="module")
def board(house: Town) -> str:
    """A board of the house."""
    return house.make_board()


@pytest.fixture
def path(request: pytest.FixtureRequest, house: Town, board: str, faults: Faults) -> str:
    """Where a page is; that of a page that is not there is a 404, which browsers note."""
    given = str(request.param)
    if "nothing-here" in given:
        faults.expect("404.*nothing-here")
    return house.url + given.format(board=board)


every_page = pytest.mark.parametrize("path", PATHS, indirect=True)


def faults_of(page: Page) -> list[str]:
    """What is wrong with the page that is shown, in both colour schemes, on a phone and on a desk."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width, height in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": height})
            if not fits(page):
                found.append(f"{scheme} {width}: it is {overflow(page)} px too wide")
            found += [f"{scheme} {width}: {fault}" for fault in axe(page)]
    return found


@every_page
def test_a_screen_reader_can_use_it_and_nobody_scrolls_sideways(page: Page, path: str) -> None:
    show(page, path)
    assert faults_of(page) == []
    assert page.title()
    assert page.locator("h1").count() == 1


def test_so_is_the_form_to_log_in(page: Page, tmp_path: Path) -> None:
    store = RrdStore(tmp_path)
    gate = Gate(make_services(tmp_path, store, http_auth="required"), store, tmp_path)
    server = WebServer(create_app(gate.services), "127.0.0.1", 0, 4)
    server.start()
    try:
        show(page, f"http://localhost:{server.port}/")
        assert urlsplit(page.url).path == "/login"
        assert faults_of(page) == []
    finally:
        page.goto("about:blank")
        server.stop()


@every_page
def test_the_tab_key_reaches_everything_and_shows_where_it_is(page: Page, path: str) -> None:
    show(page, path)
    stops = page.evaluate(f"() => {{ {_KEY} {_WANTED} }}")
    reached, unseen = set(), set()
    for _ in range(2 * len(stops) + 20):  # what scrolls may be a stop too
        page.keyboard.press("Tab")
        found = page.evaluate(f"() => {{ {_KEY} {_FOCUSED} }}")
        if found is None:  # past the end of the page, or what was reached was made anew meanwhile
            if reached >= set(stops):
                break
            continue
        reached.add(found["key"])
        if not found["shown"]:
            unseen.add(found["key"])
    assert unseen == set()
    assert set(stops) - reached == set()


@every_page
def test_the_first_tab_leads_past_the_menu(page: Page, path: str) -> None:
    show(page, path)
    if page.locator(".skip").count() == 0:
        assert path.endswith("/full")  # it has no menu
        return
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    inside = (
        "document.querySelector('main').contains(document.activeElement) || !document.querySelector('main :is(a, button, input)')"
    )
    assert page.evaluate(inside)


@every_page
def test_the_first_load_is_light(page: Page, path: str) -> None:
    with weighed(page) as weight:
        show(page, path)
        page.wait_for_timeout(500)  # what a page asks for by itself once it stands
    assert weight.total < FIRST_LOAD, dict(sorted(weight.sizes.items(), key=lambda item: -item[1])[:10])


_KEY = """
const keyOf = (element) => {
  const leads = (element.getAttribute("href") || "").split("?")[0];
  const words = (element.getAttribute("aria-label") || element.textContent || element.name || "").trim().slice(0, 40);
  return [element.tagName, element.id, leads || words].join(" ");
};
"""
"""What an element is called: charts may make theirs anew while the test goes on, and links tell of values that change."""
_WANTED = """
const isWanted = (element) => {
  const unseen = getComputedStyle(element).visibility === "hidden" || !element.getBoundingClientRect().width;
  if (unseen || !element.checkVisibility() || element.disabled || element.tabIndex < 0) return false;
  return !(element.type === "radio" && !element.checked) && !element.closest("[inert], dialog:not([open])");
};
const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
return [...all].filter(isWanted).map(keyOf);
"""
_FOCUSED = """
const element = document.activeElement;
if (!element || element === document.body) return null;
const isShown = (each) => {
  const style = getComputedStyle(each);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
};
return { key: keyOf(element), shown: isShown(element) || [...element.children].some(isShown) };
"""
