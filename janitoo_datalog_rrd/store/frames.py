"""Frames: pickles of plain data with a checksum, one after the other; journal and snapshot are runs of them."""

from __future__ import annotations

import errno
import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import safepickle

# A frame is itself a pickle (protocol 4) of the tuple (CRC-32 of the content, content), laid out in one fixed way, so that it can
# be found, checked and cut out without unpickling anything: PROTO 4, SHORT_BINBYTES of 4 bytes, BINBYTES, TUPLE2, STOP.
_MAGIC = b"\x80\x04C\x04"
_HEAD = struct.Struct("<4sIcI")
_TAIL = b"\x86."
_BLOCK = 1 << 20
# What the search for the next whole frame may read in vain: more than any accident asks for, and not for ever.
_VAIN_SHARE, _VAIN_BYTES, _VAIN_EACH = 4, 1 << 26, 1000


def pack(data: Any) -> bytes:
    """Make a frame of plain data."""
    content = safepickle.dumps(data)
    return b"".join((_HEAD.pack(_MAGIC, zlib.crc32(content), b"B", len(content)), content, _TAIL))


def unpack(path: Path, on_damage: Callable[[str], None]) -> Iterator[Any]:
    """Read a file of frames, and go on behind what is damaged. Only a block of the file is in memory at a time.

    A last frame that is cut off, or never got to the disk and reads as zeros, is normal after a crash and is not told.

    Args:
        path: the file.
        on_damage: called with a sentence for each damaged place.

    Yields:
        The data of each frame whose checksum is right.

    Raises:
        OSError: it cannot be read, or not from here on.
    """
    run = Run(path)
    try:
        for _, _, data in run.walk(0, on_damage):
            yield data
    finally:
        run.close()


class Run:
    """The frames of an open file, seen through a window of one block.

    Args:
        path: the file.

    Attributes:
        size: bytes of the file that are looked at; `look_up_to` says how many there are now.

    Raises:
        OSError: it cannot be opened, or is no file.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise OSError(errno.EINVAL, "it is no file")
        self.size = found.st_size
        self._window = b""
        self._window_at = 0
        self._vain = _VAIN_SHARE * self.size + _VAIN_BYTES

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def look_up_to(self, size: int | None) -> None:
        """Look at so many bytes from now on; None for all that the file has. Raises OSError."""
        there = os.fstat(self._descriptor).st_size
        self.size = there if size is None else min(size, there)

    def walk(self, at: int, on_damage: Callable[[str], None], stop: int | None = None) -> Iterator[tuple[int, int, Any]]:
        """The whole frames from a place on: where each begins and ends, and its data. Raises OSError.

        Args:
            at: where to begin.
            on_damage: called with a sentence for each damaged place; not for a last frame that is cut off.
            stop: no frame that begins here or later.
        """
        end = self.size if stop is None else min(stop, self.size)
        while at < end:
            content = self._content(at)
            if content is None:
                following = self._next_frame(at + 1)
                if following is None:
                    if not self._is_cut_off(at):
                        on_damage(f"from byte {at} on ({self.size - at} bytes) there is nothing that can be read")
                    return
                on_damage(f"{following - at} bytes from byte {at} on are damaged")
                at = following
                continue
            behind = at + _HEAD.size + len(content) + len(_TAIL)
            try:
                data = safepickle.loads(content)
            except safepickle.UNREADABLE as error:
                on_damage(f"the frame at byte {at}: {error}")
            else:
                yield at, behind, data
            at = behind

    def _hold(self, begin: int, end: int) -> int:
        """Have the bytes between two places of one block in the window; the answer is where they begin there. Raises OSError."""
        if not self._window_at <= begin <= end <= self._window_at + len(self._window):
            self._window, self._window_at = os.pread(self._descriptor, min(_BLOCK, self.size - begin), begin), begin
            if len(self._window) < end - begin:
                raise OSError(errno.EIO, f"it gives nothing from byte {begin + len(self._window)} on")
        return begin - self._window_at

    def _read(self, begin: int, end: int) -> bytes:
        """The bytes between two places. Raises OSError."""
        if end - begin > _BLOCK:
            return os.pread(self._descriptor, end - begin, begin)
        place = self._hold(begin, end)
        return self._window[place : place + end - begin]

    def _checksum(self, begin: int, end: int) -> int:
        """CRC-32 of the bytes between two places, however many they are."""
        found = 0
        for at in range(begin, end, _BLOCK):
            found = zlib.crc32(os.pread(self._descriptor, min(_BLOCK, end - at), at), found)
        return found

    def _content(self, at: int) -> bytes | None:
        """The content of the frame that begins at a place; None when there is no whole one with a right checksum."""
        start = at + _HEAD.size
        if start > self.size:
            return None
        place = self._hold(at, start)
        magic, checksum, opcode, size = _HEAD.unpack_from(self._window, place)
        stop = start + size
        behind = stop + len(_TAIL)
        if magic != _MAGIC or opcode != b"B" or behind > self.size:
            return None
        if behind - at <= _BLOCK:
            place = self._hold(at, behind) + _HEAD.size  # the window is moved once, and forwards
            content = self._window[place : place + size]
            if self._window.startswith(_TAIL, place + size) and zlib.crc32(content) == checksum:
                return content
        elif os.pread(self._descriptor, len(_TAIL), stop) == _TAIL and self._checksum(start, stop) == checksum:
            return self._read(start, stop)
        self._vain -= size + _VAIN_EACH
        return None

    def _next_frame(self, at: int) -> int | None:
        """Where the next whole frame begins."""
        while self._vain > 0 and at + _HEAD.size <= self.size:
            place = self._hold(at, at + len(_MAGIC))
            place = self._window.find(_MAGIC, place)
            if place >= 0:
                at = self._window_at + place
                if self._content(at) is not None:
                    return at
                at += 1
            else:
                at = self._window_at + len(self._window) - len(_MAGIC) + 1
        return None

    def _is_cut_off(self, at: int) -> bool:
        """Tell whether what is left is the beginning of a frame, or zeros."""
        start = at + _HEAD.size
        head = self._read(at, min(start, self.size))
        if not any(head):
            blocks = (self._read(each, min(each + _BLOCK, self.size)) for each in range(at, self.size, _BLOCK))
            return all(block.count(0) == len(block) for block in blocks)
        if len(head) < _HEAD.size:
            return _MAGIC.startswith(head[: len(_MAGIC)])
        magic, checksum, opcode, size = _HEAD.unpack(head)
        if magic != _MAGIC or opcode != b"B" or start + size + len(_TAIL) <= self.size:
            return False
        stop = self.size - len(_TAIL)  # a frame that is whole but for a wrong length was not cut off
        return not (stop >= start and self._read(stop, self.size) == _TAIL and self._checksum(start, stop) == checksum)
