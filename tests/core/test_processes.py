"""How values of processes are named, whoever sends them."""

from __future__ import annotations

import pytest

from janitoo_datalog_rrd.core.processes import CPU, MEMORY, ProcessValue, collector_key, process_label, process_of, read_address

AGENT = "devices/web01/monitoring"


@pytest.mark.parametrize(
    ("key", "label", "value"),
    [
        (("0110/0003", MEMORY, "Web Content"), "Web Content memory, 192.0.2.7", (MEMORY, "Web Content", "192.0.2.7")),
        (("0110/0003", CPU, "x"), "renamed", (CPU, "x", "")),
        (("0110/0003", "load", "1"), "load", None),
        ((AGENT, "metrics.processes.memory.Web_Content"), "Web Content memory, ::1", (MEMORY, "Web Content", "::1")),
        ((AGENT, "metrics.processes.cpu.a_b"), "a_b CPU, 192.0.2.7", (CPU, "a_b", "192.0.2.7")),
        ((AGENT, "metrics.processes.cpu.a_b"), "processes cpu a_b", (CPU, "a_b", "")),
        ((AGENT, "metrics.processes.count"), "", None),
        ((AGENT, "metrics.cpu.percent"), "", None),
        (("devices/web01/other", "metrics.processes.cpu.a"), "", None),
        (("ressources-usage/192-0-2-7", "memory.a.b c"), "renamed", (MEMORY, "a.b c", "192.0.2.7")),
        (("ressources-usage/2001-db8--5", "cpu.a"), "", (CPU, "a", "2001:db8::5")),
        (("ressources-usage/house", "cpu.a"), "", None),
        (("ressources-usage/192-0-2-7", "disk.a"), "", None),
        (("a/topic", ""), "", None),
        ((), "", None),
    ],
)
def test_a_value_of_a_process_is_known(key: tuple[str, ...], label: str, value: tuple[str, str, str] | None) -> None:
    assert process_of(key, label) == (None if value is None else ProcessValue(*value))


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::5", "::1"])
@pytest.mark.parametrize("uuid", [MEMORY, CPU])
def test_what_a_collector_hands_in_is_found_again(uuid: str, address: str) -> None:
    key = collector_key(uuid, "a.b, 1.2.3.4", address)
    assert process_of(key, process_label(uuid, "a.b, 1.2.3.4", address)) == (uuid, "a.b, 1.2.3.4", address)


@pytest.mark.parametrize(
    ("written", "address"),
    [("1-2-3-4", "1.2.3.4"), ("--1", "::1"), ("::ffff:1.2.3.4", "1.2.3.4"), ("fe80--1%eth0", "fe80::1"), ("x", ""), ("", "")],
)
def test_an_address_has_one_form(written: str, address: str) -> None:
    assert read_address(written) == address
