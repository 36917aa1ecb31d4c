"""A device monitoring tool's client asks this server by the paths it knows."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import rrdtool
from house import live_in
from support import Mosquitto, fetch_json
from web.sites import STEP, Site, column

from janitoo_datalog_rrd.core.contracts import Column

DEVICE = "0120/0001"


def of(*key: str, last: float | None = 1.5, age: float = 5.0, name: str = "value") -> Column:
    return Column(name, key, "", "", "GAUGE", last, None if last is None else time.time() - age)


@pytest.fixture
def filled(site: Site) -> Site:
    """A house with a Janitoo node, a device of that tool, a plain topic, and a configured file."""
    add = site.store.add
    add("0120.0001.cpu_percent.0", of(DEVICE, "cpu_percent", "0", last=12.5), node=DEVICE)
    add("0120.0001.load.1", of(DEVICE, "load", "1", last=0.5, age=100), node=DEVICE)
    add("0120.0001.off.0", of(DEVICE, "off", "0", last=None), node=DEVICE)
    topic = "devices/edge_device_01/monitoring"
    add("d.cpu", of(topic, "metrics.cpuUsage", last=3.5), node=topic)
    add("d.disk", of(topic, "metrics.diskUsage./", last=80.0), node=topic)
    add("plain", of("/house/kitchen", ""), node="/house/kitchen")
    add("weather", of("0131/0001", "t", "0", name="t"), of("0131/0001", "h", "0", name="h"), node="0014/0001")
    site.store.series["weather"] = replace(site.store.series["weather"], configured=True)
    return site


def ask(site: Site, path: str) -> Any:
    reply = site.client.get(f"/api/v1/devices{path}")
    assert reply.status == 200, reply.text
    return reply.json


def test_devices_are_the_nodes(filled: Site) -> None:
    assert ask(filled, "") == {"devices": ["/house/kitchen", "0014/0001", DEVICE, "edge_device_01"]}


@pytest.mark.parametrize(
    ("device", "names"),
    [
        ("0120/0001", ["cpu_percent-0", "load-1", "off-0"]),
        ("0120%2F0001", ["cpu_percent-0", "load-1", "off-0"]),
        ("0120_-_0001", ["cpu_percent-0", "load-1", "off-0"]),
        ("edge_device_01", ["cpuUsage", "diskUsage-/"]),
        ("0014/0001", ["weather-h", "weather-t"]),
        ("_-_house_-_kitchen", ["plain"]),
        ("house/kitchen", ["plain"]),
        ("none", []),
    ],
)
def test_metrics_of_a_device_however_its_slash_is_written(filled: Site, device: str, names: list[str]) -> None:
    assert ask(filled, f"/{device}/metrics") == {"metric_names": names}


def test_a_device_with_a_slash_in_front_is_found_as_the_client_asks_for_it(filled: Site) -> None:
    reply = filled.client.get("/api/v1/devices//house/kitchen/metrics")
    assert reply.status == 308  # a browser follows
    assert filled.client.get(
        reply.headers["Location"].partition("/api")[1] + reply.headers["Location"].partition("/api")[2]
    ).json == {"metric_names": ["plain"]}


def test_the_latest_metrics_have_the_time_of_the_youngest(filled: Site) -> None:
    latest = ask(filled, f"/{DEVICE}/metrics/latest")
    assert latest["metrics"] == {"cpu_percent-0": 12.5, "load-1": 0.5}
    assert time.time() - 60 < latest["timestamp"] < time.time()
    assert isinstance(latest["timestamp"], int)
    assert ask(filled, "/none/metrics/latest") == {}


def test_a_time_series_has_the_youngest_number_first(filled: Site) -> None:
    values = ask(filled, f"/{DEVICE}/metrics/cpu_percent-0/timeseries")["metric_values"]
    assert len(values) == 50
    times = [each[0] for each in values]
    assert times == sorted(times, reverse=True)
    assert time.time() - 60 < times[0] < time.time() + STEP
    assert all(value is not None for _, value in values)
    path = str(filled.store.series["0120.0001.cpu_percent.0"].path)
    (start, _, step), _, rows = rrdtool.fetch(path, "AVERAGE", "--start", str(int(time.time()) - 86400))
    assert set(map(tuple, values)) <= {(start + at * step, *row) for at, row in enumerate(rows, 1)}


@pytest.mark.parametrize("written", ["diskUsage-_-_", "diskUsage-%2F", "diskUsage-/"])
def test_a_metric_with_a_slash_is_found_however_it_is_written(filled: Site, written: str) -> None:
    assert ask(filled, f"/edge_device_01/metrics/{written}/timeseries?limit=3")["metric_values"]


def test_pages_follow_one_another(filled: Site) -> None:
    whole = ask(filled, f"/{DEVICE}/metrics/load-1/timeseries?limit=10")["metric_values"]
    parts = [ask(filled, f"/{DEVICE}/metrics/load-1/timeseries?limit=4&offset={offset}")["metric_values"] for offset in (0, 4, 8)]
    assert [each for part in parts for each in part][:10] == whole
    assert ask(filled, "?limit=1&offset=1") == {"devices": ["0014/0001"]}
    assert ask(filled, f"/{DEVICE}/metrics?limit=2&offset=2") == {"metric_names": ["off-0"]}
    assert ask(filled, f"/{DEVICE}/metrics/latest?limit=1&offset=1")["metrics"] == {"load-1": 0.5}
    assert ask(filled, f"/{DEVICE}/metrics/latest?offset=9") == {}
    assert ask(filled, "?limit=0") == {"devices": []}


def test_a_time_series_begins_where_it_is_asked_to(filled: Site) -> None:
    since = int(time.time()) - 120
    values = ask(filled, f"/{DEVICE}/metrics/load-1/timeseries?from_ts={since}&limit=1000")["metric_values"]
    assert 5 <= len(values) <= 13
    assert min(each[0] for each in values) >= since
    assert ask(filled, f"/{DEVICE}/metrics/load-1/timeseries?from_ts={2**32 - 1}") == {"metric_values": []}
    assert ask(filled, f"/{DEVICE}/metrics/load-1/timeseries?from_ts=0")["metric_values"]


def test_what_has_no_file_or_no_name_has_no_numbers(filled: Site) -> None:
    filled.store.add("new", of("0120/0009", "new", "0"), node="0120/0009", file=False)
    for path in ("/0120/0009/metrics/new-0", f"/{DEVICE}/metrics/none", "/none/metrics/none"):
        assert ask(filled, f"{path}/timeseries") == {"metric_values": []}


def test_two_values_of_one_name_are_told_apart(filled: Site) -> None:
    filled.store.add("twin.1", of("t", "a.b"), node="t")
    filled.store.add("twin.2", of("t", "a-b"), node="t")
    assert ask(filled, "/t/metrics") == {"metric_names": ["a-b", "twin.2"]}


@pytest.mark.parametrize("query", ["limit=-1", "limit=many", "limit=10001", "offset=x", "from_ts=yesterday", "page=1"])
def test_bad_input_is_a_400_that_names_the_parameter(filled: Site, query: str) -> None:
    reply = filled.client.get(f"/api/v1/devices/{DEVICE}/metrics/load-1/timeseries?{query}")
    assert (reply.status, reply.json["parameter"]) == (400, query.partition("=")[0])


def test_names_from_the_bus_stay_text(site: Site) -> None:
    site.store.add("odd", of("<b>\ud800", 'x"\u202e.y'), node="<b>\ud800")
    assert ask(site, "") == {"devices": ["<b>?"]}
    assert ask(site, f"/{quote('<b>?', safe='')}/metrics")["metric_names"] == ['x"\u202e-y']


def test_a_machine_with_an_agent_goes_by_its_name_and_not_by_its_address(site: Site) -> None:
    site.store.add("a", of("devices/web01/monitoring", "metrics.cpu.percent", last=12.5), node="2041/0007")
    site.services.nodes.describe("2041/0007", "Web 1", "Rack 2", machine=True)
    assert ask(site, "") == {"devices": ["web01"]}
    assert ask(site, "/web01/metrics") == {"metric_names": ["cpu-percent"]}
    assert ask(site, "/web01/metrics/latest")["metrics"] == {"cpu-percent": 12.5}
    assert ask(site, "/web01/metrics/cpu-percent/timeseries?limit=1")["metric_values"]


def test_a_label_says_nothing_here(site: Site) -> None:
    site.store.add("s", column("value", label="anything"))
    assert ask(site, "/0100/0001/metrics") == {"metric_names": ["value-0"]}


def test_a_device_of_that_tool_is_known_by_its_own_names(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """What such a device publishes, on a real broker, is found under the names that its clients know."""
    now = int(time.time())
    with live_in(tmp_path, mosquitto) as house:
        for age in (20, 10, 0):
            metrics = {"cpuUsage": 3.5 + age, "diskUsage": {"/": 80.0, "/home": 20.0}, "gpu_usages": [{"temperature": 50}]}
            payload = {"metrics": metrics, "timestamp": now - age, "device": "edge_device_01"}
            house.publish(("devices/edge_device_01/monitoring", json.dumps(payload)))
        url = f"{house.url}/api/v1/devices"
        assert "edge_device_01" in fetch_json(url)["devices"]
        names = fetch_json(f"{url}/edge_device_01/metrics")["metric_names"]
        assert names == ["cpuUsage", "diskUsage-/", "diskUsage-/home", "gpu_usages-0-temperature"]
        latest = fetch_json(f"{url}/edge_device_01/metrics/latest")
        assert latest == {"timestamp": now, "metrics": dict(zip(names, [3.5, 80.0, 20.0, 50.0], strict=True))}
        written = names[2].replace("/", "_-_")  # as its front end does it
        values = fetch_json(f"{url}/edge_device_01/metrics/{written}/timeseries?limit=2")["metric_values"]
        assert [value for _, value in values] == [20.0, 20.0]
        assert now - 20 <= values[1][0] < values[0][0] <= now + 1
