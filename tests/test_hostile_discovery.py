"""Devices that announce themselves are hostile too: what they say is bounded, told, and the rest goes on being logged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import House, janitoo, live_in
from support import Mosquitto, fetch_json, wait_until

from janitoo_datalog_rrd.bus import RrdBus


@pytest.fixture
def broker(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    return make_mosquitto(extra=("max_inflight_messages 20", "max_queued_messages 1000"))


def announce(ident: str, **more: Any) -> tuple[str, str]:
    """The announcement of a sensor, which is device `ident`."""
    config = {
        "name": "Temperature",
        "state_topic": f"rooms/{ident}",
        "unit_of_measurement": "°C",
        "unique_id": ident,
        "device": {"identifiers": [ident], "name": ident},
        **more,
    }
    return f"homeassistant/sensor/{ident}/config", json.dumps(config)


def goes_on(house: House, ident: str = "good") -> None:
    """A device that means well is announced and logged, and another one that announces nothing."""
    house.broker.publish(announce(ident), (f"rooms/{ident}", "21.5"), janitoo("0001/0001", "good", 4), retain=True)
    wait_until(lambda: {f"rooms.{ident}", "0001.0001.good.0"} <= set(house.names()), what="those that mean well to be logged")
    assert house.server.services.health.problems() == {}


def notes(house: House) -> dict[str, str]:
    """What the status page says of dialects: by place."""
    told = fetch_json(f"{house.url}/api/v1/status")["dialects"]["notes"]
    return {each["place"]: each["what"] for each in told}


def a_second_later() -> None:
    """Wait for the next second: a file that was written has no more room for the one before."""
    now = int(time.time())
    wait_until(lambda: int(time.time()) > now)


TEMPLATES = [
    "{% for each in range(1000000000) %}{{ each }}{% endfor %}",
    "{% set ns = namespace(a=1) %}{% for each in range(100) %}{% set ns.a = ns.a * 10 ** 100000 %}{% endfor %}{{ ns.a }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ value_json.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ 'x' * 10000000000 }}",
    "{{ [1] * 1000000000 }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ value | center(1000000000) }}",
    "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ 1" + " + 1" * 20_000 + " }}",
    "{% include '/etc/passwd' %}",
]


def test_templates_that_loop_or_reach_out_do_nothing_and_are_told(tmp_path: Path, broker: Mosquitto) -> None:
    bad = [announce(f"bad{number}", value_template=template) for number, template in enumerate(TEMPLATES)]
    with live_in(tmp_path, broker) as house:
        broker.publish(*bad, retain=True)
        broker.publish(*[(f"rooms/bad{number}", '{"value": 1}') for number in range(len(TEMPLATES))], retain=True)
        house.publish()
        goes_on(house)
        assert not [name for name in house.names() if name.startswith("rooms.bad")]
        text = json.dumps(notes(house))
        assert all(f"bad{number}" in text for number in range(len(TEMPLATES)))


def test_an_announcement_of_a_mebibyte_is_bounded_and_told(tmp_path: Path, broker: Mosquitto) -> None:
    topic, config = announce("huge")
    with live_in(tmp_path, broker) as house:
        for padding in ({"pad": "x" * (1 << 20)}, {f"k{number}": number for number in range(60_000)}):
            broker.publish((topic, json.dumps({**json.loads(config), **padding})), retain=True)
        broker.publish((topic, b"\xff" * (1 << 20)), (topic, "[" * (1 << 20)), ("rooms/huge", "1"), retain=True)
        components = {f"c{number}": {"p": "sensor", "state_topic": f"rooms/many/{number}"} for number in range(12_000)}
        device = {"dev": {"ids": "many", "name": "many"}, "o": {"name": "x"}, "cmps": components}
        broker.publish(("homeassistant/device/many/config", json.dumps(device)), retain=True)
        house.publish()
        goes_on(house)
        refused = {entry.reason for entry in house.server.services.rejected.last()}
        assert refused & {"too_large", "not_utf8", "not_json", "too_deep"}


def test_two_devices_that_claim_one_topic_are_logged_as_one(tmp_path: Path, broker: Mosquitto) -> None:
    both = {"state_topic": "rooms/both", "value_template": "{{ value_json.t }}"}
    with live_in(tmp_path, broker) as house:
        broker.publish(announce("one", **both), announce("two", **both), ("rooms/both", '{"t": 3}'), retain=True)
        house.publish()
        goes_on(house)
        assert [name for name in house.names() if name.startswith("rooms.both")] == ["rooms.both.t"]


FOREIGN = [
    "#",
    "+/+",
    "rooms/#",
    "$SYS/#",
    "$SYS/broker/uptime",
    "/values/user/0120/0001/cpu",
    "/dhcp/heartbeat/0014/0000",
    "zigbee2mqtt/bridge/devices",
    "homie/a/b/c",
    "homeassistant/sensor/other/config",
    "a\0b",
    "a\u0001b",
    "\ud800",
    "\ufffe",
    "/" * 300,
    "x" * 60_000,
    "",
]


def test_topics_of_others_cannot_be_claimed(tmp_path: Path, broker: Mosquitto) -> None:
    """One that a broker does not take would end the connection, again and again; `#` would bring the whole bus."""
    with live_in(tmp_path, broker) as house:
        link = house.server.services.link
        assert link is not None
        before = set(link.filters)
        broker.publish(*[announce(f"thief{number}", state_topic=topic) for number, topic in enumerate(FOREIGN)], retain=True)
        broker.publish(("private/thoughts", "1"), retain=True)
        house.publish()
        goes_on(house)
        assert set(link.filters) - before == {"rooms/good"}
        assert link.connects == 1
        assert not [name for name in house.names() if "private" in name or "SYS" in name]
        assert house.server.services.nodes.get("0014/0000")


@pytest.mark.slow
def test_ten_thousand_entities_at_once_are_bounded_and_the_rest_goes_on(tmp_path: Path, broker: Mosquitto) -> None:
    with live_in(tmp_path, broker, datarrd="max_series = 500") as house:
        goes_on(house, "early")
        for begin in range(0, 10_000, 500):
            numbers = range(begin, begin + 500)
            broker.publish(*[announce(f"n{number}") for number in numbers], qos=0)
            broker.publish(*[(f"rooms/n{number}", "1") for number in numbers], qos=0)
        broker.publish(("rooms/early", "22"))
        store = house.server.services.store
        assert store is not None
        # thousands of packets with subscriptions come before it, and this broker writes its database after many of them
        wait_until(lambda: store.get_series("rooms.early").columns[0].last_value == 22, 60, "the rest to go on")
        assert store.count_series() <= 500
        assert house.server.services.health.problems() == {}


@pytest.mark.slow
def test_more_is_retained_than_the_broker_keeps_and_all_of_it_is_logged(tmp_path: Path, broker: Mosquitto) -> None:
    """A house that has been there for years, and a server that is new."""
    count = 1500
    for begin in range(0, count, 250):
        numbers = range(begin, begin + 250)
        broker.publish(*[announce(f"n{number}") for number in numbers], retain=True)
        broker.publish(*[(f"rooms/n{number}", f"{number}.5") for number in numbers], retain=True)
    with live_in(tmp_path, broker) as house:
        store = house.server.services.store
        assert store is not None

        def logged() -> dict[str, float | None]:
            return {info.name: info.columns[0].last_value for info in store.list_series() if info.name.startswith("rooms.")}

        wait_until(lambda: len(logged()) >= count, timeout=60)
        assert logged() == {f"rooms.n{number}": number + 0.5 for number in range(count)}


@pytest.mark.parametrize("killed", [False, True])
def test_a_device_that_comes_back_under_another_name_keeps_its_history(tmp_path: Path, broker: Mosquitto, killed: bool) -> None:
    """Its topic is another one, its unique id is not; the server is started anew in between."""
    with live_in(tmp_path, broker) as house:
        broker.publish(announce("sensor"), ("rooms/sensor", "21.5"), retain=True)
        wait_until(lambda: "rooms.sensor" in house.names())
    a_second_later()
    topic, _ = announce("sensor")
    if killed:
        (tmp_path / "home" / "rrd" / "announcements.json").unlink()
    broker.publish((topic, ""), ("rooms/sensor", ""), retain=True)
    _, config = announce("sensor", state_topic="loft/sensor", name="Loft temperature")
    broker.publish((topic, config), ("loft/sensor", "22.5"), retain=True)
    with live_in(tmp_path, broker) as house:
        store = house.server.services.store
        assert store is not None
        wait_until(lambda: any(info.columns[0].last_value == 22.5 for info in store.list_series()), what="the new number")
        (series,) = [info for info in store.list_series() if "sensor" in info.columns[0].key[0]]
        assert series.columns[0].key == ("loft/sensor", "")
        assert series.columns[0].label == "Loft temperature"


def test_what_waited_on_a_claimed_topic_is_logged_after_a_restart(tmp_path: Path, broker: Mosquitto) -> None:
    """It comes before the retained announcements: what devices said before is heard first."""
    with live_in(tmp_path, broker) as house:
        broker.publish(announce("sensor", value_template="{{ value_json.t }}"), retain=True)
        wait_until(lambda: "rooms/sensor" in house.server.services.readers.directory.claimed)
        broker.publish(("rooms/sensor", '{"t": 20}'), retain=True)
        wait_until(lambda: "rooms.sensor.t" in house.names())
    a_second_later()
    broker.publish(("rooms/sensor", '{"t": 21}'))
    with live_in(tmp_path, broker) as house:
        store = house.server.services.store
        assert store is not None
        wait_until(lambda: store.get_series("rooms.sensor.t").columns[0].last_value == 21, what="what waited")
        assert house.server.services.rejected.last() == []


def test_announcements_that_cannot_be_written_are_told_once(
    tmp_path: Path, broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    with live_in(tmp_path, broker) as house:
        thread = house.server.get_thread("datarrd")
        assert thread is not None
        assert isinstance(thread.bus, RrdBus)
        assert thread.bus.store is not None
        assert thread.bus.store.listening is not None
        next(tmp_path.rglob("subscriptions.json")).with_name("announcements.json").mkdir()  # it cannot be replaced by a file
        broker.publish(announce("good"), retain=True)
        house.publish()
        for _ in range(5):
            thread.bus.store.listening.save(now=True)
        assert sum("announced could not be written" in each.message for each in caplog.records) == 1


def test_what_leads_to_a_topic_is_written_before_that_is_subscribed(tmp_path: Path, broker: Mosquitto) -> None:
    """Else what waits on it at the broker is nobody's after a crash, and lost."""
    with live_in(tmp_path, broker) as house:
        link = house.server.services.link
        assert link is not None
        broker.publish(announce("good"), retain=True)
        wait_until(lambda: "rooms/good" in link.filters, what="the topic to be asked for")
        written = next(tmp_path.rglob("announcements.json")).read_text()
        assert "homeassistant/sensor/good/config" in written
