"""The command line as a person types it: a child process, cleaned up after the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .waiting import wait_until


@dataclass
class Running:
    """A command that was started and not waited for.

    Attributes:
        process: the child.
        folder: where its two streams go, to the files `stdout` and `stderr`.
    """

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def stdout(self) -> str:
        """What it wrote to its standard output so far."""
        return (self.folder / "stdout").read_text(errors="replace")

    @property
    def stderr(self) -> str:
        """What it wrote to its standard error so far."""
        return (self.folder / "stderr").read_text(errors="replace")

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self, timeout: float = 20.0) -> int:
        """Wait for its end and return its exit status."""
        return self.process.wait(timeout)

    def stop(self, timeout: float = 10.0) -> int:
        """Ask it to end (SIGTERM) and return its exit status."""
        if self.alive:
            self.process.terminate()
        return self.process.wait(timeout)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash does."""
        self.process.kill()
        self.process.wait()

    def wait_for_text(self, text: str, timeout: float = 20.0) -> None:
        """Wait until it has written a text to either stream."""
        wait_until(
            lambda: text in self.stdout or text in self.stderr or not self.alive,
            timeout,
            f"{text!r} in the output",
        )
        assert text in self.stdout + self.stderr, f"it ended without {text!r}:\n{self.stdout}\n{self.stderr}"


@dataclass
class CommandLine:
    """Runs `jnt_datalog_rrd` in a folder, with an environment free of `JNT_` variables but those given.

    Attributes:
        folder: the working directory of the commands.
        program: what to run; by default this package under this interpreter.
        environ: variables for every command.
    """

    folder: Path
    program: tuple[str, ...] = (sys.executable, "-m", "janitoo_datalog_rrd")
    environ: dict[str, str] = field(default_factory=dict)
    _running: list[Running] = field(default_factory=list)

    def run(
        self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 60.0, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end.

        Args:
            arguments: after the program's name.
            env: further environment variables.
            timeout: seconds it may take.
            check: fail the test unless its exit status is 0.
        """
        done = subprocess.run(
            [*self.program, *arguments],
            cwd=self.folder,
            env=self._environ(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> Running:
        """Start a command and return at once; it is ended after the test."""
        folder = self.folder / f".output-{len(self._running)}"
        folder.mkdir()
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(
                [*self.program, *arguments],
                cwd=self.folder,
                env=self._environ(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        running = Running(process, folder)
        self._running.append(running)
        return running

    def close(self) -> None:
        """End what still runs: politely first, so that it can end its own children."""
        for running in self._running:
            if running.alive:
                running.process.terminate()
        for running in self._running:
            try:
                running.process.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()

    def _environ(self, further: Mapping[str, str] | None) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("JNT_")}
        return {**clean, **self.environ, **(further or {})}
