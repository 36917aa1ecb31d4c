"""A tail: one more reader of the journal, which is given every sample that was accepted, also after a restart or a kill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ..core import seams
from ..core.contracts import Key
from ..core.errors import StoreError
from .cache import Cache
from .journal import Journal
from .origins import Definition, Origin, Origins
from .position import Place, behind
from .pursuit import Frame, Pursuit

PAUSE_S = 0.1
"""How long a tail that was woken waits for more to come: one that looked after each message would take time from the way in."""
_make = tuple.__new__  # as a named tuple makes itself, without a call of a function for each of so many


class Sample(NamedTuple):
    """One sample as it was accepted.

    Attributes:
        origin: what it is of.
        time: seconds since the epoch UTC.
        value: the number; NaN says that it is unknown.
    """

    origin: Origin
    time: float
    value: float

    @property
    def series(self) -> str:
        """Name of the series."""
        return self.origin.series

    @property
    def column(self) -> str:
        """Name of the data source."""
        return self.origin.column

    @property
    def key(self) -> Key:
        """Whose value it is."""
        return self.origin.key

    @property
    def node(self) -> str:
        """What the series belongs to."""
        return self.origin.node

    @property
    def units(self) -> str:
        """Its units, as text for people."""
        return self.origin.units

    @property
    def label(self) -> str:
        """What people call it."""
        return self.origin.label


class Tail:
    """Reads the journal from where its last life has confirmed; made by `Store.tail`.

    What was read and not confirmed by `done` comes again in the next life: at least once, never lost. It may be used by one
    thread; `close` may be called from another one. Series that the ini hides are passed over.

    Args:
        name: what it is called.
        journal: what it reads.
        cache: knows what series are called now.
        place: its position.
        on_done: called when it has confirmed the last of a segment.
        on_trouble: called with a sentence about what could not be read.
        on_unkept: called with an error, or None when all is well again, where the position cannot be written.

    Attributes:
        damaged: places of the journal that could not be read, in this life.
        closed: whether it, or its store, was closed: `read` then raises.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        cache: Cache,
        place: Place,
        on_done: Callable[[], None],
        on_trouble: Callable[[str], None],
        on_unkept: Callable[[OSError | None], None],
    ) -> None:
        self.name = name
        self.damaged = 0
        self.closed = False
        self._journal = journal
        self._cache = cache
        self._place = place
        self._on_done = on_done
        self._on_trouble = on_trouble
        self._on_unkept = on_unkept
        self._woken = threading.Event()
        self._told = -1
        self._origins = Origins(cache, lambda what: self._damage(self._pursuit.at[0], what))
        self._pursuit = Pursuit(journal, place.ahead, self._begin_segment, self._damage)
        self._frame: Frame | None = None

    @property
    def limit_bytes(self) -> int:
        """How much of the journal may be kept for it."""
        return self._place.position.limit

    @property
    def dropped(self) -> int:
        """Samples that it was not given, since it was too far behind or the disk was short, since it was first made."""
        return self._place.position.dropped

    @property
    def behind_bytes(self) -> int:
        """Bytes of the journal that it has not confirmed."""
        return behind(self._place.position, self._journal.sizes())

    def wait(self, timeout: float) -> bool:
        """Wait until there is something to read, for so many seconds at most. The answer is whether there may be."""
        woken = self._woken
        if not self._has_more():
            woken.clear()
            self._journal.wake_at_next(woken)
            end = time.monotonic() + timeout
            if not (self.closed or self._has_more()) and woken.wait(timeout) and not self.closed:
                woken.clear()
                woken.wait(max(0.0, min(PAUSE_S, end - time.monotonic())))
        return not self.closed and self._has_more()

    def read(self, most: int) -> list[Sample]:
        """The next samples, in the order in which they were accepted; none where there are none now.

        Args:
            most: how many at most.

        Raises:
            StoreError: it is closed.
            OSError: the journal cannot be read now.
        """
        place, pursuit = self._place, self._pursuit
        with place.lock:
            if self.closed:
                raise StoreError(f"the tail {self.name} is closed")
            if place.ahead != pursuit.at:  # what was to come was given up
                pursuit.go_to(place.ahead)
                self._frame = None
            self._origins.refresh()
            found: list[Sample] = []
            try:
                self._read(most, found)
            except OSError:
                self._frame = None
                if not found:
                    raise
            finally:
                place.ahead = pursuit.at
            return found

    def done(self) -> None:
        """Confirm all that was read: it does not come again."""
        place = self._place
        with place.lock:
            before = place.position
            if self.closed or (before.place == place.ahead and not before.pending):
                return
            segment, offset, skip = place.ahead
            try:
                place.move(replace(before, segment=segment, offset=offset, skip=skip, pending=0))
            except OSError as error:
                self._on_unkept(error)
            else:
                self._on_unkept(None)
        seams.reached("position-written")
        if segment != before.segment:
            self._on_done()

    def close(self) -> None:
        """Let it go; its position stays, and the journal is kept for it. Whoever waits is woken."""
        self.closed = True
        self._woken.set()
        with self._place.lock:
            self._pursuit.close()
            self._frame = None

    # -- inside --------------------------------------------------------------------------------------

    def _has_more(self) -> bool:
        return self._place.ahead[:2] < self._journal.end

    def _read(self, most: int, found: list[Sample]) -> None:
        """Add the next samples. Raises OSError: those before the trouble are added."""
        pursuit = self._pursuit
        numbers: list[int] = []
        times: list[float] = []
        values: list[float] = []
        left = most
        try:
            while left > 0 and (frame := self._frame or pursuit.next()) is not None:
                content = frame.content
                if content.definitions and frame is not self._frame:
                    self._add(found, numbers, times, values)  # they were called as before
                    numbers, times, values = [], [], []
                    self._origins.define(content.definitions)
                skip = pursuit.at[2]
                part = slice(skip, skip + left)
                numbers += content.numbers[part]
                times += content.times[part]
                values += content.values[part]
                if skip + left < len(content.numbers):
                    pursuit.at = (frame.segment, frame.begin, skip + left)
                    self._frame = frame
                    left = 0
                else:
                    pursuit.at = (frame.segment, frame.behind, 0)
                    self._frame = None
                    left -= len(content.numbers) - skip
        finally:
            self._add(found, numbers, times, values)

    def _add(self, found: list[Sample], numbers: list[int], times: list[float], values: list[float]) -> None:
        """Make samples of what was read, but of what is hidden, or nobody knows."""
        known = self._origins.known
        self._origins.learn(numbers)
        made = zip(map(known.__getitem__, numbers), times, values, strict=True)
        found += [_make(Sample, each) for each in made if each[0] is not None]

    def _begin_segment(self, defined: list[tuple[int, Definition]]) -> None:
        self._origins.clear()
        self._origins.define(defined)

    def _damage(self, segment: int, what: str) -> None:
        """Count a damaged place, and tell of the first one of a segment."""
        self.damaged += 1
        if self._told != segment:
            self._told = segment
            self._on_trouble(f"segment {segment} of the journal: {what}")
