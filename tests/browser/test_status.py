"""The status page: it keeps itself fresh, and says when the broker goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from house import live_in
from playwright.sync_api import Page, expect
from support import Mosquitto

from browser.town import Town
from browser.window import PHONE, Faults, fits


def test_counters_and_rejected_messages_appear_by_themselves(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/status")
    expect(page.get_by_role("region", name="Messages that could not be used")).to_contain_text("sensors/attic/broken")
    house.publish(("sensors/attic/cracked", "about ten"))
    expect(page.get_by_role("region", name="Messages that could not be used")).to_contain_text("sensors/attic/cracked")
    expect(page.get_by_role("region", name="Process")).to_contain_text("of a core")


def test_what_somebody_has_selected_stays(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/status")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('[data-fresh=rejected] li'))")
    with page.expect_response(lambda answer: answer.url.endswith("/status")):
        house.publish(("sensors/attic/split", "about eleven"))
    with page.expect_response(lambda answer: answer.url.endswith("/status")):
        pass
    assert page.evaluate("getSelection().toString()")
    expect(page.get_by_role("region", name="Messages that could not be used")).not_to_contain_text("sensors/attic/split")
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.get_by_role("region", name="Messages that could not be used")).to_contain_text("sensors/attic/split")


def test_a_broker_that_goes_is_told_and_so_is_its_return(page: Page, tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        page.goto(f"{house.url}/status")
        broker = page.get_by_role("region", name="Broker")
        expect(broker).to_contain_text("mosquitto version")
        mosquitto.stop()
        expect(broker).to_contain_text("not connected, gone")
        expect(page.get_by_role("status").filter(has_text="What is wrong")).to_contain_text("broker")
        mosquitto.start()
        expect(broker).not_to_contain_text("not connected", timeout=60_000)
        expect(broker).to_contain_text("2 times")
        page.goto("about:blank")


def test_a_server_that_goes_leaves_the_page_as_it_is(page: Page, tmp_path: Path, mosquitto: Mosquitto, faults: Faults) -> None:
    faults.expect("ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET")
    with live_in(tmp_path, mosquitto) as house:
        page.goto(f"{house.url}/status")
    expect(page.locator("body")).to_have_class(re.compile("stale"))
    expect(page.get_by_role("region", name="Versions")).to_contain_text("librrd")


@pytest.mark.parametrize("javascript", [False])
@pytest.mark.parametrize("size", [PHONE])
def test_it_needs_no_script(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/status")
    expect(page.get_by_role("region", name="Disk")).to_contain_text("never grow")
    expect(page.get_by_role("region", name="Threads")).to_contain_text("takes values in")
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["width"] <= PHONE[0]


@pytest.mark.parametrize("size", [PHONE])
def test_a_hostile_topic_does_not_make_a_phone_scroll_sideways(page: Page, house: Town) -> None:
    house.publish(("sensors/" + "W" * 180, "x" * 300), ("sensors/" + "<b>" * 20, "<script>" * 20))
    page.goto(f"{house.url}/status")
    expect(page.get_by_text("W" * 180)).to_be_visible()
    assert fits(page)


@pytest.mark.parametrize("size", [PHONE])
def test_what_dialects_cannot_log_appears_by_itself(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/status")
    dialects = page.get_by_role("region", name="Dialects")
    expect(dialects).to_contain_text("[decoder__boiler]")
    readers = house.server.services.readers
    assert readers is not None
    readers.directory.note("json", "tele/boiler/" + "x" * 150, "Its template loops: write one without a loop.")
    expect(dialects).to_contain_text("Its template loops")
    assert fits(page)
    readers.directory.forget("json", "tele/boiler/" + "x" * 150)
    expect(dialects).not_to_contain_text("What cannot be logged")
