"""Explore says which dialect reads a message, and why a number in it is not logged."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

import pytest
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.core import plugins
from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.directory import Directory
from janitoo_datalog_rrd.core.plugins import DECODERS, speaks
from janitoo_datalog_rrd.core.sections import Section

from .conftest import Looker

PUMP = {"power": 40, "lat": 48.1, "uptime": 9}
HERE = "web.explore.test_dialects"
Start = Callable[..., Looker]


class Acme:
    """A dialect whose devices announce `acme/ID/config {"topic": ..., "name": ...}` and send `{"power": ...}`."""

    announcements = ("acme/+/config",)

    def join(self, directory: Directory) -> None:
        self.directory = directory
        self.claims: dict[str, str] = {}

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        if topic.endswith("/config"):
            self.announced(topic, payload)
            return []
        found = json.loads(payload)
        node = f"acme/{topic.split('/')[1]}"
        return [Reading((topic, path), found[path], None, Meta(path, "", node)) for path in ("power", "lat") if path in found]

    def announced(self, topic: str, payload: bytes) -> None:
        if topic in self.claims:
            self.directory.leave(self.claims.pop(topic), self)
        if payload:
            self.claims[topic] = json.loads(payload)["topic"]
            self.directory.claim(self.claims[topic], self)
            self.directory.note("acme", topic.removesuffix("/config"), "Its speed is a text, which is not logged.")


class Loosely:
    """A dialect that others' topics look like."""

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        return [Reading((topic, ""), float(payload[3:]))] if payload.startswith(b"is ") else []


@speaks("acme/#")
def make_acme(section: Section) -> Acme:
    return Acme()


@speaks("+/state", loose=True)
def make_loosely(section: Section) -> Loosely:
    return Loosely()


@pytest.fixture
def look_at(look_in: Start, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> Start:
    """A function that starts a server that knows two further dialects; it takes what `live_in` takes."""
    found = [*entry_points(group=DECODERS)]
    found += [EntryPoint(name, f"{HERE}:make_{name}", DECODERS) for name in ("acme", "loosely")]
    others = [each for group in (plugins.THREADS, plugins.COMPONENTS) for each in entry_points(group=group)]
    monkeypatch.setattr(plugins, "entry_points", lambda: [*found, *others])
    return lambda **more: look_in(mosquitto, **more)


def verdict(looker: Looker, topic: str) -> dict[str, object]:
    return looker.topic(topic)["verdict"]  # type: ignore[no-any-return]


def test_the_dialect_that_reads_a_message_is_named_and_what_it_leaves_out(look_at: Start) -> None:
    looker = look_at()
    looker.hear(("acme/pump/out", json.dumps(PUMP)))
    wait_until(lambda: looker.number("acme/pump/out", "power")["state"] == "logged", what="it to be logged")
    assert verdict(looker, "acme/pump/out")["sentence"] == "The dialect acme reads this topic."
    lat, uptime = looker.number("acme/pump/out", "lat"), looker.number("acme/pump/out", "uptime")
    assert (lat["state"], lat["why"][:38]) == ("not", "It is called like a secret or a positi")
    assert (uptime["state"], uptime["why"][:39]) == ("not", "The dialect acme logs no such number: a")
    status, refused = looker.ask(topic="acme/pump/out", path="uptime")
    assert (status, refused["detail"][:40]) == (400, "The dialect acme reads this topic alread")


def test_announcements_and_notes_are_told(look_at: Start) -> None:
    looker = look_at()
    # retained, since what a device has announced is subscribed only then
    looker.hear(("acme/pump/config", '{"topic": "garden/pump"}'), ("garden/pump", '{"power": 3}'), retain=True)
    config = verdict(looker, "acme/pump/config")
    assert config["state"] == "none"
    assert config["sentence"] == (
        "The dialect acme learns from this message what devices there are: there is no number in it."
        " acme notes of acme/pump: Its speed is a text, which is not logged."
    )
    wait_until(lambda: looker.number("garden/pump", "power")["state"] == "logged", what="it to be logged")
    assert verdict(looker, "garden/pump")["kind"] == "acme"


def test_what_was_taken_back_is_known_no_longer(look_at: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("janitoo_datalog_rrd.web.explore.learnt._ANEW_S", 0.0)
    looker = look_at()
    # retained, since what a device has announced is subscribed only then
    looker.hear(("acme/pump/config", '{"topic": "garden/pump"}'), ("garden/pump", '{"power": 3}'), retain=True)
    wait_until(lambda: verdict(looker, "garden/pump")["kind"] == "acme", what="it to be learnt")
    looker.house.publish(("acme/pump/config", ""))
    wait_until(lambda: verdict(looker, "garden/pump")["kind"] == "json", what="it to be forgotten")


def test_a_click_logs_what_a_dialect_passes_over_whose_topics_others_use_too(look_at: Start) -> None:
    looker = look_at()
    looker.hear(("shed/state", '{"heat": 21}'), ("attic/state", "is 5"), ("cellar/state", "words"))
    number = looker.number("shed/state", "heat")
    assert (number["state"], number["why"][:42]) == ("open", "The dialect loosely finds no number there;")
    told = verdict(looker, "shed/state")["sentence"]
    assert told == "The dialect loosely reads this topic, and rightly finds no number in this message."
    status, shown = looker.ask(topic="shed/state", path="heat")
    assert status == 200
    assert shown["notes"] == ["The dialect loosely reads such topics; this section reads them instead of it."]
    looker.log(topic="shed/state", path="heat")
    looker.house.wait_connected()
    looker.hear(("shed/state", '{"heat": 22}'))
    wait_until(lambda: looker.number("shed/state", "heat")["series"] == ["shed.state.heat"], what="it to be logged")
    assert verdict(looker, "cellar/state")["state"] == "none"
    assert verdict(looker, "attic/state")["kind"] == "loosely"


def test_a_dialect_that_is_off_says_so(look_at: Start) -> None:
    looker = look_at(more="[dialects]\noff = acme")
    looker.hear(("acme/pump/out", json.dumps(PUMP)))
    told = str(verdict(looker, "acme/pump/out")["sentence"])
    assert told.startswith(f"No decoder reads this topic: the dialect acme would, and is off ({looker.ini}:")
    looker.hear(("acme/pump/out", "1:2:3"))
    assert verdict(looker, "acme/pump/out")["sentence"] == told
    looker.hear(("acme/pump/out", json.dumps(PUMP)))
    assert looker.number("acme/pump/out", "power")["state"] == "open"
    assert looker.number("acme/pump/out", "lat")["state"] == "not"
    status, refused = looker.ask(topic="acme/pump/out", path="lat")
    assert (status, refused["parameter"]) == (400, "path")


def test_what_the_ini_hides_says_where(look_at: Start) -> None:
    more = "[privacy]\ntopics = bed/#\n[series__pump]\npattern = acme.pump.*\nlog = no\n[decoder__x]\ntopics = bed/#\nkind = json"
    looker = look_at(more=more)
    looker.hear(("bed/co2", "400"), ("acme/pump/out", json.dumps(PUMP)))
    number = looker.number("bed/co2")
    assert number["state"] == "not"
    assert number["why"].startswith(f"[privacy] says that nothing of its topic is logged ({looker.ini}:")
    assert str(looker.number("acme/pump/out", "power")["why"]).startswith("[series__pump] says that it is not to be logged (")
