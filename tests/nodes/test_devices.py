"""Byte counters of disks and interfaces: which there are, and totals that make no spikes."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from janitoo_datalog_rrd.nodes.devices import DeviceBytes, DeviceCounters, read_disks, read_networks


class Devices:
    """Devices that come, go and count as the test says."""

    def __init__(self, **found: DeviceBytes) -> None:
        self.found = dict(found)

    def __call__(self) -> dict[str, DeviceBytes]:
        return dict(self.found)


def test_each_device_and_the_total_are_counted() -> None:
    counters = DeviceCounters(Devices(sda=DeviceBytes(100, 10), sdb=DeviceBytes(200, 20)))
    assert counters.incoming() == {"total": 300, "sda": 100, "sdb": 200}
    assert counters.outgoing() == {"total": 30, "sda": 10, "sdb": 20}


def test_the_total_follows_its_devices() -> None:
    devices = Devices(sda=DeviceBytes(100, 0), sdb=DeviceBytes(200, 0))
    counters = DeviceCounters(devices)
    counters.incoming()
    devices.found["sda"] = DeviceBytes(150, 0)
    assert counters.incoming() == {"total": 350, "sda": 150, "sdb": 200}


def test_the_total_neither_falls_nor_leaps_when_a_device_goes_and_comes_back() -> None:
    devices = Devices(sda=DeviceBytes(100, 0), usb=DeviceBytes(9_000_000, 0))
    counters = DeviceCounters(devices)
    assert counters.incoming()["total"] == 9_000_100
    usb = devices.found.pop("usb")
    assert counters.incoming() == {"total": 9_000_100, "sda": 100}
    devices.found["usb"] = usb._replace(incoming=9_000_007)
    assert counters.incoming()["total"] == 9_000_107


def test_the_total_does_not_leap_when_a_device_with_a_long_life_is_plugged_in() -> None:
    devices = Devices(sda=DeviceBytes(100, 0))
    counters = DeviceCounters(devices)
    counters.incoming()
    devices.found["usb"] = DeviceBytes(9_000_000, 0)
    assert counters.incoming()["total"] == 100


def test_the_total_stands_when_a_device_starts_anew() -> None:
    devices = Devices(sda=DeviceBytes(100, 0))
    counters = DeviceCounters(devices)
    counters.incoming()
    devices.found["sda"] = DeviceBytes(5, 0)
    assert counters.incoming() == {"total": 100, "sda": 5}


def test_a_device_that_never_moved_a_byte_is_left_out_until_it_does() -> None:
    devices = Devices(eth0=DeviceBytes(1, 1), wlan0=DeviceBytes(0, 0))
    counters = DeviceCounters(devices)
    assert "wlan0" not in counters.incoming()
    devices.found["wlan0"] = DeviceBytes(0, 60)
    assert counters.incoming()["wlan0"] == 0


def test_indexes_stay_few_however_many_devices_come_and_go() -> None:
    devices = Devices()
    counters = DeviceCounters(devices, limit=3)
    seen: set[int | str] = set()
    for number in range(20):
        devices.found = {f"tun{number}": DeviceBytes(1, 1)}
        seen.update(counters.incoming())
    assert seen == {"total", "tun0", "tun1", "tun2"}


def test_a_strange_name_becomes_an_index_that_is_safe_in_a_series_name() -> None:
    counters = DeviceCounters(Devices(**{"eth/0\udcff:1": DeviceBytes(1, 1), "total": DeviceBytes(5, 5)}))
    assert counters.incoming() == {"total": 1, "eth_0_1": 1}


def test_no_device_gives_no_index() -> None:
    assert DeviceCounters(Devices()).incoming() == {}


def test_only_physical_disks_are_read_and_no_partitions(tmp_path: Path) -> None:
    there = sorted(psutil.disk_io_counters(perdisk=True, nowrap=False) or {})
    if not there:
        pytest.skip("this machine counts no disks")
    (tmp_path / "block" / there[0] / "device").mkdir(parents=True)
    for name in there[1:]:
        (tmp_path / "block" / name).mkdir()
    assert set(read_disks(tmp_path)) == {there[0]}


def test_loopback_is_not_read() -> None:
    assert "lo" in psutil.net_io_counters(pernic=True)
    assert "lo" not in read_networks(Path("/sys"))


def test_only_interfaces_with_a_device_are_in_the_total(tmp_path: Path) -> None:
    there = sorted(read_networks(tmp_path))
    if not there:
        pytest.skip("this machine has no interface but loopback")
    assert all(each.in_total for each in read_networks(tmp_path).values())
    (tmp_path / "class" / "net" / there[0] / "device").mkdir(parents=True)
    assert [name for name, each in read_networks(tmp_path).items() if each.in_total] == [there[0]]
