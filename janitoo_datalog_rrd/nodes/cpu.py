"""How busy the processors are: what the host node and the agent measure between two polls."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# They are counted in `user` and `nice` already (proc(5), /proc/stat).
_COUNTED_TWICE = ("guest", "guest_nice")
_NOT_BUSY = ("idle", "iowait")
_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_COUNTERS = {"ctxt": "context_switches", "intr": "interrupts", "processes": "forks"}


class CpuMeter:
    """Measures the busy share of all processors between two calls.

    `psutil.cpu_percent` keeps its last reading for the whole process, so that two callers shorten each other's interval;
    a meter has its own.

    Args:
        times: seconds that all processors together have spent in each mode since the boot, as a named tuple.
        clock: seconds on a clock that never falls.
        window_s: the shortest interval to measure over, in seconds; a call that comes earlier gets the last result again.
    """

    def __init__(
        self,
        times: Callable[[], Any] = psutil.cpu_times,
        clock: Callable[[], float] = time.monotonic,
        window_s: float = 1.0,
    ) -> None:
        self._times = times
        self._clock = clock
        self._window_s = window_s
        self._lock = threading.Lock()
        self._percent: float | None = None
        self._measured_at = clock()
        self._shares = ModeShares(modes_of(times()))

    def percent(self) -> float | None:
        """Busy share since the last measurement, 0 to 100; None before the first window has passed."""
        with self._lock:
            now = self._clock()
            if now - self._measured_at >= self._window_s:
                shares = self._shares.update(modes_of(self._times()))
                if shares is not None:
                    self._percent, self._measured_at = busy_percent(shares), now
            return self._percent


class ModeShares:
    """Shares of the modes of one processor, or of all together, in the time between two readings.

    Args:
        first: seconds in each mode since the boot, to begin with; None where the first reading is yet to come.
    """

    def __init__(self, first: Mapping[str, float] | None = None) -> None:
        self._last = first

    def update(self, modes: Mapping[str, float]) -> dict[str, float] | None:
        """Shares in percent since the last reading that had any; None at the first one, and where no time has passed.

        Args:
            modes: seconds, or ticks, in each mode since the boot.
        """
        before = self._last
        if before is None:
            self._last = modes
            return None
        # The kernel's idle and iowait fall at times, by a tick or when a processor is taken out (proc(5)).
        spent = {mode: max(count - before.get(mode, 0.0), 0.0) for mode, count in modes.items()}
        total = sum(spent.values())
        if total <= 0.0:
            if sum(modes.values()) < sum(before.values()):
                self._last = modes  # they have begun anew
            return None
        self._last = modes
        return {mode: 100.0 * each / total for mode, each in spent.items()}


def busy_percent(shares: Mapping[str, float]) -> float:
    """The busy share: all modes but those in which a processor waits."""
    return round(sum(share for mode, share in shares.items() if mode not in _NOT_BUSY), 2)


class CpuState(NamedTuple):
    """What the kernel has counted of the processors since the boot.

    Attributes:
        total: ticks of all processors together in each mode; time of virtual machines is in `user` and `nice`.
        cores: the same by the number of the processor, for those that are on.
        counters: context switches, interrupts and the like by name.
    """

    total: dict[str, float]
    cores: dict[str, dict[str, float]]
    counters: dict[str, int]


def read_state(path: Path) -> CpuState:
    """Read `/proc/stat` once for everything; its form is in proc(5).

    psutil reads it anew for each question, and numbers the processors that are on without gaps.
    """
    total: dict[str, float] = {}
    cores: dict[str, dict[str, float]] = {}
    counters: dict[str, int] = {}
    for line in path.read_bytes().decode("ascii", "replace").splitlines():
        name, _, rest = line.partition(" ")
        if name == "cpu":
            total = _ticks(rest)
        elif name.startswith("cpu"):
            cores[name[3:]] = _ticks(rest)
        elif name in _COUNTERS:
            counters[_COUNTERS[name]] = int(rest.split(" ", 1)[0])
    return CpuState(total, cores, counters)


def _ticks(rest: str) -> dict[str, float]:
    return dict(zip(_MODES, map(float, rest.split()), strict=False))


def modes_of(times: Any) -> dict[str, float]:
    return {mode: seconds for mode, seconds in times._asdict().items() if mode not in _COUNTED_TWICE}
