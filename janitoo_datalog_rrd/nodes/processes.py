"""The process node, `hostsensor.processes`: memory and processor time of the processes that take most, by name."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ..core import parsers
from ..core.component import JNTComponent
from ..core.plugins import takes_options
from ..core.processes import CPU, MEMORY, process_label
from ..core.sections import OptionSpec
from ..core.values import TYPE_DECIMAL, NodeValue
from .addresses import own_address
from .processtable import ProcessTable

if TYPE_CHECKING:
    from ..core.bus import JNTBus

KEY = "hostsensor.processes"
POLL_DELAY_S = 10.0
TOP = 10
_SAME_POLL = 0.8
"""Share of the delay within which two readings belong to one poll."""


class ProcessesComponent(JNTComponent):
    """A node for the processes of the machine the server runs on.

    A name that falls out of those that are told is published once more as unknown, so that its line ends, and then no more.

    Args:
        bus: the bus it belongs to.
        addr: its HADD.
        table: measures; by default the processes of this machine.
        kwargs: as `JNTComponent` takes them; `section` may have `poll_delay` in seconds, `top` and `address`.
    """

    def __init__(
        self, bus: JNTBus | None = None, addr: str | None = None, *, table: ProcessTable | None = None, **kwargs: Any
    ) -> None:
        super().__init__(bus, addr, **{"oid": KEY, **kwargs})
        self._poll_delay: float = self.section.get("poll_delay", POLL_DELAY_S)
        self._table = table or ProcessTable(self.section.get("top", TOP), self._poll_delay * _SAME_POLL)
        self._address: str = self.section.get("address", "")
        self._add(MEMORY, "Memory by process", "Share of the machine's memory, of all processes of a name")
        self._add(CPU, "CPU by process", "Processor time since the last poll, of all processes of a name; 100 is one processor")

    def _add(self, uuid: str, label: str, told: str) -> None:
        labels: dict[int | str, str] = {}

        def read() -> dict[int | str, float | None]:
            usage = self._table.usage()
            told = usage.memory if uuid == MEMORY else usage.cpu
            numbers: dict[int | str, float | None] = {name: number for name, number in told.items()}  # noqa: C416 - other keys
            address = self._address or own_address()
            labels.update({name: process_label(uuid, str(name), address) for name in numbers})
            return numbers

        self.add_value(
            NodeValue(
                uuid, read, type=TYPE_DECIMAL, label=label, help=told, units="%", labels=labels, poll_delay=self._poll_delay
            )
        )


def parse_address(raw: str) -> str:
    """An IP address, or nothing."""
    if raw:
        try:
            return str(ipaddress.ip_address(raw))
        except ValueError:
            raise ValueError(f"{raw[:60]!r} is not an IP address: expected one such as 192.168.1.2") from None
    return ""


@takes_options(
    OptionSpec("poll_delay", parsers.duration(1), POLL_DELAY_S),
    OptionSpec("top", parsers.integer(1, 100), TOP),
    OptionSpec("address", parse_address, ""),
)
def make_processes(**kwargs: Any) -> ProcessesComponent:
    """Make the component of key `hostsensor.processes`; arguments as `ProcessesComponent` takes them."""
    return ProcessesComponent(**kwargs)
