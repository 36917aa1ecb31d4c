"""The dashboard in a browser: values, nodes and series appear by themselves, and nothing is in the way of who looks."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from web.sites import RrdStore, Site, column, make_services

from browser.town import Town
from browser.window import DESKTOP, PHONE, Faults, axe, fits, weighed
from janitoo_datalog_rrd.web.app import create_app
from janitoo_datalog_rrd.web.server import WebServer

FIRST_LOAD_BYTES = 200_000


def reading(page: Page, series: str) -> str:
    return f".reading[data-series='{series}']"


def test_a_new_value_appears_without_a_reload(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/")
    tile = page.locator(reading(page, "0100.0001.temperature.0"))
    expect(page.locator("#link")).to_have_text("Live")
    page.evaluate("window.notReloaded = true")
    house.say("0100/0001", "temperature", 23.25, label="Kitchen", units="°C")
    expect(tile.locator(".value b")).to_have_text("23.25")
    house.say("0100/0001", "temperature", 24.5, label="Kitchen", units="°C")
    expect(tile.locator(".value b")).to_have_text("24.5")
    assert page.evaluate("window.notReloaded")


def test_ages_go_by_the_servers_clock(page: Page, house: Town) -> None:
    page.clock.install(time=time.time() + 3600)
    page.goto(f"{house.url}/")
    expect(page.locator("#link")).to_have_text("Live")
    house.say("0100/0001", "temperature", 22.5, label="Kitchen", units="°C")
    page.clock.run_for(1500)
    age = page.locator(f"{reading(page, '0100.0001.temperature.0')} time")
    expect(age).to_have_text(re.compile(r"now|\d\s?s ago"))


def test_a_tile_has_its_sparkline_and_the_lowest_and_highest_of_the_day(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/")
    tile = page.locator(reading(page, "0100.0001.co2.0"))
    expect(tile.locator(".spark-line")).to_have_attribute("d", re.compile(r"^M[\d. ]+L"))
    day = tile.locator(".range").inner_text().replace("\u202f", "").removesuffix("ppm")
    low, high = (int(word) for word in day.split("\N{EN DASH}"))
    assert 400 < low < 520 < 800 < high < 1100


def test_a_counter_shows_its_rate_beside_its_count(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/")
    tile = page.locator(reading(page, "0110.0001.water.0"))
    expect(tile.locator(".value i")).to_have_text("l/min")
    expect(tile.locator(".value b")).not_to_have_text("\N{EN DASH}")
    expect(tile.locator(".total")).to_have_text(re.compile(r"\d\s?M?l$"))


def test_a_new_series_and_a_new_node_appear_without_a_reload(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/")
    expect(page.locator("#link")).to_have_text("Live")
    page.get_by_label("Filter").focus()
    house.say("0140/0007", "pressure", 1013.5, label="Air pressure", units="hPa")
    node = page.locator(".node[data-node='0140/0007']")
    expect(node.locator(".reading-label")).to_have_text("Air pressure")
    expect(node.locator(".value b")).to_have_text("1\u202f013.5")
    expect(page.get_by_label("Filter")).to_be_focused()


def test_a_node_that_goes_moves_to_the_front(page: Page, house: Town) -> None:
    house.publish(("/dhcp/heartbeat/0110/0001", "ONLINE"))
    page.goto(f"{house.url}/")
    expect(page.locator(".node[data-node='0110/0001'] .state")).to_have_count(0)
    house.publish(("/dhcp/heartbeat/0110/0001", "OFFLINE"))
    state = page.locator(".node[data-node='0110/0001'] .state")
    expect(state).to_contain_text("offline", timeout=15_000)
    offline = page.locator(".nodes .node.gone")
    expect(offline).to_have_count(2)
    assert page.locator(".nodes .node").nth(1).get_attribute("data-node") == "0110/0001"
    house.publish(("/dhcp/heartbeat/0110/0001", "ONLINE"))
    expect(state).to_have_count(0, timeout=15_000)


def test_the_filter_looks_in_what_is_not_shown_too(page: Page, site: Site, site_url: str, faults: Faults) -> None:
    for index in range(12):
        site.store.add(f"s{index:02d}", label=f"Room {index}", rows=3)
    page.goto(f"{site_url}/")
    expect(page.locator(".reading")).to_have_count(8)
    expect(page.get_by_role("link", name="All 12")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("room 11")
    expect(page.locator(".reading")).to_have_count(1)
    assert page.url.endswith("/?q=room+11")
    page.get_by_label("Filter").fill("nonsense")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_where_events_do_not_come_through_values_are_asked_for(page: Page, house: Town, faults: Faults) -> None:
    faults.expect("ERR_FAILED|Failed to load resource")
    page.route("**/api/v1/events*", lambda route: route.abort())
    page.goto(f"{house.url}/")
    expect(page.locator("#link")).to_have_text("Every 2 s")
    house.say("0100/0001", "temperature", 19.75, label="Kitchen", units="°C")
    expect(page.locator(reading(page, "0100.0001.temperature.0")).locator(".value b")).to_have_text("19.75")


def test_a_server_that_has_stopped_is_told_and_found_again(page: Page, tmp_path: Path, faults: Faults) -> None:
    faults.expect("ERR_|Failed to load resource")
    store = RrdStore(tmp_path)
    store.add("s", column(last=21.5), label="Kitchen")
    services = make_services(tmp_path, store)
    server = WebServer(create_app(services), "127.0.0.1", 0, 4)
    server.start()
    try:
        page.goto(f"http://127.0.0.1:{server.port}/")
        expect(page.locator("#link")).to_have_text("Live")
        server.stop()
        expect(page.locator("#link")).to_contain_text("No answer from the server: values as of", timeout=30_000)
        server = WebServer(create_app(services), "127.0.0.1", server.port, 4)
        server.start()
        expect(page.locator("#link")).to_have_text("Live", timeout=30_000)
    finally:
        server.stop()


def test_an_empty_house_says_how_to_begin_and_fills_by_itself(page: Page, site: Site, site_url: str) -> None:
    page.goto(f"{site_url}/")
    expect(page.get_by_role("heading", name="Nothing logged yet")).to_be_visible()
    site.store.add("first", column(last=1.5), label="The first")
    expect(page.locator(".reading-label")).to_have_text("The first")


@pytest.mark.parametrize("size", [PHONE, (768, 1000), DESKTOP])
@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
def test_the_dashboard_fits_and_is_accessible(page: Page, house: Town, size: tuple[int, int], colour_scheme: str) -> None:
    page.goto(f"{house.url}/")
    expect(page.locator("#link")).to_have_text("Live")
    assert fits(page)
    assert axe(page) == []


@pytest.mark.parametrize("path", ["/", "/series/0100.0001.temperature.0"])
def test_the_first_load_is_light(page: Page, house: Town, path: str) -> None:
    with weighed(page) as weight:
        page.goto(f"{house.url}{path}")
        page.wait_for_selector(".spark-line[d], .chart canvas", state="attached")
    assert 10_000 < weight.total < FIRST_LOAD_BYTES, weight.sizes


SHIFTS = """new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const each of list.getEntries()) sum += each.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("path", ["/", "/series/0100.0001.temperature.0"])
def test_nothing_jumps_while_a_page_fills(page: Page, house: Town, path: str, size: tuple[int, int]) -> None:
    page.goto(f"{house.url}{path}")
    page.wait_for_selector(".spark-line[d], .chart-legend li", state="attached")
    assert page.evaluate(SHIFTS) < 0.02


@pytest.mark.parametrize("javascript", [False])
def test_without_a_script_the_values_are_there(page: Page, house: Town, javascript: bool) -> None:
    page.goto(f"{house.url}/")
    expect(page.locator(f"{reading(page, '0100.0001.co2.0')} .value i")).to_have_text("ppm")


def test_a_device_goes_by_its_name_and_follows_a_new_one(page: Page, house: Town) -> None:
    nodes = house.server.services.nodes
    nodes.device("tele/boiler/SENSOR", name="Boiler", location="Cellar")
    try:
        page.goto(f"{house.url}/")
        card = page.locator("section.node", has=page.get_by_role("link", name="Boiler", exact=True))
        expect(card).to_contain_text("tele/boiler/SENSOR")
        expect(card.locator(".state")).to_have_count(0)
        nodes.device("tele/boiler/SENSOR", name="Heating", online=False)
        card = page.locator("section.node", has=page.get_by_role("link", name="Heating", exact=True))
        expect(card.locator(".state")).to_contain_text("offline", timeout=20_000)
        card.get_by_role("link", name="Heating", exact=True).click()
        expect(page.get_by_role("heading", name="Heating", level=1)).to_be_visible()
        expect(page.locator(".value").nth(1)).to_have_text("52.5")
    finally:
        nodes.forget_device("tele/boiler/SENSOR")
