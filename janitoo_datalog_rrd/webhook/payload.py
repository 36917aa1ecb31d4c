"""The payload: what the machine measures, in the very keys of the balena-datacake-device-monitor-service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psutil

MEMORY = ("total", "available", "percent", "used", "free", "active", "inactive", "wired")
DISK = ("read_count", "write_count", "read_bytes", "write_bytes", "read_time", "write_time")
SWAP = ("total", "used", "free", "percent", "sin", "sout")
_KIB = re.compile(r"^(\w+): +(\d+) kB$", re.ASCII | re.MULTILINE)
# What can leave physical memory in no way: locked pages, and what the kernel holds for itself (proc(5), /proc/meminfo).
_WIRED = ("Unevictable", "SUnreclaim", "KernelStack", "PageTables", "SecPageTables", "Percpu")


class Machine:
    """Measures this machine.

    A number that a platform does not have is None; the keys are always the same.

    Args:
        sys_root: where sysfs is mounted.
        proc_root: where procfs is mounted.
    """

    def __init__(self, sys_root: Path = Path("/sys"), proc_root: Path = Path("/proc")) -> None:
        self._blocks = sys_root / "block"
        self._meminfo = proc_root / "meminfo"

    def payload(self, device_id: str, *, emergency: bool, cpu_percentage: float) -> dict[str, Any]:
        """Measure now; the answer is as JSON takes it, in the order of the sample.

        Args:
            device_id: who we are.
            emergency: the mode that we are in.
            cpu_percentage: the smoothed load of the processors, 0 to 100.

        Returns:
            Sizes in bytes, counts since the boot, times in milliseconds, shares in percent. `percentage_all_memory` is the
            memory that programs can get without swapping, as a share of all memory, whatever its name promises: the sample has
            13635780608 of 34359738368 there.
        """
        memory = self._memory()
        available, total = memory["available"], memory["total"]
        swap = psutil.swap_memory()
        return {
            "device_id": device_id,
            "emergency": emergency,
            "cpu_percentage": cpu_percentage,
            "virtual_memory": memory,
            "disk_io": self._disks(),
            "swap": {name: getattr(swap, name, None) for name in SWAP},
            "percentage_all_memory": available * 100 / total if total else None,
        }

    def _memory(self) -> dict[str, Any]:
        found = psutil.virtual_memory()
        memory = {name: getattr(found, name, None) for name in MEMORY}
        if memory["wired"] is None:
            memory["wired"] = self._wired()
        return memory

    def _wired(self) -> int | None:
        """Bytes that stay in physical memory whatever happens; psutil knows them on macOS and BSD only."""
        try:
            rows = dict(_KIB.findall(self._meminfo.read_text(encoding="ascii")))
        except (OSError, UnicodeDecodeError):
            return None
        return sum(int(rows.get(name, 0)) for name in _WIRED) * 1024

    def _disks(self) -> dict[str, int]:
        """The sum of all physical disks: what is made of them (partitions, LVM, RAID, loops) would count the same bytes again."""
        try:
            found = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
        except (NotImplementedError, OSError):
            found = {}  # a container that shows no disks
        physical = [disk for name, disk in found.items() if (self._blocks / name / "device").exists()]
        return {name: sum(getattr(disk, name) for disk in physical) for name in DISK}
