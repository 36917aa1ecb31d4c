"""Many agents in one process: the agent's own code from the reading to the socket; only what they read is made up.

A helper process; its argument is the plan. It runs until it is halted: then nothing more is read, what waits is sent, and it
tells what each agent has measured.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from janitoo_datalog_rrd.agent.agent import Agent
from janitoo_datalog_rrd.agent.settings import AgentSections, AgentSettings
from janitoo_datalog_rrd.core.connection import BrokerSettings
from janitoo_datalog_rrd.core.metrics import Described, Metrics, Tree
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.outbox import Outbox
from janitoo_datalog_rrd.core.plugins import Plugins

from ..helper import Helper, serve
from ..processes import HOST, wait_for

COMPONENTS = ("cpu", "load", "memory", "disk", "network")
"""What the made-up numbers are spread over."""
_DRAIN_S = 300.0
_INI = """\
[system]
home_dir = {folder}/{device}
broker_ip = {host}
broker_port = {port}

[agent]
device = {device}
poll_delay = {every_s}
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which agents there are.

    Attributes:
        port: of the broker, on the loopback.
        folder: where their outboxes go.
        first, count: their numbers.
        numbers: how many numbers each of them measures.
        every_s: seconds between two readings.
    """

    port: int
    folder: str
    first: int
    count: int
    numbers: int
    every_s: int

    def devices(self) -> list[str]:
        """Names of the agents."""
        return [device_of(number) for number in range(self.first, self.first + self.count)]


def device_of(number: int) -> str:
    """Name of an agent."""
    return f"fleet-{number:04d}"


def number_name(position: int) -> str:
    """Name of a made-up number within its component."""
    return f"n{position:03d}"


def shares(numbers: int) -> list[range]:
    """Which of the numbers each component has."""
    count = len(COMPONENTS)
    return [range(at, numbers, count) for at in range(count)]


class MadeUp:
    """A component whose numbers count its readings, each with an offset of its own.

    Args:
        positions: of its numbers.
        silent: once it is set there is nothing to read.
    """

    described: Mapping[str, Described] = {"*": Described("Number *", "u")}

    def __init__(self, positions: range, silent: threading.Event) -> None:
        self._names = [(number_name(position), position) for position in positions]
        self._silent = silent
        self._readings = 0

    def read(self) -> Tree:
        """The numbers of this reading."""
        if self._silent.is_set():
            return {}
        self._readings += 1
        return {name: made_up(self._readings, position) for name, position in self._names}


def made_up(reading: int, position: int) -> float:
    """The number at a position, in an agent's reading that is counted from 1."""
    return reading + position * 10_000


class Noted(Outbox):
    """An outbox that remembers the time of each reading that was put in."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.times: list[float] = []

    def put(self, content: bytes, time_s: float, topic: str = "") -> int:
        """As `Outbox` has it."""
        number = super().put(content, time_s, topic)
        self.times.append(round(time_s, 3))
        return number


class _Machine:
    """One agent with its thread."""

    def __init__(self, plan: Plan, device: str, plugins: Plugins, silent: threading.Event) -> None:
        ini = Path(plan.folder) / f"{device}.conf"
        ini.write_text(_INI.format(folder=plan.folder, device=device, host=HOST, port=plan.port, every_s=plan.every_s))
        sections = AgentSections(plugins)
        options = Options.load(ini, sections)
        settings = AgentSettings.from_options(options, COMPONENTS)
        self.device = device
        self.outbox = Noted(settings.outbox)
        made: dict[str, Metrics] = {
            name: MadeUp(positions, silent) for name, positions in zip(COMPONENTS, shares(plan.numbers), strict=True)
        }
        factories: dict[str, Callable[[], Metrics]] = {name: lambda metrics=metrics: metrics for name, metrics in made.items()}  # type: ignore[misc]
        self.agent = Agent(settings, BrokerSettings.from_options(options), self.outbox, factories)
        self.thread = threading.Thread(target=self._live, name=device, daemon=True)

    def _live(self) -> None:
        self.agent.begin()
        self.agent.run()
        self.agent.goodbye()


def prepare(argument: Any) -> Callable[[], dict[str, Any]]:
    """Make the agents; what is returned runs them until a line comes on the standard input."""
    plan = Plan(**argument)
    Path(plan.folder).mkdir(parents=True, exist_ok=True)
    logging.getLogger().addHandler(logging.NullHandler())  # each would say that the broker is restarted
    plugins, silent = Plugins(), threading.Event()
    machines = [_Machine(plan, device, plugins, silent) for device in plan.devices()]
    gc.freeze()

    def run() -> dict[str, Any]:
        for machine in machines:
            machine.thread.start()
            time.sleep(plan.every_s / plan.count)  # no fleet measures in the same moment
        sys.stdin.readline()
        silent.set()
        begun = time.monotonic()
        time.sleep(2.0)  # what is being read is put into the outbox meanwhile
        wait_for(lambda: not any(machine.outbox.waiting for machine in machines), "everything to be sent", _DRAIN_S)
        drained = time.monotonic() - begun
        for machine in machines:
            machine.agent.end()
        for machine in machines:
            machine.thread.join(30)
        return {
            "drained_s": drained,
            "times": {machine.device: machine.outbox.times for machine in machines},
            "dropped": sum(machine.outbox.dropped for machine in machines),
        }

    return run


def start(plan: Plan) -> Helper:
    """A process with agents that are ready to begin."""
    return Helper("fleet.agents", asdict(plan))


if __name__ == "__main__":
    serve(prepare)
