"""The journal: an append-only file of what the cache accepted, replayed after a crash."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core import seams
from ..core.aside import Damage, keep_aside, move_aside
from ..core.files import sync_directory
from . import frames, safepickle

logger = logging.getLogger(__name__)

_PAUSE_S = 5.0  # so that a disk that fails is not filled with beginnings of segments
_SEGMENT = re.compile(r"(journal|kept)-([0-9]{10}|[1-9][0-9]{10,20})\.pickles")
FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says when the disk has no room left."""


class Journal:
    """Appends frames to the current segment; a frame is in the file before `append` returns.

    Args:
        directory: where the segments are; made when it is not there.
        sync: `never`, `interval` (by calls to `sync`) or `always` (at each append): when the disk is asked to have it.

    Attributes:
        segment: number of the current segment.
        size: bytes in the current segment.
        synced: when the disk was last asked to have what was appended, by time.monotonic; None while it was not.
        doubted: True once the disk has failed to sync a segment: it may then never have what it said to have later.
        full: True once the disk had no room for what was to be appended, until somebody sets it back.
        end: where the next frame goes: segment and byte. What is before it is whole, and may be read by any thread.
        is_wanted: asked for the number of a segment that is to be deleted: where a reader still wants it, it is kept.
    """

    def __init__(self, directory: Path, sync: str = "interval") -> None:
        self.directory = directory
        self.sync_mode = sync
        self.size = 0
        directory.mkdir(parents=True, exist_ok=True)
        self._names_lock = threading.Lock()
        self.segment = max(self.all_segments(), default=0)
        self.end = (self.segment + 1, 0)
        self.is_wanted: Callable[[int], bool] = lambda _number: False
        self.full = False
        self._descriptor: int | None = None
        self._dirty = False
        self._tried = self.segment
        self._not_before = 0.0
        self.doubted = False
        self.synced: float | None = None
        self._sync_lock = threading.Lock()
        self._waiting: set[threading.Event] = set()
        self._waiting_lock = threading.Lock()

    @property
    def pending(self) -> bool:
        """True while something was appended that the disk was not asked to have."""
        return self._dirty and self.sync_mode != "always"

    def segments(self) -> list[int]:
        """Numbers of the segments on disk that are replayed after a crash, sorted."""
        return sorted(number for number, kept in self._look() if not kept)

    def kept(self) -> list[int]:
        """Numbers of the segments that are there only for readers, sorted: a snapshot covers them."""
        return sorted(number for number, kept in self._look() if kept)

    def all_segments(self) -> list[int]:
        """Numbers of all segments on disk, sorted."""
        return sorted({number for number, _ in self._look()})

    def sizes(self) -> list[tuple[int, int]]:
        """Number and bytes of each segment on disk, in their order."""
        found = []
        for number in self.all_segments():
            for path in self.paths_of(number):
                with contextlib.suppress(OSError):
                    found.append((number, path.stat().st_size))
                    break
        return found

    def paths_of(self, segment: int) -> tuple[Path, Path]:
        """Where a segment may be, in the order in which it comes there: who finds it at neither may be sure that it is gone."""
        return self.path_of(segment), self.kept_path_of(segment)

    def following(self, segment: int, last: int) -> int:
        """The next segment on disk behind one; `last` where there is none before it."""
        return min((number for number in self.all_segments() if segment < number < last), default=last)

    def kept_sizes(self) -> list[tuple[int, int]]:
        """Number and bytes of each segment that is there only for readers, in their order."""
        kept = set(self.kept())
        return [each for each in self.sizes() if each[0] in kept] if kept else []

    def _look(self) -> list[tuple[int, bool]]:
        with self._names_lock:  # a file that gets its other name meanwhile might be seen under none
            names = os.listdir(self.directory)  # noqa: PTH208 - only names are wanted
        found = map(_SEGMENT.fullmatch, names)
        return [(int(match[2]), match[1] == "kept") for match in found if match]

    def begin_after(self, segment: int) -> None:
        """Give no later segment a number up to this one, which a snapshot covers or a reader has been at."""
        self.segment = max(self.segment, segment)
        if self._descriptor is None:
            self.end = (self.segment + 1, 0)

    def path_of(self, segment: int) -> Path:
        """File of a segment."""
        return self.directory / f"journal-{segment:010d}.pickles"

    def kept_path_of(self, segment: int) -> Path:
        """File of a segment that is kept for readers."""
        return self.directory / f"kept-{segment:010d}.pickles"

    def append(self, frame: Any) -> None:
        """Write one frame of plain data to the file.

        Raises:
            OSError: it could not be written; the file ends where it ended before.
        """
        content = frames.pack(frame)
        descriptor = self._descriptor
        if descriptor is None:
            raise OSError(errno.EBADF, "the journal has no open segment")
        try:
            written = os.write(descriptor, content)
            while written < len(content):  # a short write: the disk may be full, then the next call says so
                written += os.write(descriptor, content[written:])
            if self.sync_mode == "always":
                os.fdatasync(descriptor)
        except OSError as error:
            self.full |= error.errno in FULL
            self._cut_back(descriptor)
            raise
        self.size += len(content)
        self.end = (self.segment, self.size)
        self._dirty = True
        if self._waiting:
            self._wake()
        seams.reached("journal-appended")

    def wake_at_next(self, waiting: threading.Event) -> None:
        """Have an event set when something is appended, once; nothing is to be heard of what is there already."""
        with self._waiting_lock:
            self._waiting.add(waiting)

    def _wake(self) -> None:
        with self._waiting_lock:
            for each in self._waiting:
                each.set()
            self._waiting.clear()

    def _cut_back(self, descriptor: int) -> None:
        """Take a half-written frame away again; where even that fails, leave the segment as it is and begin another."""
        try:
            os.ftruncate(descriptor, self.size)
        except OSError as error:
            logger.error("%s cannot be cut back: %s; a new segment is begun", self.path_of(self.segment), error)
            self.close()
            self._not_before = time.monotonic() + _PAUSE_S

    def ensure_open(self) -> int:
        """Begin a segment where none is open, and return the current one's number. Raises OSError."""
        if self._descriptor is not None:
            return self.segment
        if time.monotonic() < self._not_before:
            raise OSError(errno.EIO, "the journal could not be written a moment ago", str(self.directory))
        return self.rotate()

    def rotate(self) -> int:
        """Begin a new segment and return its number; older ones stay as they are.

        Raises:
            OSError: it could not be made; the current one stays in use.
        """
        # a number that was tried is never tried again: its file may be there though it could not be used
        self._tried = number = max(self._tried, self.segment) + 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self.path_of(number), flags, 0o600)
        try:
            if self.sync_mode != "never":
                sync_directory(self.directory)
        except OSError:
            os.close(descriptor)
            raise
        seams.reached("journal-rotated")
        self.close()
        self._descriptor, self.segment, self.size = descriptor, number, 0
        self.end = (number, 0)
        return number

    def sync(self) -> None:
        """Ask the disk to have what was appended; without effect when nothing was. Raises OSError."""
        with self._sync_lock:
            if self._dirty and self._descriptor is not None and self.sync_mode != "never":
                self._dirty = False
                try:
                    os.fdatasync(self._descriptor)
                except OSError:
                    self._dirty = self.doubted = True
                    raise
                self.synced = time.monotonic()

    def close(self) -> None:
        """Close the current segment; the next append begins a new one."""
        with self._sync_lock:
            if self._descriptor is not None:
                if self.sync_mode != "never":
                    with contextlib.suppress(OSError):
                        os.fdatasync(self._descriptor)
                os.close(self._descriptor)
                self._descriptor = None
                self.size = 0
                self.end = (self.segment + 1, 0)

    def remove_before(self, segment: int) -> None:
        """Delete the segments with a lower number, or keep them for the readers that want them. Raises OSError."""
        for number in self.segments():
            if number < segment:
                path = self.path_of(number)
                if path.is_dir():
                    move_aside(path)
                    continue
                if self.is_wanted(number) and path.stat().st_size:
                    with self._names_lock:
                        path.rename(self.kept_path_of(number))
                    seams.reached("segment-kept")
                else:
                    path.unlink(missing_ok=True)
                    seams.reached("segment-removed")

    def replay(self, first: int, take: Callable[[int, Any], None], on_damage: Callable[[Path, str], None]) -> None:
        """Hand on the frames of every segment from number `first` on, in their order.

        A last frame that is cut off is normal after a crash; of a segment that is damaged otherwise every frame that is whole
        is handed on, and it is kept aside and told to `on_damage` with the reasons. It stays in its place too, since it is read
        again after a crash, until a snapshot covers it. What is no file is moved aside.

        Args:
            first: number of the first segment.
            take: called with the segment's number and a frame; `safepickle.UNREADABLE` say that it makes no sense.
            on_damage: called once for each damaged segment.
        """
        for number in self.segments():
            if number < first:
                continue
            path = self.path_of(number)
            damage = Damage()
            try:
                for frame in frames.unpack(path, damage.note):
                    try:
                        take(number, frame)
                    except safepickle.UNREADABLE as error:
                        damage.note(f"a frame makes no sense: {error}")
            except OSError as error:
                damage.note(f"it cannot be read: {error.strerror}")
                if not path.is_file():
                    on_damage(move_aside(path), str(damage))
                    continue
            if damage:
                on_damage(keep_aside(path), str(damage))
