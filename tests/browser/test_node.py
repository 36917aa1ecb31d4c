"""The page of a node: values and state come by themselves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from browser.town import Town
from browser.window import PHONE, fits


def test_values_and_state_come_by_themselves(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/nodes/0100/0001")
    expect(page.get_by_role("heading", name="Kitchen", level=1)).to_be_visible()
    house.say("0100/0001", "temperature", 33.25)
    expect(page.locator("[data-series='0100.0001.temperature.0'].value")).to_have_text("33.25°C")
    house.publish(("/dhcp/heartbeat/0100/0001", "OFFLINE"))
    expect(page.locator(".summary .state")).to_have_text("offline", timeout=20_000)
    expect(page.get_by_role("region", name="Came and went")).to_contain_text("offline")
    house.publish(("/dhcp/heartbeat/0100/0001", "ONLINE"))


def test_a_value_leads_to_its_series_and_a_span_to_its_graphs(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/nodes/0110/0001")
    page.get_by_role("link", name="1d", exact=True).click()
    expect(page.locator("img[src*='start=-1d'], img[src*='start=end-1d']").first).to_be_visible()
    page.get_by_role("link", name="House power").first.click()
    expect(page).to_have_url(f"{house.url}/series/0110.0001.power.0")


@pytest.mark.parametrize("size", [PHONE])
def test_what_publishes_on_a_topic_has_a_page_for_a_phone(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/nodes/topic?name=tele/boiler/SENSOR")
    expect(page.get_by_text("sends no heartbeats")).to_be_visible()
    expect(page.locator(".value").nth(1)).to_have_text("52.5")
    assert fits(page)


def test_the_dashboard_and_a_series_lead_to_the_node(page: Page, house: Town) -> None:
    page.goto(f"{house.url}/")
    page.get_by_role("link", name="Energy meter").first.click()
    expect(page).to_have_url(f"{house.url}/nodes/0110/0001")
    page.goto(f"{house.url}/series/0100.0001.co2.0")
    page.get_by_label("Where you are").get_by_role("link", name="Kitchen").click()
    expect(page).to_have_url(f"{house.url}/nodes/0100/0001")
