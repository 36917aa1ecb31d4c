"""The process of the server: its threads with what each does, its memory and processor time, and what it is made of."""

from __future__ import annotations

import platform
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import Any

import psutil
import rrdtool

from ... import __version__

PACKAGE = "janitoo_datalog_rrd"
_TOLD = (
    (r"MainThread", "main", "waits for signals; starts, reloads and stops the others"),
    (r"APScheduler", "scheduler", "calls at intervals: polls, heartbeats, journal sync, snapshots"),
    (r"ThreadPoolExecutor-\d+_\d+", "scheduler workers", "do what is due"),
    (r"soon_\d+", "soon", "do what is asked for once, as a flush over the bus"),
    (r"clock-watch", "clock watch", "lets the intervals begin anew when the wall clock is set"),
    (r"paho-mqtt-client-.*", "nodes' connections", "publish our own nodes, and take what is asked of them"),
    (r"waitress(-\d+)?", "web workers", "answer requests"),
    (r"web", "web", "listens for requests"),
    (r"web-live", "events", "tells new values to all who listen"),
    (r"web-artists", "artists", "ends drawing processes that are idle"),
    (r".+-\d{4}-\d{4}-explore", "explore", "hears the whole bus while somebody looks"),
    (r"explore-watch", "explore watch", "ends that a minute after the last look"),
    (r"broker", "broker", "supervises our own Mosquitto"),
    (r"broker-log", "broker log", "reads what our own Mosquitto says"),
    (r"forward-.+", "forwarding", "sends samples to another database"),
    (r"\w+-store", "store", "writes the series whose time has come"),
    (r"\w+-delivery", "delivery", "takes what waits to be sent to another server"),
    (r".+-\d{4}-\d{4}-store", "receiver", "reads, decodes, has it stored, acknowledges"),
)
"""Names of threads, as what each is shown, and what it does."""
_PLUGINS = {
    "datarrd": "takes values in and stores them",
    "http": "pages, graphs and the API",
    "hostsensor": "publishes values of this machine",
    "webhook": "sends what this machine does to a web server",
}


def describe_threads(plugins: Sequence[threading.Thread], alive: Iterable[threading.Thread]) -> list[dict[str, Any]]:
    """The threads of plugins, dead ones too, then all others by kind.

    Args:
        plugins: those of the installed plugins.
        alive: every thread of the process.
    """
    found = [
        {
            "name": thread.name,
            "does": _PLUGINS.get(thread.name, "a plugin's"),
            "plugin": True,
            "alive": thread.is_alive(),
            "count": 1,
            "failure": str(getattr(thread, "failure", None) or ""),
        }
        for thread in plugins
    ]
    kinds: dict[tuple[str, str], int] = {}
    names = {thread.name for thread in plugins}
    for thread in alive:
        if thread.name not in names:
            kind = _kind_of(thread.name)
            kinds[kind] = kinds.get(kind, 0) + 1
    found += [
        {"name": name, "does": does, "plugin": False, "alive": True, "count": count, "failure": ""}
        for (name, does), count in sorted(kinds.items())
    ]
    return found


def _kind_of(name: str) -> tuple[str, str]:
    for pattern, shown, does in _TOLD:
        if re.fullmatch(pattern, name):
            return shown, does
    return name, ""


class ProcessWatch:
    """Looks at this process; processor time is told as a share of one core since the last look.

    Args:
        monotonic: seconds of a clock that never jumps.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._process = psutil.Process()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last = (self._monotonic(), self._cpu())
        self._share: float | None = None

    def look(self) -> dict[str, Any]:
        """Memory in bytes, processor time in seconds and as a share, threads, and open files."""
        with self._process.oneshot():
            memory = self._process.memory_info().rss
            threads = self._process.num_threads()
            files = self._process.num_fds()
        cpu = self._cpu()
        now = self._monotonic()
        with self._lock:  # who asks twice in a second gets the same share
            before, then = self._last
            if now - before >= 1.0:
                self._share = (cpu - then) / (now - before)
                self._last = (now, cpu)
            share = self._share
        return {
            "pid": self._process.pid,
            "memory": memory,
            "cpu_seconds": cpu,
            "cpu_share": share,
            "threads": threads,
            "files": files,
        }

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def versions() -> dict[str, str]:
    """Versions of the server, of Python, of librrd, and of the libraries that the server needs."""
    found = {PACKAGE: __version__, "Python": platform.python_version(), "librrd": str(rrdtool.lib_version())}
    for name in _needed():
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _needed() -> list[str]:
    try:
        requirements = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return []
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements if "extra ==" not in line)
    return sorted(match[0] for match in names if match)
