"""Files that are whole or not there: atomic writes, and locks that say who runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from pathlib import Path

from . import seams
from .errors import StartError

_PROBE_S = 0.5


def write_atomically(
    path: Path,
    content: bytes,
    mode: int = 0o600,
    *,
    sync: bool = True,
    seam: str = "file-written",
    like: os.stat_result | None = None,
) -> None:
    """Write a file so that after a crash there is the old one or the new one, whole.

    Two calls for one file must not run at the same time: they have one temporary file.

    Args:
        path: the file; its folder must be there.
        content: its new content.
        mode: its permission bits.
        sync: ask the disk to have it before the rename.
        seam: what the moment before the rename is called, see `seams`.
        like: a file whose owner, group and permission bits it gets.

    Raises:
        OSError: it could not be written; the old one is untouched.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)  # left over by a crash, or laid there by somebody else
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if like is not None:
                os.fchown(descriptor, like.st_uid, like.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
            stream.write(content)
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        seams.reached(seam)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if sync:
        sync_directory(path.parent)


def sync_file(path: Path) -> None:
    """Ask the disk to have what is in a file. Raises OSError."""
    _sync(path, os.O_RDONLY)


def sync_directory(directory: Path) -> None:
    """Ask the disk to have the names in a folder. Raises OSError."""
    _sync(directory, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class LockFile:
    """A file that is locked as long as its owner lives and holds the owner's pid.

    The lock is the kernel's (`flock`), so a stale file left by a killed server is never mistaken for a running one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock and write our pid.

        Raises:
            StartError: another process has it, or the file cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StartError(f"{self.path} cannot be written: {error.strerror}") from error
        if not _lock(descriptor):
            os.close(descriptor)
            raise StartError(f"{self.path} is locked by another server (pid {self._read_pid() or 'unknown'})")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Empty the file and give the lock back; without effect when it is not held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The pid of the process that holds the lock, or None when nobody does."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)  # another user may ask too
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return self._read_pid()
        finally:
            os.close(descriptor)
        return None

    def _read_pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int(self.path.read_text(encoding="ascii"))
        return None


def _lock(descriptor: int) -> bool:
    """Take the lock; one that is only held for a moment, by `LockFile.holder` elsewhere, is waited for."""
    deadline = time.monotonic() + _PROBE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True
