"""Fixtures of the browser: Debian's Chromium by Playwright, and servers to look at.

A test takes `page`, and may set how its window is by parameters of these names:

    @pytest.mark.parametrize("size", [PHONE, DESKTOP])
    @pytest.mark.parametrize("colour_scheme", ["light", "dark"])
    def test_...(page: Page, house: House) -> None: ...

It fails where a page did what it must not; `faults.expect(...)` says what a test wants to see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from support import Mosquitto
from web.sites import Client, RrdStore, Site, make_services

from browser.town import Town, build_town
from browser.window import ARGUMENTS, CHROMIUM, DESKTOP, Faults
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.server import WebServer

_OPEN = pytest.StashKey[BrowserContext]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Close a test's windows before the server that they look at goes, in whatever order a test has asked for them."""
    if _OPEN in item.stash:
        item.stash[_OPEN].close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium with a fresh profile."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: run script/bootstrap --browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def size() -> tuple[int, int]:
    """Width and height of the window in pixels."""
    return DESKTOP


@pytest.fixture
def colour_scheme() -> str:
    """What the system prefers: `light` or `dark`."""
    return "light"


@pytest.fixture
def javascript() -> bool:
    """Whether pages may run scripts."""
    return True


@pytest.fixture
def time_zone() -> str:
    """Where the browser is."""
    return "Europe/Berlin"


@pytest.fixture
def faults() -> Iterator[Faults]:
    """What pages have done that they must not; a test that does not expect it fails."""
    watch = Faults()
    yield watch
    assert watch.unexpected() == []


@pytest.fixture
def context(
    request: pytest.FixtureRequest,
    browser: Browser,
    faults: Faults,
    size: tuple[int, int],
    colour_scheme: str,
    javascript: bool,
    time_zone: str,
) -> BrowserContext:
    """A fresh profile without cookies and cache."""
    made = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=colour_scheme,  # type: ignore[arg-type]
        java_script_enabled=javascript,
        timezone_id=time_zone,
        locale="en-GB",
        reduced_motion="reduce",
        accept_downloads=True,
    )
    made.set_default_timeout(15_000)
    faults.watch(made)
    request.node.stash[_OPEN] = made
    return made


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A window of the browser."""
    return context.new_page()


@pytest.fixture
def open_window(context: BrowserContext) -> Callable[[str], Page]:
    """A function that opens a further window on a URL."""

    def open_url(url: str) -> Page:
        window = context.new_page()
        window.goto(url)
        return window

    return open_url


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A running server on a real broker, with a small house that has been logged for three days; one for a module."""
    folder = tmp_path_factory.mktemp("house")
    with Mosquitto(folder / "broker") as broker, build_town(folder, broker) as town:
        yield town


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A web server in front of an empty store of real RRD files, without broker; see web/sites.py."""
    store = RrdStore(tmp_path)
    services = make_services(tmp_path, store)
    server = WebServer(create_app(services), "127.0.0.1", 0, 4)
    server.start()
    yield Site(services, store, Client(server.port))
    server.stop()


@pytest.fixture
def site_url(site: Site) -> str:
    """Where `site` is, without the slash at the end."""
    return f"http://localhost:{site.client.port}"
