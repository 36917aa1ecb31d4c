"""The drawing processes of a server: started when there is something to draw, ended when there was nothing for a while.

librrd draws one picture at a time in a process, for as long as some messages take by the hundred, and a damaged file can
crash it. In processes of their own, pictures take nothing from the thread that takes in messages, and take nothing down.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from ...core.contracts import SeriesInfo
from ...core.errors import StoreError
from . import draw, orders
from .graphquery import GraphQuery
from .timespan import Span

logger = logging.getLogger(__name__)

MOST = 2
_LIMIT_S = 30.0
_IDLE_S = 60.0
_LOOK_S = 5.0
_WORN_AFTER = 2000
_WAIT_S = 60.0
_END_S = 5.0


class ArtistLostError(Exception):
    """A drawing process ended or is too slow; the text says which."""

    def __init__(self, message: str, *, hangs: bool = False) -> None:
        self.hangs = hangs
        super().__init__(message)


class Artist:
    """One drawing process.

    Raises:
        OSError: it cannot be started.

    Attributes:
        asked: how many pictures it was asked for.
        usable: False while it draws, and after it was lost.
        free_since: when it was last done, on the monotonic clock.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.usable = True
        self.free_since = time.monotonic()
        self._connection, theirs = socket.socketpair()
        command = [sys.executable, "-m", draw.__name__]
        # Ctrl-C is for the server: what is blocked here is blocked in the child from its first instruction on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            with theirs:
                self._process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd="/")  # noqa: S603
        except BaseException:
            self._connection.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._process.poll() is None

    def draw(self, order: bytes, limit_s: float) -> bytes:
        """Have a picture drawn.

        Args:
            order: what is to be drawn; see `orders`.
            limit_s: seconds that it may take.

        Raises:
            BadRequestError: a parameter cannot be used with this series.
            StoreError: it cannot be drawn.
            ArtistLostError: the process ended or takes too long; it is of no more use.
        """
        self.asked += 1
        self.usable = False
        try:
            self._connection.settimeout(limit_s)
            orders.send(self._connection, order)
            answer = orders.receive(self._connection, limit_s)
        except TimeoutError:
            raise ArtistLostError(f"it took longer than {limit_s:g} s", hangs=True) from None
        except OSError as error:
            raise ArtistLostError(self._how_it_ended()) from error
        if answer is None:
            raise ArtistLostError(self._how_it_ended())
        self.usable = True
        self.free_since = time.monotonic()
        return orders.decode_answer(answer)

    def kill(self) -> None:
        """End the process in the middle of whatever it does; who waits for its picture gets ArtistLostError."""
        self._process.kill()

    def end(self) -> None:
        """End the process and leave nothing of it; only for who has it to himself."""
        self._connection.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # a disk that hangs holds it
            self._process.wait(_END_S)

    def _how_it_ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(1)
            return f"it was ended by {signal.Signals(-status).name}" if status < 0 else f"it ended with status {status}"
        return "it does not answer"


class Artists:
    """A few drawing processes; each draws for one asker at a time.

    Args:
        most: how many there may be; no more than the machine has processors.
        limit_s: seconds that a picture may take.
        idle_s: seconds without work after which a process is ended.
        look_s: seconds between two looks for such.
        worn_after: pictures after which a process is replaced, since librrd keeps half a kilobyte of each.
    """

    def __init__(
        self,
        most: int = MOST,
        limit_s: float = _LIMIT_S,
        idle_s: float = _IDLE_S,
        look_s: float = _LOOK_S,
        worn_after: int = _WORN_AFTER,
    ) -> None:
        self._most = min(most, os.cpu_count() or 1)
        self._limit_s = limit_s
        self._idle_s = idle_s
        self._look_s = look_s
        self._worn_after = worn_after
        self._changed = threading.Condition()
        self._artists: list[Artist] = []
        self._idle: list[Artist] = []
        self._closed = threading.Event()
        self._keeper: threading.Thread | None = None

    @property
    def pids(self) -> list[int]:
        """Process ids of those that are there now."""
        with self._changed:
            return [artist.pid for artist in self._artists]

    def open(self) -> None:
        """Go on after `close`."""
        self._closed.clear()

    def close(self) -> None:
        """End all processes; who waits for a picture gets StoreError."""
        with self._changed:
            self._closed.set()
            for artist in self._artists:
                artist.kill()
            while self._idle:
                self._drop(self._idle.pop())
            keeper, self._keeper = self._keeper, None
            self._changed.notify_all()
        if keeper is not None:
            keeper.join()

    def paint(self, info: SeriesInfo, query: GraphQuery, span: Span) -> bytes:
        """Have a series drawn; see `painter.paint`.

        Raises:
            BadRequestError: a parameter cannot be used with this series.
            StoreError: it cannot be drawn.
        """
        order = orders.encode_order(info, query, span)
        while True:
            artist = self._take()
            new = artist.asked == 0
            try:
                return artist.draw(order, self._limit_s)
            except ArtistLostError as error:
                if self._closed.is_set():
                    raise _stopping() from None
                # One that has worked before may have ended for a reason of its own: that is tried again.
                if new or error.hangs:
                    raise StoreError(f"The graph of {info.name} cannot be drawn: its process was lost, {error}.") from error
                logger.info("a drawing process was lost: %s; %s is given to another one", error, info.name)
            finally:
                self._put_back(artist)

    def _take(self) -> Artist:
        """An artist that has nothing to do, or a new one. Raises StoreError."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: self._closed.is_set() or self._idle or len(self._artists) < self._most, _WAIT_S
            )
            if self._closed.is_set():
                raise _stopping()
            if not found:
                raise StoreError("The graph cannot be drawn: too many others are being drawn.")
            if self._idle:
                return self._idle.pop()
            try:
                artist = Artist()
            except OSError as error:
                raise StoreError(f"The graph cannot be drawn: no process can be started for it ({error.strerror}).") from error
            self._artists.append(artist)
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="web-artists", daemon=True)
                self._keeper.start()
            return artist

    def _put_back(self, artist: Artist) -> None:
        with self._changed:
            if artist.usable and artist.asked < self._worn_after and not self._closed.is_set():
                self._idle.append(artist)
            else:
                self._drop(artist)
            self._changed.notify()

    def _drop(self, artist: Artist) -> None:
        artist.end()
        self._artists.remove(artist)

    def _keep(self) -> None:
        """End those that have had nothing to do for long, and bury those that have ended by themselves."""
        while not self._closed.wait(self._look_s):
            with self._changed:
                long_ago = time.monotonic() - self._idle_s
                for artist in [each for each in self._idle if each.free_since < long_ago or not each.alive]:
                    self._idle.remove(artist)
                    self._drop(artist)
                if not self._artists and not self._closed.is_set():
                    self._keeper = None
                    return


def _stopping() -> StoreError:
    return StoreError("The graph cannot be drawn: the server is stopping.")
