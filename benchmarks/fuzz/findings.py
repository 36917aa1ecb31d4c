"""Fuzzing, the findings: inputs of which something came that must not, each kind kept once, in a folder."""

from __future__ import annotations

import hashlib
import mmap
import struct
import traceback
from pathlib import Path

from .mutate import MOST_BYTES
from .promises import Check

_LENGTH = struct.Struct("=I")


class Findings:
    """Keeps one input of each kind of finding: NAME.input, and NAME.txt with what came of it.

    Args:
        folder: where they are kept; made where it is not there.
        target: the target's name.
    """

    def __init__(self, folder: Path, target: str) -> None:
        self._folder = folder
        self._target = target
        self._seen: set[tuple[str, str, int | None]] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """Names of the findings of this target that are in the folder."""
        return sorted(path.stem for path in self._folder.glob(f"{self._target}-*.input"))

    def clear(self) -> None:
        """Forget those of an earlier run."""
        for name in self.names():
            (self._folder / f"{name}.input").unlink()
            (self._folder / f"{name}.txt").unlink(missing_ok=True)

    def keep(self, data: bytes, kind: str, told: str) -> None:
        """Write one down."""
        name = f"{self._target}-{kind}-{hashlib.sha256(data).hexdigest()[:8]}"
        (self._folder / f"{name}.txt").write_text(f"{data!r}\n\n{told}", encoding="utf-8", errors="backslashreplace")
        (self._folder / f"{name}.input").write_bytes(data)

    def watch(self, check: Check) -> Check:
        """A check that goes on after a finding; of those that come from the same line only the first is kept."""

        def watched(data: bytes) -> None:
            try:
                check(data)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
                frames = traceback.extract_tb(error.__traceback__)
                # the function that raises for a broken promise is always the same: who called it tells more
                place = frames[-2] if isinstance(error, AssertionError) and len(frames) > 1 else frames[-1]
                kind = (type(error).__name__, place.filename, place.lineno)
                if kind not in self._seen:
                    self._seen.add(kind)
                    self.keep(data, type(error).__name__, "".join(traceback.format_exception(error)))

        return watched


class LastInput:
    """The input that is being tried, in a file that outlives the process: it tells what a crash came of.

    Args:
        path: the file; made anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_bytes(bytes(_LENGTH.size + MOST_BYTES))
        with path.open("r+b") as stream:
            self._memory = mmap.mmap(stream.fileno(), 0)

    def note(self, data: bytes) -> None:
        """Remember an input; what is beyond the longest is cut."""
        kept = data[:MOST_BYTES]
        self._memory[: _LENGTH.size + len(kept)] = _LENGTH.pack(len(kept)) + kept

    @staticmethod
    def read(path: Path) -> bytes:
        """The input that another process remembered last."""
        content = path.read_bytes()
        (length,) = _LENGTH.unpack_from(content)
        return content[_LENGTH.size : _LENGTH.size + length]
