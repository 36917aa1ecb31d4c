"""Hundreds of machines with agents on the dashboard: all of them, by their names, each with what tells most of it."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from web.sites import Site

from janitoo_datalog_rrd.core.contracts import Column, SeriesInfo
from janitoo_datalog_rrd.web.telling import high_ones, summary_first, telling_first

PATHS = (
    "cpu.core.0.percent", "cpu.core.1.percent", "cpu.interrupts", "cpu.percent", "cpu.time.user",
    "disk.io.vda.read_bytes", "disk.usage.root.percent", "disk.usage.root.total",
    "load.1", "load.15", "memory.free", "memory.percent", "network.eth0.bytes_recv",
    "processes.count", "processes.memory.firefox", "uptime.seconds",
)  # fmt: skip
COUNTS = ("cpu.interrupts", "disk.io.", "network.")


def machine(name: str, hadd: str) -> list[SeriesInfo]:
    """The series of a machine, in the order of their names."""
    topic, now = f"devices/{name}/monitoring", time.time()
    found = []
    for path in PATHS:
        units, kind = "%" if path.endswith("percent") else "", "DERIVE" if path.startswith(COUNTS) else "GAUGE"
        column = Column("value", (topic, f"metrics.{path}"), path, units, kind, 1.5, now)
        series = f"devices.{name}.monitoring.metrics.{path}"
        found.append(SeriesInfo(series, hadd, path, 10, False, (column,), None, 0))  # type: ignore[arg-type]
    return found


def labels(series: list[SeriesInfo]) -> list[str]:
    return [info.label for info in series]


def test_what_tells_most_of_a_machine_is_one_of_each_component() -> None:
    series = machine("web01", "2041/0007")
    assert labels(telling_first(series))[:9] == [
        "cpu.percent", "memory.percent", "load.1", "disk.usage.root.percent", "network.eth0.bytes_recv",
    "processes.count",
        "uptime.seconds", "cpu.core.0.percent", "memory.free",
    ]  # fmt: skip
    assert sorted(labels(telling_first(series))) == sorted(labels(series)), "none is lost"


def test_other_series_of_the_node_stay_in_their_order() -> None:
    series = machine("web01", "2041/0007")
    others = [replace(series[at], name=name, label=name, columns=()) for at, name in enumerate(("b", "a"))]
    assert labels(telling_first([others[0], *series, others[1]]))[:3] == ["b", "a", "cpu.percent"]


@pytest.mark.parametrize(("count", "tiles"), [(3, 8), (300, 5)])
def test_every_machine_of_a_fleet_is_on_the_dashboard_by_its_name(site: Site, count: int, tiles: int) -> None:
    nodes = site.services.nodes
    for number in range(count):
        hadd = f"{9000 - number:04d}/0001"
        nodes.describe(hadd, f"web{number:03d}", "Rack", 10.0, machine=True)
        nodes.seen(hadd, "ONLINE")
        for info in machine(f"web{number:03d}", hadd):
            site.store.series[info.name] = replace(info, path=site.store.home / f"{info.name}.rrd")
    page = site.client.get("/").text
    names = re.findall(r'<section class="node [^>]*aria-label="(web\d+)"', page)
    assert names == [f"web{number:03d}" for number in range(count)]
    card = page.partition('aria-label="web002"')[2].partition("</section>")[0]
    assert card.count("<li ") + card.count("<li>") == tiles
    assert f"All {len(PATHS)}" in card
    assert "cpu.percent" in card


def test_the_page_of_a_machine_begins_with_what_tells_most_of_it(site: Site) -> None:
    for info in machine("web01", "2041/0007"):
        site.store.series[info.name] = replace(info, path=site.store.home / f"{info.name}.rrd")
    shown = re.findall(r'data-graph="devices\.web01\.monitoring\.metrics\.([^"]+)"', site.client.get("/nodes/2041/0007").text)
    assert shown[:3] == ["cpu.percent", "memory.percent", "load.1"]
    assert sorted(shown) == sorted(PATHS)
    assert [path for path in PATHS if path in shown[8:]] == shown[8:], "the others stay in their order"
    assert summary_first([], 8) == []


def at(info: SeriesInfo, value: float | None, age_s: float = 0.0) -> SeriesInfo:
    return replace(info, columns=(replace(info.columns[0], last_value=value, last_time=time.time() - age_s),))


def test_the_one_in_trouble_is_found_among_three_hundred(site: Site) -> None:
    for number in range(300):
        hadd, name = f"{2000 + number:04d}/0001", f"web{number:03d}"
        site.services.nodes.describe(hadd, name, "Rack", 10.0, machine=True)
        site.services.nodes.seen(hadd, "OFFLINE" if name == "web200" else "ONLINE")
        for info in machine(name, hadd):
            full = (name, info.label) in (("web123", "disk.usage.root.percent"), ("web200", "memory.percent"))
            busy = (name, info.label) == ("web250", "cpu.percent")
            shown = at(info, 98.7 if full else 91.5 if busy else 12.0)
            site.store.series[info.name] = replace(shown, path=site.store.home / f"{info.name}.rrd")
    page = site.client.get("/").text
    names = re.findall(r'<section class="node [^>]*aria-label="(web\d+)"', page)
    assert names[:4] == ["web200", "web123", "web250", "web000"]
    assert "2 with 90 % or more" in page
    assert re.findall(r'class="state warn high">([^<]+)<', page) == ["disk.usage.root.percent 98.7 %", "cpu.percent 91.5 %"]


def test_what_is_high_is_what_fills_up_and_is_fresh() -> None:
    series = {info.label: info for info in machine("web01", "2041/0007")}
    cpu, core, memory = series["cpu.percent"], series["cpu.core.0.percent"], series["memory.percent"]
    assert labels(high_ones([at(cpu, 90.0), at(core, 100.0), at(memory, 99.0)], time.time())) == ["memory.percent", "cpu.percent"]
    assert not high_ones([at(cpu, 89.9), at(memory, 99.0, 3600.0), at(memory, None), at(memory, float("nan"))], time.time())
