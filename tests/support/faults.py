"""Faults on order: a library preloaded into a server under test makes its disk fail, or sets its clock, while it runs."""

from __future__ import annotations

import errno
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

_SOURCE = Path(__file__).with_name("faults.c")
_RULES = 8
_HEADER = struct.Struct("@q")
_RULE = struct.Struct("@iiQQ480s")
_HITS_AT = 16


class Calls(IntFlag):
    """Which calls fail, as faults.c has them.

    `SHORT` lets every other write take half of what it is given, as a disk does that has just become full.
    """

    WRITE = 1
    CREATE = 2
    OPEN = 4
    SYNC = 8
    RENAME = 16
    TRUNCATE = 32
    MAP = 64
    UNLINK = 128
    SHORT = 256
    READ = 512


FULL = Calls.WRITE | Calls.SHORT | Calls.CREATE
"""What a full disk refuses: files that are there can be cut, deleted and written over."""
BROKEN = Calls.WRITE | Calls.CREATE | Calls.SYNC | Calls.RENAME | Calls.TRUNCATE | Calls.MAP | Calls.UNLINK
"""What a disk with errors refuses."""
READ_ONLY = BROKEN | Calls.OPEN
"""What a file system refuses that was mounted anew, to be read only."""


@dataclass(frozen=True)
class Fault:
    """A fault that is on.

    Attributes:
        control: the file that it is told in.
        place: where in it.
    """

    control: Path
    place: int

    @property
    def hits(self) -> int:
        """How many calls have failed by it."""
        with self.control.open("rb") as stream:
            stream.seek(self.place + _HITS_AT)
            return int.from_bytes(stream.read(8), "little")


class Faults:
    """Faults of one server under test; none at first.

    Args:
        folder: for the library, compiled here, and the file that tells it what to do.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._library = folder / "faults.so"
        self._control = folder / "faults"
        compiler = shutil.which("gcc")
        assert compiler, "gcc is not installed: run script/bootstrap"
        options = ("-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC")
        command = [compiler, *options, "-o", str(self._library), str(_SOURCE), "-ldl"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self._control.write_bytes(bytes(_HEADER.size + _RULES * _RULE.size))

    def environ(self) -> dict[str, str]:
        """Environment variables of the server."""
        return {"LD_PRELOAD": str(self._library), "FAULTS_FILE": str(self._control)}

    @contextmanager
    def fail(self, number: int, calls: Calls, folder: Path) -> Iterator[Fault]:
        """Let calls on what is in a folder fail for as long as the block lasts.

        Args:
            number: what they fail with, such as `errno.ENOSPC`.
            calls: which calls.
            folder: every path that begins like this one.
        """
        place = self._free()
        self._write(place, _RULE.pack(0, number, calls, 0, str(folder).encode()))
        self._write(place, (1).to_bytes(4, "little"))  # last, so that no half a rule is followed
        try:
            yield Fault(self._control, place)
        finally:
            self._write(place, bytes(4))

    def set_clock(self, offset_s: float) -> None:
        """Set the server's wall clock so many seconds ahead of the machine's; negative for behind."""
        self._write(0, _HEADER.pack(round(offset_s * 1e9)))

    def _free(self) -> int:
        content = self._control.read_bytes()
        places = range(_HEADER.size, len(content), _RULE.size)
        return next(place for place in places if not content[place])

    def _write(self, place: int, content: bytes) -> None:
        with self._control.open("r+b", buffering=0) as stream:
            stream.seek(place)
            stream.write(content)


NAMES = {errno.ENOSPC: "No space left on device", errno.EIO: "Input/output error", errno.EROFS: "Read-only file system"}
"""What the C library says of the faults."""
