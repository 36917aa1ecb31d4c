"""What people read on the pages."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from web.sites import PUBLIC, Client, Site, column, make_services, texts_of

from janitoo_datalog_rrd.core import units
from janitoo_datalog_rrd.web.app import public_dir
from janitoo_datalog_rrd.web.rates import stored
from janitoo_datalog_rrd.web.server import WebServer
from janitoo_datalog_rrd.web.view import format_age, format_amount, format_units

NUMBERS = (
    0.0,
    0.00012,
    0.5,
    1.0,
    9.9996,
    21.53,
    99.999,
    123.46,
    999.97,
    1234.56,
    9999.4,
    10_000.3,
    123_456.7,
    999_999.0,
    1.23e6,
    8.7e9,
    4.2e12,
    3e15,
)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """The tags of a page with their attributes, as a browser reads them."""
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Reader().feed(page)
    return found


def test_every_series_stands_under_its_node_with_label_unit_value_age_and_graph(site: Site) -> None:
    site.store.add("house.t", column("value", "", "°C", 21.5, last_time=time.time() - 65), label="Kitchen temperature")
    site.services.nodes.seen("0100/0001")
    site.services.nodes.describe("0100/0001", "Kitchen node", "")
    page = site.client.get("/rrd/").text
    said = texts_of(page)
    assert re.search(r"Kitchen node 0100/0001 Kitchen temperature 21\.5 °C house\.t 1\s?min ago", said)
    sources = [html.unescape(each) for each in re.findall(r'(?:src|srcset)="(/rrd/graph/[^"]+)"', page)]
    assert len(sources) == 4
    for source in sources:
        assert site.client.get(source).status == 200


@pytest.mark.parametrize(
    ("span", "start"),
    [("1h", "-1h"), ("4h", "-4h"), ("1d", "-1d"), ("1w", "-1w"), ("1M", "-1mon"), ("1y", "-1y"), ("10y", "-10y")],
)
def test_the_span_can_be_chosen(site: Site, span: str, start: str) -> None:
    site.store.add("s")
    page = site.client.get(f"/rrd/?span={span}").text
    assert f"/rrd/graph/s.svg?start={start}&amp;" in page
    assert re.search(rf'<a href="/rrd/\?span={span}"[^>]*aria-current="true">{span}</a>', page)
    assert site.client.get(f"/rrd/graph/s.svg?start={start}").status == 200


@pytest.mark.parametrize("units", ["B", "B/s"])
def test_a_counter_shows_its_count_on_the_page_and_its_rate_in_the_graph(site: Site, units: str) -> None:
    info = site.store.add("net", column("value", "", units, 5_996_000_000.0, "DERIVE"), label="Received")
    assert "5.996 GB counted net" in texts_of(site.client.get("/rrd/").text)
    assert stored(info.columns[0]).units == "B/s"


def test_the_filter_works_without_a_script(site: Site) -> None:
    site.store.add("a", column(units="hPa"), label="Air pressure", file=False)
    site.store.add("b", label="Kitchen Humidity", file=False)
    assert "1 of 2 series" in site.client.get("/rrd/?q=KITCHEN+humid").text
    assert 'href="/series/b"' not in site.client.get("/rrd/?q=hpa").text
    nothing = site.client.get("/rrd/?q=nonsense").text
    assert re.search(r'id="nothing">', nothing)
    assert re.search(r'id="nothing" hidden>', site.client.get("/rrd/").text)


def test_a_thousand_series_are_on_one_page_with_lazy_pictures(site: Site) -> None:
    for index in range(1200):
        site.store.add(f"s{index:04d}", file=False)
    began = time.monotonic()
    page = site.client.get("/rrd/").text
    assert time.monotonic() - began < 2
    assert page.count('<img loading="lazy"') == page.count("<picture") == 1200


def test_more_series_than_a_page_holds_have_further_pages(site: Site) -> None:
    for index in range(1600):
        site.store.add(f"s{index:04d}", file=False)
    first, second = site.client.get("/rrd/").text, site.client.get("/rrd/?page=2").text
    assert 'rel="next"' in first
    assert 'rel="prev"' in second
    assert second.count("<picture") == 100
    assert site.client.get("/rrd/?page=99999&span=bogus").status == 200


def test_an_empty_house_is_told_how_to_publish(site: Site) -> None:
    for path in ("/", "/rrd/"):
        said = texts_of(site.client.get(path).text)
        assert "Nothing logged yet" in said
        assert "mosquitto_pub" in said


def test_before_the_store_is_up_the_pages_say_so(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    client = Client(serve(make_services(tmp_path, None)).port)
    for path in ("/", "/rrd/", "/status"):
        reply = client.get(path)
        assert reply.status == 200
        assert "The store is not up yet" in reply.text
    assert client.get("/rrd/graph/s.png").status == 503


@pytest.mark.parametrize("path", ["/", "/rrd/", "/series/s", "/status"])
def test_text_from_the_bus_is_never_markup(site: Site, path: str) -> None:
    site.store.add("s", column("a", EVIL, EVIL), column("b", EVIL, EVIL), node=EVIL, label=EVIL, rows=3)
    site.services.nodes.seen("0100/0001")
    site.services.nodes.describe("0100/0001", EVIL, EVIL)
    site.services.health.fail("broker", EVIL)
    site.services.plugins.failed["x: y"] = EVIL
    site.services.counters.add("messages", EVIL)
    site.services.rejected.add(EVIL, EVIL.encode(), "not_json", EVIL)
    page = site.client.get(path).text
    assert "alert(1)" in page
    tags = tags_of(page)
    scripts = [tag[1] for tag in tags if tag[0] == "script"]
    assert scripts
    assert all(set(each) == {"type", "src"} and str(each["src"]).startswith("/static/js/") for each in scripts)
    assert not [tag for tag in tags if tag[0] == "img" and not str(tag[1]["src"]).startswith("/")]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("path", ["/", "/rrd/", "/series/s", "/status", "/nothing"])
def test_pages_have_no_inline_script_or_style_and_fetch_nothing_from_elsewhere(site: Site, path: str) -> None:
    site.store.add("s")
    page = site.client.get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    addresses = re.findall(r'(?:src|srcset|href|action)="([^"]*)"', page)
    assert addresses
    assert [each for each in addresses if each and not re.match(r"(/(?!/)|#)", each)] == []


def test_failing_nodes_come_first_on_the_dashboard(site: Site) -> None:
    site.store.add("s", column(label="Room"), node="0100/0001", file=False)
    for address, state in (("0100/0001", "ONLINE"), ("0200/0001", "STARTING"), ("0300/0001", "OFFLINE")):
        site.services.nodes.seen(address, state)
    said = texts_of(site.client.get("/").text)
    assert said.index("0300/0001") < said.index("0200/0001") < said.index("0100/0001")
    assert re.search(r"0100/0001 online Room 21\.5 °C \d\s?s ago", said)


def test_what_is_wrong_stands_on_every_page(site: Site) -> None:
    site.store.add("s")
    site.services.health.fail("broker", "127.0.0.1:1883 refused the connection.")
    for path in ("/", "/rrd/", "/series/s", "/status", "/nothing"):
        assert "127.0.0.1:1883 refused the connection." in site.client.get(path).text or path == "/nothing"
    site.services.health.ok("broker")
    assert "All is well" in site.client.get("/status").text


def test_one_series_has_a_page_with_every_span(site: Site) -> None:
    site.store.add("s", column("one", "1 min"), column("five", "5 min"), label="Load")
    page = site.client.get("/series/s").text
    assert page.count("<picture") == 7
    for link in re.findall(r'href="(/(?:rrd|api)/[^"]*)"', page):
        assert site.client.get(html.unescape(link)).status == 200, link


@pytest.mark.parametrize(
    ("value", "label", "shown"),
    [
        (None, "W", "\N{EN DASH} W"),
        (float("nan"), "W", "unknown W"),
        (0.0, "", "0 "),
        (21.5, "°C", "21.5 °C"),
        (0.42, "", "0.42 "),
        (1013.25, "hPa", "1 013.2 hPa"),
        (1500.0, "MHz", "1 500 MHz"),
        (8234567890.0, "B", "8.235 GB"),
        (-3.14159, "V", "-3.142 V"),
        (48.3219, "%", "48.32 %"),
        (90061.0, "s", "1 d 1 h "),
        (12.0, "s", "12 s"),
        (0.00012, "", "1.20e-04 "),
        (100.0, "%", "100 %"),
        (12345678.0, "kWh", "12 345 678 kWh"),
        (65000.0, "lx", "65 000 lx"),
        (2e6, "°C", "2 000 000 °C"),
        (0.0042, "A", "4.2 mA"),
        (4.7e-9, "F", "4.7 nF"),
        (0.05, "A", "0.05 A"),
        (0.004, "B/s", "0.004 B/s"),
        (12345678.0, "", "12.35 M"),
        (1e300, "°C", "1.00e+300 °C"),
    ],
)
def test_numbers_are_shown_in_few_digits(value: float | None, label: str, shown: str) -> None:
    assert f"{format_amount(value, label)} {format_units(label, value)}".replace("\u202f", " ") == shown


def test_the_scripts_write_numbers_as_the_server_does() -> None:
    """A number that is refreshed changes its digits, not its form."""
    every = ("", "W", "A", "hPa", "s", "B/s", "%", "kWh")
    cases = [(value * sign, label) for value in NUMBERS for sign in (1, -1) for label in every]
    script = "input.map(([value, label]) => [format.amount(value, label), format.unitsOf(value, label)])"
    done = in_scripts("format", script, cases)
    assert done == [[format_amount(value, label), format_units(label, value)] for value, label in cases]


def test_the_scripts_know_units_and_rates_as_the_server_does() -> None:
    large, small, rates = in_scripts("units", "[[...units.LARGE], [...units.SMALL], [...units.RATES]]", None)
    assert (set(large), set(small)) == (units.LARGE, units.SMALL)
    assert {name: units.Rate(*rate) for name, rate in rates} == units.RATES


@pytest.mark.parametrize(
    ("size", "label", "scale", "words"),
    [
        (0.004, "A", 1e-3, "mA"),
        (2300, "W", 1e3, "kW"),
        (2300, "hPa", 1.0, "hPa"),
        (123_456, "lx", 1.0, "lx"),
        (0.004, "°C", 1.0, "°C"),
        (1_234_567, "kWh", 1.0, "kWh"),
        (0.004, "B/s", 1.0, "B/s"),
        (2_500_000, "", 1e6, "M"),
        (90, "ppm", 1.0, "ppm"),
        (10_000, "s", 3600.0, "h"),
    ],
)
def test_the_axis_of_a_chart_has_a_prefix_only_where_one_goes_with_its_units(
    size: float, label: str, scale: float, words: str
) -> None:
    assert in_scripts("axes", "axes.axisUnits(...input)", [size, label]) == [scale, words]


@pytest.mark.parametrize(
    ("ticks", "step", "scale", "labels"),
    [
        ([0, 2.5e-6, 5e-6], 2.5e-6, 1e-6, ["0.0", "2.5", "5.0"]),
        ([0, 0.25, 0.5], 0.25, 1, ["0.00", "0.25", "0.50"]),
        ([0, 0.2, 0.4], 0.2, 1, ["0.0", "0.2", "0.4"]),
        ([0, 5000], 5000, 1000, ["0", "5"]),
    ],
)
def test_the_ticks_of_an_axis_say_what_they_stand_at(ticks: list[float], step: float, scale: float, labels: list[str]) -> None:
    assert in_scripts("axes", "axes.tickLabels(...input)", [ticks, step, scale]) == labels


def in_scripts(module: str, expression: str, given: object) -> Any:
    """What an expression is in a module of the pages, which it knows by its name; `input` is what was given."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: it comes with npm")
    script = (
        f"const {module} = await import(process.argv[1]);"
        "const input = JSON.parse(process.argv[2]);"
        f"console.log(JSON.stringify({expression}));"
    )
    address = (PUBLIC / f"static/js/{module}.js").as_uri()
    command = [node, "--no-warnings", "--input-type=module", "-e", script, address, json.dumps(given)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.parametrize(
    ("age", "shown"), [(0, "now"), (-50, "now"), (5, "5 s ago"), (61, "1 min ago"), (7300, "2 h ago"), (90000, "1 d ago")]
)
def test_ages_are_shown_in_their_largest_unit(age: float, shown: str) -> None:
    assert format_age(1_000_000 - age, 1_000_000).replace("\u202f", " ") == shown


def test_templates_and_static_files_are_found_as_a_package() -> None:
    assert (public_dir() / "templates" / "base.html").read_bytes() == (PUBLIC / "templates" / "base.html").read_bytes()


def test_the_installed_program_can_be_asked_for_its_style_and_script(site: Site) -> None:
    for path, kind in (
        ("/static/style.css", "text/css"),
        ("/static/js/frame.js", "text/javascript"),
        ("/static/icon.svg", "image/svg+xml"),
    ):
        reply = site.client.get(path)
        assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (200, kind)
        assert site.client.get(path, If_None_Match=reply.headers["ETag"]).status == 304
