"""What a process and its children take: memory and processor time, over a stretch of time."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from ..bench import Figures
from ..processes import BenchError, Child

_PROCESS_CLOCK = 2  # see clock_getcpuclockid(3)
_LOOKS = 10
_ROLLUP = re.compile(r"^(Rss|Pss):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process and its children took.

    Attributes:
        rss: bytes of resident memory, pages that they share counted twice.
        pss: the same, shared pages counted by their share.
        cpu_percent: of one core.
        processes: how many there were.
    """

    rss: float
    pss: float
    cpu_percent: float
    processes: int

    def figures(self) -> Figures:
        """As the report has them: MiB, percent, and processor seconds an hour."""
        return {
            "rss_mib": self.rss / 2**20,
            "pss_mib": self.pss / 2**20,
            "cpu_percent": self.cpu_percent,
            "cpu_s_per_hour": self.cpu_percent * 36,
            "processes": self.processes,
        }


def watch(children: Sequence[Child], seconds: float) -> list[Footprint]:
    """Look at several processes at once for a while; memory is the median of ten looks.

    Raises:
        BenchError: one of them has ended.
    """
    begun, before = time.monotonic(), [_cpu_s(child) for child in children]
    looks: list[list[tuple[int, int, int]]] = []
    for number in range(1, _LOOKS + 1):
        time.sleep(max(0.0, begun + seconds * number / _LOOKS - time.monotonic()))
        looks.append([_memory(child) for child in children])
    lasted, after = time.monotonic() - begun, [_cpu_s(child) for child in children]
    return [
        Footprint(
            rss=median(look[at][0] for look in looks),
            pss=median(look[at][1] for look in looks),
            cpu_percent=100 * (after[at] - before[at]) / lasted,
            processes=looks[-1][at][2],
        )
        for at in range(len(children))
    ]


def _tree(child: Child) -> list[psutil.Process]:
    if not child.alive:
        raise BenchError(f"{child.name} has ended; its log ends with:\n{child.log()[-2000:]}")
    process = psutil.Process(child.pid)
    return [process, *process.children(recursive=True)]


def _cpu_s(child: Child) -> float:
    """Processor seconds so far: of those that live to the nanosecond, of those that have ended to the hundredth."""
    total = 0.0
    for process in _tree(child):
        with suppress(psutil.NoSuchProcess, OSError):
            total += time.clock_gettime(~process.pid << 3 | _PROCESS_CLOCK)
            times = process.cpu_times()
            total += times.children_user + times.children_system
    return total


def _memory(child: Child) -> tuple[int, int, int]:
    """(RSS, PSS, processes), bytes."""
    rss = pss = count = 0
    for process in _tree(child):
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            found = dict(_ROLLUP.findall(Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")))
            rss += int(found["Rss"]) << 10
            pss += int(found["Pss"]) << 10
            count += 1
    return rss, pss, count
