"""Forwarding as a whole: one forwarder for each `[forward__NAME]`, started and stopped with the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from typing import Protocol

from ..core.contracts import Tail
from ..core.errors import JanitooError
from ..core.facts import ForwardState
from ..core.forwards import warning_of
from ..core.httpclient import HttpClient
from ..core.options import Options
from ..core.sections import Section
from ..core.services import Services
from .forwarder import STOP_S, Forwarder, Pace
from .lines import LineWriter
from .targets import Target

logger = logging.getLogger(__name__)

TAIL = "forward."
"""What the names of tails begin with."""


class Tails(Protocol):
    """Who has tails: the store."""

    def tail(self, name: str, limit_bytes: int) -> Tail:
        """Open a tail by its name, which may be so many bytes behind. Raises StoreError, OSError."""
        ...

    def keep_tails(self, names: Collection[str]) -> None:
        """Forget those with other names. Raises OSError."""
        ...


class Forwarders:
    """Everything that is forwarded.

    Args:
        options: the configuration.
        services: told how it stands.
        tails: where what is forwarded comes from.
    """

    def __init__(self, options: Options, services: Services, tails: Tails) -> None:
        self._sections = options.prefixed("forward")
        self._services = services
        self._tails = tails
        self._forwarders: list[Forwarder] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to forward; a section that cannot be is told of, and the others go on."""
        health = self._services.health
        for told in (health.problems(), health.notes()):
            for part in told:
                if part.startswith("forward "):  # of an earlier life, perhaps with another ini
                    health.ok(part)
                    health.forget(part)
        names = [TAIL + section.name.removeprefix("forward__") for section in self._sections]
        try:
            self._tails.keep_tails(names)
        except OSError as error:
            logger.warning("what was kept for targets that are forwarded to no more cannot be let go: %s", error)
        for section in self._sections:
            name = section.name.removeprefix("forward__")
            try:
                forwarder = self._make(name, section)
            except (JanitooError, OSError) as error:
                logger.error("forward %s cannot start: %s", name, error)
                health.fail(f"forward {name}", f"it cannot start: {error}; reload once that is mended")
                continue
            warning = warning_of(section)
            if warning:
                logger.warning("%s", warning)
                health.note(f"forward {name}", warning)
            with self._lock:
                self._forwarders.append(forwarder)
            forwarder.start()
        self._services.forwards = self.states

    def stop(self) -> None:
        """Forward no more; what was not sent is sent after the next start."""
        with self._lock:
            stopped, self._forwarders = self._forwarders, []
        for forwarder in stopped:
            forwarder.ask_to_stop()
        deadline = time.monotonic() + STOP_S
        for forwarder in stopped:
            forwarder.stop(max(0.0, deadline - time.monotonic()))

    def states(self) -> list[ForwardState]:
        """How each stands, in the order of the ini."""
        with self._lock:
            return [forwarder.state() for forwarder in self._forwarders]

    def _make(self, name: str, section: Section) -> Forwarder:
        """Build one. Raises JanitooError, OSError."""
        # first: what comes is kept from now on, whatever fails below
        tail = self._tails.tail(TAIL + name, section["outbox_bytes"])
        try:
            client = HttpClient(section["ca"], section["timeout"], section["cert"], section["key"])
        except JanitooError:
            tail.close()
            raise
        return Forwarder(
            name,
            tail,
            LineWriter(section["measurement"], section["tags"], section["describe"], section["series"]),
            Target.of(section),
            client,
            Pace(section["batch_size"], section["interval"]),
            self._services.counters,
            self._services.health,
            self._services.clock,
        )
