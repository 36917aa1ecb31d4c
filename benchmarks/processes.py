"""Child processes of a run: started, waited for, ended; and what they take of processor time and memory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import psutil

from janitoo_datalog_rrd.core.mosquitto import words_that_tie

T = TypeVar("T")
C = TypeVar("C", bound="Child")

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""
HOST = "127.0.0.1"
END_S = 30.0
"""How long a process may take to end when it is asked to, seconds."""
_STALL_S = 15.0
_PROCESS_CLOCK = 2  # the kernel's name for a process' clock is made from its id, as clock_getcpuclockid(3) does


class BenchError(Exception):
    """A run cannot go on; the text says why."""


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens on a port of the loopback."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


class SocketFolder:
    """A folder under a name that is short enough for the sockets in it: that of this process' descriptor of it.

    Args:
        folder: the folder, which is there.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)

    def name(self, socket_name: str) -> str:
        """Path of a socket in the folder, for any process, until this is closed."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}/{socket_name}"

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._descriptor)


def wait_for(predicate: Callable[[], T | None], what: str, timeout_s: float = 60.0, pause_s: float = 0.02) -> T:
    """Ask until the answer is true, and return it.

    Raises:
        BenchError: it did not come in time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not there after {timeout_s:g} s")
        time.sleep(pause_s)


def wait_progress(progress: Callable[[], int], total: int, pause_s: float = 0.01) -> int:
    """Wait until `progress` says `total`, or says the same for long, and return what it said last."""
    last, since = -1, time.monotonic()
    while True:
        now = progress()
        if now >= total:
            return now
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > _STALL_S:
            return now
        time.sleep(pause_s)


def spawn(command: Sequence[str], environ: Mapping[str, str] | None = None, **streams: Any) -> subprocess.Popen[Any]:
    """Start a process in the checkout, with an environment free of `JNT_` variables but those given.

    It ends with this process, where the system can see to that.

    Args:
        command: program and arguments.
        environ: further environment variables.
        streams: and whatever else `subprocess.Popen` takes.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JNT_")}
    return subprocess.Popen([*words_that_tie(), *command], cwd=ROOT, env={**clean, **(environ or {})}, **streams)


class Child:
    """A process in the foreground, ended with the block that it is used in; it may be started again.

    Args:
        command: program and arguments.
        folder: where its output goes, to `NAME.log`; made when it is not there.
        name: of the log; the program's by default.
        quiet: throw its standard output away.

    Attributes:
        environ: further environment variables of each life.
    """

    def __init__(self, command: Sequence[str], folder: Path, name: str = "", *, quiet: bool = False) -> None:
        self.command = list(command)
        self.folder = folder
        self.name = name or Path(command[0]).name
        self.environ: dict[str, str] = {}
        self.log_path = folder / f"{self.name}.log"
        self._quiet = quiet
        self._life = 0
        self._process: subprocess.Popen[bytes] | None = None

    def log(self) -> str:
        """What it has written in this life to its two streams, so far."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as stream:
            stream.seek(self._life)
            return stream.read().decode(errors="replace")

    @property
    def pid(self) -> int:
        """Its process id. Raises BenchError when it was not started."""
        return self._started().pid

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._process is not None and self._process.poll() is None

    def launch(self, command: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> None:
        """Start it, and return at once.

        Args:
            command: program and arguments of this life, where they are others.
            environ: further environment variables of this life.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._life = log.tell()
            # a session of its own, so that `kill` reaches its children too
            out = subprocess.DEVNULL if self._quiet else log
            words, variables = command or self.command, {**self.environ, **(environ or {})}
            self._process = spawn(words, variables, stdin=subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True)

    def start(self) -> None:
        """Start it, and wait until it is ready, where it can be asked."""
        self.launch()

    def wait_ready(self, ready: Callable[[], T | None], timeout_s: float = 60.0) -> T:
        """Wait until it is ready. Raises BenchError with the end of its log when it ends or does not become so."""

        def ask() -> T | None:
            if not self.alive:
                raise BenchError(f"{self.name} has ended")
            return ready()

        try:
            return wait_for(ask, f"{self.name} ready", timeout_s)
        except BenchError as error:
            raise BenchError(f"{error}; its log ends with:\n{self.log()[-2000:]}") from error

    def wait(self, timeout_s: float) -> int:
        """Wait for its end.

        Returns:
            Its exit status; the negative number of the signal that ended it.

        Raises:
            BenchError: it goes on.
        """
        try:
            return self._started().wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{self.name} has not ended after {timeout_s:g} s; its log is {self.log_path}") from error

    def end(self, how: signal.Signals = signal.SIGTERM, timeout_s: float = END_S) -> int:
        """Send it a signal, and not its children, and wait for its end; see `wait`. One that goes on is killed."""
        self._started().send_signal(how)
        try:
            return self.wait(timeout_s)
        except BenchError:
            self.kill()
            raise

    def stop(self) -> None:
        """Ask it to end, and kill it with its children when it does not."""
        if self.alive:
            with suppress(BenchError):
                self.end()

    def kill(self) -> None:
        """End it and its children at once, as a power cut does."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BenchError(f"{self.name} was not started")
        return self._process

    # -- what it takes -------------------------------------------------------------------------------

    def cpu_s(self) -> float:
        """Seconds of processor time so far, user and system, its children's included, from /proc."""
        process = psutil.Process(self.pid)
        total = sum(process.cpu_times()[:4])  # of itself, and of children that have ended
        for each in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += sum(each.cpu_times()[:4])
        return total

    def clock_s(self) -> float:
        """Seconds of processor time so far, to the nanosecond, without its children's."""
        return time.clock_gettime(~self.pid << 3 | _PROCESS_CLOCK)

    def rss(self) -> int:
        """Bytes of resident memory now; those of its children are added, pages that they share counted twice."""
        process = psutil.Process(self.pid)
        total = process.memory_info().rss
        for each in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += each.memory_info().rss
        return int(total)

    def __enter__(self: C) -> C:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
