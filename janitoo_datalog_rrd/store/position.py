"""The position of a tail: up to where a reader of the journal has what it read, kept in a small file that is written in place."""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..core.aside import move_aside
from ..core.files import write_atomically

_SLOT = 512
"""Bytes of each of the two places in the file: a disk writes so many at one blow, and the other place is whole meanwhile."""
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a reader has what it read.

    Attributes:
        segment: number of the journal's segment.
        offset: byte in it where the next frame begins.
        skip: how many samples of that frame it has.
        dropped: samples that it was not given since they were given up.
        pending: samples that were given up while they were on their way to it: dropped too, unless it says that it has them.
        limit: how many bytes of the journal may be kept for it.
    """

    segment: int
    offset: int = 0
    skip: int = 0
    dropped: int = 0
    pending: int = 0
    limit: int = 0

    @property
    def place(self) -> tuple[int, int, int]:
        """Where it is: segment, byte, and sample of the frame there."""
        return self.segment, self.offset, self.skip

    def without_pending(self, limit: int) -> Position:
        """What it is for one who begins anew: nobody knows whether what was on its way has arrived."""
        return replace(self, dropped=self.dropped + self.pending, pending=0, limit=limit)


def behind(position: Position, sizes: Iterable[tuple[int, int]]) -> int:
    """Bytes of the journal that a reader has not confirmed, by number and bytes of each segment."""
    return max(0, sum(size for number, size in sizes if number >= position.segment) - position.offset)


class Place:
    """The position of one reader, and its file.

    The file is written in place, so that it needs no more room on a full disk, and few writes reach the disk.

    Args:
        path: the file.
        position: what it has.

    Attributes:
        lock: guards the rest.
        position: up to where the reader has confirmed.
        ahead: up to where it has read.
        is_told: whether it was told that samples are given up.
    """

    def __init__(self, path: Path, position: Position) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.position = position
        self.ahead = position.place
        self.is_told = False
        self._turn = 0
        self._synced = False

    @classmethod
    def make(cls, path: Path, position: Position) -> Place:
        """Make the file of a new reader. Raises OSError."""
        _write_anew(path, position)
        return cls(path, position)

    @classmethod
    def load(cls, path: Path, on_damage: Callable[[Path, str], None]) -> Place:
        """Read a file; one that is damaged is moved aside and told, and all that is there comes again. Raises OSError."""
        content = b"" if not path.is_file() else path.read_bytes()
        found = [each for each in map(_unpack, (content[:_SLOT], content[_SLOT : 2 * _SLOT])) if each is not None]
        if not found:
            on_damage(move_aside(path), "it says no position; the journal is read again from its oldest segment on")
            return cls.make(path, Position(0, limit=_LARGEST))
        turn, position = max(found, key=lambda each: each[0])
        place = cls(path, position.without_pending(position.limit))
        place._turn = turn
        return place

    def move(self, position: Position) -> None:
        """Take over another position, and write it. Raises OSError: it holds for this life only."""
        self.position = position
        self._turn += 1
        self._synced = False
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # somebody has taken it away
            _write_anew(self.path, position)
            return
        try:
            os.pwrite(descriptor, _pack(self._turn, position), self._turn % 2 * _SLOT)
        finally:
            os.close(descriptor)

    def sync(self) -> None:
        """Ask the disk to have the position. Raises OSError."""
        if not self._synced:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
            self._synced = True


def _write_anew(path: Path, position: Position) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, _pack(0, position) + _pack(1, position))


def _pack(turn: int, position: Position) -> bytes:
    text = json.dumps({"turn": turn, **asdict(position)}, separators=(",", ":")).encode()
    return (b"%08x " % zlib.crc32(text) + text).ljust(_SLOT - 1) + b"\n"


def _unpack(slot: bytes) -> tuple[int, Position] | None:
    """The turn and the position in one of the places; None where it holds none."""
    checksum, _, text = slot.rstrip().partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        content = json.loads(text)
        turn = content.pop("turn")
        position = Position(**content)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    numbers = [turn, *asdict(position).values()]
    return (turn, position) if all(type(each) is int and 0 <= each <= _LARGEST for each in numbers) else None
