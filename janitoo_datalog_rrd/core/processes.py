"""How values of processes are named: said by whoever measures them or hands them in, read by whoever looks for them.

| who | key of the value |
| --- | --- |
| a process node | (its HADD, `memory_by_process` or `cpu_by_process`, name) |
| an agent | (`.../monitoring`, `metrics.processes.memory.NAME` or `metrics.processes.cpu.NAME`) |
| a collector | (`ressources-usage/192-168-1-5`, `memory.NAME` or `cpu.NAME`) |

The label says which process it is, and which machine it runs on.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from typing import NamedTuple

MEMORY = "memory_by_process"
"""uuid of the share of the machine's memory, in percent."""
CPU = "cpu_by_process"
"""uuid of the processor time, in percent of one processor."""
MAX_NAME = 40
"""Characters of a name."""
_WORDS = {MEMORY: "memory", CPU: "CPU"}
_LEVELS = {"memory": MEMORY, "cpu": CPU}
_ADDRESS = re.compile(r", ([0-9A-Fa-f.:]{2,45})", re.ASCII)
_OF_AGENT = re.compile(r"metrics\.processes\.(memory|cpu)\.(.+)", re.DOTALL)
_OF_COLLECTOR = re.compile(r"(memory|cpu)\.(.+)", re.DOTALL)
_AGENTS = "/monitoring"
_COLLECTORS = "ressources-usage/"


class ProcessValue(NamedTuple):
    """What a value of a process is.

    Attributes:
        uuid: `MEMORY` or `CPU`.
        name: of the process.
        address: of its machine; empty where it is not known.
    """

    uuid: str
    name: str
    address: str


def process_label(uuid: str, name: str, address: str) -> str:
    """The label of a value: `firefox memory, 192.0.2.7`."""
    return f"{name} {_WORDS[uuid]}, {address}"


def collector_key(uuid: str, name: str, address: str) -> tuple[str, str]:
    """The key of a value that a collector hands in."""
    return f"{_COLLECTORS}{re.sub('[.:]', '-', address)}", f"{_WORDS[uuid].lower()}.{name}"


def process_of(key: tuple[str, ...], label: str) -> ProcessValue | None:
    """What the value with a key and a label is; None where it is none of a process.

    Args:
        key: as `core.contracts` has it.
        label: as `process_label` makes it; where it is another one, name and address are what the key says.
    """
    if len(key) == 3:
        return ProcessValue(key[1], key[2], address_in(label)) if key[1] in _WORDS else None
    if len(key) != 2:
        return None
    if key[0].startswith(_COLLECTORS):
        match = _OF_COLLECTOR.fullmatch(key[1])
        address = read_address(key[0][len(_COLLECTORS) :])
        return None if match is None or not address else ProcessValue(_LEVELS[match[1]], match[2], address)
    match = _OF_AGENT.fullmatch(key[1]) if key[0].endswith(_AGENTS) else None
    if match is None:
        return None
    uuid, address = _LEVELS[match[1]], address_in(label)
    tail = process_label(uuid, "", address)
    return ProcessValue(uuid, label[: -len(tail)] if address and label.endswith(tail) else match[2], address)


def address_in(label: str) -> str:
    """The address of the machine that a label names, empty where it names none."""
    at = label.rfind(", ")
    match = _ADDRESS.fullmatch(label[at:]) if at >= 0 else None
    return match[1] if match is not None else ""


def read_address(written: str) -> str:
    """An address whose dots or colons may be hyphens, in its one form; empty where it is none."""
    for mark in ".:":
        with suppress(ValueError):
            return plain_address(ipaddress.ip_address(written.replace("-", mark)))
    return ""


def plain_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """An address as text: one of IPv4 within IPv6 as it is, and without the interface that it is reached by."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.IPv6Address(int(address)))
    return str(address)


def clean_name(name: str) -> str:
    """A name as it is told: printable, without runs of spaces, and short."""
    printable = "".join(each if each.isprintable() else "?" for each in name[: MAX_NAME * 4])
    return " ".join(printable.split())[:MAX_NAME].strip() or "?"
