"""A tail: one more reader of the journal, which is given every sample that was accepted, also after a restart or a kill."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from ..core.contracts import Key
from ..core.errors import StoreError
from . import catalogue, frames, safepickle
from .cache import Cache
from .column import ColumnState
from .journal import Journal
from .position import Place

_BROKEN = (errno.EIO, errno.EINVAL, errno.EISDIR)
_SAMPLE = tuple.__new__  # as a named tuple makes itself, without a call of a function for each of so many
_INTEGER, _FLOAT = {int}, {float}
PATIENCE_S = 60.0
"""How long a disk that does not give a segment is asked again, before the segment is passed over."""
PAUSE_S = 0.1
"""How long a tail that was woken waits for more to come: one that looked after each message would take time from the way in."""


class Origin(NamedTuple):
    """What a sample is of; the same object for all samples of a column as long as nothing of it changes.

    Attributes:
        series: name of the series.
        column: name of its data source.
        key: whose values go there.
        node: what the series belongs to: a HADD, a device, a topic.
        units: text for people; may be empty.
        label: text for people; may hold any character.
        is_one_of_several: whether the series has several columns.
    """

    series: str
    column: str
    key: Key
    node: str
    units: str
    label: str
    is_one_of_several: bool


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


class _Definition(NamedTuple):
    """What the journal says of a column."""

    series: str
    column: str
    configured: bool
    words: tuple[Any, ...]


class _Frame(NamedTuple):
    """A frame of the journal that is being read.

    Attributes:
        segment: where it is.
        begin, behind: its bytes there.
        definitions: what numbers mean from here on.
        numbers, times, values: of its samples.
    """

    segment: int
    begin: int
    behind: int
    definitions: list[tuple[int, _Definition]]
    numbers: list[int]
    times: list[float]
    values: list[float]


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
        self._run: frames.Run | None = None
        self._walk: Iterator[tuple[int, int, Any]] | None = None
        self._failing_since: float | None = None
        self._frame: _Frame | None = None
        self._at = place.ahead
        self._told = -1
        self._definitions: dict[int, _Definition] = {}
        self._origins: dict[int, Origin | None] = {}
        self._described = -1

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
        position = self._place.position
        return max(0, sum(size for number, size in self._journal.sizes() if number >= position.segment) - position.offset)

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
        place = self._place
        with place.lock:
            if self.closed:
                raise StoreError(f"the tail {self.name} is closed")
            if place.ahead != self._at:  # what was to come was given up
                self._go_to(place.ahead)
            if self._described != self._cache.described:
                self._described = self._cache.described
                self._origins.clear()
            found: list[Sample] = []
            try:
                self._read(most, found)
            except OSError as error:
                self._go_to(self._at)
                if not found and not self._is_hopeless(error):
                    raise
            else:
                self._failing_since = None
            place.ahead = self._at
            return found

    def _read(self, most: int, found: list[Sample]) -> None:
        """Add the next samples. Raises OSError: those before the trouble are added."""
        numbers: list[int] = []
        times: list[float] = []
        values: list[float] = []
        left = most
        try:
            while left > 0 and (frame := self._frame or self._next_frame()) is not None:
                if frame.definitions:
                    self._add(found, numbers, times, values)  # they were called as before
                    numbers, times, values = [], [], []
                    self._define(frame.definitions)
                skip = self._at[2]
                taken = frame.numbers[skip : skip + left]
                numbers += taken
                times += frame.times[skip : skip + left]
                values += frame.values[skip : skip + left]
                left -= len(taken)
                if skip + len(taken) < len(frame.numbers):
                    self._at = (frame.segment, frame.begin, skip + len(taken))
                    self._frame = frame._replace(definitions=[])
                else:
                    self._at = (frame.segment, frame.behind, 0)
                    self._frame = None
        finally:
            self._add(found, numbers, times, values)

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
        if segment != before.segment:
            self._on_done()

    def close(self) -> None:
        """Let it go; its position stays, and the journal is kept for it. Whoever waits is woken."""
        self.closed = True
        self._woken.set()
        with self._place.lock:
            self._leave()

    # -- the journal ---------------------------------------------------------------------------------

    def _has_more(self) -> bool:
        return self._place.ahead[:2] < self._journal.end

    def _leave(self) -> None:
        """Close the segment that is being read."""
        if self._run is not None:
            self._run.close()
        self._run = self._walk = self._frame = None
        self._definitions.clear()
        self._origins.clear()

    def _go_to(self, place: tuple[int, int, int]) -> None:
        """Read from another place on."""
        self._leave()
        self._at = place

    def _is_hopeless(self, error: OSError) -> bool:
        """Tell whether the disk has not given a segment for so long that it is passed over."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        if error.errno not in _BROKEN or now < self._failing_since + PATIENCE_S:
            return False
        self._failing_since = None
        segment, at, _ = self._at
        self._note(f"it cannot be read from byte {at} on: {error.strerror}")
        self._at = self._behind(segment, self._journal.end)
        return True

    def _next_frame(self) -> _Frame | None:
        """Go to the next frame with samples or definitions; None where there is none now. Raises OSError."""
        while True:
            end = self._journal.end
            segment, at, skip = self._at
            if (segment, at) >= end:
                return None
            if self._run is None and not self._open(segment, at, skip):
                self._at = self._behind(segment, end)
                continue
            step = self._step(segment, at, end)
            if step is None:
                if segment < end[0]:
                    self._leave()
                self._at = self._behind(segment, end)
                continue
            begin, behind, data = step
            try:
                frame = _Frame(segment, begin, behind, *_take_in(data))
            except safepickle.UNREADABLE as error:
                self._note(f"the frame at byte {begin} makes no sense: {error}")
                self._at = (segment, behind, 0)
                continue
            self._at = (segment, begin, min(skip, len(frame.numbers)) if begin == at else 0)
            return frame

    def _step(self, segment: int, at: int, end: tuple[int, int]) -> tuple[int, int, Any] | None:
        """The next whole frame of the segment that is open; None where it has none now. Raises OSError."""
        assert self._run is not None  # noqa: S101 - for the type checker
        step = next(self._walk, None) if self._walk is not None else None
        if step is None:
            self._run.look_up_to(end[1] if segment == end[0] else None)
            if at > self._run.size:
                self._note(f"it was read up to byte {at}, and has only {self._run.size}")
            self._walk = self._run.walk(at, self._note)
            step = next(self._walk, None)
        return step

    def _open(self, segment: int, at: int, skip: int) -> bool:
        """Open a segment, and learn what it has defined up to a place; False where it is gone. Raises OSError."""
        run = None
        for path in (self._journal.path_of(segment), self._journal.kept_path_of(segment)):
            try:
                run = frames.Run(path)
                break
            except FileNotFoundError:
                pass
        if run is None:
            if at or skip:
                self._tell(segment, "it is gone, with what was not read of it")
            return False
        try:
            end = self._journal.end
            run.look_up_to(end[1] if segment == end[0] else None)
            for _, _, data in run.walk(0, lambda _: None, at):
                with contextlib.suppress(*safepickle.UNREADABLE):
                    self._define(_take_in(data)[0])
        except OSError:
            run.close()
            raise
        self._run = run
        return True

    def _behind(self, segment: int, end: tuple[int, int]) -> tuple[int, int, int]:
        """Where to go on when there is nothing more in a segment."""
        if segment >= end[0]:
            return *end, 0
        following = next((number for number in self._journal.all_segments() if number > segment), end[0])
        return min(following, end[0]), 0, 0

    def _define(self, definitions: list[tuple[int, _Definition]]) -> None:
        """Note what numbers mean from here on in the segment."""
        for number, definition in definitions:
            self._definitions[number] = definition
            self._origins.pop(number, None)

    def _note(self, what: str) -> None:
        """Count a damaged place, and tell of the first one of a segment."""
        self.damaged += 1
        self._tell(self._at[0], what)

    def _tell(self, segment: int, what: str) -> None:
        if self._told != segment:
            self._told = segment
            self._on_trouble(f"segment {segment} of the journal: {what}")

    # -- samples -------------------------------------------------------------------------------------

    def _add(self, found: list[Sample], numbers: list[int], times: list[float], values: list[float]) -> None:
        """Make samples of what was read, but of what is hidden, or nobody knows."""
        origins = self._origins
        for number in {*numbers}.difference(origins):
            origins[number] = self._origin(number)
        made = zip(map(origins.__getitem__, numbers), times, values, strict=True)
        found += [_SAMPLE(Sample, each) for each in made if each[0] is not None]

    def _origin(self, number: int) -> Origin | None:
        """What a number stands for, as it is called now; None where it is hidden, or nobody knows."""
        definition = self._definitions.get(number)
        if definition is None:
            column = self._cache.column_numbered(number)
            if column is None:
                self._note(f"it has samples of column {number}, whose definition is lost")
                return None
            return self._describe(column, column.key)
        try:
            said = catalogue.restore(definition.words)
        except safepickle.UNREADABLE:
            said = catalogue.record((), definition.series, "", "GAUGE", "")
        series = self._cache.series.get(definition.series)
        column = next((each for each in series.columns if each.name == definition.column), None) if series is not None else None
        if column is not None:
            return self._describe(column, tuple(said["key"]) or column.key)
        return Origin(
            definition.series,
            definition.column,
            tuple(said["key"]),
            said["node"],
            said["units"],
            said["label"],
            definition.configured,
        )

    def _describe(self, column: ColumnState, key: Key) -> Origin | None:
        series = column.series
        if series.is_hidden:
            return None
        label, units = (series.schema.label, series.schema.units) if not series.configured else ("", "")
        return Origin(
            series.name,
            column.name,
            key,
            series.node,
            units or column.units,
            label or column.label,
            len(series.columns) > 1,
        )


def _take_in(data: Any) -> tuple[list[tuple[int, _Definition]], list[int], list[float], list[float]]:
    """What is in a frame of the journal; see `Intake` for its form. Raises UNREADABLE."""
    definitions, numbers, times, values = data
    if not {*map(type, numbers)} <= _INTEGER or not {*map(type, times), *map(type, values)} <= _FLOAT:
        raise ValueError("it has something else than numbers")
    if not len(numbers) == len(times) == len(values):
        raise ValueError("it has not a time and a number for each sample")
    return [_definition(*each) for each in definitions], numbers, times, values


def _definition(number: Any, series: Any, column: Any, configured: Any, words: Any) -> tuple[int, _Definition]:
    if type(number) is not int or not isinstance(series, str) or not isinstance(column, str):
        raise ValueError("it has no proper definition of a column")
    return number, _Definition(series, column, bool(configured), words)
