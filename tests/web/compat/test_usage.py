"""A client of a process monitoring server asks this one by the paths it knows."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import rrdtool
from house import live_in
from support import Mosquitto, fetch_json, wait_until
from web.sites import STEP, Column, Site

from janitoo_datalog_rrd.core.processes import CPU, MEMORY, process_label


def add(
    site: Site, uuid: str, name: str, numbers: list[float], *, address: str = "192.0.2.7", node: str = "0110/0003", ago: int = 0
) -> None:
    """A series of a process, whose last number is `ago` seconds old."""
    safe = "".join(each if each.isalnum() else "_" for each in f"{node}.{uuid}.{name}")
    now = int(time.time()) // STEP * STEP - ago
    shown = Column("value", (node, uuid, name), process_label(uuid, name, address), "%", "GAUGE", numbers[-1], float(now))
    info = site.store.add(safe, shown, node=node, file=False)
    begin = now - len(numbers) * STEP
    path = str(info.path)
    rrdtool.create(path, "--start", str(begin), "--step", str(STEP), "DS:value:GAUGE:30:U:U", "RRA:AVERAGE:0.5:1:8640")
    rrdtool.update(path, *(f"{begin + (at + 1) * STEP}:{number}" for at, number in enumerate(numbers)))


def ask(site: Site, path: str) -> Any:
    reply = site.client.get(f"/ressources-usage/{path}")
    assert reply.status == 200, reply.text
    return reply.json


@pytest.fixture
def filled(site: Site) -> Site:
    add(site, MEMORY, "firefox", [4.0, 6.0])
    add(site, CPU, "firefox", [10.0, 30.0])
    add(site, MEMORY, "Web Content", [1.0] * 10)
    add(site, MEMORY, "sshd", [2.0, 2.0], address="192.0.2.8", node="0111/0003")
    add(site, CPU, "sshd", [0.0, 0.0], address="192.0.2.8", node="0111/0003")
    add(site, MEMORY, "gone", [50.0], ago=400)
    site.store.add("other")
    return site


def test_means_of_the_last_five_minutes_by_process(filled: Site) -> None:
    assert ask(filled, "get-all") == {"Web Content": [1.0, None], "firefox": [5.0, 20.0], "sshd": [2.0, 0.0]}


def test_older_numbers_do_not_count(site: Site) -> None:
    add(site, MEMORY, "p", [90.0] * 100 + [10.0] * 31)
    assert ask(site, "get-all") == {"p": [10.0, None]}


def test_processes_of_one_name_on_two_machines_are_one(filled: Site) -> None:
    add(filled, MEMORY, "firefox", [20.0, 20.0], address="192.0.2.8", node="0111/0003")
    assert ask(filled, "get-all")["firefox"] == [12.5, 20.0]
    assert ask(filled, "get-all/192-0-2-8")["firefox"] == [20.0, None]


@pytest.mark.parametrize(
    ("address", "names"),
    [("192-0-2-7", ["Web Content", "firefox"]), ("192-0-2-8", ["sshd"]), ("192.0.2.8", ["sshd"]), ("10-0-0-1", [])],
)
def test_an_address_with_hyphens_is_one_machine(filled: Site, address: str, names: list[str]) -> None:
    assert list(ask(filled, f"get-all/{address}")) == names


@pytest.mark.parametrize("written", ["2001-db8--1", "2001:db8::1", "2001-db8-0-0-0-0-0-1", "2001-0DB8--1"])
def test_a_newer_address_with_hyphens_is_one_machine_too(site: Site, written: str) -> None:
    add(site, MEMORY, "p", [1.0], address="2001:db8::1")
    assert ask(site, f"get-all/{written}") == {"p": [1.0, None]}


@pytest.mark.parametrize("address", ["house", "1-2-3", "1-2-3-400", "%00", "-"])
def test_what_is_no_address_is_a_400_that_programs_can_read(site: Site, address: str) -> None:
    reply = site.client.get(f"/ressources-usage/get-all/{address}")
    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/problem+json")
    assert reply.json["parameter"] == "address"


def test_the_document_can_be_had_as_a_text(filled: Site) -> None:
    assert json.loads(ask(filled, "get-all?text=1")) == ask(filled, "get-all")


def test_every_number_of_the_memory(filled: Site) -> None:
    found = ask(filled, "get-all-detailed")
    assert found["firefox"] == [4.0, 6.0]
    assert found["gone"] == [50.0]
    assert found["Web Content"] == [1.0] * 10


@pytest.mark.parametrize(
    ("numbers", "color"),
    [
        ([81.0] * 10, "red"),
        ([40.0 + 2 * at for at in range(20)], "orange"),
        ([80.0 - 2 * at for at in range(20)], "green"),
        ([79.0] * 10, "green"),
        ([79.0], "green"),
    ],
)
def test_an_alarm_has_a_color(site: Site, numbers: list[float], color: str) -> None:
    add(site, MEMORY, "calm", [1.0, 1.0, 1.0])
    add(site, CPU, "p", numbers)
    is_told = color != "green"
    assert ask(site, "query-alarm/") == {
        "color": color,
        "processes": {"p": color} if is_told else {},
        "machines": {"p": ["192.0.2.7"]} if is_told else {},
    }


def test_without_a_process_node_there_is_nothing(site: Site) -> None:
    site.store.add("other")
    assert ask(site, "get-all") == ask(site, "get-all-detailed") == {}
    assert ask(site, "query-alarm/") == {"color": "green", "processes": {}, "machines": {}}


def test_a_process_node_of_a_running_server_is_heard(tmp_path: Path, mosquitto: Mosquitto) -> None:
    more = (
        "[hostsensor]\nhadd = 0120/0000\ncomponents.processes = hostsensor.processes\n\n"
        "[hostsensor__processes]\nhadd = 0120/0003\npoll_delay = 1s\ntop = 100\naddress = 192.0.2.7\n"
    )
    with live_in(tmp_path, mosquitto, more=more) as house:

        def told() -> Any:
            found = fetch_json(f"{house.url}/ressources-usage/get-all/192-0-2-7")
            return found if any(cpu is not None and memory is not None for memory, cpu in found.values()) else None

        means = wait_until(told, what="means of processes")
        assert all(0 <= memory <= 400 for memory, _ in means.values() if memory is not None)
        assert fetch_json(f"{house.url}/ressources-usage/get-all/192-0-2-8") == {}


def test_processes_of_an_agent_are_heard(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """What an agent publishes of processes is told like that of a process node, by names that people know and by address."""
    about = {"device_id": "web01", "name": "Web 1", "address": "192.0.2.9", "poll_delay": 10}
    now = time.time()
    with live_in(tmp_path, mosquitto) as house:
        house.publish(("devices/web01/about", json.dumps(about)))
        for age in (20, 10, 0):
            processes = {"memory": {"firefox": 40.0, "Web_Content": 1.0}, "cpu": {"firefox": 95.0}}
            message = {"device_id": "web01", "timestamp": now - age, "metrics": {"processes": processes, "cpu": {"percent": 5.0}}}
            house.publish(("devices/web01/monitoring", json.dumps(message)))
        url = f"{house.url}/ressources-usage"
        means = {"Web_Content": [1.0, None], "firefox": [40.0, 95.0]}
        assert fetch_json(f"{url}/get-all") == fetch_json(f"{url}/get-all/192-0-2-9") == means
        assert fetch_json(f"{url}/get-all/192-0-2-8") == {}
        alarm = {"color": "red", "processes": {"firefox": "red"}, "machines": {"firefox": ["192.0.2.9"]}}
        assert fetch_json(f"{url}/query-alarm/") == alarm
