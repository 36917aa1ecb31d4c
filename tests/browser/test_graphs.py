"""The page of all graphs: it refreshes itself, and filters as one types."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from web.sites import Site, column

from browser.window import Faults


@pytest.mark.slow
def test_the_page_refreshes_values_and_graphs_by_itself(page: Page, site: Site, site_url: str, faults: Faults) -> None:
    # A series without data answers 404 with a picture that says so, which browsers note.
    faults.expect("404.*/rrd/graph/fresh.svg")
    site.store.add("s", column(last=21.5), label="<b>Kitchen</b>")
    site.store.add("fresh", file=False)
    page.goto(f"{site_url}/rrd/")
    expect(page.get_by_role("heading", name="<b>Kitchen</b>")).to_be_visible()
    site.store.add("s", column(last=22.25), label="<b>Kitchen</b>", file=False)
    expect(page.locator("[data-series=s] b").first).to_have_text("22.25", timeout=25_000)
    page.wait_for_selector("picture[data-graph=s][data-end] img[src*='end=']", timeout=25_000)


def test_the_filter_hides_what_does_not_match(page: Page, site: Site, site_url: str, faults: Faults) -> None:
    faults.expect("404.*/rrd/graph/")
    site.store.add("a", label="Kitchen", file=False)
    site.store.add("b", label="Cellar", file=False)
    page.goto(f"{site_url}/rrd/?q=kitchen")
    expect(page.locator("#count")).to_have_text("1 of 2 series")
    expect(page.get_by_role("link", name="1h", exact=True)).to_have_attribute("href", "/rrd/?span=1h&q=kitchen")
    page.get_by_label("Filter").fill("cellar")
    expect(page.get_by_role("heading", name="Cellar")).to_be_visible()
    expect(page.get_by_role("heading", name="Kitchen")).to_be_hidden()
