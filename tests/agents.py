"""An agent as a process, with components of a package of the test: they count, and fail, hang or stay away when told to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import CommandLine, Listener, Running

from janitoo_datalog_rrd.core.plugins import METRICS, Plugins

MODULE = '''
import os
import pathlib
import time

from janitoo_datalog_rrd.core import parsers
from janitoo_datalog_rrd.core.metrics import AbsentError, Described
from janitoo_datalog_rrd.core.plugins import takes_options
from janitoo_datalog_rrd.core.sections import OptionSpec


class Counting:
    """Counts its readings over all runs: each number is in its file before it is told."""

    described = {"n": Described("Number of readings", shown=True)}

    def __init__(self, folder):
        self._folder = folder
        self._file = open(folder / "count", "a+", buffering=1)
        self._file.seek(0)
        self._n = len(self._file.readlines())

    def read(self):
        if (self._folder / "fails").exists():
            raise RuntimeError("it is broken")
        while (self._folder / "hangs").exists():
            time.sleep(0.01)
        self._n += 1
        print(self._n, file=self._file)
        return {"n": self._n}


@takes_options(OptionSpec("folder", parsers.text, ""), OptionSpec("poll_delay", parsers.duration(0.01), 0.1))
def make(section):
    folder = pathlib.Path(section["folder"])
    if not section["folder"] or (folder / "away").exists():
        raise AbsentError("there is nothing to count")
    return Counting(folder)
'''


@dataclass
class AgentProcess:
    """An agent under test; `one` and `other` are its components.

    Attributes:
        folder: of everything that it writes.
        command_line: runs it.
        port: of its broker.
        system, agent, more: lines for its ini.
        environ: variables for it.
    """

    folder: Path
    command_line: CommandLine
    port: int
    system: str = ""
    agent: str = "janitoo = False\nhomeassistant = False"
    more: str = ""
    components: tuple[str, ...] = ("one",)
    environ: dict[str, str] = field(default_factory=dict)
    running: Running | None = None

    def __post_init__(self) -> None:
        info = self.folder / "site" / "house_metrics-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house_metrics\nVersion: 1\n")
        points = "".join(f"{name} = house_metrics:make\n" for name in ("one", "other"))
        (info / "entry_points.txt").write_text(f"[janitoo_datalog_rrd.metrics]\n{points}")
        (info.parent / "house_metrics.py").write_text(MODULE)
        for name in ("one", "other"):
            self.of(name).mkdir()

    @property
    def ini(self) -> Path:
        """Its ini."""
        return self.folder / "agent.conf"

    def of(self, component: str) -> Path:
        """The folder of a component: a file `fails`, `hangs` or `away` in it has it do so."""
        return self.folder / component

    def write_ini(self) -> None:
        """Write the ini as the attributes have it; components of the package itself are switched off."""
        lines = [f"[system]\nbroker_port = {self.port}\nhome_dir = {self.folder / 'home'}\n{self.system}"]
        lines.append(f"[agent]\ndevice = web01\n{self.agent}")
        lines += [f"[agent__{name}]\nfolder = {self.of(name)}" for name in self.components]
        lines += [f"[agent__{name}]\nenabled = False" for name in Plugins().names(METRICS)]
        self.ini.write_text("\n".join([*lines, self.more, ""]))

    def start(self) -> Running:
        """Start it, with its ini written anew."""
        self.write_ini()
        self.running = self.command_line.start("agent", "-c", str(self.ini), env=self._environ())
        return self.running

    def run(self, *arguments: str) -> Any:
        """Run the command to its end, with the ini as it stands."""
        return self.command_line.run("agent", "-c", str(self.ini), *arguments, env=self._environ())

    def counted(self, component: str = "one") -> int:
        """How many readings a component has taken."""
        try:
            return len((self.of(component) / "count").read_text().splitlines())
        except FileNotFoundError:
            return 0

    def _environ(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.folder / "site"), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {"PYTHONPATH": path, **self.environ}


def documents(listener: Listener, device: str = "web01") -> list[dict[str, Any]]:
    """The readings that came, in their order."""
    return [json.loads(payload) for payload in listener.on(f"devices/{device}/monitoring")]


def numbers(found: Iterable[dict[str, Any]], component: str = "one") -> list[int]:
    """What a component has counted, as it came."""
    return [each["metrics"][component]["n"] for each in found if component in each["metrics"]]
