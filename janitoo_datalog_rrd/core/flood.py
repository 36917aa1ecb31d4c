"""A limit on what one place in the code may log: whoever publishes on the bus could fill the disk with it otherwise."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

MOST = 20
WINDOW_S = 60.0


class FloodFilter(logging.Filter):
    """Lets a place in the code log so many records a minute, and counts the rest.

    Args:
        monotonic: seconds of a clock that never jumps.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._begun: dict[tuple[str, int], float] = {}
        self._counts: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass or not; the first one of a new minute says how many were left out."""
        place = (record.pathname, record.lineno)
        now = self._monotonic()
        if now - self._begun.get(place, -WINDOW_S) >= WINDOW_S:
            left_out = self._counts.get(place, 0) - MOST
            self._begun[place], self._counts[place] = now, 1
            if left_out > 0:
                record.msg, record.args = f"{record.getMessage()} (and {left_out} more like this, left out)", ()
            return True
        self._counts[place] += 1
        return self._counts[place] <= MOST
