"""Explore: a message is seen as it comes, and a number of it logged by click, the ini's notes kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import House, live_in
from playwright.sync_api import Page, expect
from support import Mosquitto, wait_until

from browser.window import DESKTOP, PHONE, Faults

NOTES = """
; Notes of the house: they stay.
[decoder__garden]
topics = garden/#\t
kind = plain
;value = off

; The end.
"""
HOSTILE = "home/</script><img src=x onerror=alert(1)>/\u202eevil\u200b/" + "x" * 400


@pytest.fixture
def bus(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[House]:
    """A server that reads its ini again when it is asked to."""
    with live_in(tmp_path, mosquitto, more=NOTES) as house:
        server = house.server
        server.services.ask_reload = lambda: server.services.scheduler.once(server.reload, name="reload")
        yield house


def look(page: Page, bus: House) -> None:
    """Open the page, and wait until it listens."""
    page.goto(f"{bus.url}/explore")
    expect(page.locator("#hearing")).to_contain_text(re.compile("Listening|you look"))


def choose(page: Page, topic: str) -> None:
    """Find a topic, and choose it."""
    page.get_by_label("Find topics").fill(topic)
    page.get_by_role("treeitem", name=topic[:60]).first.click()


def test_a_message_is_seen_as_it_comes_and_logged_by_click(page: Page, bus: House, tmp_path: Path) -> None:
    ini = tmp_path / "house.conf"
    before = ini.read_bytes()
    look(page, bus)
    bus.publish(("shed/temp", "21.5"))
    page.get_by_role("treeitem", name="shed").click()
    expect(page.get_by_role("treeitem", name="temp not logged 21.5")).to_be_visible()
    bus.publish(("shed/temp", "22.25"))
    expect(page.get_by_role("treeitem", name="temp not logged 22.25")).to_be_visible()
    page.get_by_role("treeitem", name="temp not logged 22.25").click()
    page.get_by_role("button", name="Log this").click()
    diff = page.locator("#log-diff .added")
    expect(diff.filter(has_text="[decoder__shed_temp]")).to_be_visible()
    assert ini.read_bytes() == before
    page.get_by_role("button", name="Save and log").click()
    expect(page.locator("#log-done")).to_contain_text("It is in force")
    bus.publish(("shed/temp", "23"))
    link = page.locator("#log-done").get_by_role("link", name="shed.temp")
    expect(link).to_have_attribute("href", "/series/shed.temp")
    added = b"[decoder__shed_temp]\ntopics = shed/temp\nkind = plain\n\n"
    after = ini.read_bytes()
    assert added in after
    assert after.replace(added, b"") == before
    page.get_by_role("button", name="Close").last.click()
    expect(page.locator("#numbers").get_by_role("link", name="shed.temp")).to_be_visible()
    page.locator("#numbers").get_by_role("link", name="shed.temp").click()
    expect(page).to_have_url(f"{bus.url}/series/shed.temp")


def test_the_same_number_of_other_devices_is_logged_with_it(page: Page, bus: House, tmp_path: Path) -> None:
    look(page, bus)
    document = '{"temperature": 20.5, "humidity": 40}'
    bus.publish(*((f"z/{room}", document) for room in ("kitchen", "bath", "hall")))
    choose(page, "z/kitchen")
    page.get_by_role("button", name="Log this: temperature").click()
    page.get_by_role("button", name="kitchen", exact=True).click()
    expect(page.locator("#log-matches")).to_have_text("Reads 2 more of the topics heard: z/bath, z/hall.")
    page.get_by_label("All 2, and those that come later").check()
    expect(page.locator("#log-diff")).not_to_contain_text("+value =")
    expect(page.locator("#log-diff")).to_contain_text("topics = z/+")
    expect(page.get_by_role("button", name="Save and log")).to_be_enabled()
    page.get_by_role("button", name="Save and log").click()
    expect(page.locator("#log-done")).to_contain_text("It is in force")
    bus.publish(*((f"z/{room}", document) for room in ("kitchen", "bath", "hall")))
    wanted = {f"z.{room}.{name}" for room in ("kitchen", "bath", "hall") for name in ("temperature", "humidity")}
    wait_until(lambda: wanted <= set(bus.names()), what="the series")


def test_a_change_by_somebody_else_is_not_written_over(page: Page, bus: House, tmp_path: Path, faults: Faults) -> None:
    faults.expect("409.*/explore/log")
    ini = tmp_path / "house.conf"
    look(page, bus)
    bus.publish(("shed/temp", "21.5"))
    choose(page, "shed/temp")
    page.get_by_role("button", name="Log this").click()
    expect(page.get_by_role("button", name="Save and log")).to_be_enabled()
    changed = ini.read_text() + "; somebody else\n"
    ini.write_text(changed)
    page.get_by_role("button", name="Save and log").click()
    expect(page.locator("#log-fault")).to_contain_text("has changed since the change was shown")
    assert ini.read_text() == changed
    expect(page.locator("#log-notes")).to_contain_text("The ini was changed since the server has read it")


def test_hostile_topics_and_payloads_are_shown_as_what_they_are(page: Page, bus: House) -> None:
    look(page, bus)
    payload = "<img src=x onerror=alert(1)>\u202e\x00\x1b[31m"
    bus.publish((HOSTILE, payload), ("/" * 150, "1"), ("y" * 60_000, "2"), ("home//gap", "3"))
    page.get_by_label("Find topics").fill("evil")
    page.get_by_role("treeitem", name="evil").click()
    expect(page.locator("#payload")).to_have_text("<img src=x onerror=alert(1)>\\u202e\\u0000\\u001b[31m")
    expect(page.locator("#topic")).to_contain_text("</script><img src=x onerror=alert(1)>/\\u202eevil\\u200b/xxx")
    assert page.locator("main img").count() == 0
    page.get_by_label("Find topics").fill("")
    expect(page.get_by_role("treeitem", name="yyyy")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "\u202e" not in page.locator("main").inner_text()


def test_the_tree_is_used_by_keyboard(page: Page, bus: House) -> None:
    look(page, bus)
    bus.publish(("a/b/c", "1"), ("a/b/d", "2"), ("e", "x"))
    expect(page.get_by_role("treeitem", name="e x")).to_be_visible()
    page.get_by_label("Find topics").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("treeitem", name="(empty level)")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("treeitem", name="a 2 topics")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name="b 2 topics")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name="c not logged")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#topic")).to_have_text("a/b/d")
    expect(page.get_by_role("treeitem", selected=True)).to_have_count(1)
    bus.publish(("a/b/d", "3"))
    expect(page.locator("#payload")).to_have_text("3")
    expect(page.get_by_role("treeitem", name="d not logged 3")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("treeitem", name="c not logged")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.get_by_role("treeitem", name="e x")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Find topics")).to_be_focused()


def test_why_a_number_is_not_logged_is_said(page: Page, bus: House) -> None:
    look(page, bus)
    bus.publish(("garden/words", "about nine"))
    choose(page, "garden/words")
    expect(page.locator("#verdict")).to_contain_text(
        "[decoder__garden] reads this topic, but: the payload 'about nine' is neither"
    )
    assert page.get_by_role("button", name="Log this").count() == 0


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("colour_scheme", ["light", "dark"])
def test_both_pages_fit_the_window(page: Page, bus: House, size: tuple[int, int]) -> None:
    look(page, bus)
    bus.publish(("shed/" + "long" * 60 + "/temp", '{"a": {"b": 1, "c": 2}, "text": "' + "w" * 300 + '"}'))
    choose(page, "shed/long")
    expect(page.locator("#numbers")).to_be_visible()
    assert page.locator("main").evaluate("(each) => each.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Log this: a.b").click()
    expect(page.locator("#log-diff")).to_contain_text("[decoder__")
    assert page.locator("dialog").evaluate("(each) => each.scrollWidth <= each.clientWidth")
    page.keyboard.press("Escape")
    page.goto(f"{bus.url}/configuration")
    expect(page.get_by_role("heading", name="[decoder__garden]")).to_be_visible()
    assert page.locator("main").evaluate("(each) => each.scrollWidth <= innerWidth")


def test_the_configuration_shows_only_what_is_set_where_that_is_wanted(page: Page, bus: House) -> None:
    page.goto(f"{bus.url}/configuration")
    expect(page.get_by_text("broker_keepalive", exact=True)).to_be_visible()
    page.get_by_label("Only what is set").check()
    expect(page.get_by_text("broker_keepalive", exact=True)).to_be_hidden()
    expect(page.get_by_text("broker_port", exact=True)).to_be_visible()


def test_what_is_never_logged_says_why(page: Page, bus: House) -> None:
    look(page, bus)
    bus.publish(("garden/ada/lat", "48.1"), ("attic/ada", '{"lat": 48.1, "battery": 80}'))
    choose(page, "garden/ada/lat")
    expect(page.locator("#numbers")).to_contain_text("It is called like a secret or a position")
    expect(page.get_by_role("button", name="Log this")).to_have_count(0)
    choose(page, "attic/ada")
    expect(page.get_by_role("button", name="Log this: battery")).to_be_visible()
    expect(page.get_by_role("button", name="Log this: lat")).to_have_count(0)
