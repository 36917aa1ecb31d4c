"""The soak run: constant load of every kind on one server, and what it holds of memory, descriptors and disk meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from .soakload import CLIENT, Load, ask

_INI = """
[system]
home_dir = {home}
broker_ip = 127.0.0.1
broker_port = {broker}
broker_mode = external
broker_client_id = {client}

[datarrd]
hadd = 0014/0000
cache_rrd_ttl_0 = 5s
cache_pickle_ttl_0 = 5s
cache_dead_ttl_0 = 20s
journal_sync_interval = 1s

[http]
hadd = 0018/0000
http_port_0 = {http}

[schema__default]
pattern = .*
step = 1
retention = 1s:10m, 10s:1d
reorder_window = 1

[decoder__plain]
topics = plain/#
kind = plain

[decoder__json]
topics = json/#
kind = json
"""
_MOSQUITTO = """
listener {port} 127.0.0.1
{user}
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 1000
log_type error
"""
_ENVIRON = {"MALLOC_ARENA_MAX": "1"}
"""The C library keeps memory apart for each thread, and fills it over hours: that is no leak, but looks like one."""
_UP_S = 60.0
_LOOKS = 60


class SoakError(Exception):
    """The run could not be made."""


@dataclass(frozen=True)
class Look:
    """What the server held at one moment.

    Attributes:
        time_s: seconds since the load began.
        rss: bytes of memory.
        descriptors: open files and sockets.
        threads: of the process.
        journal: bytes of the journal.
        disk: bytes of the home directory, the journal left out.
        sent: messages published so far.
        taken: messages that the server has dealt with.
        accepted: samples that it has accepted.
    """

    time_s: float
    rss: int
    descriptors: int
    threads: int
    journal: int
    disk: int
    sent: int
    taken: int
    accepted: int


@dataclass
class Soak:
    """A broker, a server and a load on them, all on the loopback; everything ends with the block.

    Args:
        folder: an empty folder for all that is written.
        rate: messages a second.
        series: how many of each dialect.
        environ: further environment variables of the server.

    Attributes:
        load: the load, from when it has begun.
    """

    folder: Path
    rate: float = 500.0
    series: int = 50
    environ: Mapping[str, str] = field(default_factory=dict)
    load: Load | None = None
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, seconds: float, tell: Callable[[Look], None] = lambda _look: None) -> list[Look]:
        """Put the load on for so long and look at the server every sixtieth of it.

        Args:
            seconds: of load.
            tell: called with each look.

        Raises:
            SoakError: the broker or the server does not start, ends, or does not take everything in the end.
        """
        with self._everything_ended():
            self._start()
            load = self.load = Load(self._broker_port, self._http_port, self.rate, self.series)
            looks: list[Look] = []
            begun = time.monotonic()
            load.start()
            try:
                for number in range(1, _LOOKS + 1):
                    load.over.wait(max(0.0, begun + seconds * number / _LOOKS - time.monotonic()))
                    if load.failures:
                        break
                    looks.append(self._look(load, time.monotonic() - begun))
                    tell(looks[-1])
            finally:
                load.stop()
            if load.failures:
                raise SoakError(f"the load ended: {load.failures[0]!r}; {self._server_log()}") from load.failures[0]
            self._wait(lambda: self._metrics()[0] >= load.sent, "the server to have dealt with every message")
            return looks

    # -- the house -----------------------------------------------------------------------------------

    def _start(self) -> None:
        self._broker_port, self._http_port = _free_port(), _free_port()
        self._url = f"http://127.0.0.1:{self._http_port}"
        program = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"]))
        if program is None:
            raise SoakError("mosquitto is not installed: run script/bootstrap")
        self.folder.mkdir(parents=True, exist_ok=True)
        user = "user root" if os.geteuid() == 0 else ""
        config = self.folder / "mosquitto.conf"
        config.write_text(_MOSQUITTO.format(port=self._broker_port, user=user))
        self._launch([program, "-c", str(config)], "mosquitto", {})
        self._wait(self._broker_listens, "the broker to listen")
        ini = self.folder / "soak.conf"
        ini.write_text(_INI.format(home=self.folder / "home", broker=self._broker_port, http=self._http_port, client=CLIENT))
        self._server = self._launch(
            [sys.executable, "-m", "janitoo_datalog_rrd", "-c", str(ini), "front"], "server", self.environ
        )
        self._process = psutil.Process(self._server.pid)
        self._wait(lambda: ask(self._url, "/healthz") is not None, "the server to be well")

    def _launch(self, command: list[str], name: str, further: Mapping[str, str]) -> subprocess.Popen[bytes]:
        environ = {each: text for each, text in os.environ.items() if not each.startswith("JNT_")}
        with (self.folder / f"{name}.log").open("wb") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env={**environ, **further}
            )
        self._children.append(child)
        return child

    @contextlib.contextmanager
    def _everything_ended(self) -> Iterator[None]:
        try:
            yield
        finally:
            for child in reversed(self._children):
                child.terminate()
                try:
                    child.wait(30)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()

    def _wait(self, answer: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _UP_S
        while not answer():
            if time.monotonic() > deadline or any(child.poll() is not None for child in self._children):
                raise SoakError(f"waited in vain for {what}; {self._server_log()}")
            time.sleep(0.1)

    def _server_log(self) -> str:
        path = self.folder / "server.log"
        return "the server says: " + (path.read_text(errors="replace")[-500:] if path.exists() else "nothing")

    def _broker_listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._broker_port), timeout=1):
                return True
        except OSError:
            return False

    # -- looking -------------------------------------------------------------------------------------

    def _look(self, load: Load, time_s: float) -> Look:
        if self._server.poll() is not None:
            raise SoakError(f"the server ended with {self._server.returncode}; {self._server_log()}")
        taken, accepted = self._metrics()
        taken = load.taken = max(taken, load.taken)
        journal = self.folder / "home" / "rrd" / "journal"
        with self._process.oneshot():
            rss, threads = self._process.memory_info().rss, self._process.num_threads()
        journal_size = _size_of(journal)
        return Look(
            time_s=time_s,
            rss=rss,
            descriptors=self._process.num_fds(),
            threads=threads,
            journal=journal_size,
            disk=_size_of(self.folder / "home") - journal_size,
            sent=load.sent,
            taken=taken,
            accepted=accepted,
        )

    def _metrics(self) -> tuple[int, int]:
        """How many messages the server has dealt with, and how many samples it has accepted."""
        taken = accepted = 0
        for line in (ask(self._url, "/metrics") or b"").decode().splitlines():
            name, _, number = line.rpartition(" ")
            if name.startswith("jnt_messages_total{"):
                taken += int(number)
            elif name == "jnt_samples_accepted_total":
                accepted = int(number)
        return taken, accepted


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _size_of(folder: Path) -> int:
    """Bytes of the files below a folder; files come and go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total
