"""The wall clock, which may be wrong at the boot and be set later, beside one that always goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_S = 1.0
"""A wall clock that is this far from where it was is set; what is less is drift."""
_FIRST_S = 1_704_067_200.0  # 2024-01-01: a clock that is earlier has not been set yet


def since_boot() -> float:
    """Seconds since the boot, with those that the machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock:
    """Tells the time of moments that are counted from the boot.

    Args:
        wall: seconds since the epoch UTC, as the system has them.
        boot: seconds since the boot, which nobody sets.
    """

    def __init__(self, wall: Callable[[], float] = time.time, boot: Callable[[], float] = since_boot) -> None:
        self._wall = wall
        self._boot = boot
        self.offset = wall() - boot()

    def now(self) -> float:
        """Seconds since the boot."""
        return self._boot()

    def time_of(self, moment: float) -> float:
        """Seconds since the epoch UTC of a moment since the boot."""
        return moment + self.offset

    @property
    def is_set(self) -> bool:
        """False while the clock is where a machine without one begins."""
        return self.time_of(self._boot()) >= _FIRST_S

    def look(self) -> float:
        """Compare both clocks; returns by how many seconds the wall clock was set since the last look, 0.0 where it was not."""
        offset = self._wall() - self._boot()
        step, self.offset = offset - self.offset, offset
        return step if abs(step) >= STEP_S else 0.0
