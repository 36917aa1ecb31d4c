"""The host node, `hostsensor.psutil`: what this machine and this server's own process are doing."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ..core import parsers
from ..core.component import JNTComponent
from ..core.plugins import takes_options
from ..core.sections import OptionSpec
from ..core.values import CLASS_METER, TYPE_DECIMAL, TYPE_INT, NodeValue
from . import process
from .cpu import CpuMeter
from .devices import DeviceCounters, read_disks, read_networks
from .indexes import TOTAL
from .temperatures import Thermometers
from .uptime import read_uptime

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.bus import JNTBus

KEY = "hostsensor.psutil"
POLL_DELAY_S = 10.0

Indexed = dict[int | str, Any]


class HostComponent(JNTComponent):
    """A node for the machine the server runs on.

    A thing that the machine has not, such as swap or sensors, has no index; the rest is published.

    Args:
        bus: the bus it belongs to.
        addr: its HADD.
        sys_root: where sysfs is mounted.
        clock: seconds on a clock that never falls.
        kwargs: as `JNTComponent` takes them; `section` may have `poll_delay`, in seconds.
    """

    def __init__(
        self,
        bus: JNTBus | None = None,
        addr: str | None = None,
        *,
        sys_root: Path = Path("/sys"),
        clock: Callable[[], float] = time.monotonic,
        **kwargs: Any,
    ) -> None:
        super().__init__(bus, addr, **{"oid": KEY, **kwargs})
        self._poll_delay: float = self.section.get("poll_delay", POLL_DELAY_S)
        self._add_processor(CpuMeter(clock=clock))
        self._add_memory()
        self._add_devices(
            disks=DeviceCounters(partial(read_disks, sys_root)), networks=DeviceCounters(partial(read_networks, sys_root))
        )
        self._add_machine(Thermometers())
        self._add_process()

    def _add_processor(self, cpu: CpuMeter) -> None:
        self._gauge("cpu_percent", cpu.percent, "CPU", "%", help="Busy share of all processors since the last poll")
        load = self._gauge("load", read_load, "Load", None, help="Processes that run or wait to run, on average")
        load.labels = {0: "Load 1 min", 1: "Load 5 min", 2: "Load 15 min"}

    def _add_memory(self) -> None:
        self._gauge("memory_percent", lambda: psutil.virtual_memory().percent, "Memory", "%")
        self._number("memory_used", lambda: psutil.virtual_memory().used, "Memory used", "B")
        self._number(
            "memory_available",
            lambda: psutil.virtual_memory().available,
            "Memory available",
            "B",
            help="What programs can get without swapping",
        )
        self._gauge("swap_percent", partial(read_swap, "percent"), "Swap", "%")
        self._number("swap_used", partial(read_swap, "used"), "Swap used", "B")

    def _add_devices(self, disks: DeviceCounters, networks: DeviceCounters) -> None:
        self._counter("disk_read", disks.incoming, "Disk read", help="Bytes read from physical disks since the boot")
        self._counter("disk_write", disks.outgoing, "Disk write", help="Bytes written to physical disks since the boot")
        self._counter("network_sent", networks.outgoing, "Network sent", help="Bytes sent since the boot")
        self._counter("network_received", networks.incoming, "Network received", help="Bytes received since the boot")

    def _add_machine(self, thermometers: Thermometers) -> None:
        self._number("uptime", read_uptime, "Uptime", "s", help="Seconds since the boot")
        self._number("processes", lambda: len(psutil.pids()), "Processes", None)
        temperature = self._gauge("temperature", thermometers.read, "Temperature", "°C")
        temperature.labels = thermometers.labels

    def _add_process(self) -> None:
        self._number("process_memory", process.read_memory, "Server memory", "B", help="Physical memory of this server")
        self._number("process_threads", process.read_threads, "Server threads", None)
        self._number("process_files", process.read_files, "Server open files", None, help="Open file descriptors of this server")
        self._number("process_connections", process.read_connections, "Server connections", None)

    def _gauge(self, uuid: str, read: Callable[[], Any], label: str, units: str | None, *, help: str = "") -> NodeValue:  # noqa: A002
        """Add a value that is a number with a fraction."""
        return self.add_value(
            NodeValue(uuid, read, type=TYPE_DECIMAL, label=label, help=help, units=units, poll_delay=self._poll_delay)
        )

    def _number(self, uuid: str, read: Callable[[], Any], label: str, units: str | None, *, help: str = "") -> NodeValue:  # noqa: A002
        """Add a value that is a whole number."""
        value = self._gauge(uuid, read, label, units, help=help)
        value.type = TYPE_INT
        return value

    def _counter(self, uuid: str, read: Callable[[], Indexed], label: str, *, help: str) -> None:  # noqa: A002
        """Add a counter of bytes by device; what is stored and drawn of it is its rate."""
        labels: dict[int | str, str] = {TOTAL: label}

        def read_and_label() -> Indexed:
            counters = read()
            for index in counters:
                labels.setdefault(index, f"{label} {index}")
            return counters

        value = self._number(uuid, read_and_label, label, "B", help=help)
        value.labels, value.cmd_class, value.rrd_type = labels, CLASS_METER, "DERIVE"


def read_load() -> Indexed:
    """Load averages over 1, 5 and 15 minutes."""
    return dict(enumerate(psutil.getloadavg()))


def read_swap(field: str) -> Indexed:
    """One field of psutil's swap memory; empty where there is no swap."""
    swap = psutil.swap_memory()
    return {0: getattr(swap, field)} if swap.total else {}


@takes_options(OptionSpec("poll_delay", parsers.duration(1), POLL_DELAY_S))
def make_host(**kwargs: Any) -> HostComponent:
    """Make the component of key `hostsensor.psutil`; arguments as `HostComponent` takes them."""
    return HostComponent(**kwargs)
