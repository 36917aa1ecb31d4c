"""A fleet comes back while the server is away, and the broker keeps as much as Mosquitto does by itself: no reading is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from house import House, live_in
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.agent.settings import default_hadd

LIMITS = ("max_inflight_messages 20", "max_queued_messages 1000")
"""What Mosquitto has by itself."""
MACHINES = [f"web{number:03d}" for number in range(300)]


def values(house: House) -> dict[str, float]:
    """The last number of each machine."""
    store = house.server.services.store
    assert store is not None
    return {info.name: info.columns[0].last_value for info in store.list_series() if info.name.startswith("devices.")}


def test_what_machines_say_of_themselves_takes_no_room_from_their_readings(
    tmp_path: Path, make_mosquitto: Callable[..., Mosquitto]
) -> None:
    """Each says five things when the broker is back; that is more than the broker keeps for one that is away."""
    broker = make_mosquitto(extra=LIMITS)
    now = round(time.time(), 3)
    with live_in(tmp_path, broker) as house:
        house.publish()
    metrics = {"cpu.percent": {"units": "%"}}
    abouts = {each: {"device_id": each, "hadd": default_hadd(each), "metrics": metrics} for each in MACHINES}
    states = [(f"devices/{each}/status", state) for state in ("offline", "online") for each in MACHINES]
    broker.publish(*states, *[(f"devices/{name}/about", json.dumps(about)) for name, about in abouts.items()], retain=True)
    broker.publish(*[(f"/dhcp/heartbeat/{default_hadd(each)}", "ONLINE") for each in MACHINES], qos=0)
    for second in range(3):
        document = {"timestamp": now + second, "metrics": {"cpu": {"percent": second}}}
        broker.publish(*[(f"devices/{each}/monitoring", json.dumps({**document, "device_id": each})) for each in MACHINES])
    with live_in(tmp_path, broker) as house:
        wanted = {f"devices.{each}.monitoring.metrics.cpu.percent": 2.0 for each in MACHINES}
        house.publish()
        assert values(house) == wanted
        nodes = house.server.services.nodes
        wait_until(lambda: all(getattr(nodes.get(default_hadd(each)), "state", "") == "ONLINE" for each in MACHINES))
        store = house.server.services.store
        assert store is not None
        assert {info.columns[0].units for info in store.list_series() if info.name in wanted} == {"%"}
