"""What monitoring programs read: /healthz and /metrics."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from web.sites import Client, Site, make_services

from janitoo_datalog_rrd import __version__
from janitoo_datalog_rrd.web.server import WebServer


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
        "jnt_cache_samples 1",
    ]
    for name in {re.split(r"[{ ]", line)[0] for line in samples}:
        assert f"\n# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}\n" in "\n" + reply.text
        assert f"# HELP {name} " in reply.text


def test_a_label_of_metrics_is_escaped(site: Site) -> None:
    site.services.counters.add("messages", 'a"b\\c\nd\ud800')
    assert 'jnt_messages_total{result="a\\"b\\\\c\\nd?"} 1\n' in site.client.get("/metrics").text
