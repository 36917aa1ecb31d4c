"""What is measured: the server as a child process, and the broker between it and the load."""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from janitoo_datalog_rrd.core.mosquitto import find_mosquitto
from janitoo_datalog_rrd.store.settings import folders_of

from .machine import MOSQUITTO
from .processes import HOST, BenchError, Child, free_port, listens, wait_progress

RETENTION = "10s:1d, 1m:7d, 10m:90d, 1h:5y"
"""The default of the ini, and what the peers are told too as far as they can."""
MAX_INFLIGHT = 1000
"""How many QoS 1 messages the broker sends before the first is acknowledged; the server asks for as many."""
_POLL_S = 0.05
_START_S = 300.0
_FLUSH_S = 15.0

Sections = Mapping[str, Mapping[str, object]]
"""Sections of an ini, each with its options."""


class Broker(Child):
    """A Mosquitto on a port of its own, which stays the same over restarts; only its limits differ from the defaults.

    It queues without a limit, and sends `MAX_INFLIGHT` messages with QoS 1 before the first is acknowledged.

    Args:
        folder: its configuration, its database and its log go there.
        lines: further lines of its configuration.
        persistence: keep sessions over restarts.
    """

    def __init__(self, folder: Path, lines: Sequence[str] = (), *, persistence: bool = False) -> None:
        program = find_mosquitto()
        if program is None:
            raise BenchError(MOSQUITTO.advice())
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._lines = [
            f"listener {self.port} {HOST}",
            "allow_anonymous true",
            f"persistence {str(persistence).lower()}",
            f"persistence_location {folder}/",
            f"max_inflight_messages {MAX_INFLIGHT}",
            "max_queued_messages 0",
            "log_dest stderr",
            *(f"log_type {each}" for each in ("error", "warning", "subscribe")),
            *(["user root"] if os.geteuid() == 0 else []),  # it could not write in a folder of root's otherwise
            *lines,
        ]
        super().__init__([program, "-c", str(self._config)], folder)

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text("\n".join([*self._lines, ""]))
        self.launch()
        self.wait_ready(lambda: listens(self.port))


class Server(Child):
    """Our server.

    Args:
        folder: its ini and its home go there.
        broker: port of the broker.
        sections: of its ini, beside or instead of those that say where broker and home are; None where another ini is used.
    """

    def __init__(self, folder: Path, broker: int, sections: Sections | None) -> None:
        self.home = folder / "home"
        self.http_port = free_port()
        self.ini = folder / "server.conf"
        if sections is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self.ini.write_text(_ini(self._places(broker), sections), encoding="utf-8")
        super().__init__(self.words("janitoo_datalog_rrd"), folder, "server")

    def words(self, *module: str) -> list[str]:
        """The command that runs a module, with its first arguments, as the server in the foreground."""
        return [sys.executable, "-m", *module, "-c", str(self.ini), "front"]

    def _places(self, broker: int) -> Sections:
        return {
            "system": {"home_dir": self.home, "broker_ip": HOST, "broker_port": broker, "broker_mode": "external"},
            "datarrd": {"hadd": "0014/0000"},
            "http": {"hadd": "0018/0000", "http_host_0": HOST, "http_port_0": self.http_port},
            "schema__default": {"pattern": ".*", "step": 10, "retention": RETENTION},
        }

    def start(self) -> None:
        """Start it and wait until it listens on the broker."""
        self.launch()
        self.wait_up()

    def wait_up(self) -> None:
        """Wait until it listens on the broker, and answers. Raises BenchError with the end of its log."""
        self.wait_ready(self.is_up, _START_S)

    def is_up(self) -> bool:
        """Whether it is connected to the broker, and whatever else /healthz looks at is well."""
        try:
            return self.request("GET", "/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def problems(self) -> str:
        """What /healthz says is wrong."""
        with suppress(OSError, http.client.HTTPException):
            return str(json.loads(self.request("GET", "/healthz")[1]).get("problems", ""))
        return "it does not answer"

    def request(self, method: str, path: str) -> tuple[int, bytes]:
        """Ask for a path; (status, body). Raises OSError, HTTPException."""
        connection = http.client.HTTPConnection(HOST, self.http_port, timeout=600)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    # -- its counters --------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """Counters and gauges of this life, by name with labels."""
        status, body = self.request("GET", "/metrics")
        if status != 200:
            raise BenchError(f"/metrics answers {status}")
        found = re.findall(r"^(\S+) ([0-9.eE+-]+)$", body.decode(), re.MULTILINE)
        return {name: float(figure) for name, figure in found}

    def accepted(self) -> int:
        """Samples accepted so far."""
        return int(self.metrics()["jnt_samples_accepted_total"])

    def cached(self) -> int:
        """Samples accepted and not written."""
        return int(self.metrics()["jnt_cache_samples"])

    def wait_accepted(self, count: int) -> int:
        """Wait until so many samples were accepted in all, and return how many were: fewer where no more come."""
        return wait_progress(self.accepted, count, _POLL_S)

    # -- its files -----------------------------------------------------------------------------------

    def flush(self) -> None:
        """Have it write everything to the files, but for the second that is under way."""
        status, body = self.request("POST", "/api/v1/flush")
        if status != 200:
            raise BenchError(f"/api/v1/flush answers {status}: {body[:200]!r}")

    def flush_fully(self) -> float:
        """Have it write everything; what belongs to the second that is under way is asked for again when that is over.

        Returns:
            For how many seconds it was waited for the end of a second while the server had nothing to do: the time that it
            worked meanwhile, whatever it did, is left out.
        """
        deadline = time.monotonic() + _FLUSH_S
        idle = 0.0
        self.flush()
        while self.cached():
            if time.monotonic() > deadline:
                raise BenchError(f"the cache does not become empty: {self.problems()}")
            begun, worked = time.monotonic(), self.clock_s()
            time.sleep(1.002 - time.time() % 1)
            idle += max(0.0, time.monotonic() - begun - (self.clock_s() - worked))
            self.flush()
        return idle

    def path_of(self, name: str) -> Path:
        """RRD file of a series."""
        return folders_of(self.home)[0] / f"{name}.rrd"


def _ini(*layers: Sections) -> str:
    """Text of an ini; options of later layers take the place of those before."""
    merged: dict[str, dict[str, object]] = {}
    for sections in layers:
        for name, options in sections.items():
            merged.setdefault(name, {}).update(options)
    return "\n".join(
        "\n".join([f"[{name}]", *(f"{option} = {value}" for option, value in options.items()), ""])
        for name, options in merged.items()
    )
