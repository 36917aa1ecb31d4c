"""What tests in a browser share: how a window looks, what a page must not do, and axe-core."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError
from support import wait_until

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # no name but the machine's own is ever looked up, and no other address ever asked
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE ::1",
)
PHONE = (360, 740)
DESKTOP = (1400, 900)
_AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_STANDS = """!document.querySelector("[aria-busy=true]") &&
[...document.querySelectorAll(".chart, .plot")].every((each) => each.querySelector("canvas, img, .chart-note:not([hidden])"))"""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass
class Faults:
    """What pages have done that they must not: errors and warnings on the console, uncaught exceptions, foreign requests.

    A page that breaks its content policy tells so on the console. Where a test wants a fault, it says so first.

    Attributes:
        found: one line each.
    """

    found: list[str] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Let faults pass in whose line a regular expression is found, such as `404.*/series/none`."""
        self._expected.append(re.compile(pattern))

    def watch(self, context: BrowserContext) -> None:
        """Note the faults of every page of a context."""
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)

    def unexpected(self) -> list[str]:
        """Those that no test has expected."""
        return [line for line in self.found if not any(pattern.search(line) for pattern in self._expected)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self.found.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _on_error(self, error: WebError) -> None:
        self.found.append(f"uncaught: {error.error}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname not in _LOOPBACK:
            self.found.append(f"foreign request: {request.url}")


@dataclass(frozen=True)
class Weight:
    """What a page has fetched.

    Attributes:
        sizes: bytes on the wire by URL, heads and bodies, compressed as they came.
    """

    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return sum(self.sizes.values())


@contextmanager
def weighed(page: Page) -> Iterator[Weight]:
    """Weigh everything that a page fetches for as long as the block lasts."""
    weight, urls = Weight(), {}
    session = page.context.new_cdp_session(page)

    def on_response(event: dict[str, Any]) -> None:
        urls[event["requestId"]] = event["response"]["url"]

    def on_data(event: dict[str, Any]) -> None:
        add(event["requestId"], event["encodedDataLength"])

    def on_finished(event: dict[str, Any]) -> None:
        # The whole, heads included: what was added while it came is part of it.
        weight.sizes[urls.get(event["requestId"], event["requestId"])] = int(event["encodedDataLength"])

    def add(request: str, size: int) -> None:
        url = urls.get(request, request)
        weight.sizes[url] = weight.sizes.get(url, 0) + int(size)

    session.on("Network.responseReceived", on_response)
    session.on("Network.dataReceived", on_data)
    session.on("Network.loadingFinished", on_finished)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    try:
        yield weight
    finally:
        session.detach()


def axe(page: Page, *, impacts: tuple[str, ...] = ("serious", "critical")) -> list[str]:
    """What axe-core finds on the page that is shown.

    Args:
        page: of the browser.
        impacts: how grave a fault must be.

    Returns:
        A line for each fault: its rule, what is wrong, and where.
    """
    if not _AXE.is_file():
        pytest.skip(f"{_AXE} is not there: run script/bootstrap --browser")
    # The protocol runs the script, not the page: its content policy has no say in it.
    if not page.evaluate("typeof window.axe !== 'undefined'"):
        page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await window.axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        f"{each['id']}: {each['help']}: {'; '.join(' '.join(map(str, node['target'])) for node in each['nodes'][:5])}"
        for each in found
        if each["impact"] in impacts
    ]


def show(page: Page, url: str) -> None:
    """Open a page and wait until its charts are drawn; a page that listens for events never falls silent."""
    page.goto(url, wait_until="load")
    # `page.wait_for_function` has the page evaluate a text, which its content policy forbids
    wait_until(lambda: page.evaluate(_STANDS), what=f"{url} to stand still")


def overflow(page: Page) -> int:
    """How many pixels of the page stand beyond its right edge, so that one has to scroll sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def fits(page: Page) -> bool:
    """Whether nobody has to scroll sideways; charts follow a window that was made smaller a moment later."""
    with contextlib.suppress(AssertionError):
        wait_until(lambda: overflow(page) == 0, 5, what="the page to fit")
    return overflow(page) == 0
