"""The fixtures of the browser themselves: they see what a page does wrong."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page
from web.sites import Site

from browser.town import Town
from browser.window import PHONE, Faults, axe, overflow, weighed


def test_a_page_that_breaks_its_content_policy_is_seen(page: Page, site: Site, site_url: str, faults: Faults) -> None:
    page.goto(f"{site_url}/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b style=\"color: red\">x</b>')")
    (line,) = faults.unexpected()
    assert "Content Security Policy" in line
    faults.expect("Content Security Policy")


def test_an_error_of_a_script_is_seen(page: Page, site: Site, site_url: str, faults: Faults) -> None:
    page.goto(f"{site_url}/")
    page.evaluate("setTimeout(() => { throw new Error('oops'); })")
    page.wait_for_function("true")
    assert any("oops" in line for line in faults.unexpected())
    faults.expect("oops")


def test_nothing_leaves_the_machine(page: Page, faults: Faults) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://janitoo.example/")
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://192.0.2.1/")
    assert len(faults.unexpected()) >= 2
    faults.expect("janitoo.example|192.0.2.1")


@pytest.mark.parametrize("size", [PHONE])
@pytest.mark.parametrize("colour_scheme", ["dark"])
@pytest.mark.parametrize("time_zone", ["Asia/Tokyo"])
def test_the_window_is_as_a_test_wants_it(page: Page, site: Site, site_url: str) -> None:
    page.goto(f"{site_url}/")
    assert page.evaluate("innerWidth") == 360
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "Asia/Tokyo"


def test_what_a_page_weighs_and_whether_it_is_too_wide(page: Page, site: Site, site_url: str) -> None:
    with weighed(page) as weight:
        page.goto(f"{site_url}/", wait_until="networkidle")
    paths = {urlsplit(url).path for url in weight.sizes}
    assert {"/", "/static/style.css"} <= paths
    assert weight.total > 1000
    assert overflow(page) == 0
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<pre>' + 'x'.repeat(1000) + '</pre>')")
    assert overflow(page) > 100


def test_axe_sees_a_picture_without_a_text(page: Page, site: Site, site_url: str) -> None:
    page.goto(f"{site_url}/")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/static/icon.svg\">')")
    assert [line for line in axe(page) if line.startswith("image-alt")]


def test_the_house_is_lived_in(page: Page, house: Town) -> None:
    page.goto(house.url)
    assert page.get_by_text("Energy meter").first.is_visible()
    assert page.get_by_text("1 offline", exact=True).is_visible()
    names = house.names()
    assert {"0100.0001.temperature.0", "0110.0001.water.0", "sensors.attic.temperature"} <= set(names)
    assert len([value for value in house.store.fetch("0100.0001.temperature.0", "-2d", "now").rows if value[0]]) > 200
