"""The host node: every value of this machine is plausible, and goes over the wire as it should."""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING, Any

import orjson
import psutil
import pytest

from janitoo_datalog_rrd.core.plugins import COMPONENTS, Plugins
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.nodes.host import HostComponent, make_host

if TYPE_CHECKING:
    from pathlib import Path

GAUGES = {
    "cpu_percent": "%",
    "load": None,
    "memory_percent": "%",
    "memory_used": "B",
    "memory_available": "B",
    "swap_percent": "%",
    "swap_used": "B",
    "uptime": "s",
    "processes": None,
    "temperature": "°C",
    "process_memory": "B",
    "process_threads": None,
    "process_files": None,
    "process_connections": None,
}
COUNTERS = ("disk_read", "disk_write", "network_sent", "network_received")


def burn(seconds: float) -> None:
    """Keep a processor busy."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def make(**kwargs: Any) -> HostComponent:
    """A host node for which a second passes at each look at the clock."""
    ticks = itertools.count()
    return make_host(addr="0110/0001", clock=lambda: float(next(ticks)), **kwargs)


@pytest.fixture(name="host")
def host_fixture() -> HostComponent:
    return make()


def test_the_node_is_installed_under_its_key() -> None:
    plugins = Plugins()
    assert plugins.load(COMPONENTS, "hostsensor.psutil") is make_host
    specs = plugins.component_specs("hostsensor.psutil")
    assert specs is not None
    assert {spec.name: spec.default for spec in specs} == {"poll_delay": 10.0}


def test_every_value_is_a_user_value_with_its_unit_and_type(host: HostComponent) -> None:
    assert host.start(None)
    assert set(host.values) == {*GAUGES, *COUNTERS}
    for uuid, value in host.values.items():
        assert value.genre == 2
        assert value.poll_delay == 10.0
        assert value.label
        assert value.write is None
        assert value.units == GAUGES.get(uuid, "B"), uuid
        assert value.rrd_type == ("DERIVE" if uuid in COUNTERS else "GAUGE"), uuid


def test_the_poll_delay_is_the_one_of_the_ini() -> None:
    host = make(section=Section("hostsensor__host", {"hadd": "0110/0007", "poll_delay": 2.0}))
    assert {value.poll_delay for value in host.polled()} == {2.0}
    assert len(list(host.polled())) == len(host.values)


def test_values_of_this_machine_are_plausible(host: HostComponent) -> None:
    burn(0.1)
    read = {uuid: value.read_all() for uuid, value in host.values.items()}
    total = psutil.virtual_memory().total
    assert 0.0 < read["cpu_percent"][0] <= 100.0
    assert list(read["load"]) == [0, 1, 2]
    assert all(load >= 0.0 for load in read["load"].values())
    assert 0.0 < read["memory_percent"][0] < 100.0
    assert 0 < read["memory_used"][0] < total
    assert 0 < read["memory_available"][0] < total
    assert read["uptime"][0] == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=5)
    assert read["processes"][0] == pytest.approx(len(psutil.pids()), abs=50)
    assert 1_000_000 < read["process_memory"][0] < total
    assert read["process_threads"][0] >= 1
    assert read["process_files"][0] >= 1
    assert read["process_connections"][0] >= 0


def test_swap_is_published_only_where_there_is_some(host: HostComponent) -> None:
    expected = [0] if psutil.swap_memory().total else []
    assert list(host.values["swap_percent"].read_all()) == expected
    assert list(host.values["swap_used"].read_all()) == expected


def test_counters_and_sizes_are_whole_numbers(host: HostComponent) -> None:
    for uuid in (*COUNTERS, "memory_used", "memory_available", "process_memory", "uptime", "processes"):
        assert all(type(datum) is int for datum in host.values[uuid].read_all().values()), uuid


def test_counters_never_fall_between_two_polls(host: HostComponent, tmp_path: Path) -> None:
    before = {uuid: host.values[uuid].read_all() for uuid in COUNTERS}
    (tmp_path / "some").write_bytes(b"x" * 1_000_000)
    after = {uuid: host.values[uuid].read_all() for uuid in COUNTERS}
    for uuid in COUNTERS:
        assert all(after[uuid][index] >= count for index, count in before[uuid].items()), uuid


def test_the_total_of_the_first_poll_is_the_sum_of_its_devices(host: HostComponent) -> None:
    read = host.values["disk_read"].read_all()
    if not read:
        pytest.skip("this machine has no disk of its own")
    assert read.pop("total") == sum(read.values())


def test_the_wire_takes_every_value(host: HostComponent) -> None:
    burn(0.1)
    for value in host.values.values():
        objects = orjson.loads(orjson.dumps(value.wire_all(host.hadd, host.uuid)))
        for index, message in objects.items():
            assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", index)
            assert message["hadd"] == "0110/0001"
            assert str(message["index"]) == index
            assert isinstance(message["data"], (int, float))
            assert message["is_polled"] is True
            assert message.get("rrd_type") == ("DERIVE" if value.uuid in COUNTERS else None)


def test_before_its_first_measurement_the_cpu_is_unknown_and_no_error() -> None:
    host = make_host(addr="0110/0001", clock=lambda: 0.0)
    assert host.values["cpu_percent"].wire_all(host.hadd, host.uuid)["0"]["data"] is None


def test_labels_tell_the_indexes_apart(host: HostComponent) -> None:
    for value in host.values.values():
        labels = [message["label"] for message in value.wire_all(host.hadd, host.uuid).values()]
        assert len(set(labels)) == len(labels), value.uuid
    assert [each["label"] for each in host.values["load"].wire_all("", "").values()] == [
        "Load 1 min",
        "Load 5 min",
        "Load 15 min",
    ]
    disks = host.values["disk_read"].wire_all("", "")
    assert {index: each["label"] for index, each in disks.items()} == {
        index: "Disk read" if index == "total" else f"Disk read {index}" for index in disks
    }


def test_two_nodes_in_one_process_do_not_disturb_each_other() -> None:
    one, other = make(), make()
    burn(0.3)
    percents = [node.values["cpu_percent"].read() for node in (other, one)]
    # Were the last reading shared, no time would have passed for the second, and it would know nothing.
    assert percents[0] > 0.0
    assert percents[1] == pytest.approx(percents[0], abs=15.0)
    assert one.values["disk_read"].read_all().keys() == other.values["disk_read"].read_all().keys()


def test_a_machine_without_disks_to_be_seen_has_no_disk_series(tmp_path: Path) -> None:
    host = make(sys_root=tmp_path)
    assert host.values["disk_read"].wire_all(host.hadd, host.uuid) == {}
    assert host.values["memory_used"].wire_all(host.hadd, host.uuid) != {}
