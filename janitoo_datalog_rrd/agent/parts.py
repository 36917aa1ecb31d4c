"""The components of the agent: made, read in time, and looked for again where the machine has no such thing."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue

from ..core.errors import PluginError
from ..core.metrics import AbsentError, Metrics
from .documents import Clean, Cleaner

logger = logging.getLogger(__name__)

AGAIN_S = 600.0
"""So often a component that is absent is looked for."""
PATIENCE_S = 1.0
"""So long the readings of one moment wait for each other; a slower component gets a message of its own."""


@dataclass(slots=True)
class Part:
    """One component.

    Attributes:
        name: the first level of its numbers.
        every: seconds between two readings.
        make: makes it; raises AbsentError where the machine has no such thing.
        metrics: what measures; None while it is absent, or could not be made.
        tree: its last reading, cleaned; empty before the first.
        due_at: when it is read next, on the clock of the readings.
        busy: it is being read, or waits to be.
        asked_at: since when.
        told: what was last said of it in the log; empty while it is well.
    """

    name: str
    every: float
    make: Callable[[], Metrics]
    metrics: Metrics | None = None
    tree: Clean = field(default_factory=dict)
    due_at: float = -math.inf
    busy: bool = False
    asked_at: float = -math.inf
    told: str = ""


@dataclass(slots=True)
class Moment:
    """What is read at the same time.

    Attributes:
        at: when, in seconds since the boot.
        waiting: names of components that are still being read.
        trees: what came.
    """

    at: float
    waiting: set[str] = field(default_factory=set)
    trees: dict[str, Clean] = field(default_factory=dict)


Taken = Callable[[float, dict[str, Clean]], None]
"""Called with a moment, in seconds since the boot, and what was read then, by component."""


class Parts:
    """Reads components when they are due, in a thread beside the agent's, so that a slow one holds up nothing.

    Its methods are called in the agent's thread only.

    Args:
        parts: the components.
        post: has something called in the agent's thread.
        taken: called with what was read.
        now: seconds since the boot.
    """

    def __init__(
        self, parts: Iterable[Part], post: Callable[[Callable[[], None]], None], taken: Taken, now: Callable[[], float]
    ) -> None:
        self.parts = tuple(parts)
        self._post = post
        self._taken = taken
        self._now = now
        self._base = now()
        self._cleaner = Cleaner()
        self._jobs: SimpleQueue[tuple[Part, Moment] | None] = SimpleQueue()
        self._moment: Moment | None = None
        self._begun = 0
        self._ended = 0
        self._workers = 0
        self._stopped = False

    def due(self, now: float) -> float:
        """Read what is due, and return when something is due next, in seconds since the boot."""
        if self._stopped:
            return math.inf
        if self._moment is not None and now >= self._moment.at + PATIENCE_S:
            self._finish()
        if self._workers <= sum(part.busy and now >= part.asked_at + PATIENCE_S for part in self.parts):
            self._add_worker()  # those that there are, are held up
        ready = [part for part in self.parts if part.due_at <= now]
        if ready:
            self._begin(ready, now)
        nearest = min((part.due_at for part in self.parts), default=math.inf)
        return nearest if self._moment is None else min(nearest, self._moment.at + PATIENCE_S)

    @property
    def reading(self) -> bool:
        """True while components of the last moment are being read."""
        return self._moment is not None

    def finish(self) -> None:
        """Hand over what has come of the moment that is being read."""
        if self._moment is not None:
            self._finish()

    def stop(self) -> None:
        """Read nothing any more; a thread that is held up ends when it can."""
        self.finish()
        self._stopped = True
        for _ in range(self._workers):
            self._jobs.put(None)

    # -- a moment --------------------------------------------------------------------------------------

    def _begin(self, ready: list[Part], now: float) -> None:
        self.finish()
        moment = Moment(now)
        for part in ready:
            # multiples of the same beginning, so that what is due together is read and sent together
            wait = AGAIN_S if part.metrics is None and part.told else part.every
            part.due_at = self._base + wait * (math.floor((now - self._base) / wait) + 1)
            if not part.busy:
                part.busy, part.asked_at = True, now
                moment.waiting.add(part.name)
                self._jobs.put((part, moment))
        if moment.waiting:
            self._moment = moment

    def _finish(self) -> None:
        moment, self._moment = self._moment, None
        if moment is not None and moment.trees:
            self._taken(moment.at, moment.trees)

    def _done(self, part: Part, moment: Moment, found: Clean | None) -> None:
        """A component was read, or could not be."""
        if self._stopped:
            return
        part.busy = False
        part.tree = found or {}
        if part.metrics is None:
            part.due_at = max(part.due_at, self._now() + AGAIN_S)
        moment.waiting.discard(part.name)
        if found:
            if moment is self._moment:
                moment.trees[part.name] = found
            else:  # the others of its moment are gone
                self._taken(self._now(), {part.name: found})
        if moment is self._moment and not moment.waiting:
            self._finish()

    # -- the threads that read -------------------------------------------------------------------------

    def _add_worker(self) -> None:
        self._workers += 1
        threading.Thread(target=self._work, name="agent-read", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            part, moment = job
            found, told = self._read(part)
            self._post(lambda part=part, moment=moment, found=found, told=told: self._take(part, moment, found, told))  # type: ignore[misc]

    def _take(self, part: Part, moment: Moment, found: Clean | None, told: str) -> None:
        _tell(part, told)
        self._done(part, moment, found)

    def _read(self, part: Part) -> tuple[Clean | None, str]:
        """Make a component where it is not made, and read it; returns its numbers and what is wrong."""
        try:
            if part.metrics is None:
                part.metrics = part.make()
            return self._cleaner.clean(part.metrics.read()), ""
        except AbsentError as error:
            part.metrics = None
            return None, f"is absent: {error}"
        except PluginError as error:
            return None, f"cannot be made: {error}"
        except Exception as error:  # a component may come from any package and fail in any way
            logger.debug("component %s", part.name, exc_info=True)
            return None, f"cannot be read: {type(error).__name__}: {error}"


def _tell(part: Part, told: str) -> None:
    """Say in the log how a component is, once."""
    if told == part.told:
        return
    if not told:
        logger.info("component %s is there again", part.name)
    elif told.startswith("is absent"):
        logger.info("component %s %s; it is looked for every %g min", part.name, told, AGAIN_S / 60)
    elif not part.told or part.told.startswith("is absent"):
        logger.warning("component %s %s; it is tried again", part.name, told)
    part.told = told
