"""An agent's announcer on a broker that only takes notes, with components that measure nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from janitoo_datalog_rrd.agent.announcing import Announcer
from janitoo_datalog_rrd.agent.settings import AgentSections, AgentSettings
from janitoo_datalog_rrd.core.metrics import Described, Metrics
from janitoo_datalog_rrd.core.mqtt import Message
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins

INI = """
[system]
home_dir = {home}
[agent]
device = web01
name = Web 1
location = Rack 2
hadd = 2041/0007
janitoo = False
"""


class Measured:
    """A component that measures nothing."""

    def __init__(self, described: Mapping[str, Described]) -> None:
        self.described = described

    def read(self) -> dict[str, Any]:
        """Not called here."""
        raise NotImplementedError


CPU = Measured({"percent": Described("CPU", "%", shown=True), "core.*.percent": Described("Core *", "%")})
NET = Measured({"*.received": Described("* received", "B", counter=True, shown=True), "*.up": Described("* up", shown=True)})
SENSORS = Measured(
    {"temperature.*": Described("Temperature *", "°C", shown=True), "fan.*": Described("Fan *", "rpm", shown=True)}
)


@dataclass
class Part:
    """A component as an announcer sees it."""

    name: str
    metrics: Metrics | None
    tree: dict[str, Any]
    every: float = 10.0


def parts() -> list[Part]:
    """Three components, which were read."""
    return [
        Part("cpu", CPU, {"percent": 4.5, "core": {"0": {"percent": 1.0}}}),
        Part("net", NET, {"eth0": {"received": 4711, "up": 1}, "wlan0": {"received": 5, "up": None}}),
        Part("sensors", SENSORS, {"temperature": {"acpitz_0": 48.5}, "fan": {"a-1": 900}}, every=30.0),
    ]


@dataclass
class Broker:
    """Takes notes.

    Attributes:
        messages: what was published, (topic, payload, retain) each.
        handlers: of what was subscribed, by filter.
        qos: with which a topic was published last.
    """

    messages: list[tuple[str, bytes, bool]] = field(default_factory=list)
    handlers: dict[str, Callable[[Message], None]] = field(default_factory=dict)
    qos: dict[str, int] = field(default_factory=dict)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Note a message."""
        self.qos[topic] = qos
        self.messages.append((topic, payload, retain))
        return True

    def subscribe(self, topic_filter: str, handler: Callable[[Message], None]) -> None:
        """Note a filter."""
        self.handlers[topic_filter] = handler

    def take(self) -> list[tuple[str, Any]]:
        """What was published since the last time, retained all of it; JSON is parsed."""
        taken, self.messages = self.messages, []
        assert all(retain for topic, _, retain in taken if not topic.startswith("/"))
        return [(topic, json.loads(payload) if payload[:1] == b"{" else payload) for topic, payload, _ in taken]


@dataclass
class Device:
    """An agent's announcer, which can begin anew as another run.

    Attributes:
        folder: of its files.
        parts: its components.
        options: of its settings.
        now: seconds since the epoch UTC; its other clock goes with it.
        broker: its broker.
    """

    folder: Path
    parts: list[Part] = field(default_factory=parts)
    options: dict[str, Any] = field(default_factory=dict)
    now: float = 1763800000.0
    broker: Broker = field(default_factory=Broker)

    def begin(self, **options: Any) -> Announcer:
        """Run it anew, with its options changed, and connected."""
        self.options |= options
        sections = AgentSections(Plugins())
        given = Options.from_text(self.folder / "agent.conf", INI.format(home=self.folder), sections)
        settings = replace(AgentSettings.from_options(given, sections.names), **self.options)
        announcer = Announcer(
            settings, self.parts, address=lambda: "192.0.2.7", clock=lambda: self.now, monotonic=lambda: self.now - 1e6
        )
        announcer.on_connect(self.broker)
        return announcer
