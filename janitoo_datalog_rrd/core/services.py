"""What the threads of one server share; handed to each, so that two servers can live in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .announcements import Announcements
from .contracts import ReadingTaker, SeriesReader
from .decoding import Readers
from .facts import BrokerLink, ForwardState
from .heartbeats import NodeRegistry
from .options import Options
from .plugins import Plugins
from .scheduler import Scheduler
from .status import Counters, Health, RejectedLog


@dataclass(slots=True)
class Services:
    """What the threads of one server share.

    Attributes:
        options: the configuration in force; replaced at a reload.
        plugins: the installed plugins, and those that failed to load.
        scheduler: the one scheduler of the server.
        counters: what is counted.
        health: what is wrong now.
        rejected: the last messages that could not be used.
        nodes: the nodes heard of.
        store: the store's reading side; None until the datarrd thread has built it.
        taker: the store's way in for what does not come by the bus; None until the datarrd thread listens.
        readers: the decoders at work, and what they have learnt; None until the datarrd thread listens.
        announcements: what devices have said of themselves; None until then.
        link: how the broker is reached; None until the datarrd thread listens.
        forwards: tells how forwarding to each database stands; None until the datarrd thread runs.
        threads: the threads of the plugins that run, in the order of their start.
        ask_reload: has the server read its ini again, soon and in the server's own time, as SIGHUP does; None where nobody can.
        clock: seconds since the epoch UTC.
        started: when the server was built, seconds since the epoch UTC.
    """

    options: Options
    plugins: Plugins
    scheduler: Scheduler
    counters: Counters
    health: Health
    rejected: RejectedLog
    nodes: NodeRegistry
    store: SeriesReader | None = None
    taker: ReadingTaker | None = None
    readers: Readers | None = None
    announcements: Announcements | None = None
    link: BrokerLink | None = None
    forwards: Callable[[], list[ForwardState]] | None = None
    threads: Sequence[threading.Thread] = ()
    ask_reload: Callable[[], None] | None = None
    clock: Callable[[], float] = time.time
    started: float = field(default_factory=time.time)

    @classmethod
    def build(cls, options: Options, plugins: Plugins | None = None, clock: Callable[[], float] = time.time) -> Services:
        """Build what a server with these options needs; the scheduler is not started yet."""
        counters = Counters()
        return cls(
            options=options,
            plugins=plugins or Plugins(),
            scheduler=Scheduler(),
            counters=counters,
            health=Health(),
            rejected=RejectedLog(counters, clock),
            nodes=NodeRegistry(options.system["heartbeat_timeout"], options.system["heartbeat_count"], clock),
            clock=clock,
            started=clock(),
        )
