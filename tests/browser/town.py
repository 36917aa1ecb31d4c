"""A small house for the browser: a real server on a real broker, with nodes, and three days in its files."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from house import House, live_in, value
from support import Mosquitto, wait_until

from browser.day import NODES, Sample, sensors, topics
from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.store.store import Store

BOARD: dict[str, Any] = {
    "title": "Kitchen and power",
    "note": "What the wall tablet shows",
    "tiles": [
        {"kind": "value", "series": [{"name": "0100.0001.temperature.0"}]},
        {"kind": "value", "series": [{"name": "0110.0001.power.0"}]},
        {"kind": "value", "series": [{"name": "0110.0001.battery.0"}]},
        {"kind": "value", "series": [{"name": "0100.0002.temperature.0"}]},
        {
            "kind": "chart",
            "title": "Power",
            "series": [{"name": "0110.0001.power.0"}, {"name": "0110.0001.solar.0"}],
            "width": 2,
            "height": 2,
        },
        {
            "kind": "chart",
            "title": "Warmth and damp",
            "series": [{"name": "0100.0001.temperature.0"}, {"name": "0100.0001.humidity.0"}],
            "width": 2,
            "height": 2,
        },
        {"kind": "graph", "series": [{"name": "0100.0001.co2.0"}], "width": 4},
    ],
}
DAYS = 3
GRAIN_S = 300
SCHEMA = "step = 60\nretention = 1m:7d, 10m:90d, 1h:5y"
DECODERS = """
[decoder__boiler]
topics = tele/#
kind = json

[decoder__bare]
topics = sensors/#
kind = plain
"""


class Town(House):
    """A running server with a small house.

    Nodes 0100/0001 (kitchen) and 0110/0001 (energy meter) are online, 0100/0002 (garden) is offline; a boiler publishes JSON
    on `tele/boiler/SENSOR`, an attic bare numbers on `sensors/attic/temperature`. Names of Janitoo's series are such as
    `0100.0001.temperature.0`.
    """

    def say(self, node: str, uuid: str, number: float, **more: object) -> None:
        """Publish a number of a node, and wait until it is stored."""
        self.publish(self.message(node, uuid, number, **more))

    @staticmethod
    def message(node: str, uuid: str, number: float, **more: object) -> tuple[str, str]:
        """What a node publishes of a number."""
        return f"/values/user/{node}/{uuid}", json.dumps({"0": value(node, uuid, 0, number, **more)})

    def make_board(self, content: dict[str, Any] = BOARD) -> str:
        """Make a board, and return its id."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/boards", json.dumps(content).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.load(answer)["id"])

    @property
    def store(self) -> Store:
        """Its store."""
        store = self.server.services.store
        assert isinstance(store, Store)
        return store


@contextmanager
def build_town(folder: Path, broker: Mosquitto, grain_s: int = GRAIN_S) -> Iterator[Town]:
    """Run it for as long as the block lasts.

    Args:
        folder: its ini and its home go there.
        broker: its broker, running.
        grain_s: seconds between two numbers of a sensor.
    """
    with live_in(folder, broker, schema=SCHEMA, more=DECODERS) as plain:
        town = Town(plain.server, plain.broker, plain.home)
        _fill(town, grain_s)
        yield town


def _fill(town: Town, grain_s: int) -> None:
    now = int(town.server.services.clock())
    begin = (now - DAYS * 86400) // grain_s * grain_s
    for second in range(begin, now, grain_s):
        town.store.accept([_reading(sample, second) for sample in sensors(second)], second)
        for key, number in topics(second).items():
            town.store.accept([Reading(key, number, float(second))], second)
    for name, (title, place) in NODES.items():
        town.server.services.nodes.describe(name, title, place)
    town.broker.publish(
        *((f"/dhcp/heartbeat/{address}", "ONLINE") for address in NODES),
        ("/dhcp/heartbeat/0100/0002", "OFFLINE"),
        ("tele/boiler/SENSOR", json.dumps({"Flow": {"Temperature": 52.5}, "Return": {"Temperature": 41.0}, "Burner": "on"})),
        ("sensors/attic/temperature", "17.5"),
        ("sensors/attic/broken", "about nine"),
    )
    wait_until(town.server.services.rejected.last, what="the messages to be dealt with")
    town.store.flush_all()


def _reading(sample: Sample, second: int) -> Reading:
    meta = Meta(sample.label, sample.units, sample.node, sample.ds_type)
    return Reading((sample.node, sample.uuid, "0"), sample.number, float(second), meta)
