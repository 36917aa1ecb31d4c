"""The broker of the drawing, where the house has none: a supervised Mosquitto, reachable from this machine only."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from .errors import BrokerError
from .mosquitto import BrokerFolder, find_mosquitto, words_that_tie

logger = logging.getLogger(__name__)

LISTEN_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 3.0
FIRST_DELAY_S, LAST_DELAY_S = 1.0, 30.0
STEADY_S = 60.0
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_TIMESTAMP = re.compile(r"^[0-9]+: ")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine, seen from itself; no name server is asked."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in _LOOPBACK_NAMES


def listens(host: str, port: int, timeout: float = 1.0) -> bool:
    """Tell whether something takes connections there; timeout in seconds."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except OSError:
        return False


def choose_broker(mode: str, host: str, port: int, home: Path | None = None) -> bool:
    """Tell whether to start a broker of our own.

    Args:
        mode: `external` never, `embedded` always, `auto` when the host is this machine and nothing listens there.
        host: `broker_ip`.
        port: `broker_port`.
        home: the home directory; with it, a broker that a killed server left behind counts as nothing, so that it is
            replaced by a supervised one.
    """
    if mode != "auto":
        return mode == "embedded"
    if not is_loopback(host):
        return False
    return not listens(host, port) or (home is not None and BrokerFolder(home).orphan() is not None)


class EmbeddedBroker:
    """Runs `mosquitto` as a child, and again when it dies, until it is stopped.

    Its configuration, password file and database are in `home/broker/`. It takes connections from this machine only,
    from anybody there unless a user is given.

    Args:
        home: the home directory.
        host: a loopback name or address.
        port: TCP port.
        user: the only user that may connect; empty for anybody.
        password: the user's password.
        on_problem: called with a sentence when the broker is gone, and with None when it is there (again). Called
            from the supervising thread.
    """

    def __init__(
        self,
        home: Path,
        host: str,
        port: int,
        user: str = "",
        password: str = "",
        on_problem: Callable[[str | None], None] | None = None,
    ) -> None:
        self.folder = BrokerFolder(home)
        self.host = host
        self.port = port
        self._user = user
        self._password = password
        self._on_problem = on_problem or (lambda _problem: None)
        self._command: list[str] = []
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._error: str | None = None
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._complaint = ""

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the broker and wait until it listens; without effect when it was started.

        Raises:
            BrokerError: Mosquitto is not installed, the port is taken, or it ended at once.
        """
        if self._thread is not None:
            return
        self._check()
        self._command = [*words_that_tie(), self._find(), "-c", str(self.folder.config)]
        try:
            self.folder.write(self.host, self.port, self._user, self._password)
            self.folder.end_orphan()
        except OSError as error:
            raise BrokerError(f"{self.folder.path}: {error.strerror}; set home_dir to a folder of your own") from error
        if listens(self.host, self.port):
            raise BrokerError(
                f"broker_port {self.port} on {self.host} is taken by another program: "
                "set broker_mode = auto to use the broker there, or choose another broker_port"
            )
        self._stopping.clear()
        self._settled.clear()
        self._error = None
        self._thread = threading.Thread(target=self._supervise, name="broker", daemon=True)
        self._thread.start()
        self._settled.wait()
        if self._error is not None:
            self._thread.join()
            self._thread = None
            raise BrokerError(self._error)

    def stop(self) -> None:
        """Stop the broker, by force after 3 s; without effect when it does not run."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        self._signal(signal.SIGTERM)
        thread.join(STOP_TIMEOUT_S)
        if thread.is_alive():
            logger.warning("the embedded broker did not end by itself within %g s: it is killed", STOP_TIMEOUT_S)
            self._signal(signal.SIGKILL)
            thread.join()

    def _check(self) -> None:
        if not is_loopback(self.host):
            raise BrokerError(
                f"an embedded broker serves this machine only: set broker_ip = 127.0.0.1 instead of {self.host}, "
                "or broker_mode = external"
            )
        if any(sign in self._user for sign in ":\r\n"):
            raise BrokerError("broker_user holds a colon or a line break, which a broker's user name cannot")

    def _find(self) -> str:
        binary = find_mosquitto()
        if binary is None:
            raise BrokerError(
                "mosquitto is not installed, so no broker can be started here: run `apt-get install mosquitto`, "
                "or set broker_mode = external and broker_ip to the broker of the house"
            )
        return binary

    # -- the supervising thread ----------------------------------------------------------------------

    def _supervise(self) -> None:
        # The child is tied to the life of the thread that starts it, so this one starts it each time.
        delay = FIRST_DELAY_S
        while not self._stopping.is_set():
            began = time.monotonic()
            problem = self._live()
            if self._stopping.is_set():
                break
            if "open database" in problem and (aside := self.folder.set_database_aside(time.time())):
                logger.error("the embedded broker's database cannot be read: it is kept as %s, and a new one begun", aside)
                continue
            if not self._settled.is_set():
                self._error = problem
                break
            if time.monotonic() - began > STEADY_S:
                delay = FIRST_DELAY_S
            pause = delay * random.uniform(0.5, 1.0)  # noqa: S311 - only spreads the tries
            logger.error("%s; it is started again in %.1f s", problem, pause)
            self._on_problem(problem)
            self._stopping.wait(pause)
            delay = min(delay * 2, LAST_DELAY_S)
        self._settled.set()

    def _live(self) -> str:
        """Run the broker once, to its end, and say how it ended."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("JNT_")}  # no password
        self._complaint = ""
        try:
            process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell
                self._command,
                cwd=self.folder.path,
                env={**environ, "LC_ALL": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C is for the server
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            return f"the embedded broker cannot be run: {self._command[0]}: {error.strerror}"
        with process:
            reader = threading.Thread(target=self._read_log, args=(process.stderr,), name="broker-log", daemon=True)
            reader.start()
            problem = self._watch(process)
            reader.join()
        return problem or f"the embedded broker ended with status {process.returncode}: {self._complaint or 'it said nothing'}"

    def _watch(self, process: subprocess.Popen[bytes]) -> str:
        """Wait for the child's end; returns what is wrong with us, empty when its own last words tell more."""
        with self._lock:
            self._process = process
        if self._stopping.is_set():
            self._signal(signal.SIGTERM)
        self.folder.note_pid(process.pid)
        problem = self._wait_for_listening(process)
        process.wait()
        self.folder.note_pid(None)
        return problem

    def _wait_for_listening(self, process: subprocess.Popen[bytes]) -> str:
        deadline = time.monotonic() + LISTEN_TIMEOUT_S
        while process.poll() is None:
            if listens(self.host, self.port, 0.2) and process.poll() is None:
                logger.info("embedded broker on %s:%d, pid %d", self.host, self.port, process.pid)
                self._on_problem(None)
                self._settled.set()
                return ""
            if time.monotonic() > deadline:
                process.kill()
                return f"the embedded broker does not listen on {self.host}:{self.port} after {LISTEN_TIMEOUT_S:g} s"
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        return ""

    def _read_log(self, stream: IO[bytes]) -> None:
        for raw in stream:
            line = _TIMESTAMP.sub("", raw.decode("utf-8", "replace").strip())
            if line.startswith("Error"):
                self._complaint = f"{self._complaint} {line}".strip()[-500:]
                logger.error("mosquitto: %s", line)
            elif "being dropped" in line:
                logger.error("mosquitto: %s More waits than max_queued_messages and max_queued_bytes allow", line)
            elif line.startswith("Warning") and "run as root" not in line:
                logger.warning("mosquitto: %s", line)
            else:
                logger.debug("mosquitto: %s", line)

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process is not None:
                self._process.send_signal(number)
