"""What the processes of this machine take, by name: the part of the process node that measures between two polls."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from heapq import nlargest
from typing import NamedTuple

import psutil

from .indexes import readable

MAX_NAME = 40
"""Characters of a name."""
MAX_NAMES = 200
"""How many names are told apart while the server runs; each becomes two series, so there is an end to it."""


class Process(NamedTuple):
    """One process as it is now.

    Attributes:
        identity: what tells it from all others, a later one with its number too.
        name: what it is called.
        memory: bytes of physical memory (RSS).
        seconds: processor time since its start.
    """

    identity: tuple[int, float]
    name: str
    memory: int
    seconds: float


class Usage(NamedTuple):
    """What the processes take, in percent by name; None for those that are not told any more, once."""

    memory: dict[str, float | None]
    cpu: dict[str, float | None]


class ProcessTable:
    """Measures the processes that take most; those of one name are summed up.

    Memory is a share of the machine's, so that the sum may be more than 100: processes share some of it. Processor time is
    in percent of one processor, as `top` has it.

    Args:
        top: how many names by memory, and how many by processor time.
        window_s: the shortest interval to measure over, in seconds; a call that comes earlier gets the last result again.
        read: the processes that are there now.
        clock: seconds on a clock that never falls.
        limit: how many names are told apart.
    """

    def __init__(
        self,
        top: int,
        window_s: float,
        *,
        read: Callable[[], Iterable[Process]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        limit: int = MAX_NAMES,
    ) -> None:
        self._top = top
        self._window_s = window_s
        self._read = read or read_processes
        self._clock = clock
        self._limit = limit
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._seconds: dict[tuple[int, float], float] | None = None
        self._measured_at = 0.0
        self._usage = Usage({}, {})

    def usage(self) -> Usage:
        """What the processes take now; the processor time of none before the first window has passed."""
        with self._lock:
            now = self._clock()
            if self._seconds is None or now - self._measured_at >= self._window_s:
                self._usage = self._measure(now)
                self._measured_at = now
            return self._usage

    def _measure(self, now: float) -> Usage:
        total = psutil.virtual_memory().total
        before, elapsed = self._seconds, now - self._measured_at
        seconds: dict[tuple[int, float], float] = {}
        memory: Counter[str] = Counter()
        spent: dict[str, float] = {}
        for process in self._read():
            name = clean_name(process.name)
            memory[name] += process.memory
            seconds[process.identity] = process.seconds
            # One that was not there before has spent all its time since then.
            since = process.seconds - (before or {}).get(process.identity, 0.0)
            spent[name] = spent.get(name, 0.0) + max(since, 0.0)
        self._seconds = seconds
        names = self._choose(memory, spent if before is not None else {})
        told = Usage(
            {name: round(100.0 * memory[name] / total, 4) for name in names},
            {name: round(100.0 * spent[name] / elapsed, 3) for name in names} if before is not None and elapsed > 0 else {},
        )
        return Usage(_with_gone(self._usage.memory, told.memory), _with_gone(self._usage.cpu, told.cpu))

    def _choose(self, memory: Counter[str], spent: dict[str, float]) -> list[str]:
        most = [
            *nlargest(self._top, memory, key=lambda name: memory[name]),
            *nlargest(self._top, spent, key=lambda name: spent[name]),
        ]
        chosen = []
        for name in dict.fromkeys(most):
            if name in self._names or len(self._names) < self._limit:
                self._names.add(name)
                chosen.append(name)
        return chosen


def read_processes() -> list[Process]:
    """The processes that are there now, without threads of the kernel and those that ended already: they take no memory."""
    found = []
    for process in psutil.process_iter(["name", "memory_info", "cpu_times", "create_time"]):
        info = process.info
        if info["memory_info"] is None or info["cpu_times"] is None or not info["memory_info"].rss:
            continue
        seconds = info["cpu_times"].user + info["cpu_times"].system
        found.append(Process((process.pid, info["create_time"] or 0.0), info["name"] or "", info["memory_info"].rss, seconds))
    return found


def clean_name(name: str) -> str:
    """A name as it goes over the bus: printable, without runs of spaces, and short."""
    return " ".join(readable(name[: MAX_NAME * 4]).split())[:MAX_NAME].strip() or "?"


def _with_gone(before: dict[str, float | None], now: dict[str, float | None]) -> dict[str, float | None]:
    gone: dict[str, float | None] = {name: None for name, number in before.items() if number is not None and name not in now}
    return {**gone, **now}
