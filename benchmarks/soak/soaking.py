"""The soak run: constant load of every kind on one server, and what it holds of memory, descriptors and disk meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..processes import BenchError, wait_for
from ..servers import Broker, Sections, Server
from .load import CLIENT, Load

_SECTIONS: Sections = {
    "system": {"broker_client_id": CLIENT},
    "datarrd": {
        "cache_rrd_ttl_0": "5s",
        "cache_pickle_ttl_0": "5s",
        "cache_dead_ttl_0": "20s",
        "journal_sync_interval": "1s",
    },
    "schema__default": {"step": 1, "retention": "1s:10m, 10s:1d", "reorder_window": 1},
    "decoder__plain": {"topics": "plain/#", "kind": "plain"},
    "decoder__json": {"topics": "json/#", "kind": "json"},
}
_DEALT_WITH_S = 60.0
_LOOKS = 60


@dataclass(frozen=True)
class Look:
    """What the server held at one moment.

    Attributes:
        time_s: seconds since the load began.
        rss: bytes of memory.
        descriptors: open files and sockets.
        threads: of the process.
        journal: bytes of the journal.
        disk: bytes of the home directory, the journal left out.
        sent: messages published so far.
        taken: messages that the server has dealt with.
        accepted: samples that it has accepted.
    """

    time_s: float
    rss: int
    descriptors: int
    threads: int
    journal: int
    disk: int
    sent: int
    taken: int
    accepted: int


@dataclass
class Soak:
    """A broker, a server and a load on them, all on the loopback; everything ends with the run.

    Args:
        folder: an empty folder for all that is written.
        rate: messages a second.
        series: how many of each dialect.

    Attributes:
        load: the load, from when it has begun.
    """

    folder: Path
    rate: float = 500.0
    series: int = 50
    load: Load | None = None

    def run(self, seconds: float, tell: Callable[[Look], None] = lambda _look: None) -> list[Look]:
        """Put the load on for so long and look at the server every sixtieth of it.

        Args:
            seconds: of load.
            tell: called with each look.

        Raises:
            BenchError: the broker or the server does not start, ends, or does not take everything in the end.
        """
        with Broker(self.folder) as broker, Server(self.folder, broker.port, _SECTIONS) as server:
            load = self.load = Load(broker.port, server.http_port, self.rate, self.series)
            looks: list[Look] = []
            begun = time.monotonic()
            load.start()
            try:
                for number in range(1, _LOOKS + 1):
                    load.over.wait(max(0.0, begun + seconds * number / _LOOKS - time.monotonic()))
                    if load.failures:
                        break
                    looks.append(_look(server, load, time.monotonic() - begun))
                    tell(looks[-1])
            finally:
                load.stop()
            if load.failures:
                raise BenchError(f"the load ended: {load.failures[0]!r}; {_last_words(server)}") from load.failures[0]
            wait_for(lambda: _counts(server)[0] >= load.sent, "every message dealt with", _DEALT_WITH_S)
            return looks


def _last_words(server: Server) -> str:
    return f"the server says: {server.log()[-500:] or 'nothing'}"


def _look(server: Server, load: Load, time_s: float) -> Look:
    if not server.alive:
        raise BenchError(f"the server has ended; {_last_words(server)}")
    taken, accepted = _counts(server)
    load.taken = taken
    process = psutil.Process(server.pid)
    journal_size = _size_of(server.home / "rrd" / "journal")
    return Look(
        time_s=time_s,
        rss=process.memory_info().rss,
        descriptors=process.num_fds(),
        threads=process.num_threads(),
        journal=journal_size,
        disk=_size_of(server.home) - journal_size,
        sent=load.sent,
        taken=taken,
        accepted=accepted,
    )


def _counts(server: Server) -> tuple[int, int]:
    """How many messages the server has dealt with, and how many samples it has accepted."""
    metrics = server.metrics()
    taken = sum(count for name, count in metrics.items() if name.startswith("jnt_messages_total{"))
    return int(taken), int(metrics["jnt_samples_accepted_total"])


def _size_of(folder: Path) -> int:
    """Bytes of the files below a folder; files come and go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total
