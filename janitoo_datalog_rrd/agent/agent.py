"""The agent's loop: reads what is due, lets it wait on disk, and sends it; everything but reading happens in one thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue

from ..core.connection import BrokerSettings
from ..core.metrics import Metrics
from ..core.outbox import Outbox
from .announcing import Announcer
from .clock import Clock
from .documents import Clean, contents
from .link import Link
from .parts import Part, Parts
from .sender import Sender
from .settings import AgentSettings
from .waiting import Waiting

logger = logging.getLogger(__name__)

_LONGEST_S = 10.0
_GOODBYE_S = 0.7


class Agent:
    """Measures this machine and publishes it, until it is told to end.

    Args:
        settings: what it is told.
        broker: where the broker is.
        outbox: where readings wait.
        factories: what makes each component, by name.
        clock: the wall clock.
    """

    def __init__(
        self,
        settings: AgentSettings,
        broker: BrokerSettings,
        outbox: Outbox,
        factories: Mapping[str, Callable[[], Metrics]],
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock or Clock()
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._ending = ""
        self._waiting = Waiting(outbox)
        self._first = 0
        self._parts = Parts(
            (Part(name, settings.every(name), make) for name, make in factories.items()),
            self._events.put,
            self._taken,
            self._clock.now,
        )
        self._announcer = Announcer(settings, self._parts.parts)
        self._link = Link(
            broker,
            settings.client_id,
            self._announcer.will,
            post=self._events.put,
            on_up=self._came,
            on_down=lambda: None,
            on_published=lambda mid, why: self._sender.published(mid, why, time.monotonic()),
        )
        self._sender = Sender(self._waiting, self._link)

    def end(self, why: str) -> None:
        """Have `run` return; may be called by a signal's handler and by any thread."""
        self._events.put(lambda: self._end(why))

    def run(self) -> str:
        """Measure and publish until `end` is called; returns what it was told."""
        while not self._ending:
            self._handle(self._due())
        self._parts.stop()
        return self._ending

    def goodbye(self) -> None:
        """Say that the device goes, and end the connection; what waits stays in the outbox."""
        if self._link.up:
            self._announcer.on_stop(self._link)
        self._link.stop()
        self._waiting.write()

    # -- the loop --------------------------------------------------------------------------------------

    def _due(self) -> float:
        """Do what is due; returns seconds until something is due again."""
        self._look_at_clock()
        boot = self._clock.now()
        wait = self._parts.due(boot) - boot
        now = time.monotonic()
        client = self._link if self._link.up else None
        times = (self._announcer.due(now, client), self._link.due(now), self._sender.due(now, ready=self._clock.is_set))
        return max(0.0, min(wait, _LONGEST_S, *(each - now for each in times)))

    def _handle(self, wait_s: float) -> None:
        """Handle what happens, and all that has happened meanwhile."""
        try:
            event = self._events.get(timeout=wait_s)
            while True:
                event()
                event = self._events.get_nowait()
        except Empty:
            return

    def _end(self, why: str) -> None:
        self._ending = self._ending or why

    def _came(self) -> None:
        self._sender.begin()
        self._announcer.on_connect(self._link)

    def _taken(self, moment: float, metrics: dict[str, Clean]) -> None:
        """Readings came."""
        time_s = self._clock.time_of(moment)
        for content in contents(metrics, self.settings.message_bytes):
            self._waiting.put(content, time_s, self.settings.telemetry)
        self._announcer.on_read(self._link if self._link.up else None)

    def _look_at_clock(self) -> None:
        step = self._clock.look()
        if step:
            logger.warning("the clock was set by %+.1f s; the times of readings that wait are set right", step)
            self._waiting.shift(step, self._first)
