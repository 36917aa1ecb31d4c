"""The agent's component `cpu`: how busy the processors are, in which modes, and how fast they run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...core import parsers
from ...core.metrics import AbsentError, Described, Tree, told
from ...core.plugins import takes_options
from ...core.sections import OptionSpec, Section
from ..cpu import CpuState, ModeShares, busy_percent, read_state
from ..levels import Lines

WINDOW_S = 0.5
"""The shortest time to measure over: the kernel counts in hundredths of a second."""
MAX_CORES = 256
MAX_CLOCKS = 16
"""Clocks that are asked for a frequency: each question costs, and cores run much alike."""

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "percent": Described("CPU", "%", shown=True),
        "core.*.percent": Described("CPU core *", "%"),
        "time.user": Described("CPU user", "%"),
        "time.nice": Described("CPU nice", "%"),
        "time.system": Described("CPU system", "%"),
        "time.idle": Described("CPU idle", "%"),
        "time.iowait": Described("CPU waiting for disks", "%"),
        "time.irq": Described("CPU interrupts", "%"),
        "time.softirq": Described("CPU soft interrupts", "%"),
        "time.steal": Described("CPU stolen by the host", "%"),
        "frequency": Described("CPU frequency", "MHz"),
        "context_switches": Described("Context switches", counter=True, detail=True),
        "interrupts": Described("Interrupts", counter=True, detail=True),
        "forks": Described("Processes started", counter=True, detail=True),
    }
)


class CpuMetrics:
    """Measures the processors between two readings; the first reading has no shares yet.

    Args:
        cores: tell each core too.
        detail: tell what the kernel counts, too.
        stat: the kernel's counts.
        cpufreq: where sysfs has the clocks.
        clock: seconds on a clock that never falls.
    """

    def __init__(
        self,
        *,
        cores: bool = True,
        detail: bool = False,
        stat: Path = Path("/proc/stat"),
        cpufreq: Path = Path("/sys/devices/system/cpu/cpufreq"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.described = told(DESCRIBED, detail=detail)
        self._cores = cores
        self._detail = detail
        self._stat = stat
        self._clocks = sorted(cpufreq.glob("policy*/scaling_cur_freq"))[:MAX_CLOCKS]
        self._lines = Lines()
        self._clock = clock
        self._measured_at = clock()
        self._shares: dict[str, Tree | float | int | None] = {}
        first = read_state(stat)
        self._total = ModeShares(first.total)
        self._each = {name: ModeShares(modes) for name, modes in first.cores.items()}

    def read(self) -> Tree:
        """Measure now."""
        state = read_state(self._stat)
        now = self._clock()
        if now - self._measured_at >= WINDOW_S:
            self._measured_at = now
            self._shares = self._measure(state)
        tree = {**state.counters, **self._shares} if self._detail else dict(self._shares)
        megahertz = self._frequency()
        if megahertz is not None:
            tree["frequency"] = megahertz
        return self._lines.told(tree)

    def _measure(self, state: CpuState) -> dict[str, Tree | float | int | None]:
        found: dict[str, Tree | float | int | None] = {}
        shares = self._total.update(state.total)
        if shares is not None:
            found["percent"] = busy_percent(shares)
            found["time"] = {mode: round(share, 2) for mode, share in shares.items()}
        if self._cores:
            cores = {
                name: self._each.setdefault(name, ModeShares()).update(modes)
                for name, modes in list(state.cores.items())[:MAX_CORES]
            }
            found["core"] = {name: {"percent": busy_percent(each)} for name, each in cores.items() if each is not None}
        return found

    def _frequency(self) -> float | None:
        """Frequency in MHz, on average; None where the kernel sets no clocks, as in virtual machines."""
        kilohertz = []
        for clock in self._clocks:
            with suppress(OSError, ValueError):  # that of a processor that is off, or does not tell
                kilohertz.append(int(clock.read_bytes()))
        return round(sum(kilohertz) / len(kilohertz) / 1000.0, 1) if kilohertz else None


@takes_options(OptionSpec("cores", parsers.boolean, True), OptionSpec("detail", parsers.boolean, False))
def make_cpu(section: Section, *, stat: Path = Path("/proc/stat"), **more: Any) -> CpuMetrics:
    """Make the component `cpu`; `more` as `CpuMetrics` takes it."""
    if not stat.exists():
        raise AbsentError(f"there is no {stat}")
    return CpuMetrics(cores=section.get("cores", True), detail=section.get("detail", False), stat=stat, **more)
