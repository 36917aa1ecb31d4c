"""Hub: tells all who listen what has changed, in server-sent events, from one thread that is there while there are some."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import orjson
from werkzeug.exceptions import ServiceUnavailable

from ...core.contracts import SeriesReader, Watch
from ..view import number
from .values import Names, Shared, Values

logger = logging.getLogger(__name__)

MOST_LISTENERS = 256
MOST_UNSENT = 64 * 1024 * 1024
"""Bytes that all listeners together may be behind before another one is let in."""
LOOK_EVERY_S = 0.9
COMMENT_EVERY_S = 15.0
OPENING = b"retry: 3000\n\n"
"""What every stream begins with: browsers come back after three seconds."""
_ALIVE = b': still here\nevent: alive\ndata: {"time":%s}\n\n'
"""A comment for what is between, and an event for a page's script, which is not told of comments."""
_RETRY_S = 30
_SOON_S = 0.2  # a look is good enough for whoever comes so shortly after it


class Outlet(Protocol):
    """A connection that a listener's events go to. None of this waits for the other end."""

    @property
    def unsent(self) -> int:
        """Bytes that the other end has not taken yet."""
        ...

    @property
    def gone(self) -> bool:
        """Whether the other end has left."""
        ...

    def send(self, data: bytes) -> None:
        """Hand over bytes."""
        ...

    def end(self) -> None:
        """Say that nothing more comes."""
        ...


class Listener:
    """One who listens.

    Attributes:
        names: the series that it asks for; None for all.
        allowed: asked now and then whether it may go on.
        outlet: where its events go; None until it is there.
        told: number of the last change that it knows of; -1 before its first event.
        heard_at: when something was last sent to it, by the monotonic clock.
        checked_at: when it was last asked whether it may go on.
    """

    __slots__ = ("_hub", "allowed", "checked_at", "heard_at", "names", "outlet", "told")

    def __init__(self, hub: Hub, names: Names | None, allowed: Callable[[], bool]) -> None:
        self._hub = hub
        self.names = names
        self.allowed = allowed
        self.outlet: Outlet | None = None
        self.told = -1
        self.heard_at = 0.0
        self.checked_at = 0.0

    def start(self, outlet: Outlet) -> None:
        """From now on send events there."""
        self.outlet = outlet
        self._hub.begin()

    def leave(self) -> None:
        """Listen no more; for one that has not started."""
        self._hub.drop([self])

    def first(self) -> bytes:
        """The first event, for a server that cannot hand the connection over."""
        return self._hub.first(self.names)


class Hub:
    """Watches the store while somebody listens.

    Args:
        store: gives the store, or None while it is not up.
        clock: seconds since the epoch UTC.
        monotonic: seconds of a clock that never jumps.
        comment_every_s: after so many seconds of silence it is said that it goes on, so that nobody takes the
            connection for dead.
    """

    def __init__(
        self,
        store: Callable[[], SeriesReader | None],
        clock: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
        comment_every_s: float = COMMENT_EVERY_S,
    ) -> None:
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._comment_every_s = comment_every_s
        self._changed = threading.Condition()
        self._listeners: set[Listener] = set()
        self._thread: threading.Thread | None = None
        self._open = False
        self._fresh = False
        self._values = Values()
        self._source: tuple[SeriesReader, Watch] | None = None
        self._looked_at = -1e9
        self._failing = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def open(self) -> None:
        """Let listeners in."""
        with self._changed:
            self._open = True

    def close(self) -> None:
        """Let all listeners go, and end the thread."""
        with self._changed:
            self._open = False
            self._listeners.clear()
            thread = self._thread
            self._changed.notify()
        if thread is not None:
            thread.join()

    def enter(self, names: Names | None = None, allowed: Callable[[], bool] = lambda: True) -> Listener:
        """Let a listener in. Raises ServiceUnavailable where there are too many."""
        listener = Listener(self, names, allowed)
        with self._changed:
            behind = sum(each.outlet.unsent for each in self._listeners if each.outlet is not None)
            if len(self._listeners) >= MOST_LISTENERS or behind > MOST_UNSENT or not self._open:
                raise ServiceUnavailable(
                    f"There are {len(self._listeners)} listeners already, and no more are let in: ask /api/v1/values instead.",
                    retry_after=_RETRY_S,
                )
            self._listeners.add(listener)
        return listener

    def begin(self) -> None:
        """Somebody is ready to listen."""
        with self._changed:
            if not self._open:
                return
            self._fresh = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="web-live", daemon=True)
                self._thread.start()
            self._changed.notify()

    def drop(self, listeners: Iterable[Listener]) -> None:
        """Let listeners go."""
        with self._changed:
            self._listeners.difference_update(listeners)

    def first(self, names: Names | None) -> bytes:
        """What a listener is told first, from a look of its own."""
        values, store = Values(), self._store()
        if store is not None:
            values.take(store.watch())
        return values.event(self._clock(), -1, names)

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._listeners or not self._open:
                    self._thread = None
                    self._forget()
                    return
                wait_s = self._looked_at + LOOK_EVERY_S - self._monotonic()
                self._changed.wait_for(lambda: self._fresh or not self._open, max(wait_s, 0.0))
                if not self._open:
                    continue
                self._fresh = False
                listeners = [each for each in self._listeners if each.outlet is not None]
            if self._monotonic() - self._looked_at >= _SOON_S:
                self._look()
            self._tell(listeners)

    def _forget(self) -> None:
        """Nobody listens: keep nothing."""
        self._values, self._source, self._looked_at = Values(), None, -1e9

    def _look(self) -> None:
        self._looked_at = self._monotonic()
        store = self._store()
        try:
            if store is None:
                return
            if self._source is None or self._source[0] is not store:
                self._source = (store, store.watch())
                self._values.outdate()
            self._values.take(self._source[1])
            self._failing = False
        except Exception:  # whatever the store meets, those who listen are told again when it is over
            if not self._failing:
                logger.exception("the last values could not be looked at; it is tried again")
            self._failing = True

    def _tell(self, listeners: list[Listener]) -> None:
        now, shared = self._clock(), Shared(self._values)
        gone = []
        for listener in listeners:
            outlet = listener.outlet
            if outlet is None or outlet.gone:
                gone.append(listener)
                continue
            try:
                if not outlet.unsent and not self._tell_one(listener, outlet, shared, now):
                    outlet.end()
                    gone.append(listener)
            except Exception:  # a bug met by one listener may not silence all others
                logger.exception("somebody who listens could not be told; the connection is closed")
                gone.append(listener)
                outlet.end()
        if gone:
            self.drop(gone)

    def _tell_one(self, listener: Listener, outlet: Outlet, shared: Shared, now: float) -> bool:
        """Send a listener what it does not know; False where it may not go on.

        One that has not taken the last event yet is passed over, and gets all that it has missed in one event later.
        """
        monotonic = self._monotonic()
        if monotonic - listener.checked_at >= self._comment_every_s:
            if not listener.allowed():
                return False
            listener.checked_at = monotonic
        if listener.told < self._values.number:
            data = shared.event(now, listener.told, listener.names)
            listener.told = self._values.number
            if data:
                outlet.send(data)
                listener.heard_at = monotonic
        if monotonic - listener.heard_at >= self._comment_every_s:
            outlet.send(_ALIVE % orjson.dumps(number(now)))
            listener.heard_at = monotonic
        return True
