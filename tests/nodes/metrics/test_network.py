"""Interfaces: against the kernel's own counts."""

from __future__ import annotations

import socket
from collections import namedtuple
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.trees import flat, section

from janitoo_datalog_rrd.nodes.metrics.network import make_network

Counts = namedtuple(
    "Counts", ["bytes_sent", "bytes_recv", "packets_sent", "packets_recv", "errin", "errout", "dropin", "dropout"]
)


def kernel() -> dict[str, list[int]]:
    """`/proc/net/dev`: bytes, packets, errs and drop received, and the same four sent, by interface."""
    rows = [line.split(":") for line in Path("/proc/net/dev").read_text().splitlines()[2:]]
    found = {name.strip(): [int(each) for each in rest.split()] for name, rest in rows}
    return {name: row[:4] + row[8:12] for name, row in found.items()}


def test_interfaces_count_what_the_kernel_counts() -> None:
    before = kernel()
    numbers = flat(make_network(section("network", loopback=True, passing=True)).read())
    after = kernel()
    names = {name.split(".")[0] for name in numbers}
    assert names == {name for name, row in before.items() if row[0] or row[4]}
    for name in names:
        fields = [f"{name}.{way}.{what}" for way in ("received", "sent") for what in ("bytes", "packets", "errors", "drops")]
        for at, field in enumerate(fields):
            assert before[name][at] <= (numbers[field] or 0) <= after[name][at], field


def test_what_is_sent_over_loopback_is_counted_where_it_is_asked_for() -> None:
    metrics = make_network(section("network", loopback=True))
    before = flat(metrics.read()).get("lo.sent.bytes") or 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        there.bind(("127.0.0.1", 0))
        for _ in range(20):
            here.sendto(b"x" * 1000, there.getsockname())
    assert (flat(metrics.read())["lo.sent.bytes"] or 0) >= before + 20_000


@pytest.fixture(name="found")
def found_fixture(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    found: dict[str, Any] = {name: Counts(*range(1, 9)) for name in ("lo", "eth0", "eth0.5", "veth12ab", "br-1f", "docker0")}
    monkeypatch.setattr(psutil, "net_io_counters", lambda **_: dict(found))
    return found


@pytest.mark.usefixtures("found")
def test_loopback_and_passing_interfaces_are_left_out_unless_they_are_asked_for() -> None:
    def names(**options: bool) -> set[str]:
        return set(make_network(section("network", **options)).read())

    assert names() == {"eth0", "eth0_5", "docker0"}
    assert names(loopback=True) - names() == {"lo"}
    assert names(passing=True) - names() == {"veth12ab", "br-1f"}


def test_each_way_has_its_own_counts(found: dict[str, Any]) -> None:
    assert make_network(section("network")).read()["eth0"] == {
        "received": {"bytes": 2, "packets": 4, "errors": 5, "drops": 7},
        "sent": {"bytes": 1, "packets": 3, "errors": 6, "drops": 8},
    }


def test_an_interface_that_is_gone_ends_its_lines_once(found: dict[str, Any]) -> None:
    metrics = make_network(section("network"))
    metrics.read()
    del found["eth0"]
    assert {number for name, number in flat(metrics.read()).items() if name.startswith("eth0.")} == {None}
    assert "eth0" not in metrics.read()


def test_one_that_never_moved_a_byte_is_left_out_until_it_does(found: dict[str, Any]) -> None:
    found["wlan0"] = Counts(*[0] * 8)
    metrics = make_network(section("network"))
    assert "wlan0" not in metrics.read()
    found["wlan0"] = Counts(1, *[0] * 7)
    assert "wlan0" in metrics.read()
