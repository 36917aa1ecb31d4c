"""Helper processes: what would disturb the measured process, or be disturbed by this one, runs in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .processes import BenchError, spawn

_PATIENCE_S = 60.0


class Helper:
    """A helper process that prepares itself, begins when it is told to, and answers with one line of JSON; see `serve`.

    Args:
        module: of this package, such as `speed.flushing`.
        argument: its only argument, as plain data.
    """

    def __init__(self, module: str, argument: Any) -> None:
        self._module = module
        command = [sys.executable, "-m", f"{__package__}.{module}", json.dumps(argument)]
        self._process = spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            line = self._line()
            if line != "ready":
                raise BenchError(f"{module} says {line[:100]!r}: expected 'ready'")
        except BaseException:
            self.close()
            raise

    def go(self) -> None:
        """Let it begin."""
        self._write("go\n")

    def result(self) -> dict[str, Any]:
        """Wait for its end and return what it measured. Raises BenchError when it failed."""
        found: dict[str, Any] = json.loads(self._line())
        self._process.wait(_PATIENCE_S)
        return found

    def halt(self) -> None:
        """Tell one that goes on until then to end."""
        self._write("halt\n")

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()

    def _write(self, text: str) -> None:
        if self._process.stdin is None:
            raise BenchError("the helper has no standard input")
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def _line(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise BenchError(f"{self._module} has failed: see above")
        return str(line.strip())

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def measure(module: str, argument: Any) -> dict[str, Any]:
    """Let a helper process do its work and return what it measured. Raises BenchError when it failed."""
    with Helper(module, argument) as helper:
        helper.go()
        return helper.result()


def serve(prepare: Callable[[Any], Callable[[], dict[str, Any]]]) -> None:
    """What a helper process does: it prepares itself, says `ready`, waits for a line, measures, and tells what it found.

    Args:
        prepare: takes the argument, and returns what is measured.
    """
    measured = prepare(json.loads(sys.argv[1]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if sys.stdin.readline():
        sys.stdout.write(json.dumps(measured()) + "\n")
        sys.stdout.flush()
