"""The fleet run: hundreds of agents, their broker, and one server with the ini that comes along; both are restarted."""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from janitoo_datalog_rrd.agent.settings import default_hadd

from ..agent.footprint import watch
from ..bench import Figures
from ..helper import Helper
from ..kill.wiretap import Wiretap
from ..processes import HOST, ROOT, BenchError, wait_for
from ..servers import Broker, Server
from . import agents
from .check import check_rows, check_series, nodes_in_state

BROKER = ("max_queued_messages 100000", "max_inflight_messages 200", "autosave_interval 60")
"""What docs/fleet.md says: by itself Mosquitto keeps 1,000 messages for a server that is away, and a slow start needs more."""
PER_PROCESS = 75
_PATIENCE_S = 300.0
_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Size:
    """How large the fleet is.

    Attributes:
        agents: how many.
        numbers: that each measures.
        every_s: seconds between two readings.
        seconds: how long each of the three stretches lasts: before, between and after the restarts.
        retention: of every series; empty for that of the ini.
    """

    agents: int
    numbers: int
    every_s: int
    seconds: float
    retention: str = ""

    @property
    def series(self) -> int:
        """How many series that makes."""
        return self.agents * self.numbers


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        messages: readings that the agents have measured, each with all of its numbers.
        lost: those of them that the server has not acknowledged.
        doubled: those that it has acknowledged more than once.
        figures: what was measured beside.
        faults: everything that is not as it must be, in words.
    """

    messages: int = 0
    lost: int = 0
    doubled: int = 0
    figures: Figures = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Fleet:
    """The fleet, its broker, and the server behind a tap on the wire.

    Args:
        folder: an empty folder for all that is written.
        size: how large it is.
        say: told what happens.
    """

    def __init__(self, folder: Path, size: Size, say: Callable[[str], None] = lambda _: None) -> None:
        self.size = size
        self.outcome = Outcome()
        self._folder = folder
        self._say = say
        self._broker = Broker(folder / "broker", BROKER, persistence=True)
        self._tap = Wiretap(HOST, self._broker.port, read_telemetry)
        self._server = _server(folder / "server", self._tap.port, size)
        self._devices = [agents.device_of(number) for number in range(size.agents)]

    def run(self) -> Outcome:
        """Let it live, and look at what came of it. Raises BenchError: something does not start, or ends."""
        with ExitStack() as stack:
            stack.callback(self._tap.close)
            stack.enter_context(self._broker)
            stack.enter_context(self._server)
            helpers = [stack.enter_context(agents.start(plan)) for plan in self._plans()]
            self._live(helpers)
        return self.outcome

    # -- what happens --------------------------------------------------------------------------------

    def _live(self, helpers: list[Helper]) -> None:
        size, figures = self.size, self.outcome.figures
        for helper in helpers:
            helper.go()
        begun = time.monotonic()
        self._wait_online()
        figures["online_s"] = time.monotonic() - begun
        self._wait_series()
        self._say(f"{size.agents} agents with {size.series} numbers are there after {time.monotonic() - begun:.0f} s")
        (found,) = watch([self._server], size.seconds)
        figures |= found.figures()
        self._note_counts()
        self._say("the broker is restarted")
        self._broker.end()
        self._broker.start()
        self._wait_online()
        time.sleep(size.seconds)
        self._note_counts()
        self._say("the server is restarted")
        figures["stop_s"] = _timed(self._server.end)
        figures["start_s"] = _timed(self._server.start)
        self._wait_online()
        time.sleep(size.seconds)
        figures["pages_ms"] = {path: self._page(path) for path in self._pages()}
        self._note_counts()
        self._say("the agents are halted")
        for helper in helpers:
            helper.halt()
        times: dict[str, list[float]] = {}
        for found_there in [helper.result() for helper in helpers]:
            times |= found_there["times"]
            figures["drained_s"] = max(figures.get("drained_s", 0.0), found_there["drained_s"])
        self._settle(times)
        self._check(times)

    def _settle(self, times: Mapping[str, list[float]]) -> None:
        """Wait until the server has what the agents have measured, or gets no more, and has it written."""
        sent = sum(map(len, times.values()))

        def has_all() -> bool:
            return len(self._tap.acknowledged) >= sent

        try:
            wait_for(has_all, "every reading", 30.0)
        except BenchError:
            self._say(f"{sent - len(self._tap.acknowledged)} readings do not come")
        figures = self.outcome.figures
        figures["flush_s"] = _timed(self._server.flush)
        figures["disk_mib"] = _size_of(self._server.home) / 2**20
        figures["file_kib"] = _size_of(self._server.path_of("x").parent) / max(1, self.size.series) / 1024
        figures["rss_end_mib"] = self._server.rss() / 2**20

    def _check(self, times: Mapping[str, list[float]]) -> None:
        outcome = self.outcome
        sent = {(device, time_s) for device, found in times.items() for time_s in found}
        came = self._tap.acknowledged
        outcome.messages = sum(map(len, times.values()))
        outcome.lost = len(sent - set(came))
        outcome.doubled = sum(count > 1 for count in came.values())
        if outcome.lost:
            outcome.faults.append(f"{outcome.lost} of {outcome.messages} readings were lost")
        if len(sent) < outcome.messages:
            outcome.faults.append(f"{outcome.messages - len(sent)} readings have the time of another one")
        self._note_counts()
        outcome.faults += check_series(self._server, times, self.size.numbers)
        outcome.faults += check_rows(self._server, times, self.size.numbers)
        gone = nodes_in_state(self._server, "OFFLINE")
        missing = [device for device in self._devices if default_hadd(device) not in gone]
        if missing:
            outcome.faults.append(f"{len(missing)} agents have ended and are not offline, such as {missing[0]}")

    # -- inside --------------------------------------------------------------------------------------

    def _plans(self) -> Iterable[agents.Plan]:
        size = self.size
        for first in range(0, size.agents, PER_PROCESS):
            count = min(PER_PROCESS, size.agents - first)
            folder = str(self._folder / f"agents-{first}")
            yield agents.Plan(self._broker.port, folder, first, count, size.numbers, size.every_s)

    def _wait_online(self) -> None:
        wanted = {default_hadd(device) for device in self._devices}
        wait_for(lambda: wanted <= nodes_in_state(self._server, "ONLINE"), "every agent to be online", _PATIENCE_S, 0.5)

    def _wait_series(self) -> None:
        wait_for(lambda: self._server.metrics()["jnt_series"] >= self.size.series, "every series", _PATIENCE_S, 0.5)

    def _note_counts(self) -> None:
        """What the server has dropped in this life is a fault; the counts begin anew with each."""
        for name, count in self._server.metrics().items():
            if count and name.startswith("jnt_samples_dropped_total"):
                fault = f"the server has dropped samples: {name} {count:g}"
                if fault not in self.outcome.faults:
                    self.outcome.faults.append(fault)

    def _pages(self) -> list[str]:
        return [
            "/",
            "/status",
            f"/nodes/{default_hadd(self._devices[0])}",
            "/rrd/",
            "/api/v1/nodes?limit=1000",
            "/healthz",
            "/metrics",
        ]

    def _page(self, path: str) -> float:
        """Milliseconds until a page is there: the median of a few."""
        return 1000 * statistics.median(_timed(lambda: self._get(path)) for _ in range(_LOOKS))

    def _get(self, path: str) -> bytes:
        status, body = self._server.request("GET", path)
        if status != 200:
            raise BenchError(f"{path} answers {status}")
        return body


def read_telemetry(topic: bytes, payload: bytes) -> tuple[str, float] | None:
    """Device and time of a reading; None for any other message."""
    levels = topic.decode().split("/")
    if len(levels) != 3 or levels[0] != "devices" or levels[2] != "monitoring":
        return None
    document: dict[str, Any] = json.loads(payload)
    return levels[1], document["timestamp"]


def _server(folder: Path, broker: int, size: Size) -> Server:
    server = Server(folder, 0, None)
    folder.mkdir(parents=True)
    shutil.copyfile(ROOT / "config" / "janitoo_datalog_rrd.conf", server.ini)
    server.environ.update(
        JNT_SYSTEM_HOME_DIR=str(server.home),
        JNT_SYSTEM_BROKER_PORT=str(broker),
        JNT_SYSTEM_BROKER_MODE="external",
        JNT_HTTP_HTTP_HOST_0=HOST,
        JNT_HTTP_HTTP_PORT_0=str(server.http_port),
        **({"JNT_SCHEMA__DEFAULT_RETENTION": size.retention} if size.retention else {}),
    )
    return server


def _timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _size_of(folder: Path) -> int:
    """Bytes on the disk of the files below a folder."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
