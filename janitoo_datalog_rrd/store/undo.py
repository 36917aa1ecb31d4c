"""The undo record: what the header of an RRD file was before the update that is under way.

librrd writes rows first and then, piece by piece, the header that says where they end. A process that is killed in between
leaves rows that the header does not count, or counts twice: from then on all older rows stand one row too early. At the next
start the header is put back as it was; the samples are in the journal or the snapshot, and are written once more.
"""

from __future__ import annotations

import logging
import os
import struct
import weakref
import zlib
from pathlib import Path
from typing import NamedTuple

from ..core import rrdcheck
from .settings import StoreSettings

logger = logging.getLogger(__name__)

_MAGIC = b"undo"
_HEAD = struct.Struct("<4sI")  # magic, CRC-32 of what follows
_LENGTHS = struct.Struct("<HI")  # of name and header, behind boot (36 bytes) and process (32 bytes), before name and header
_BOOT, _PROCESS = 36, 32
_SLOT = 1 << 16
_GUESS = 1 << 12
_FEW = 100
_BOOT_ID, _OURSELVES = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/stat")


class Undo:
    """One record for each of the writers that may be under way at once, all in one file.

    The records are not synced: they are for a killed process. After a power cut they may be older than the RRD files, so one
    of an earlier boot is not used; nor is one of this process, which may still be at it.

    Args:
        settings: say where the file is, whose folder must be there at the first update, and where the RRD files are.
        slots: how many writers there may be.
    """

    def __init__(self, settings: StoreSettings, slots: int) -> None:
        self._settings = settings
        self._slots = slots
        self._descriptor: int | None = None
        self._boot, self._process = _who_we_are()
        self._sizes: dict[bytes, int] = {}

    def open(self) -> None:
        """Put back the headers of the files whose update was cut off; without effect when it is open. Raises OSError."""
        if self._descriptor is not None:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._settings.undo_path, flags, 0o600)
        weakref.finalize(self, os.close, descriptor)  # not earlier: a reader may flush at any time
        for slot in range(self._slots):
            self._put_back(descriptor, slot)
        self._descriptor = descriptor

    def begin(self, slot: int, path: str) -> None:
        """Note a file's header; the caller is the only one who writes the file, and who uses the slot.

        Raises:
            OSError: the file cannot be read, or the record cannot be written.
        """
        self.open()
        name, header = os.fsencode(path.rpartition("/")[2]), self._read_header(path)
        if not header or self._descriptor is None or _HEAD.size + len(name) + len(header) > _SLOT:
            return
        content = b"".join((self._boot, self._process, _LENGTHS.pack(len(name), len(header)), name, header))
        os.pwrite(self._descriptor, _HEAD.pack(_MAGIC, zlib.crc32(content)) + content, slot * _SLOT)

    def end(self, slot: int) -> None:
        """The update is over. It is called before the cache forgets the samples."""
        if self._descriptor is None:
            return
        try:
            os.pwrite(self._descriptor, b"\0", slot * _SLOT)
        except OSError as error:
            logger.error("%s cannot be written: %s; a new one is begun", self._settings.undo_path, error)
            self._descriptor = None
            self._settings.undo_path.unlink(missing_ok=True)  # what it says of this update must not be believed at the next start

    def _read_header(self, path: str) -> bytes:
        """The bytes of an RRD file before its rows; empty where its layout is not known."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            head = os.read(descriptor, _GUESS)
            fixed = head[: rrdcheck.STATIC_SIZE]
            size = self._sizes.get(fixed)
            if size is None:
                if len(self._sizes) >= _FEW:
                    self._sizes.clear()
                size = self._sizes[fixed] = rrdcheck.header_size(head)
            if len(head) < size <= _SLOT:
                head += os.pread(descriptor, size - len(head), len(head))
        finally:
            os.close(descriptor)
        return head[:size] if size <= len(head) else b""

    def _is_laid_out_as(self, path: Path, header: bytes) -> bool:
        """Tell whether a file is laid out as a header says: it may have been replaced meanwhile."""
        try:
            have = self._read_header(str(path))
        except OSError:
            return False
        fixed = rrdcheck.definitions_size(header)
        return len(have) == len(header) and have[:fixed] == header[:fixed]

    def _put_back(self, descriptor: int, slot: int) -> None:
        found = _unpack(os.pread(descriptor, _SLOT, slot * _SLOT))
        if found is None or found.process == self._process:
            return
        path = self._settings.rrd_dir / os.fsdecode(found.name)
        if found.boot == self._boot and b"/" not in found.name and self._is_laid_out_as(path, found.header):
            with path.open("r+b", buffering=0) as stream:
                stream.write(found.header)
            logger.info("the update of %s was cut off; its header is as it was before", path)
        os.pwrite(descriptor, b"\0", slot * _SLOT)


class _Record(NamedTuple):
    boot: bytes
    process: bytes
    name: bytes
    header: bytes


def _unpack(record: bytes) -> _Record | None:
    """Read a record; None when it is over, or was cut off itself: then no update had begun."""
    if len(record) < _HEAD.size + _BOOT + _PROCESS + _LENGTHS.size:
        return None
    magic, checksum = _HEAD.unpack_from(record)
    process_at = _HEAD.size + _BOOT
    lengths_at = process_at + _PROCESS
    name_size, header_size = _LENGTHS.unpack_from(record, lengths_at)
    header_at = lengths_at + _LENGTHS.size + name_size
    end = header_at + header_size
    if magic != _MAGIC or end > len(record) or zlib.crc32(record[_HEAD.size : end]) != checksum:
        return None
    return _Record(
        record[_HEAD.size : process_at],
        record[process_at:lengths_at],
        record[header_at - name_size : header_at],
        record[header_at:end],
    )


def _who_we_are() -> tuple[bytes, bytes]:
    """The boot, and this process in it: its number, which may be used again, and when it began."""
    try:
        boot = _BOOT_ID.read_bytes().strip()
        began = _OURSELVES.read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        boot, began = b"", "0"
    return boot[:36].ljust(36, b"\0"), f"{os.getpid()} {began}".encode().ljust(32, b"\0")
