"""A real agent on a real broker, as a real server shows it: listed by its name, online and offline as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import House, live_in
from support import CommandLine, Mosquitto, Running, fetch_json, wait_until

from janitoo_datalog_rrd.core.plugins import METRICS, Plugins

HADD = "2041/0007"
SERIES = "devices.web01.monitoring.metrics"
INI = """
[system]
broker_port = {port}
home_dir = {home}
[agent]
device = web01
name = {name}
location = Rack 2
hadd = 2041/0007
poll_delay = 1
{off}
"""
Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path, command_line: CommandLine, mosquitto: Mosquitto) -> Start:
    """Starts the agent under a name."""
    wanted = ("load", "memory", "uptime")
    off = "\n".join(f"[agent__{each}]\nenabled = False" for each in Plugins().names(METRICS) if each not in wanted)

    def start(name: str) -> Running:
        ini = tmp_path / "agent.conf"
        ini.write_text(INI.format(port=mosquitto.port, home=tmp_path / "agent", name=name, off=off))
        return command_line.start("agent", "-c", str(ini))

    return start


def node(house: House) -> dict[str, Any]:
    """The agent's node, as the API has it; empty where it is not there."""
    nodes = fetch_json(f"{house.url}/api/v1/nodes")["nodes"]
    return next((each for each in nodes if each["hadd"] == HADD), {})


def wait_for(house: House, **wanted: Any) -> None:
    """Wait until the node is as it should be."""
    wait_until(lambda: node(house).items() >= wanted.items(), what=f"{wanted}, not {node(house)}")


def test_an_agent_is_listed_by_its_name_and_online_as_long_as_it_is(start: Start, tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        agent = start("Web 1")
        wait_for(house, name="Web 1", location="Rack 2", online=True)
        wait_until(lambda: f"{SERIES}.load.1" in house.names(), what="its series")
        series = fetch_json(f"{house.url}/api/v1/series/{SERIES}.memory.percent")
        assert (series["node"], series["columns"][0]["units"]) == (HADD, "%")
        assert series["columns"][0]["label"] not in ("", "metrics.memory.percent", "memory percent")
        agent.kill()
        wait_for(house, online=False)
        agent = start("Web 1")
        wait_for(house, online=True)
        assert agent.stop() == 0
        wait_for(house, online=False)
        before = house.names()
        start("Shop").stop()  # under another name, and not for long
        agent = start("Shop")
        wait_for(house, name="Shop", online=True)
        assert [each for each in house.names() if each.startswith("devices.")] == [
            each for each in before if each.startswith("devices.")
        ]
        devices = fetch_json(f"{house.url}/api/v1/devices")["devices"]
        assert "web01" in devices
        assert HADD not in devices
        assert "load-1" in fetch_json(f"{house.url}/api/v1/devices/web01/metrics?limit=1000")["metric_names"]
        assert fetch_json(f"{house.url}/api/v1/devices/web01/metrics/latest?limit=1000")["metrics"]["memory-percent"] > 0
        nodes = {each["hadd"] for each in fetch_json(f"{house.url}/api/v1/nodes")["nodes"]}
        assert not {each for each in nodes if each.startswith(("homeassistant/", "agent/"))}, "it stands there once"
        status = house.server.services
        assert not status.rejected.last()
        assert status.readers is not None
        assert status.readers.directory.notes == []
        assert agent.stop() == 0


def test_what_an_agent_has_said_is_known_after_a_restart_of_the_server(
    start: Start, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with live_in(tmp_path, mosquitto) as house:
        agent = start("Web 1")
        wait_until(lambda: f"{SERIES}.load.1" in house.names(), what="its series")
        wait_for(house, name="Web 1", online=True)
    with live_in(tmp_path, mosquitto) as house:
        wait_for(house, name="Web 1", online=True)
        agent.kill()
        wait_for(house, online=False)
    with live_in(tmp_path, mosquitto) as house:
        wait_for(house, name="Web 1", location="Rack 2", online=False)
        assert f"{SERIES}.load.1" in house.names()
        mosquitto.publish(("devices/web01/about", ""), retain=True)  # it was taken out of the house
        wait_for(house, name="", online=None)
