"""The smoothed load of the processors, and the mode that it puts the forwarder in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import psutil

from ..nodes.cpu import ModeShares, busy_percent, modes_of

_LOOKS = 10  # in the time that is averaged over
_SHORTEST_S = 0.1
_LONGEST_S = 1.0


class SmoothedLoad:
    """The busy share of all processors over the last seconds, by looking at the kernel's counters now and then.

    Args:
        window_s: the seconds that are averaged over.
        times: seconds that all processors together have spent in each mode since the boot, as a named tuple.
    """

    def __init__(self, window_s: float, times: Callable[[], Any] = psutil.cpu_times) -> None:
        self.look_every_s = min(max(window_s / _LOOKS, _SHORTEST_S), _LONGEST_S)
        self._window_s = window_s
        self._times = times
        self._looks: deque[tuple[float, dict[str, float]]] = deque()
        self._percent: float | None = None

    def look(self, now: float) -> float | None:
        """Look at the counters, and return the share, 0 to 100 with one decimal; None until the first window has passed.

        Args:
            now: seconds on a clock that never falls.
        """
        looks = self._looks
        looks.append((now, modes_of(self._times())))
        while len(looks) > 2 and now - looks[1][0] >= self._window_s:
            looks.popleft()
        if now - looks[0][0] >= self._window_s:
            shares = ModeShares(looks[0][1]).update(looks[-1][1])
            if shares is not None:
                self._percent = round(busy_percent(shares), 1)
        return self._percent


class Mode:
    """Regular, or emergency while the load is above a threshold.

    An emergency lasts as long as `hold_s` at least, so that a load that wavers about the threshold makes no storm of changes.

    Args:
        maximum: the threshold, percent; a load that is just as high changes nothing.
        hold_s: seconds.
    """

    def __init__(self, maximum: float, hold_s: float) -> None:
        self.emergency = False
        self._maximum = maximum
        self._hold_s = hold_s
        self._since = 0.0

    def look(self, percent: float, now: float) -> bool:
        """Take a load, and tell whether the mode has changed; `now` is of a clock that never falls."""
        if not self.emergency and percent > self._maximum:
            self.emergency, self._since = True, now
            return True
        if self.emergency and percent < self._maximum and now - self._since >= self._hold_s:
            self.emergency = False
            return True
        return False
