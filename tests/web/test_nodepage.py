"""The page of a node: by its address or its topic, whatever that is."""

from __future__ import annotations

import html
import re
import time

import pytest
from web.sites import Site, column, texts_of

from janitoo_datalog_rrd.web.view import node_path


def test_a_node_tells_how_it_is_and_what_it_measures(site: Site) -> None:
    nodes = site.services.nodes
    nodes.seen("0100/0000")
    nodes.describe("0100/0000", "Cellar controller", "")
    nodes.seen("0100/0001")
    nodes.describe("0100/0001", "Kitchen", "Ground floor", heartbeat=30)
    nodes.seen("0100/0001", "OFFLINE")
    site.store.add("t", column(units="°C"), label="Temperature")
    site.store.add("h", column(units="%", last=47.0), label="Humidity")
    site.store.add("elsewhere", node="0200/0001", label="Elsewhere")
    page = site.client.get("/nodes/0100/0001").text
    said = html.unescape(texts_of(page))
    for words in ("Kitchen", "Ground floor", "0100/0001", "offline went now", "every 30 s", "2 series", "21.5", "47"):
        assert words in said, words
    assert "Elsewhere" not in said
    assert re.findall(r'href="(/series/[^"]*)"', page).count("/series/t") == 2
    assert 'href="/nodes/0100/0000">Cellar controller' in page
    assert said.index("offline now") < said.index("online now")  # the youngest change first
    main = page[page.index("<main") : page.index("</main")]
    for link in re.findall(r'href="(/[^"]*)"', main):
        assert site.client.get(html.unescape(link)).status == 200, link
    above = html.unescape(texts_of(site.client.get("/nodes/0100/0000").text))
    assert "Kitchen 0100/0001 offline" in above


@pytest.mark.parametrize(
    "topic", ["tele/boiler/SENSOR", "/leading//slash/", "a/../b", "?&#%2F", "günther/°", "", "0100/00011", "\udc80"]
)
def test_what_publishes_on_any_topic_has_a_page(site: Site, topic: str) -> None:
    site.store.add("s", node=topic, label="Of that topic")
    path = node_path(topic)
    assert path.startswith("/nodes/topic?name=")
    if topic != "\udc80":
        reply = site.client.get(path)
        assert reply.status == 200
        assert "Of that topic" in reply.text
        assert "sends no heartbeats" in reply.text
    for span in re.findall(r'href="(/nodes/[^"]*span=1w)"', site.client.get(path).text):
        assert site.client.get(html.unescape(span)).status == 200


@pytest.mark.parametrize(
    "path", ["/nodes/0100/0009", "/nodes/x/y", "/nodes/topic?name=nobody", "/nodes/topic", "/nodes/%3Cb%3E/%E2%80%AE"]
)
def test_an_unknown_node_is_a_page_that_says_so(site: Site, path: str) -> None:
    reply = site.client.get(path)
    assert reply.status == 404
    assert "There is no node" in html.unescape(texts_of(reply.text))
    assert "<b>" not in reply.text
    assert "\u202e" not in reply.text


@pytest.mark.parametrize("room", ["/nodes/", "/api/v1/nodes/"])
def test_an_address_that_nothing_is_heard_of_is_not_called_wrong(site: Site, room: str) -> None:
    assert "neither a heartbeat nor a value of it was heard" in site.client.get(f"{room}0100/0009").text
    assert "expected an address such as 0014/0001" in site.client.get(f"{room}1/2").text


def test_a_device_goes_by_its_name_and_two_of_one_name_are_told_apart(site: Site) -> None:
    nodes = site.services.nodes
    for number, last in ((1, 21.0), (2, 22.0)):
        nodes.device(f"zigbee2mqtt/0x{number}", name="Lamp & <b>", location="Hall")
        site.store.add(f"t{number}", column(last=last), node=f"zigbee2mqtt/0x{number}", label="Temperature", file=False)
    nodes.device("zigbee2mqtt/0x2", online=False)
    said = html.unescape(texts_of(site.client.get("/").text))
    assert "2 nodes 1 offline" in said
    assert said.index("Lamp & <b> zigbee2mqtt/0x2 Hall offline") < said.index("Lamp & <b> zigbee2mqtt/0x1 Hall Temperature 21 °C")
    one = html.unescape(texts_of(site.client.get(node_path("zigbee2mqtt/0x1")).text))
    for words in ("Lamp & <b>", "Address zigbee2mqtt/0x1", "Last heard 5 s ago", "Hall", "1 series"):
        assert words in re.sub(r"\s", " ", one), words
    for words in ("heartbeat", "offline", "online", "Came and went", "zigbee2mqtt/0x2"):
        assert words not in one.partition("Lamp & <b>")[2], words
    other = html.unescape(texts_of(site.client.get(node_path("zigbee2mqtt/0x2")).text))
    assert "offline went" in other
    nodes.device("zigbee2mqtt/0x1", name="Shelf")
    assert "Shelf" in site.client.get("/").text


def test_programs_get_a_device_by_its_address(site: Site) -> None:
    site.services.nodes.device("zigbee2mqtt/a b/ü", name="Desk")
    site.store.add("t", column(last=21.0), node="zigbee2mqtt/a b/ü", file=False)
    site.store.add("u", node="tele/x", file=False)
    listed = site.client.get("/api/v1/nodes").json["nodes"]
    assert [(each["hadd"], each["name"], each["state"], each["online"], each["series"]) for each in listed] == [
        ("zigbee2mqtt/a b/ü", "Desk", None, None, 1)
    ]
    one = site.client.get("/api/v1/nodes/device?address=zigbee2mqtt/a%20b/%C3%BC").json
    assert (one["name"], one["since"], [each["name"] for each in one["series"]]) == ("Desk", None, ["t"])
    assert one["last_seen"] == one["series"][0]["last_time"]
    assert site.client.get("/api/v1/nodes/device?address=nobody").status == 404
    assert site.client.get("/api/v1/nodes/device").status == 400


def test_a_silent_device_is_told_of_and_not_called_gone(site: Site) -> None:
    site.services.nodes.device("homie/x", name="Door")
    site.store.add("t", column(last_time=time.time() - 200_000), node="homie/x", file=False)
    said = texts_of(site.client.get("/").text)
    assert "1 silent or not in order" in said
    assert "offline" not in said
