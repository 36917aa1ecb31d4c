"""What is measured: the server as a child process, and the broker between it and the load."""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from janitoo_datalog_rrd.core.mosquitto import find_mosquitto
from janitoo_datalog_rrd.store.settings import folders_of

from .machine import MOSQUITTO
from .processes import HOST, BenchError, Child, free_port, listens

RETENTION = "10s:1d, 1m:7d, 10m:90d, 1h:5y"
"""The default of the ini, and what the peers are told too as far as they can."""
SMALL_RETENTION = "10s:1h"
"""For many series, so that their files are small."""
MAX_INFLIGHT = 1000
"""How many QoS 1 messages the broker sends before the first is acknowledged; the server asks for as many."""
_POLL_S = 0.05
_STALL_S = 15.0

_BROKER = """\
listener {port} {host}
allow_anonymous true
persistence false
max_inflight_messages {inflight}
max_queued_messages 0
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type subscribe
{more}
"""

_INI = """\
[system]
home_dir = {home}
broker_ip = {host}
broker_port = {broker}
broker_mode = external

[datarrd]
hadd = 0014/0000
{datarrd}

[http]
hadd = 0018/0000
http_host_0 = {host}
http_port_0 = {http}

[schema__default]
pattern = .*
step = 10
retention = {retention}

[decoder__plain]
topics = plain/#
kind = plain

[decoder__timed]
topics = timed/#
kind = json
time = t
value = v
"""


class Broker(Child):
    """A Mosquitto that keeps everything in memory, and queues without a limit.

    Args:
        folder: its configuration and its log go there.
        more: further lines of its configuration.
    """

    def __init__(self, folder: Path, more: str = "") -> None:
        program = find_mosquitto()
        if program is None:
            raise BenchError(MOSQUITTO.advice())
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._more = ("user root\n" if os.geteuid() == 0 else "") + more
        super().__init__([program, "-c", str(self._config)], folder)

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(_BROKER.format(port=self.port, host=HOST, inflight=MAX_INFLIGHT, more=self._more))
        super().start()
        self.wait_ready(lambda: listens(self.port))

    def __enter__(self) -> Broker:
        self.start()
        return self


class Server(Child):
    """Our server.

    Args:
        folder: its ini and its home go there.
        broker: port of the broker.
        retention: of every series.
        options: further options of `[datarrd]`.
        name: of its log.
    """

    def __init__(
        self, folder: Path, broker: int, retention: str = RETENTION, options: Mapping[str, str | int] | None = None
    ) -> None:
        self.home = folder / "home"
        self.http_port = free_port()
        ini = folder / "server.conf"
        folder.mkdir(parents=True, exist_ok=True)
        datarrd = "\n".join(f"{name} = {value}" for name, value in (options or {}).items())
        ini.write_text(
            _INI.format(home=self.home, host=HOST, broker=broker, http=self.http_port, retention=retention, datarrd=datarrd)
        )
        super().__init__([sys.executable, "-m", "janitoo_datalog_rrd", "-c", str(ini), "front"], folder, "server")

    def start(self) -> None:
        """Start it and wait until it listens on the broker."""
        super().start()
        self.wait_ready(self.is_well, timeout_s=300)

    def start_only(self) -> None:
        """Start it, and return at once."""
        super().start()

    def is_well(self) -> bool:
        """Whether /healthz says that all is well."""
        try:
            return self.request("GET", "/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def request(self, method: str, path: str) -> tuple[int, bytes]:
        """Ask for a path; (status, body)."""
        connection = http.client.HTTPConnection(HOST, self.http_port, timeout=600)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def metrics(self) -> dict[str, float]:
        """/metrics, by name with labels."""
        status, body = self.request("GET", "/metrics")
        if status != 200:
            raise BenchError(f"/metrics answers {status}")
        found = re.findall(r"^(\S+) ([0-9.eE+-]+)$", body.decode(), re.MULTILINE)
        return {name: float(figure) for name, figure in found}

    def accepted(self) -> int:
        """Samples accepted so far."""
        return int(self.metrics()["jnt_samples_accepted_total"])

    def wait_accepted(self, count: int) -> int:
        """Wait until so many samples were accepted in all, and return how many were: fewer where no more come."""
        last, since = -1, time.monotonic()
        while True:
            now = self.accepted()
            if now >= count:
                return now
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > _STALL_S:
                return now
            time.sleep(_POLL_S)

    def flush(self) -> None:
        """Have it write everything to the files."""
        status, body = self.request("POST", "/api/v1/flush")
        if status != 200:
            raise BenchError(f"/api/v1/flush answers {status}: {body[:200]!r}")

    def flush_fully(self) -> None:
        """Have it write everything; what belongs to the second that is under way is asked for again when that is over."""
        deadline = time.monotonic() + _STALL_S
        self.flush()
        while self.cached():
            if time.monotonic() > deadline:
                raise BenchError(f"the cache does not become empty: {self.problems()}")
            time.sleep(1.002 - time.time() % 1)
            self.flush()

    def cached(self) -> int:
        """Samples accepted and not written."""
        return int(self.metrics()["jnt_cache_samples"])

    def path_of(self, topic: str) -> Path:
        """RRD file of a topic's series."""
        name = topic.replace("/", ".") + (".v" if topic.startswith("timed/") else "")
        return folders_of(self.home)[0] / f"{name}.rrd"

    def problems(self) -> str:
        """What /healthz says is wrong."""
        with suppress(OSError, http.client.HTTPException):
            return str(json.loads(self.request("GET", "/healthz")[1]).get("problems", ""))
        return "it does not answer"

    def __enter__(self) -> Server:
        self.start()
        return self
