"""How busy the processors are: the part of the host node that measures between two polls."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

# They are counted in `user` and `nice` already (proc(5), /proc/stat).
_COUNTED_TWICE = ("guest", "guest_nice")
_NOT_BUSY = ("idle", "iowait")


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
        self._last = _modes(times())

    def percent(self) -> float | None:
        """Busy share since the last measurement, 0 to 100; None before the first window has passed."""
        with self._lock:
            now = self._clock()
            if now - self._measured_at >= self._window_s:
                modes = _modes(self._times())
                percent = _busy_percent(self._last, modes)
                if percent is not None:
                    self._percent, self._last, self._measured_at = percent, modes, now
            return self._percent


def _modes(times: Any) -> dict[str, float]:
    return {mode: seconds for mode, seconds in times._asdict().items() if mode not in _COUNTED_TWICE}


def _busy_percent(before: dict[str, float], after: dict[str, float]) -> float | None:
    """Busy share between two readings, or None where no time has passed."""
    # The kernel's idle and iowait fall at times, by a tick or when a processor is taken out (proc(5)).
    spent = {mode: max(after[mode] - before.get(mode, 0.0), 0.0) for mode in after}
    total = sum(spent.values())
    if total <= 0.0:
        return None
    idle = sum(spent.get(mode, 0.0) for mode in _NOT_BUSY)
    return round(100.0 * (total - idle) / total, 2)
