"""The broker and the server of a run, as processes that are stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from janitoo_datalog_rrd.core.mosquitto import find_mosquitto, words_that_tie

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
_POLL_S = 0.02
_UP = "is up, with"


class RunError(Exception):
    """The run cannot go on."""


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(answer: Callable[[], object], patience_s: float) -> bool:
    """Ask until the answer is true, or patience ends; tells whether it was."""
    end = time.monotonic() + patience_s
    while not answer():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True


class _Process:
    """A child process, which ends when we are ended; its output goes to a file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._tie = words_that_tie()

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._process is not None and self._process.poll() is None

    def _launch(self, command: Sequence[str], further: Mapping[str, str] | None = None) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("JNT_")} | dict(further or {})
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._tie, *command], cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def end(self, how: signal.Signals, patience_s: float = 30.0) -> int:
        """Send it a signal and wait for its end.

        Returns:
            Its exit status; the negative number of the signal that ended it.

        Raises:
            RunError: it does not end; it is killed then.
        """
        if self._process is None:
            return 0
        self._process.send_signal(how)
        return self.wait(patience_s)

    def wait(self, patience_s: float) -> int:
        """Wait for its end and return its exit status. Raises RunError when it does not end; it is killed then."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.wait()
            raise RunError(f"a process did not end within {patience_s:g} s; see {self.log}") from error

    def text(self) -> str:
        """What it said in this life."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class Broker(_Process):
    """A Mosquitto on a loopback port of its own, which stays the same over restarts.

    Args:
        folder: where its configuration, database and log go; it must be there.
        lines: further lines of its configuration.
    """

    def __init__(self, folder: Path, lines: Sequence[str] = ()) -> None:
        super().__init__(folder / "mosquitto.log")
        self.folder = folder
        self.port = free_port()
        self._lines = lines

    def start(self) -> None:
        """Start it and wait until it listens. Raises RunError."""
        binary = find_mosquitto()
        if binary is None:
            raise RunError("mosquitto is not installed: run script/bootstrap")
        lines = [f"listener {self.port} {HOST}", "allow_anonymous true", "persistence true"]
        lines += [f"persistence_location {self.folder}/", "max_queued_messages 0", "max_inflight_messages 1000"]
        if os.geteuid() == 0:
            lines.append("user root")  # it could not write in a folder of root's otherwise
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join([*lines, "log_dest stderr", *self._lines, ""]), encoding="utf-8")
        self._launch([binary, "-c", str(config)])
        if not wait_for(lambda: self._listens() or not self.alive, 20) or not self.alive:
            raise RunError(f"mosquitto does not start: {self.text()}")

    def _listens(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1):
                return True
        except OSError:
            return False


class Server(_Process):
    """A jnt_datalog_rrd in the foreground.

    Args:
        ini: its configuration.
        http_port: what the ini says.
        log: where what it says goes.
    """

    def __init__(self, ini: Path, http_port: int, log: Path) -> None:
        super().__init__(log)
        self.ini = ini
        self.http_port = http_port

    def launch(self, seam: str = "", count: int = 0, options: Mapping[str, str] | None = None) -> None:
        """Start it, and do not wait until it is up.

        Args:
            seam: it is to die there; empty for nowhere.
            count: at the how manieth time.
            options: environment variables that override its ini.
        """
        module = ["benchmarks.aimed", seam, str(count)] if seam else ["janitoo_datalog_rrd"]
        self._launch([sys.executable, "-m", *module, "-c", str(self.ini), "front"], options)

    def is_up(self) -> bool:
        """True when it has said so, in this life."""
        return _UP in self.text()

    def wait_up(self) -> None:
        """Wait until it is up. Raises RunError."""
        if not wait_for(lambda: self.is_up() or not self.alive, 60) or not self.alive:
            raise RunError(f"the server does not start: {self.text()[-2000:]}")

    def flush(self) -> None:
        """Have it write everything to the RRD files. Raises OSError."""
        self._ask(urllib.request.Request(f"http://{HOST}:{self.http_port}/api/v1/flush", method="POST"))

    def metrics(self) -> dict[str, float]:
        """Its counters and gauges of this life, by name with label. Raises OSError."""
        text = self._ask(urllib.request.Request(f"http://{HOST}:{self.http_port}/metrics")).decode()
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(number) for name, number in pairs}

    @staticmethod
    def _ask(request: urllib.request.Request) -> bytes:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - a fixed address of the loopback
            content: bytes = answer.read()
        return content
