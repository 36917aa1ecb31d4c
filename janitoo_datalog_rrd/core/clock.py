"""The wall clock, which may be wrong at the boot and be set later, beside one that always goes on."""

from __future__ import annotations

import ctypes
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

from .files import write_atomically

logger = logging.getLogger(__name__)

STEP_S = 0.5
"""A wall clock that is this far from where it was has been set; what is less may be the time between two looks."""
UNSET_S = 1_704_067_200.0
"""2024-01-01: a clock that is earlier has not been set yet."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMEX_BYTES = 512  # more than struct timex has (adjtimex(2))
_TIME_ERROR = 5
_OFFSET_MAX = 1e11  # a damaged file must not move times to nowhere


def since_boot() -> float:
    """Seconds since the boot, with those that the machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def is_synchronised() -> bool | None:
    """Whether something looks after the wall clock and holds it for right; None where the kernel does not tell."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR


class Clock:
    """Tells the time of moments that are counted from the boot, and notices when the wall clock is set.

    Args:
        wall: seconds since the epoch UTC, as the system has them.
        boot: seconds since the boot, which nobody sets.
        synchronised: whether the wall clock is known to be right.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        boot: Callable[[], float] = since_boot,
        synchronised: Callable[[], bool | None] = is_synchronised,
    ) -> None:
        self._wall = wall
        self._boot = boot
        self._synchronised = synchronised
        self._was_right = bool(synchronised())
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
        return self.time_of(self._boot()) >= UNSET_S

    def look(self) -> float:
        """Compare both clocks; returns by how many seconds times that were told before are wrong, 0.0 where they are right.

        Where the clock was known to be right, what is new is not the time but that the machine stood still, as a virtual one
        does that was paused: its clock of the boot stood too. Times from before are right then.
        """
        offset = self._wall() - self._boot()
        step, self.offset = offset - self.offset, offset
        was_right, self._was_right = self._was_right, bool(self._synchronised())
        if abs(step) < STEP_S:
            return 0.0
        return 0.0 if was_right else step


class ClockFile:
    """What the clock was when readings of this boot began to wait, so that they can be set right after a restart too.

    Args:
        path: the file.
        clock: the clock.
        boot_id: which boot this is.
    """

    def __init__(self, path: Path, clock: Clock, boot_id: str | None = None) -> None:
        self._path = path
        self._clock = clock
        self._boot_id = _read_boot_id() if boot_id is None else boot_id
        self.first = 0

    def begin(self, next_number: int) -> float:
        """Find the first entry of the outbox that is from this boot.

        Args:
            next_number: the number that the next entry gets at least.

        Returns:
            By how many seconds the clock was set since an agent wrote the file, in this boot; 0.0 where it was not.
        """
        boot_id, first, offset = self._read()
        if not boot_id or boot_id != self._boot_id or first > next_number:
            self.first = next_number
            return 0.0
        self.first = first
        step = self._clock.offset - offset
        return step if abs(step) >= STEP_S else 0.0

    def write(self) -> None:
        """Note the clock as it is; where that cannot be, a restart before the clock is set leaves times as they are."""
        content = {"boot_id": self._boot_id, "first": self.first, "offset": self._clock.offset}
        try:
            write_atomically(self._path, json.dumps(content).encode(), sync=False)
        except OSError as error:
            logger.debug("%s cannot be written: %s", self._path, error)

    def _read(self) -> tuple[str, int, float]:
        try:
            found = json.loads(self._path.read_bytes())
            boot_id, first, offset = str(found["boot_id"]), int(found["first"]), float(found["offset"])
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return "", 0, 0.0
        return (boot_id, first, offset) if first >= 0 and abs(offset) < _OFFSET_MAX else ("", 0, 0.0)


def _read_boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
