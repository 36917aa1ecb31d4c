"""The page of a series in a browser: zoom, compare, keys, its address, and the way without uPlot."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from support import wait_until
from web.sites import Site, column

from browser.town import Town
from browser.window import DESKTOP, PHONE, Faults, axe, fits

KITCHEN = "/series/0100.0001.temperature.0"
BLUE_PIXELS = """(() => {
  const canvas = document.querySelector(".chart canvas");
  const all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let blue = 0;
  for (let i = 0; i < all.length; i += 4) if (all[i + 3] > 200 && all[i] < 60 && all[i + 2] > 200) blue += 1;
  return blue;
})()"""


def show(page: Page, house: Town, path: str = f"{KITCHEN}?span=1d") -> None:
    """Open a page of a series and wait until its chart is drawn."""
    page.goto(f"{house.url}{path}")
    page.wait_for_selector(".chart canvas")
    page.wait_for_selector(".chart-legend li")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def drag(page: Page, begin: float, end: float, *, shift: bool = False) -> None:
    """Draw the mouse across the chart, from one part of its width to another."""
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    height = box["y"] + box["height"] / 2
    if shift:
        page.keyboard.down("Shift")
    page.mouse.move(box["x"] + begin * box["width"], height)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], height + 5, steps=8)
    page.mouse.up()
    if shift:
        page.keyboard.up("Shift")


def stretch(page: Page) -> tuple[int, int]:
    """The stretch in the address, once it is there."""
    page.wait_for_url(re.compile(r"start=\d+&end=\d+"))
    asked = query(page)
    return int(asked["start"][0]), int(asked["end"][0])


def test_dragging_zooms_and_the_way_back_leads_back(page: Page, house: Town) -> None:
    show(page, house)
    with page.expect_response(re.compile("/api/v1/data")) as answer:
        drag(page, 0.25, 0.5)
    start, end = stretch(page)
    assert 86400 * 0.2 < end - start < 86400 * 0.3
    asked = parse_qs(urlsplit(answer.value.url).query)
    assert abs(int(asked["start"][0]) - start) <= 1
    page.go_back()
    expect(page.get_by_role("button", name="1d", exact=True)).to_have_attribute("aria-pressed", "true")
    assert query(page) == {"span": ["1d"]}
    page.go_forward()
    assert stretch(page) == (start, end)


@pytest.mark.parametrize(("span", "seconds"), [("1h", 3600), ("1M", 2629800), ("10y", 315576000)])
def test_a_button_shows_its_span_and_is_kept_in_the_address(page: Page, house: Town, span: str, seconds: int) -> None:
    show(page, house)
    with page.expect_response(lambda answer: "/api/v1/data?" in answer.url and answer.ok) as answer:
        page.get_by_role("button", name=span, exact=True).click()
    document = answer.value.json()
    assert abs(document["end"] - document["start"] - seconds) <= 2 * document["step"]
    expect(page.get_by_role("button", name=span, exact=True)).to_have_attribute("aria-pressed", "true")
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("span", ["1h"]) == [span])


def test_the_band_around_the_average_is_there_until_it_is_not_wanted(page: Page, house: Town) -> None:
    show(page, house, f"{KITCHEN}?span=1M")
    page.locator(".chart-area").focus()
    for _ in range(3):  # to a row that is over
        page.keyboard.press("ArrowLeft")
    spread = page.locator(".chart-legend .chart-spread")
    expect(spread).to_have_text(re.compile("\N{EN DASH}"))
    page.get_by_role("button", name="Min\N{EN DASH}max").click()
    expect(spread).to_have_text("")
    page.wait_for_url(re.compile("band=0"))


def test_shift_and_drag_moves_and_a_double_click_goes_back(page: Page, house: Town) -> None:
    show(page, house)
    drag(page, 0.2, 0.7, shift=True)
    start, end = stretch(page)
    assert abs(end - start - 86400) < 5
    page.locator(".u-over").dblclick()
    expect(page.get_by_role("button", name="1d", exact=True)).to_have_attribute("aria-pressed", "true")


def test_keys_move_the_cursor_and_the_view_and_numbers_are_said(page: Page, house: Town) -> None:
    show(page, house)
    page.locator(".chart-area").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".chart-legend [aria-live]")).to_have_text(re.compile(r"\d\d:\d\d.*: Kitchen \d+(\.\d+)?\s?°C"))
    page.keyboard.press("+")
    page.wait_for_url(re.compile("span=43200"))
    page.keyboard.press("Shift+ArrowLeft")
    start, end = stretch(page)
    assert abs(end - start - 43200) < 5
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="1d", exact=True)).to_have_attribute("aria-pressed", "true")


def test_a_series_is_added_by_its_name_and_stands_on_the_other_axis(page: Page, house: Town) -> None:
    show(page, house)
    box = page.get_by_label("Compare with")
    box.fill("kitchen co2")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("option")).to_contain_text("Kitchen CO₂")
    box.press("Enter")
    expect(page.locator(".chart-legend li")).to_have_count(2)
    assert query(page)["with"] == ["0100.0001.co2.0"]
    expect(page.locator(".chart-legend li").nth(1)).to_contain_text("Right axis")
    page.get_by_role("button", name="Right axis: put Kitchen CO₂ on the left one").click()
    expect(page.locator(".chart-legend li").nth(1)).to_contain_text("Left axis")
    assert query(page)["left"] == ["0100.0001.co2.0:value"]
    page.get_by_role("button", name="Remove Kitchen CO₂").click()
    expect(page.locator(".chart-legend li")).to_have_count(1)


def test_the_permanent_link_shows_the_same_to_somebody_else(page: Page, house: Town) -> None:
    show(page, house, f"{KITCHEN}?span=1d&with=0110.0001.power.0&band=0&table=1")
    drag(page, 0.3, 0.6)
    start, end = stretch(page)
    link = page.get_by_role("link", name="Link to exactly this view")
    expect(link).to_have_attribute("href", re.compile(f"start={start}&"))
    page.goto(f"{house.url}{link.get_attribute('href')}")
    page.wait_for_selector(".chart-legend li >> nth=1")
    asked = query(page)
    assert (asked["start"], asked["end"]) == ([str(start)], [str(end)])
    assert (asked["with"], asked["band"], asked["table"]) == (["0110.0001.power.0"], ["0"], ["1"])
    expect(page.get_by_role("button", name="Min\N{EN DASH}max")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#numbers tbody tr").first).to_be_visible()


def test_a_link_with_a_series_that_is_gone_shows_the_others(page: Page, house: Town, faults: Faults) -> None:
    faults.expect("404.*/api/v1/series/none.such")
    show(page, house, f"{KITCHEN}?span=1d&with=none.such&with=0100.0001.co2.0")
    expect(page.locator(".chart-legend li")).to_have_count(2)


def test_new_values_appear_at_the_right_edge(page: Page, house: Town) -> None:
    show(page, house, f"{KITCHEN}?span=1h")
    value = page.locator(".chart-legend .value b")
    house.say("0100/0001", "temperature", 26.75, label="Kitchen", units="°C")
    expect(value).to_have_text("26.75")


def test_the_table_has_the_numbers_of_the_chart(page: Page, house: Town) -> None:
    show(page, house)
    page.get_by_role("button", name="Table").click()
    rows = page.locator("#numbers tbody tr")
    assert rows.count() > 100
    expect(page.locator("#numbers thead th")).to_have_text(["Time", "Kitchen (°C)"])
    assert 10 < float(rows.first.locator("td").inner_text()) < 30


@pytest.mark.parametrize(
    ("form", "begins"), [("CSV", b"time,"), ("JSON", b"{"), ("PNG", b"\x89PNG"), ("SVG", b"<?xml"), ("RRD file", b"RRD\0")]
)
def test_every_download_is_what_its_name_says(page: Page, house: Town, form: str, begins: bytes) -> None:
    show(page, house)
    with page.expect_download() as download:
        page.get_by_role("link", name=form, exact=True).click()
    content = download.value.path().read_bytes()
    assert content.startswith(begins)
    assert download.value.suggested_filename.startswith("0100.0001.temperature.0.")


def test_a_single_number_is_a_dot(page: Page, site: Site, site_url: str) -> None:
    site.store.add("one", column(last=5.0), label="One", rows=2)
    page.goto(f"{site_url}/series/one?span=1h")
    page.wait_for_selector(".chart canvas")
    expect(page.locator(".chart-legend .value b")).not_to_have_text("\N{EN DASH}")
    wait_until(lambda: page.evaluate(BLUE_PIXELS) > 5, what="a dot")


@pytest.fixture
def without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was set up without npm."""
    monkeypatch.setattr("janitoo_datalog_rrd.web.app.CHARTS", "static/vendor/nothing.js")


def test_without_uplot_the_server_draws_and_the_spans_still_work(
    without_charts: None, page: Page, site: Site, site_url: str
) -> None:
    site.store.add("s", label="Kitchen")
    page.goto(f"{site_url}/series/s")
    picture = page.locator("img.chart-drawn")
    expect(picture).to_have_attribute("src", re.compile(r"^/rrd/graph/s\.svg\?start=\d+"))
    first = picture.get_attribute("src")
    page.get_by_role("button", name="1w", exact=True).click()
    expect(picture).not_to_have_attribute("src", first or "")
    page.get_by_role("button", name="Table").click()
    expect(page.locator("#numbers tbody tr").first).to_be_visible()
    wait_until(lambda: page.evaluate("document.querySelector('img.chart-drawn').naturalWidth") > 100, what="the picture")


@pytest.mark.parametrize("javascript", [False])
def test_without_a_script_there_is_a_graph_for_every_span(page: Page, house: Town, javascript: bool) -> None:
    page.goto(f"{house.url}{KITCHEN}")
    expect(page.locator("picture.graph")).to_have_count(7)


def test_the_old_address_leads_to_the_page(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/rrd{KITCHEN}?span=1w")
    assert page.url == f"{house.url}{KITCHEN}?span=1w"


def test_the_colours_follow_the_system_at_once(page: Page, house: Town) -> None:
    show(page, house)
    colour = "getComputedStyle(document.querySelector('.swatch')).backgroundColor"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    wait_until(lambda: page.evaluate(colour) != light, what="the dark colours")


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
def test_the_page_fits_and_is_accessible(
    page: Page, house: Town, size: tuple[int, int], colour_scheme: str, faults: Faults
) -> None:
    show(page, house, f"{KITCHEN}?span=1d&with=0110.0001.power.0&table=1")
    assert fits(page)
    assert axe(page) == []
