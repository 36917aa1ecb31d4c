"""What disks and network interfaces have moved: counters for the host node and the agent."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from .indexes import MAX_INDEXES, TOTAL, safe_index

if TYPE_CHECKING:
    from pathlib import Path

_LOOPBACK = re.compile(r"lo[0-9]*", re.ASCII)
# Interfaces that containers and virtual machines come and go with: their names are random, and each would be a series.
_PASSING = re.compile(r"(veth|br-|cali|cni|lxc|vnet|tap|fwbr|fwln|fwpr).*", re.ASCII)


class DeviceBytes(NamedTuple):
    """What one device has moved since the boot.

    Attributes:
        incoming: bytes read or received.
        outgoing: bytes written or sent.
        in_total: True when they count in the total of all devices.
    """

    incoming: int
    outgoing: int
    in_total: bool = True


DeviceSource = Callable[[], Mapping[str, DeviceBytes]]


class DeviceCounters:
    """Byte counters by device, with a total that neither falls nor leaps when a device comes, goes, or starts anew.

    A device that never moved a byte is left out. The indexes stay few: what comes after `limit` devices is not told apart.

    Args:
        source: reads the devices that are there now.
        limit: how many devices are told apart.
    """

    def __init__(self, source: DeviceSource, limit: int = MAX_INDEXES) -> None:
        self._source = source
        self._limit = limit
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._incoming = _Total()
        self._outgoing = _Total()

    def incoming(self) -> dict[int | str, int]:
        """Bytes read or received, by device and in total; empty where there is no device."""
        with self._lock:
            found = self._find()
            return self._incoming.update({name: (each.incoming, each.in_total) for name, each in found.items()})

    def outgoing(self) -> dict[int | str, int]:
        """Bytes written or sent, by device and in total; empty where there is no device."""
        with self._lock:
            found = self._find()
            return self._outgoing.update({name: (each.outgoing, each.in_total) for name, each in found.items()})

    def _find(self) -> dict[str, DeviceBytes]:
        found = {}
        for name, device in sorted(self._source().items()):
            index = safe_index(name)
            if index not in self._known:
                if index == TOTAL or len(self._known) >= self._limit or not (device.incoming or device.outgoing):
                    continue
                self._known.add(index)
            found[index] = device
        return found


class _Total:
    """One direction's total, made of what each device adds between two readings."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._total = 0

    def update(self, found: Mapping[str, tuple[int, bool]]) -> dict[int | str, int]:
        first = not self._last
        for name, (count, in_total) in found.items():
            # A device seen for the first time later on may bring the count of a long life: it adds from now on only.
            before = self._last.get(name, 0 if first else count)
            if in_total:
                self._total += max(count - before, 0)
            self._last[name] = count
        return {TOTAL: self._total, **{name: count for name, (count, _) in found.items()}} if found else {}


def read_disks(sys_root: Path) -> dict[str, DeviceBytes]:
    """Bytes read and written by physical disk, as `disk_counters` has them."""
    return {name: DeviceBytes(disk.read_bytes, disk.write_bytes) for name, disk in disk_counters(sys_root).items()}


def disk_counters(sys_root: Path) -> dict[str, Any]:
    """psutil's counters by physical disk; no partitions, and nothing made of other disks (loop, LVM, RAID).

    Args:
        sys_root: where sysfs is mounted, `/sys`.
    """
    try:
        # `nowrap` would keep its state for the whole process, shared with everybody.
        found = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    except NotImplementedError:
        return {}  # a container without /proc/diskstats and /sys/block
    return {name: disk for name, disk in found.items() if (sys_root / "block" / name / "device").exists()}


def read_networks(sys_root: Path) -> dict[str, DeviceBytes]:
    """Bytes received and sent by interface, without loopback and the passing interfaces of containers.

    In the total are the interfaces that have a device behind them; bridges, tunnels and the like carry the same bytes
    once more. Where no interface has one, as in a container, all count.

    Args:
        sys_root: where sysfs is mounted, `/sys`.
    """
    found = network_counters()
    physical = {name for name in found if (sys_root / "class" / "net" / name / "device").exists()}
    return {
        name: DeviceBytes(interface.bytes_recv, interface.bytes_sent, in_total=name in physical or not physical)
        for name, interface in found.items()
    }


def network_counters(*, loopback: bool = False, passing: bool = False) -> dict[str, Any]:
    """psutil's counters by interface.

    Args:
        loopback: with the machine's interface to itself.
        passing: with the interfaces that containers and virtual machines come and go with.
    """
    return {
        name: interface
        for name, interface in (psutil.net_io_counters(pernic=True, nowrap=False) or {}).items()
        if (loopback or _LOOPBACK.fullmatch(name) is None) and (passing or _PASSING.fullmatch(name) is None)
    }
