"""One forwarder of a test, with what it tells."""

from __future__ import annotations

from dataclasses import replace

from forward.waiting import Waiting

from janitoo_datalog_rrd.core.connection import Backoff
from janitoo_datalog_rrd.core.httpclient import HttpClient
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.forward.forwarder import Forwarder, Pace
from janitoo_datalog_rrd.forward.lines import LineWriter
from janitoo_datalog_rrd.forward.targets import Target


class Impatient(Backoff):
    """Waits a moment only."""

    def draw(self) -> float:
        return 0.02


class Forwarding:
    """One forwarder of a test, with what it tells.

    Attributes:
        waiting: what it sends.
        forwarder: itself.
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
            HttpClient(section["ca"], section["timeout"], section["cert"], section["key"]),
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
