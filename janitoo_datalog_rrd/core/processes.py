"""How values of processes are named on the bus: said by the node that measures them, read by whoever looks for them.

The index of such a value is the name of the process, its label says what it is and which machine it runs on.
"""

from __future__ import annotations

import re

from .contracts import Key

MEMORY = "memory_by_process"
"""uuid of the share of the machine's memory, in percent."""
CPU = "cpu_by_process"
"""uuid of the processor time, in percent of one processor."""
_WORDS = {MEMORY: "memory", CPU: "CPU"}
_PATHS = {"metrics.processes.memory.": MEMORY, "metrics.processes.cpu.": CPU}
"""How the paths of such values begin in the messages of agents."""
_ADDRESS = re.compile(r", ([0-9A-Fa-f.:]{2,45})", re.ASCII)


def process_label(uuid: str, name: str, address: str) -> str:
    """The label of a value: `firefox memory, 192.0.2.7`."""
    return f"{name} {_WORDS[uuid]}, {address}"


def process_of(key: Key) -> tuple[str, str] | None:
    """uuid and name of the process whose value a key is of; None where it is of another value."""
    if len(key) == 3:
        return (key[1], key[2]) if key[1] in _WORDS else None
    return next(((uuid, key[1].removeprefix(path)) for path, uuid in _PATHS.items() if key[1:] and key[1].startswith(path)), None)


def address_in(label: str) -> str:
    """The address of the machine that a label names, empty where it names none."""
    at = label.rfind(", ")
    match = _ADDRESS.fullmatch(label[at:]) if at >= 0 else None
    return match[1] if match is not None else ""
