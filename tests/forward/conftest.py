"""What tests of forwarding share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from forward.waiting import Waiting

from janitoo_datalog_rrd.core.connection import Backoff
from janitoo_datalog_rrd.core.httpclient import HttpClient
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.forward.forwarder import Forwarder, Pace
from janitoo_datalog_rrd.forward.lines import LineWriter
from janitoo_datalog_rrd.forward.targets import Target

Read = Callable[[str], Section]


class Impatient(Backoff):
    """Waits a moment only."""

    def draw(self) -> float:
        return 0.02


class Forwarding:
    """One forwarder of a test, with what it tells.

    Attributes:
        waiting: what it sends.
        forwarder: itself; `None` before `start`.
    """

    def __init__(self, section: Section, waiting: Waiting, *, compressed: bool = False) -> None:
        self.section = section
        self.waiting = waiting
        self.counters = Counters()
        self.health = Health()
        target = Target.of(section)
        writer = LineWriter(section["measurement"], section["tags"], section["describe"], section["series"])
        self.forwarder = Forwarder(
            "test",
            waiting,
            writer,
            replace(target, compressed=True) if compressed else target,
            HttpClient(section["ca"], section["timeout"]),
            Pace(section["batch_size"], section["interval"]),
            self.counters,
            self.health,
            backoff=Impatient(),
        )

    @property
    def trouble(self) -> str:
        """What health says of it; empty where all is well."""
        return self.health.problems().get("forward test", "")

    def count(self, result: str) -> int:
        """How many samples came to that."""
        return self.counters.get("forward_samples", f"test {result}")


@pytest.fixture
def read_section(tmp_path: Path) -> Read:
    """A function that reads the lines of a `[forward__test]`."""

    def read(lines: str) -> Section:
        ini = tmp_path / "forward.conf"
        ini.write_text(f"[forward__test]\n{lines}\n")
        return Options.load(ini, Plugins()).section("forward__test")

    return read


@pytest.fixture
def forward(read_section: Read) -> Iterator[Callable[..., Forwarding]]:
    """A function that starts a forwarder with these lines in its section; it is stopped at the end."""
    made: list[Forwarding] = []

    def start(lines: str, waiting: Waiting, *, compressed: bool = False) -> Forwarding:
        forwarding = Forwarding(read_section(f"interval = 0.05\n{lines}"), waiting, compressed=compressed)
        made.append(forwarding)
        forwarding.forwarder.start()
        return forwarding

    yield start
    for each in made:
        each.forwarder.stop()
