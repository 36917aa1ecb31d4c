"""The agent's loop: reads what is due, lets it wait on disk, and sends it; everything but reading happens in one thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from ..core.clock import Clock, ClockFile
from ..core.connection import BrokerSettings
from ..core.metrics import Metrics
from ..core.outbox import Outbox
from .announcing import Announcer
from .documents import Clean, contents
from .inbox import Inbox
from .link import Link
from .parts import Part, Parts
from .sender import Sender
from .settings import AgentSettings
from .waiting import Waiting

logger = logging.getLogger(__name__)

_LONGEST_S = 10.0
_READ_S = 0.3
_GOODBYE_S = 0.5
_AGAIN_S = 1.0


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
        self._events = Inbox()
        self._ending = False
        self._told_unset = False
        self._waiting = Waiting(outbox)
        self._clock_file = ClockFile(settings.outbox.with_name("agent-clock.json"), self._clock)
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
        self._sender = Sender(self._waiting, self._link, settings.message_rate)

    def end(self) -> None:
        """Have `run` return; may be called by a signal's handler and by any thread."""
        self._events.put(self._end)

    def begin(self) -> None:
        """Look at what waits from an earlier run."""
        step = self._clock_file.begin(self._waiting.next_number)
        if step:
            self._set_right(step)
        self._clock_file.write()
        if len(self._waiting):
            logger.info("%d messages of an earlier run wait to be sent", len(self._waiting))

    def run(self) -> None:
        """Measure and publish until `end` is called; it may be called again."""
        self._ending = False
        while not self._ending:
            try:
                wait_s = self._due()
            except Exception:  # a fault of ours costs a second, and not the readings of days
                logger.exception("what was due could not be done; it is tried again")
                wait_s = _AGAIN_S
            self._handle(wait_s)

    def goodbye(self, *, stays: bool = False) -> None:
        """End the connection; what waits stays in the outbox.

        Args:
            stays: the device is back at once under the same name, so nobody needs to be told.
        """
        deadline = time.monotonic() + _READ_S
        while self._parts.reading and (left := deadline - time.monotonic()) > 0:
            self._handle(left)
        self._parts.stop()
        deadline = time.monotonic() + _GOODBYE_S
        self._sender.due(time.monotonic(), ready=self._clock.is_set)
        while self._sender.busy and self._link.up and (left := deadline - time.monotonic()) > 0:
            self._handle(left)  # what has been sent need not be sent again the next time
        self._sender.settle()
        if self._link.up and not stays:
            self._announcer.on_stop(self._link)
            deadline = time.monotonic() + _GOODBYE_S
            while self._link.has_more and self._link.up and (left := deadline - time.monotonic()) > 0:
                self._handle(left)
        self._link.stop(_GOODBYE_S)
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
        for event in self._events.take(wait_s):
            try:
                event()
            except Exception:  # the same
                logger.exception("something that happened could not be handled")

    def _end(self) -> None:
        self._ending = True

    def _came(self) -> None:
        self._sender.begin(time.monotonic())
        self._announcer.on_connect(self._link)

    def _taken(self, moment: float, metrics: dict[str, Clean]) -> None:
        """Readings came."""
        time_s = self._clock.time_of(moment)
        for content in contents(metrics, self.settings.message_bytes):
            self._waiting.put(content, time_s, self.settings.telemetry)
        self._announcer.on_read(self._link if self._link.up else None)

    def _look_at_clock(self) -> None:
        was_set = self._clock.is_set
        step = self._clock.look()
        if step:
            self._set_right(step)
            self._clock_file.write()
        if not self._clock.is_set and (was_set or not self._told_unset):
            self._told_unset = True
            logger.warning("the clock says that it is long ago: readings wait until it is set")

    def _set_right(self, step: float) -> None:
        logger.warning("the clock was set by %+.1f s; the times of readings that wait are set right", step)
        self._waiting.shift(step, self._clock_file.first)
