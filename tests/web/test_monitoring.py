"""What monitoring programs read: /healthz and /metrics."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from web.sites import Client, RrdStore, Site, column, make_services

from janitoo_datalog_rrd import __version__
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.web.server import WebServer

HTTP_OPTIONS = {option.name: option for option in Plugins().thread_specs("http") or ()}


def test_a_healthy_server_is_ok_with_its_counts(site: Site) -> None:
    site.store.add("s", rows=3)
    site.store.cache("s", 2_000_000_000, 1)
    reply = site.client.get("/healthz")
    assert reply.status == 200
    assert reply.json == {"status": "ok", "version": __version__, "pid": os.getpid(), "series": 1, "cached_samples": 1}


def test_a_broker_that_is_away_is_a_503_until_it_is_back(site: Site) -> None:
    site.services.health.fail("broker", "refused the connection")
    reply = site.client.get("/healthz")
    assert (reply.status, reply.json["status"], reply.json["problems"]) == (503, "failing", {"broker": "refused the connection"})
    site.services.health.ok("broker")
    assert site.client.get("/healthz").status == 200


def test_what_happened_and_is_over_is_told_on_the_status_page_and_in_healthz(site: Site) -> None:
    site.services.health.note("damage", "rrd_cache.pickle was damaged & kept aside")
    reply = site.client.get("/healthz")
    assert (reply.status, reply.json["notes"]) == (200, {"damage": "rrd_cache.pickle was damaged & kept aside"})
    assert "rrd_cache.pickle was damaged &amp; kept aside" in site.client.get("/status").text


def test_a_store_that_is_not_up_is_a_problem(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    reply = Client(serve(make_services(tmp_path, None)).port).get("/healthz")
    assert reply.status == 503
    assert "store" in reply.json["problems"]


def test_metrics_have_the_documented_names_and_what_was_counted(site: Site) -> None:
    site.store.add("s", rows=3)
    site.store.cache("s", 2_000_000_000, 1)
    counters = site.services.counters
    for name, amount in (("samples_accepted", 5), ("samples_written", 4), ("samples_late", 1)):
        counters.add(name, amount=amount)
    counters.add("messages", "accepted", 7)
    counters.add("messages", "not_json", 2)
    counters.add("samples_dropped", "cache_full", 3)
    reply = site.client.get("/metrics")
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = [line for line in reply.text.splitlines() if not line.startswith("#")]
    assert samples == [
        'jnt_messages_total{result="accepted"} 7',
        'jnt_messages_total{result="not_json"} 2',
        "jnt_samples_accepted_total 5",
        "jnt_samples_written_total 4",
        "jnt_samples_late_total 1",
        'jnt_samples_dropped_total{reason="cache_full"} 3',
        "jnt_series 1",
        "jnt_claimed_topics 0",
        "jnt_dialect_notes 0",
        "jnt_cache_samples 1",
    ]
    for name in {re.split(r"[{ ]", line)[0] for line in samples}:
        assert f"\n# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}\n" in "\n" + reply.text
        assert f"# HELP {name} " in reply.text


def test_a_label_of_metrics_is_escaped(site: Site) -> None:
    site.services.counters.add("messages", 'a"b\\c\nd\ud800')
    assert 'jnt_messages_total{result="a\\"b\\\\c\\nd?"} 1\n' in site.client.get("/metrics").text


# -- last values ---------------------------------------------------------------------------------------


def values_of(reply_text: str) -> dict[str, dict[str, Any]]:
    """The samples of `jnt_value` by series and column, as Prometheus' own parser reads them."""
    families = {family.name: family for family in text_string_to_metric_families(reply_text)}
    return {
        f"{each.labels['series']}:{each.labels['column']}": {"value": each.value, **each.labels}
        for each in families["jnt_value"].samples
    }


@pytest.fixture
def exposing(tmp_path: Path, store: RrdStore, serve: Callable[..., WebServer]) -> Site:
    """A server whose ini has `expose_values = True`."""
    services = make_services(tmp_path, store, expose_values=True)
    return Site(services, store, Client(serve(services).port))


def test_last_values_are_not_exposed_by_default(site: Site) -> None:
    site.store.add("s", rows=3)
    assert "jnt_value" not in site.client.get("/metrics").text
    assert HTTP_OPTIONS["expose_values"].default is False


def test_last_values_are_exposed_where_the_ini_says_so(exposing: Site) -> None:
    exposing.store.add("s", column("value", label="Kitchen", units="°C", last=21.5), node="0100/0001")
    exposing.store.add("weather", column("t", last=-3.0), column("h", last=1e20))
    reply = exposing.client.get("/metrics")
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = values_of(reply.text)
    assert found["s:value"] == {
        "value": 21.5,
        "series": "s",
        "column": "value",
        "label": "Kitchen",
        "unit": "°C",
        "node": "0100/0001",
    }
    assert (found["weather:t"]["value"], found["weather:h"]["value"]) == (-3.0, 1e20)
    families = {family.name: family for family in text_string_to_metric_families(reply.text)}
    assert families["jnt_value"].type == families["jnt_value_time_seconds"].type == "gauge"
    assert all(abs(each.value - time.time()) < 60 for each in families["jnt_value_time_seconds"].samples)


def test_what_is_old_or_unknown_is_not_exposed(exposing: Site) -> None:
    now = time.time()
    exposing.store.add("young", column(last_time=now - 3000))
    exposing.store.add("old", column(last_time=now - 4000))
    exposing.store.add("unknown", column(last=math.nan))
    exposing.store.add("endless", column(last=math.inf))
    exposing.store.add("never", column(last=None, last_time=None))
    assert list(values_of(exposing.client.get("/metrics").text)) == ["young:value"]


def test_labels_from_the_bus_break_no_line(exposing: Site) -> None:
    hostile = 'a"} 1\njnt_value{series="x\\\ud800\u202e'
    exposing.store.add("s", column(label=hostile, units=hostile), node=hostile)
    found = values_of(exposing.client.get("/metrics").text)
    assert list(found) == ["s:value"]
    assert found["s:value"]["label"] == found["s:value"]["node"]
    assert found["s:value"]["label"].startswith('a"} 1 jnt_value{series="x\\')


def test_without_a_store_the_counters_are_there(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    reply = Client(serve(make_services(tmp_path, None, expose_values=True)).port).get("/metrics")
    assert reply.status == 200
    assert "jnt_series 0\n" in reply.text
