"""Boards in a real browser: made, arranged and deleted by people, seen by others, and on a wall."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support import fetch_json, wait_until

from browser.town import Town
from browser.window import DESKTOP, PHONE, Faults, axe, fits

pytestmark = pytest.mark.slow
KITCHEN, GARDEN, POWER = "0100.0001.temperature.0", "0100.0002.temperature.0", "0110.0001.power.0"
WATER = "0110.0001.water.0"
TABLET = (1024, 768)


def tile(*names: str, kind: str = "value", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "series": [{"name": name} for name in names], **more}


FULL_BOARD = [
    tile(KITCHEN),
    tile(POWER, title="Power", width=2),
    tile(KITCHEN, GARDEN, kind="chart", title="Inside and outside", width=2, height=2),
    tile(KITCHEN, POWER),
    tile(POWER, kind="graph", width=2, height=2),
    tile("gone.series"),
]


def make(house: Town, title: str, tiles: list[dict[str, Any]]) -> str:
    """Make a board, and return its id."""
    body = json.dumps({"title": title, "tiles": tiles}).encode()
    request = urllib.request.Request(f"{house.url}/api/v1/boards", body, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.load(answer)["id"])


def kept(house: Town, board: str) -> list[str]:
    """The titles of a board's tiles as the server has them."""
    return [each["title"] for each in fetch_json(f"{house.url}/api/v1/boards/{board}")["tiles"]]


def titles(page: Page) -> list[str]:
    return [each.strip() for each in page.locator(".tile .tile-title").all_text_contents()]


def saved(page: Page) -> None:
    expect(page.locator("#save-state")).to_have_text("All changes saved")


def edit(page: Page, house: Town, board: str) -> None:
    page.goto(f"{house.url}/boards/{board}")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.locator("#editor")).to_be_visible()


def test_a_board_is_made_filled_renamed_and_there_after_a_reload(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/boards")
    page.get_by_label("New board").fill("Living room")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/boards/living-room#edit")

    page.get_by_role("button", name="Add the first tile").click()
    page.get_by_label("Find series").fill("kitchen °C")
    page.get_by_label("Find series").press("Enter")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".tile .big b")).to_be_visible()
    saved(page)
    assert titles(page) == ["Kitchen"]

    page.get_by_role("button", name="Add tile").click()
    page.get_by_label("Chart").check()
    for name in (KITCHEN, GARDEN):
        page.get_by_label("Find series").fill(name)
        page.locator("#found button").first.click()
    page.locator("#tile-title").fill("Inside and outside")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator(".tile canvas")).to_be_visible()
    expect(page.locator(".tile").nth(1)).to_have_attribute("data-width", "2")

    title = page.get_by_role("textbox", name="Title")
    title.fill("")
    title.press_sequentially("Cellar")
    saved(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#board-title")).to_have_text("Living room")
    title.fill("Parlour")
    saved(page)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Parlour")
    assert page.url.endswith("/boards/living-room#edit")
    assert titles(page) == ["Kitchen", "Inside and outside"]


def test_tiles_are_arranged_by_keyboard(page: Page, house: Town) -> None:
    board = make(house, "Keys", [tile(KITCHEN, title=word) for word in "abcd"])
    edit(page, house, board)
    handle = page.get_by_role("button", name="Move a: drag")
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#said")).to_have_text("a: place 2 of 4")
    page.keyboard.press("End")
    assert titles(page) == ["b", "c", "d", "a"]
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#said")).to_have_text("a: 2 of 4 columns wide, 2 rows high")
    expect(handle).to_be_focused()
    page.get_by_role("button", name="Move b later").click()
    saved(page)
    assert kept(house, board) == ["c", "b", "d", "a"]
    last = fetch_json(f"{house.url}/api/v1/boards/{board}")["tiles"][-1]
    assert (last["width"], last["height"]) == (2, 2)
    for _ in range(5):
        page.get_by_role("button", name="Undo").click()
    saved(page)
    assert kept(house, board) == titles(page) == ["a", "b", "c", "d"]


def test_tiles_are_arranged_and_sized_by_drag(page: Page, house: Town) -> None:
    board = make(house, "Drag", [tile(KITCHEN, title=word) for word in "abcd"])
    edit(page, house, board)
    page.locator(".tile").nth(0).get_by_role("button", name="Move a: drag").hover()
    page.mouse.down()
    goal = page.locator(".tile").nth(2).bounding_box()
    assert goal is not None
    page.mouse.move(goal["x"] + goal["width"] * 0.8, goal["y"] + goal["height"] / 2, steps=12)
    page.mouse.up()
    saved(page)
    assert kept(house, board) == titles(page) == ["b", "c", "a", "d"]

    page.locator(".tile").nth(0).locator(".tool.size").hover()
    page.mouse.down()
    page.mouse.move(goal["x"] - 40, goal["y"] + goal["height"] * 1.8, steps=12)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(".tile").nth(0)).to_have_attribute("data-width", "1")
    page.locator(".tile").nth(0).locator(".tool.size").hover()
    page.mouse.down()
    page.mouse.move(goal["x"] - 20, goal["y"] + goal["height"] * 1.9, steps=12)
    page.mouse.up()
    expect(page.locator(".tile").nth(0)).to_have_attribute("data-width", "2")
    expect(page.locator(".tile").nth(0)).to_have_attribute("data-height", "2")


def test_a_tile_is_changed_deleted_and_brought_back(page: Page, house: Town) -> None:
    board = make(house, "Change", [tile(KITCHEN, title="a"), tile(POWER, title="b")])
    edit(page, house, board)
    page.get_by_role("button", name="Change a").click()
    expect(page.locator("#chosen")).to_contain_text(KITCHEN)
    page.locator("#tile-title").fill("Warm?")
    page.get_by_label("Drawn graph").check()
    page.get_by_role("button", name="Done").last.click()
    expect(page.locator(".tile").nth(0).locator("picture img")).to_be_visible()
    assert titles(page) == ["Warm?", "b"]
    page.get_by_role("button", name="Delete Warm?").click()
    expect(page.locator("#said")).to_have_text("Warm? deleted. Undo brings it back.")
    saved(page)
    assert kept(house, board) == ["b"]
    page.locator("h1").click()
    page.keyboard.press("Control+z")
    expect(page.locator(".tile picture img")).to_be_visible()
    saved(page)
    assert kept(house, board) == ["Warm?", "b"]


def test_a_deleted_board_can_be_put_back_under_its_address(page: Page, house: Town, faults: Faults) -> None:
    board = make(house, "Short lived", [tile(KITCHEN)])
    edit(page, house, board)
    page.get_by_role("button", name="Delete board").click()
    page.wait_for_url("**/boards")
    expect(page.locator("#deleted")).to_contain_text("“Short lived” was deleted.")
    assert page.locator(f"a[href='/boards/{board}']").count() == 0
    page.get_by_role("button", name="Put it back").click()
    page.wait_for_url(f"**/boards/{board}")
    assert titles(page) == ["Kitchen"]


def test_a_second_browser_sees_it_and_two_at_one_board_are_told(
    page: Page, house: Town, open_window: Callable[[str], Page], faults: Faults
) -> None:
    faults.expect("412")
    board = make(house, "Two people", [tile(KITCHEN, title="Left"), tile(POWER, title="Right")])
    edit(page, house, board)
    other = open_window(f"{house.url}/boards/{board}#edit")
    other.get_by_role("button", name="Delete Right").click()
    saved(other)
    page.get_by_role("textbox", name="Title").fill("Mine")
    dialog = page.locator("#conflict-dialog")
    expect(dialog).to_contain_text("Tile deleted: Right")
    dialog.get_by_role("button", name="Take theirs").click()
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator("#board-title")).to_have_text("Two people")

    other.get_by_role("textbox", name="Title").fill("Theirs")
    saved(other)
    page.get_by_role("button", name="Move Left: drag").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(dialog).to_contain_text("Title: “Two people” is “Theirs” now.")
    dialog.get_by_role("button", name="Keep mine").click()
    saved(page)
    now = fetch_json(f"{house.url}/api/v1/boards/{board}")
    assert (now["title"], now["tiles"][0]["width"]) == ("Two people", 2)


def test_what_could_not_be_saved_is_told_and_can_be_tried_again(page: Page, house: Town, faults: Faults) -> None:
    faults.expect("ERR_FAILED")
    board = make(house, "Lost", [tile(KITCHEN, title="a"), tile(KITCHEN, title="b")])
    edit(page, house, board)
    page.route("**/api/v1/boards/*", lambda route: route.abort())
    page.get_by_role("button", name="Move a later").click()
    expect(page.locator("#save-state")).to_have_text("Not saved: The server cannot be reached.")
    page.unroute("**/api/v1/boards/*")
    page.get_by_role("button", name="Try again").click()
    saved(page)
    assert kept(house, board) == ["b", "a"]


def test_numbers_follow_the_house(page: Page, house: Town) -> None:
    board = make(house, "Live", [tile(KITCHEN)])
    page.goto(f"{house.url}/boards/{board}")
    house.say("0100/0001", "temperature", 33.25)
    expect(page.locator(".big b")).to_have_text("33.25")
    expect(page.locator(".spark svg path").last).to_have_attribute("d", re.compile("^M"))
    expect(page.locator(".extremes")).to_contain_text("°C")


def test_a_wall_shows_a_changed_board_by_itself_and_says_when_it_is_cut_off(page: Page, house: Town, faults: Faults) -> None:
    faults.expect("ERR_FAILED")
    faults.expect("502")
    board = make(house, "Hall", [tile(KITCHEN)])
    page.clock.install()
    page.goto(f"{house.url}/boards/{board}/full")
    assert page.locator("nav").count() == 0
    house.say("0100/0001", "temperature", 21.26)
    expect(page.locator(".big b")).to_have_text("21.3")
    body = json.dumps({"title": "Hallway", "tiles": [tile(POWER)]}).encode()
    request = urllib.request.Request(
        f"{house.url}/api/v1/boards/{board}", body, {"Content-Type": "application/json"}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=20).close()
    page.clock.run_for(21_000)
    expect(page.locator("h1")).to_have_text("Hallway")
    expect(page.locator("#clock")).not_to_be_empty()  # its script runs

    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(90_000)
    expect(page.locator("#connection")).to_contain_text("No connection since")
    assert "stale" in (page.locator("body").get_attribute("class") or "")
    page.unroute("**/*")

    def is_back() -> bool:
        page.clock.run_for(20_000)  # answers come in their own time, and a try that was too early is followed by another
        return page.locator("#connection").is_hidden()

    wait_until(is_back, what="the wall to be connected again")


def test_a_wall_loads_itself_anew_for_another_version_and_each_day(page: Page, house: Town) -> None:
    board = make(house, "Stairs", [tile(KITCHEN)])
    page.clock.install()
    page.goto(f"{house.url}/boards/{board}/full")
    page.evaluate("window.before = true")
    page.clock.run_for(60_000)
    assert page.evaluate("window.before") is True
    page.clock.fast_forward(24 * 3600 * 1000)
    with page.expect_event("load"):
        page.clock.run_for(21_000)
    page.evaluate("document.body.dataset.version = '0.0.0'")
    with page.expect_event("load"):
        page.clock.run_for(21_000)


@pytest.mark.parametrize("javascript", [False])
def test_without_a_script_titles_numbers_and_graphs_are_there(page: Page, house: Town) -> None:
    board = make(house, "Plain", FULL_BOARD)
    page.goto(f"{house.url}/boards/{board}")
    expect(page.locator(".tile")).to_have_count(len(FULL_BOARD))
    assert page.locator(".tile .big b").first.inner_text()
    assert page.locator(f".plot img[src*='{GARDEN}']").is_visible()
    assert page.locator(f".plot img[src*='{KITCHEN}']").is_visible()
    expect(page.get_by_text("There is no series gone.series any more.")).to_be_visible()
    expect(page.locator(".board-actions")).to_be_hidden()
    page.goto(f"{house.url}/boards")
    expect(page.get_by_role("link", name="Plain", exact=True)).to_be_visible()


@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["phone", "tablet", "desktop"])
def test_pages_of_boards_fit_and_can_be_used_by_all(page: Page, house: Town, size: tuple[int, int]) -> None:
    board = make(house, "Everything", FULL_BOARD)
    page.goto(f"{house.url}/boards")
    assert axe(page) == []
    assert fits(page)
    page.goto(f"{house.url}/boards/{board}")
    expect(page.locator(".tile canvas").first).to_be_visible()
    assert axe(page) == []
    assert fits(page)
    page.get_by_role("button", name="Edit", exact=True).click()
    assert axe(page) == []
    assert fits(page)
    page.get_by_role("button", name="Add tile").click()
    page.get_by_label("Find series").fill("temperature")
    page.locator("#found button").first.click()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.goto(f"{house.url}/boards/{board}/full")
    expect(page.locator(".tile canvas").first).to_be_visible()
    assert axe(page) == []
    assert fits(page)


def test_a_series_is_put_on_a_board_from_its_own_page(page: Page, house: Town) -> None:
    board = make(house, "Collected", [tile(KITCHEN, title="a")])
    page.goto(f"{house.url}/series/{POWER}")
    page.get_by_role("button", name="Add to board").click()
    dialog = page.get_by_role("dialog", name="Add to board")
    assert axe(page) == []
    dialog.get_by_role("button", name="Collected").click()
    dialog.get_by_role("link", name="Collected").click()
    page.wait_for_url(f"**/boards/{board}")
    assert titles(page) == ["a", "House power"]
    expect(page.locator(".tile canvas")).to_be_visible()

    page.go_back()
    page.get_by_role("button", name="Add to board").click()
    dialog.get_by_label("Name of a new board").fill("Only power")
    dialog.get_by_role("button", name="Create and add").click()
    expect(dialog.get_by_role("link", name="Only power")).to_be_visible()
    assert fetch_json(f"{house.url}/api/v1/boards/only-power")["tiles"][0]["series"][0]["name"] == POWER


def test_a_wall_does_not_grow(page: Page, house: Town) -> None:
    board = make(house, "Long", [tile(KITCHEN), tile(KITCHEN, POWER, kind="chart"), tile(POWER, kind="graph")])
    page.clock.install()
    page.goto(f"{house.url}/boards/{board}/full")
    expect(page.locator(".tile canvas")).to_be_visible()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def nodes() -> float:
        session.send("HeapProfiler.enable")
        session.send("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        return float(found["Nodes"] + found["JSEventListeners"])

    for number in range(5):
        house.say("0100/0001", "temperature", 20 + number / 8)
        page.clock.run_for(600_000)
    before = nodes()
    for number in range(20):
        house.say("0100/0001", "temperature", 20.0625 + number / 8)
        page.clock.run_for(600_000)
    assert nodes() <= before + 40


def test_a_tile_is_dragged_by_a_finger(page: Page, house: Town) -> None:
    board = make(house, "Touch", [tile(KITCHEN, title=word) for word in "abcd"])
    edit(page, house, board)
    handle = page.get_by_role("button", name="Move a: drag").bounding_box()
    goal = page.locator(".tile").nth(2).bounding_box()
    assert handle is not None
    assert goal is not None
    begin = (handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    end = (goal["x"] + goal["width"] * 0.8, goal["y"] + goal["height"] / 2)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    touch("touchStart", begin)
    for step in range(1, 13):
        touch("touchMove", (begin[0] + (end[0] - begin[0]) * step / 12, begin[1] + (end[1] - begin[1]) * step / 12))
    touch("touchEnd")
    saved(page)
    assert kept(house, board) == titles(page) == ["b", "c", "a", "d"]


def test_a_wall_asks_that_the_screen_stays_awake(page: Page, house: Town) -> None:
    board = make(house, "Awake", [tile(KITCHEN)])
    page.add_init_script(
        """const ask = WakeLock.prototype.request;
        window.asked = [];
        WakeLock.prototype.request = function (kind) { window.asked.push(kind); return ask.call(this, kind); };"""
    )
    page.goto(f"{house.url}/boards/{board}/full")
    page.wait_for_function("window.asked.includes('screen')")
    page.mouse.move(200, 200)
    expect(page.locator("body.touched")).to_be_visible()
    page.get_by_role("button", name="Fill the screen").click()
    expect(page.get_by_role("button", name="Leave full screen")).to_be_visible()
    page.get_by_role("link", name="Leave", exact=True).click()
    page.wait_for_url(f"**/boards/{board}")


def test_a_counter_shows_its_rate_and_beside_it_what_it_has_counted(page: Page, house: Town) -> None:
    board = make(house, "Water", [tile(WATER), tile(KITCHEN, WATER), tile(WATER, kind="graph")])
    page.goto(f"{house.url}/boards/{board}")
    for each in page.locator(".tile").all():
        rate, total = (each.locator(f".reading[data-series='{WATER}']{more}") for more in (":not(.total)", ".total"))
        expect(rate).to_have_text(re.compile(r"^\d[\d.]* l/min$"))
        expect(total).to_have_text(re.compile(r"^[\d\u202f]+ l$"))
    big = page.locator(".reading.big")
    before = big.inner_text()
    for count in (9_000_000, 9_000_600):
        house.say("0110/0001", "water", count, label="Water", units="l", rrd_type="COUNTER")
        expect(page.locator(".tile").first.locator(".total")).to_have_text(re.compile(f"^{count:_} l$".replace("_", "\u202f")))
    expect(big).not_to_have_text(before)
    expect(page.locator(".tile").nth(1).locator("dd").last).to_have_text(big.inner_text())


@pytest.mark.parametrize("javascript", [False])
def test_without_a_script_a_counter_shows_what_it_has_counted(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/boards/{make(house, 'Count', [tile(WATER)])}")
    expect(page.locator(".total")).to_have_text(re.compile(r"^[\d\u202f]+ l$"))
