"""Memory that the C library gives back, so that a server that runs for years stays as small as it begins."""

from __future__ import annotations

import contextlib
import ctypes

_ARENA_MAX = -8  # malloc.h of the GNU C library


def use_one_arena() -> None:
    """Have all threads take memory from one heap.

    The GNU C library gives each thread a heap of its own, so that threads need not wait for each other. Under Python's
    interpreter lock they hardly ever allocate at the same time, and each further heap only holds memory that others could use:
    some MiB over days. Another C library is left as it is.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
