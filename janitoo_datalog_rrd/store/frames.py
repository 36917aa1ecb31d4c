"""Frames: pickles of plain data with a checksum, one after the other; journal and snapshot are runs of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from . import safepickle

# A frame is itself a pickle (protocol 4) of the tuple (CRC-32 of the content, content), laid out in one fixed way, so that it can
# be found, checked and cut out without unpickling anything: PROTO 4, SHORT_BINBYTES of 4 bytes, BINBYTES, TUPLE2, STOP.
_MAGIC = b"\x80\x04C\x04"
_HEAD = struct.Struct("<4sIcI")
_TAIL = b"\x86."


def pack(data: Any) -> bytes:
    """Make a frame of plain data."""
    content = safepickle.dumps(data)
    return b"".join((_HEAD.pack(_MAGIC, zlib.crc32(content), b"B", len(content)), content, _TAIL))


def unpack(run: bytes, on_damage: Callable[[str], None]) -> Iterator[Any]:
    """Read a run of frames, and go on behind what is damaged.

    A last frame that is cut off, or never got to the disk and reads as zeros, is normal after a crash and is not told.

    Args:
        run: the frames.
        on_damage: called with a sentence for each damaged place.

    Yields:
        The data of each frame whose checksum is right.
    """
    at, end = 0, len(run)
    while at < end:
        behind = _end_of_frame(run, at, end)
        if behind is None:
            following = _next_frame(run, at + 1, end)
            if following is None:
                if not _is_cut_off(run, at, end):
                    on_damage(f"from byte {at} on ({end - at} bytes) there is nothing that can be read")
                return
            on_damage(f"{following - at} bytes from byte {at} on are damaged")
            at = following
            continue
        try:
            data = safepickle.loads(run[at + _HEAD.size : behind - len(_TAIL)])
        except safepickle.UNREADABLE as error:
            on_damage(f"the frame at byte {at}: {error}")
        else:
            yield data
        at = behind


def _end_of_frame(run: bytes, at: int, end: int) -> int | None:
    """Where the frame that begins at a place ends; None when there is no whole one with a right checksum."""
    start = at + _HEAD.size
    if start > end:
        return None
    magic, checksum, opcode, size = _HEAD.unpack(run[at:start])
    behind = start + size + len(_TAIL)
    if magic != _MAGIC or opcode != b"B" or behind > end or run[behind - len(_TAIL) : behind] != _TAIL:
        return None
    return behind if zlib.crc32(run[start : start + size]) == checksum else None


def _next_frame(run: bytes, at: int, end: int) -> int | None:
    """Where the next whole frame begins."""
    at = run.find(_MAGIC, at)
    while at >= 0:
        if _end_of_frame(run, at, end) is not None:
            return at
        at = run.find(_MAGIC, at + 1)
    return None


def _is_cut_off(run: bytes, at: int, end: int) -> bool:
    """Tell whether what is left is the beginning of a frame, or zeros."""
    head = run[at : at + _HEAD.size]
    if not any(head):
        return not any(run[at:end])
    if len(head) < _HEAD.size:
        return _MAGIC.startswith(head[: len(_MAGIC)])
    magic, _, opcode, size = _HEAD.unpack(head)
    return bool(magic == _MAGIC and opcode == b"B" and at + _HEAD.size + size + len(_TAIL) > end)
