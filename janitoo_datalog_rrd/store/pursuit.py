"""The pursuit of the journal: its frames one after the other while it is written, over damage and from segment to segment."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from . import frames, safepickle
from .journal import Journal
from .origins import Content, Definition, take_in

PATIENCE_S = 60.0
"""How long a disk that does not give a segment is asked again, before the segment is passed over."""
_BROKEN = (errno.EIO, errno.EINVAL, errno.EISDIR)
Where = tuple[int, int, int]
"""A place in the journal: segment, byte where a frame begins, and how many samples of that frame are behind it."""


class Frame(NamedTuple):
    """A frame of the journal, and where it is."""

    segment: int
    begin: int
    behind: int
    content: Content


class Pursuit:
    """Reads the journal, frame by frame, through a descriptor of its own.

    Of the segment that is being written it reads only what `Journal.end` says is whole. Of an older one that is cut off, as after
    a crash, it reads what is whole.

    Args:
        journal: what is read.
        at: where to begin.
        on_segment: called when another segment is begun, or this one anew, with what it has defined up to the place.
        on_damage: called with the segment's number and a sentence for each damaged place.

    Attributes:
        at: where it is. One who takes only a part of a frame sets it to a place in it.
    """

    def __init__(
        self,
        journal: Journal,
        at: Where,
        on_segment: Callable[[list[tuple[int, Definition]]], None],
        on_damage: Callable[[int, str], None],
    ) -> None:
        self.at = at
        self._journal = journal
        self._on_segment = on_segment
        self._on_damage = on_damage
        self._run: frames.Run | None = None
        self._walk: Iterator[tuple[int, int, Any]] | None = None
        self._failing_since: float | None = None

    def close(self) -> None:
        """Close the segment that is open; the next frame opens one again."""
        if self._run is not None:
            self._run.close()
        self._run = self._walk = None

    def go_to(self, at: Where) -> None:
        """Read from another place on."""
        self.close()
        self.at = at

    def next(self) -> Frame | None:
        """The next frame, from `at` on, which is then its beginning; None where there is none now.

        Raises:
            OSError: the disk does not give it; one that is broken for longer than `PATIENCE_S` is passed over.
        """
        while True:
            try:
                frame = self._next()
            except OSError as error:
                self.close()
                if not self._is_hopeless(error):
                    raise
            else:
                self._failing_since = None
                return frame

    def _next(self) -> Frame | None:
        while True:
            end = self._journal.end
            segment, at, skip = self.at
            if (segment, at) >= end:
                return None
            if self._run is None and not self._open(segment, at, skip, end):
                self.at = self._behind(segment, end)
                continue
            step = self._step(segment, at, end)
            if step is None:
                if segment < end[0]:
                    self.close()
                self.at = self._behind(segment, end)
                continue
            begin, behind, data = step
            try:
                content = take_in(data)
            except safepickle.UNREADABLE as error:
                self._on_damage(segment, f"the frame at byte {begin} makes no sense: {error}")
                self.at = (segment, behind, 0)
                continue
            self.at = (segment, begin, min(skip, len(content.numbers)) if begin == at else 0)
            return Frame(segment, begin, behind, content)

    def _step(self, segment: int, at: int, end: tuple[int, int]) -> tuple[int, int, Any] | None:
        """The next whole frame of the segment that is open; None where it has none now. Raises OSError."""
        assert self._run is not None  # noqa: S101 - for the type checker
        step = next(self._walk, None) if self._walk is not None else None
        if step is None:
            before = self._run.size
            self._run.look_up_to(end[1] if segment == end[0] else None)
            if self._walk is not None and self._run.size == before:
                return None
            if at > self._run.size:
                self._on_damage(segment, f"it was read up to byte {at}, and has only {self._run.size}")
            self._walk = self._run.walk(at, lambda what: self._on_damage(segment, what))
            step = next(self._walk, None)
        return step

    def _open(self, segment: int, at: int, skip: int, end: tuple[int, int]) -> bool:
        """Open a segment; False where it is gone. Raises OSError."""
        run = None
        for path in self._journal.paths_of(segment):
            with contextlib.suppress(FileNotFoundError):
                run = frames.Run(path)
                break
        if run is None:
            if at or skip:
                self._on_damage(segment, "it is gone, with what was not read of it")
            return False
        try:
            run.look_up_to(end[1] if segment == end[0] else None)
            defined = []
            for _, _, data in run.walk(0, lambda _: None, at):
                with contextlib.suppress(*safepickle.UNREADABLE):
                    defined += take_in(data).definitions
        except OSError:
            run.close()
            raise
        self._run = run
        self._on_segment(defined)
        return True

    def _behind(self, segment: int, end: tuple[int, int]) -> Where:
        """Where to go on when there is nothing more in a segment."""
        return (self._journal.following(segment, end[0]), 0, 0) if segment < end[0] else (*end, 0)

    def _is_hopeless(self, error: OSError) -> bool:
        """Tell whether the disk has not given a segment for too long; then it is passed over."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        if error.errno not in _BROKEN or now < self._failing_since + PATIENCE_S:
            return False
        self._failing_since = None
        segment, at, _ = self.at
        self._on_damage(segment, f"it cannot be read from byte {at} on: {error.strerror}")
        self.at = self._behind(segment, self._journal.end)
        return True
