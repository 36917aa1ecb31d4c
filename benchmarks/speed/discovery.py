"""The row of a retained flood: a house of thousands of entities is announced at once, with all that it measures."""

from __future__ import annotations

import json
import time

from .. import machine
from ..bench import Bench, Figures, Meter, column, pair
from ..processes import BenchError, Child
from ..report import Goal, Line
from ..servers import Broker, Server
from ..wire import Wire

LIMITS = ("max_queued_messages 1000", "max_inflight_messages 20")
"""What Mosquitto has by itself, which the other rows lift."""
ENTITIES = 10_000
_DIALECTS = ("homeassistant", "rooms")


def discovery(bench: Bench) -> list[Line]:
    """Retained messages at the first connect: 10,000 entities of Home Assistant's discovery, and 10,000 states of theirs.

    The broker has the limits that it comes with: 1,000 messages for a client that has not taken them yet. With --messages
    below 100,000, a tenth as many entities.
    Inside the clock, ours: starting the server with an empty home, until it has accepted a sample of each entity; the start of
    a server for an empty broker is left out. Every entity has to be logged, or the row fails.
    Inside the clock, mosquitto_sub: from its start, until it has had as many messages; those that it loses are told.
    """
    entities = ENTITIES if bench.messages >= 100_000 else bench.messages // 10
    has_peer = machine.MOSQUITTO_SUB.find() is not None
    with Broker(bench.place("broker"), LIMITS) as broker:
        idle = _ours(bench, broker, 0, -1)["seconds"]
        fill(broker.port, entities)
        turns = [("ours", lambda number: _ours(bench, broker, entities, number))]
        if has_peer:
            turns.append(("mosquitto_sub", lambda number: _peer(bench, broker, 2 * entities, number)))
        figures = bench.alternate(*turns)
    line = Line("discovery", f"{entities:,} entities announced and {entities:,} states, all retained, until all are logged", "s")
    line.ours = [max(seconds - idle, 0.0) for seconds in column(figures[0], "seconds")]
    line.goal = Goal(False, 10.0, of_ratio=False)
    line.notes.append(f"starting with nothing retained takes {idle:.2f} s, which is left out")
    if has_peer:
        line.peer_name, line.peer = "mosquitto_sub", column(figures[1], "seconds")
        lost = max(column(figures[1], "lost"))
        line.notes.append(f"mosquitto_sub lost up to {lost:,.0f} of {2 * entities:,} messages")
    line.runs = pair(figures[0], figures[1] if has_peer else ())
    return [line]


def fill(port: int, entities: int) -> None:
    """Have a broker retain the announcements and the states of so many entities, ten to a device."""
    wire = Wire(port, "announcer", 500)
    wire.publish(((topic, payload) for number in range(entities) for topic, payload in messages_of(number)), retain=True)
    wire.finish()
    wire.close()


def messages_of(number: int) -> list[tuple[str, bytes]]:
    """The announcement and the state of an entity."""
    device = f"node{number // 10:04d}"
    config = {
        "name": f"Temperature {number % 10}",
        "unique_id": f"{device}_t{number % 10}",
        "state_topic": f"rooms/{device}/t{number % 10}",
        "unit_of_measurement": "°C",
        "device_class": "temperature",
        "state_class": "measurement",
        "value_template": "{{ value_json.temperature | float }}",
        "expire_after": 86_400,
        "device": {"identifiers": [device], "name": f"Node {number // 10}", "manufacturer": "Somebody", "model": "Ten"},
    }
    state = {"temperature": round(15 + number % 100 / 10, 1), "linkquality": number % 255}
    return [
        (f"homeassistant/sensor/{device}/t{number % 10}/config", json.dumps(config).encode()),
        (f"rooms/{device}/t{number % 10}", json.dumps(state).encode()),
    ]


def _ours(bench: Bench, broker: Broker, entities: int, number: int) -> Figures:
    sections: dict[str, dict[str, object]] = {
        "system": {"broker_client_id": f"flood{number}"},
        "datarrd": {"max_series": 2 * ENTITIES},
    }
    server = Server(bench.place(f"server{number}"), broker.port, sections)
    meter = Meter()
    with server:
        accepted = server.wait_accepted(entities)
        found = meter.stop()
        series = int(server.metrics()["jnt_series"])
    if series < entities:
        raise BenchError(f"of {entities} entities {series} are logged, with {accepted} samples")
    return {**found, "cpu_s": 0.0, "series": series}


def _peer(bench: Bench, broker: Broker, count: int, number: int) -> Figures:
    words = ["-h", "127.0.0.1", "-p", str(broker.port), "-q", "0", "-C", str(count), "-W", "5", "-F", "%t"]
    topics = [word for each in _DIALECTS for word in ("-t", f"{each}/#")]
    child = Child([str(machine.MOSQUITTO_SUB.find()), *words, *topics], bench.place(f"peer{number}"), "mosquitto_sub")
    begun = time.monotonic()
    with child:
        child.wait(60.0)
    seconds = time.monotonic() - begun
    got = child.log().count("\n")
    return {"seconds": seconds, "lost": count - got}
