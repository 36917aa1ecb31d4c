"""Helper processes: what would disturb the measured process, or be disturbed by this one, runs in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any

from .processes import ROOT, BenchError

_PATIENCE_S = 60.0


class Helper:
    """A helper process that prepares itself, begins when it is told to, and answers with one line of JSON.

    Args:
        module: of this package, such as `load`.
        argument: its only argument, as plain data.
    """

    def __init__(self, module: str, argument: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", json.dumps(argument)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        self._say(self._line(), "ready")

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
            raise BenchError(f"{' '.join(map(str, self._process.args))[:200]} has failed: see above")  # type: ignore[arg-type]
        return line.strip()

    @staticmethod
    def _say(line: str, expected: str) -> None:
        if line != expected:
            raise BenchError(f"a helper says {line[:100]!r}: expected {expected!r}")

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
