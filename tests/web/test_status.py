"""The status page and its document: every part of a real server, and nothing that is nobody's business."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from house import janitoo, live_in
from prometheus_client.parser import text_string_to_metric_families
from support import Mosquitto, fetch, fetch_json, wait_until
from web.sites import Client, RrdStore, Site, make_services, texts_of

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.decoding import Readers, Route
from janitoo_datalog_rrd.core.directory import MAX_NOTES, Directory
from janitoo_datalog_rrd.core.errors import PluginError
from janitoo_datalog_rrd.core.facts import BrokerLink, ForwardState
from janitoo_datalog_rrd.core.plugins import COMPONENTS, Plugins
from janitoo_datalog_rrd.core.privacy import Privacy
from janitoo_datalog_rrd.web.server import WebServer
from janitoo_datalog_rrd.web.status.process import describe_threads
from janitoo_datalog_rrd.web.status.reasons import REASONS

ROOT = Path(__file__).parents[2]


def test_threads_that_come_and_go_say_what_they_do() -> None:
    names = ("web-live", "web-artists", "explore-watch", "jnt_datalog_rrd-0018-0000-explore")
    told = describe_threads([], [threading.Thread(name=name) for name in names])
    assert [each["name"] for each in told] == ["artists", "events", "explore", "explore watch"]
    assert all(each["does"] for each in told)


def test_rejected_messages_are_listed_with_reason_and_first_bytes(site: Site) -> None:
    site.services.counters.add("samples_accepted", amount=1234)
    for index in range(120):
        site.services.rejected.add(f"tele/{index}", b'{"x": \xff\x00' + b"y" * 300, "not_json", "expected JSON")
    page = site.client.get("/status").text
    said = html.unescape(texts_of(page))
    assert re.search(r"1\s234 samples accepted", said)
    assert page.count("<li>") == 100
    assert said.index("tele/119") < said.index("tele/118")
    assert '{"x": \\xff\\x00yyy' in said
    assert "y" * 192 in said
    assert "y" * 193 not in said
    assert "tele/19 " not in said
    document = site.client.get("/api/v1/status").json
    assert document["messages"] == {"not_json": 120}
    assert len(document["rejected"]) == 100
    assert document["rejected"][0]["topic"] == "tele/119"


def test_a_plugin_that_cannot_be_loaded_is_named_with_the_reason(
    tmp_path: Path, store: RrdStore, serve: Callable[..., WebServer]
) -> None:
    services = make_services(tmp_path, store)
    services.plugins = Plugins([EntryPoint("acme.boiler", "acme_boiler:make", COMPONENTS)])
    with pytest.raises(PluginError):
        services.plugins.load(COMPONENTS, "acme.boiler")
    client = Client(serve(services).port)
    (plugin,) = client.get("/api/v1/status").json["plugins"]
    assert (plugin["name"], plugin["group"]) == ("acme.boiler", COMPONENTS)
    assert "No module named 'acme_boiler'" in plugin["failure"]
    assert "acme.boiler failed ModuleNotFoundError: No module named 'acme_boiler'" in html.unescape(
        texts_of(client.get("/status").text)
    )


def test_databases_that_samples_go_to_are_shown_with_their_trouble(site: Site) -> None:
    assert "Forwarding" not in site.client.get("/status").text
    evil = "<b>no\u202e\x00"
    well = ForwardState("one", "questdb", "http://a:9000", "", 1.0, 2_000_000_000.0, 0, 1234, 2, 3, 4)
    away = ForwardState("two", "influxdb2", "http://b", evil, 2_000_000_000.0, None, 5_000_000, 0, 0, 0, 0)
    site.services.forwards = lambda: [well, away]
    said = texts_of(site.client.get("/status").text)
    assert re.search(r"Forwarding .* one questdb, http://a:9000 sends .* 0 B 1\s234 2 3 4 two influxdb2, http://b waits", said), (
        said
    )
    assert "<b>no" not in site.client.get("/status").text
    one, two = site.client.get("/api/v1/status").json["forwards"]
    assert (one["name"], one["sent"], one["dropped"], one["trouble"]) == ("one", 1234, 4, "")
    assert (two["behind_bytes"], two["trouble"], two["last_sent"]) == (5_000_000, "<b>no", None)
    metrics = site.client.get("/metrics").text
    assert 'jnt_forward_samples_total{target="one",result="refused"} 3\n' in metrics
    assert 'jnt_forward_behind_bytes{target="two"} 5000000\n' in metrics
    assert 'jnt_forward_up{target="two"} 0\n' in metrics
    families = {family.name: family.type for family in text_string_to_metric_families(metrics)}
    assert (families["jnt_forward_samples"], families["jnt_forward_up"]) == ("counter", "gauge")


def test_hostile_text_is_only_text(site: Site) -> None:
    evil = '<script>alert(1)</script>\u202e"'
    site.services.rejected.add(evil, b"<img src=x>", evil, evil)
    site.services.health.fail(evil, evil)
    site.services.health.note(evil, evil)
    site.services.link = BrokerLink("127.0.0.1", 1883, "5", False, told=evil, version=evil, filters=[evil, "\ud800"])
    page = site.client.get("/status").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert site.client.get("/api/v1/status").json["broker"]["version"] == '<script>alert(1)</script> "'


def test_a_server_without_its_store_says_so(tmp_path: Path, serve: Callable[..., WebServer]) -> None:
    client = Client(serve(make_services(tmp_path, None)).port)
    document = client.get("/api/v1/status").json
    assert (document["cache"], document["journal"], document["broker"]) == (None, None, None)
    assert "store" in document["problems"]
    said = texts_of(client.get("/status").text)
    assert "The store is not up yet." in said
    assert "Nothing listens yet." in said


def test_a_living_server_tells_of_every_part(tmp_path: Path, make_mosquitto: Callable[..., Mosquitto]) -> None:
    broker = make_mosquitto(user="house", password="s3cret-pass-word")
    secret = f"broker_user = {broker.user}\nbroker_password = {broker.password}"

    def status() -> Any:
        return fetch_json(f"{house.url}/api/v1/status")

    with live_in(tmp_path, broker, system=secret, datarrd="cache_max_samples = 5000") as house:
        house.publish(janitoo("0100/0001", "temperature", 21.5), ("/values/user/x", "{nonsense"))
        wait_until(lambda: status()["broker"]["version"], what="the broker to say what it is")
        document = status()
        text = fetch(f"{house.url}/api/v1/status") or b""
        page = (fetch(f"{house.url}/status") or b"").decode()
        assert b"s3cret" not in text
        assert "s3cret" not in page
        assert b'"house"' not in text
        link = document["broker"]
        assert (link["host"], link["port"], link["connected"], link["connects"]) == ("127.0.0.1", broker.port, True, 1)
        assert (link["protocol"], link["tls"], link["session_kept"], link["mode"]) == ("5", False, False, "external")
        assert link["version"].startswith("mosquitto version ")
        assert document["started"] <= link["since"] <= document["time"]
        threads = {each["name"]: each for each in document["threads"]}
        assert {"datarrd", "http", "store", "receiver", "web workers", "scheduler"} <= set(threads)
        assert all(each["alive"] and each["does"] for each in threads.values() if each["plugin"])
        assert threads["web workers"]["count"] >= 4
        plugins = {(each["group"], each["name"]): each for each in document["plugins"]}
        assert plugins["janitoo_datalog_rrd.decoders", "json"]["package"] == "janitoo_datalog_rrd"
        assert not any(each["failure"] for each in document["plugins"])
        assert 1 <= document["cache"]["samples"] <= 20  # our own nodes publish too
        assert document["cache"]["most"] == 5000
        assert document["cache"]["oldest"] <= document["time"]
        assert (document["journal"]["segments"], document["journal"]["sync"]) == (1, "interval")
        assert document["journal"]["kept"] == 0
        assert document["journal"]["size"] > 0
        wait_until(lambda: (each := status()["journal"]) and each["synced"] and not each["pending"], what="the journal synced")
        assert document["disk"]["free"] > 0
        assert document["disk"]["limit"] > document["disk"]["most"] > 0
        assert document["messages"]["not_json"] == 1
        assert document["messages"]["accepted"] >= 1
        assert document["process"]["memory"] > 10_000_000
        assert {"janitoo_datalog_rrd", "Python", "librrd", "flask", "broker"} <= set(document["versions"])
        broker.stop()
        wait_until(lambda: not status()["broker"]["connected"], what="the loss to be told")
        assert "is gone" in status()["broker"]["told"]
        broker.start()
        wait_until(lambda: status()["broker"]["connected"], what="the connection to be back")
        assert status()["broker"]["connects"] == 2
        assert status()["broker"]["session_kept"] is True


def test_every_reason_is_in_the_documentation() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    missing = [reason for reason in REASONS if f"`{reason}`" not in page]
    assert missing == []


def test_every_reason_of_ours_has_words() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "janitoo_datalog_rrd").rglob("*.py")]
    raised = {reason for source in sources for reason in re.findall(r'DecodeError\(\s*"(\w+)"', source)}
    assert len(raised) > 15
    assert raised <= set(REASONS)


class Learner:
    """A dialect that has learnt something."""

    def __init__(self, *, failing: bool = False) -> None:
        self.failing = failing

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        return []

    def counts(self) -> list[tuple[str, int]]:
        if self.failing:
            raise RuntimeError("changed size during iteration")
        return [("devices", 3), ("<b>", 1)]


def test_dialects_say_what_they_have_learnt_and_cannot_log(site: Site) -> None:
    services = site.services
    assert site.client.get("/api/v1/status").json["dialects"] is None
    decoder = Learner()
    routes = [Route(("acme/#",), decoder, "acme"), Route(("x/+",), Learner(failing=True), "plain", "decoder__x")]
    directory = Directory(services.nodes)
    services.readers = Readers(routes, directory, Privacy())
    services.link = BrokerLink("127.0.0.1", 1883, "5", False)
    claims = [f"stat/{number}" for number in range(20_000)]
    for topic in claims:
        directory.claim(topic, decoder)
    services.link.filters = ["acme/#", "x/+", *claims]
    directory.note("acme", "<img src=x>", "Its template loops.")
    document = site.client.get("/api/v1/status").json
    first, second = document["dialects"]["readers"]
    assert (first["kind"], first["topics"], first["claimed"]) == ("acme", ["acme/#"], 20_000)
    assert first["knows"] == {"devices": 3, "<b>": 1}
    assert (second["section"], second["knows"]) == ("decoder__x", {})
    assert document["dialects"]["notes"] == [{"kind": "acme", "place": "<img src=x>", "what": "Its template loops."}]
    assert (document["broker"]["filters"], document["broker"]["claimed"]) == (["acme/#", "x/+"], 20_000)
    page = site.client.get("/status").text
    assert "<img src=x" not in page
    assert len(page) < 100_000
    said = re.sub(r"\s", " ", html.unescape(texts_of(page)))
    for words in ("20 000 topics that devices announced", "3 devices, 1 <b>, 20 000 announced topics", "template loops"):
        assert words in said, words
    assert "[decoder__x]" in said
    metrics = site.client.get("/metrics").text
    assert "jnt_claimed_topics 20000" in metrics
    assert "jnt_dialect_notes 1" in metrics


def test_notes_are_bounded_and_the_rest_is_counted(site: Site) -> None:
    directory = Directory(site.services.nodes)
    site.services.readers = Readers([], directory, Privacy())
    for number in range(MAX_NOTES + 7):
        directory.note("acme", f"x/{number}", "No.")
    found = site.client.get("/api/v1/status").json["dialects"]
    assert (len(found["notes"]), found["notes_left_out"]) == (MAX_NOTES, 7)
    assert "7 more are not kept" in texts_of(site.client.get("/status").text)


def test_a_dialect_that_is_switched_off_says_so(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto, more="[dialects]\noff = json") as house:
        assert fetch_json(f"{house.url}/api/v1/status")["dialects"]["off"] == ["json"]
        assert "json switched off in the ini" in texts_of(fetch(f"{house.url}/status").decode())
