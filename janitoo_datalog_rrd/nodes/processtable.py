"""What the processes of this machine take, by name: what the process node and the agent measure between two polls."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from heapq import nlargest
from pathlib import Path
from typing import NamedTuple

import psutil

from ..core.processes import clean_name

MAX_NAMES = 200
"""How many names are told apart while the server runs; each becomes two series, so there is an end to it."""


# Fields of /proc/PID/stat behind the name, from 0, and what they count in.
_STATE, _FLAGS, _USER, _SYSTEM, _THREADS, _START = 0, 6, 11, 12, 17, 19
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD of the kernel's include/linux/sched.h
_COMM_BYTES = 15
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Process(NamedTuple):
    """One process as it is now.

    Attributes:
        identity: what tells it from all others, a later one with its number too: the number, and when it was started.
        name: what it is called, as `clean_name` has it.
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
        self._read = read or ProcessScan().read
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
            name = process.name
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


class ProcessScan:
    """Looks through the processes of this machine.

    It reads two files for each, `stat` and `statm` in `/proc/PID` (their form is in proc(5)): with some hundred processes psutil,
    which is made for one at a time, takes twice as long.

    Args:
        proc_root: where procfs is mounted.

    Attributes:
        states: how many processes there were at the last look by the letter of their state, threads of the kernel included.
        threads: how many threads they had.
    """

    def __init__(self, proc_root: Path = Path("/proc")) -> None:
        self._proc = os.fsencode(proc_root)
        self._names: dict[tuple[bytes, bytes], str] = {}
        self.states: Counter[str] = Counter()
        self.threads = 0

    def read(self) -> list[Process]:
        """The processes that are there now, without threads of the kernel and those that ended already: they take no memory."""
        found: list[Process] = []
        names: dict[tuple[bytes, bytes], str] = {}
        self.states, self.threads = Counter(), 0
        for entry in os.listdir(self._proc):  # noqa: PTH208 - names only, in bytes
            if not entry.isdigit():
                continue
            stat = _read_start(self._proc + b"/" + entry + b"/stat", 4096)
            begin, end = stat.find(b"(") + 1, stat.rfind(b")")
            fields = stat[end + 2 :].split(b" ", 20)
            if end < begin or len(fields) < 20:
                continue  # it has ended meanwhile
            self.states[fields[_STATE].decode("ascii", "replace")] += 1
            self.threads += int(fields[_THREADS])
            if int(fields[_FLAGS]) & _KERNEL_THREAD:
                continue
            # What stat has of it is off by megabytes where there are many processors; newer kernels add up exactly for statm.
            pages = _read_start(self._proc + b"/" + entry + b"/statm", 256).split(b" ", 2)
            memory = int(pages[1]) * _PAGE if len(pages) == 3 else 0
            if memory <= 0:
                continue
            comm = stat[begin:end]
            key = (entry + b" " + fields[_START], comm)
            names[key] = name = self._names.get(key) or self._find_name(entry, comm)
            seconds = (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS
            found.append(Process((int(entry), float(fields[_START])), name, memory, seconds))
        self._names = names
        return found

    def _find_name(self, entry: bytes, comm: bytes) -> str:
        """The name of a process; the kernel keeps 15 bytes of it, and the rest may stand in the command."""
        if len(comm) == _COMM_BYTES:
            command = _read_start(self._proc + b"/" + entry + b"/cmdline", 4096).split(b"\0", 1)[0].rpartition(b"/")[2]
            if command.startswith(comm):
                comm = command
        return clean_name(comm.decode("utf-8", "replace"))


def _read_start(path: bytes, most: int) -> bytes:
    """The first bytes of a file; none where it is gone, or not for us."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(file, most)
        finally:
            os.close(file)
    except OSError:
        return b""


def _with_gone(before: dict[str, float | None], now: dict[str, float | None]) -> dict[str, float | None]:
    gone: dict[str, float | None] = {name: None for name, number in before.items() if number is not None and name not in now}
    return {**gone, **now}
