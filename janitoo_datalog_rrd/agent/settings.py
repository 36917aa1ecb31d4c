"""What the agent is told: its sections of the ini, and what follows from them."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..core import parsers
from ..core.options import Options
from ..core.outbox import MAX_BYTES
from ..core.plugins import METRICS, Plugins
from ..core.sections import SYSTEM, OptionSpec, PluginSpecs, Section, Specs

CONFIG_NAME = "agent.conf"
PREFIX = "agent__"
_DEVICE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)
_LEVELS_MAX = 6  # with the device and one more: AWS IoT Core takes seven slashes
_SERVERS = ("dialects", "privacy", "webhook")
_SERVERS_PREFIXES = ("schema", "series", "decoder", "forward")


def device(raw: str) -> str:
    """Name of a device, as it stands in topics."""
    if _DEVICE.fullmatch(raw) is None:
        raise ValueError(f"{raw!r} is no name of a device: expected 1 to 64 of the characters A-Z a-z 0-9 _ -")
    return raw


def base_topic(raw: str) -> str:
    """The first levels of a topic, without wildcards."""
    levels = raw.split("/")
    bad = not raw.isprintable() or any(sign in raw for sign in "+#") or raw.startswith("$") or len(raw.encode()) > 100
    if bad or "" in levels or len(levels) > _LEVELS_MAX:
        raise ValueError(
            f"{raw!r} is no beginning of a topic: expected up to {_LEVELS_MAX} levels such as devices, without + and #"
        )
    return raw


AGENT: Specs = (
    OptionSpec("device", device, None),
    OptionSpec("name", parsers.line, ""),
    OptionSpec("location", parsers.line, ""),
    OptionSpec("topic", base_topic, "devices"),
    OptionSpec("hadd", parsers.hadd, None),
    OptionSpec("client_id", parsers.line, ""),
    OptionSpec("poll_delay", parsers.duration(1, 86400), 10.0),
    OptionSpec("heartbeat", parsers.duration(1), 60.0),
    OptionSpec("janitoo", parsers.boolean, True),
    OptionSpec("homeassistant", parsers.boolean, True),
    OptionSpec("outbox_bytes", parsers.size(64 << 10, 64 << 30), MAX_BYTES),
    OptionSpec("message_bytes", parsers.size(1 << 10, 64 << 20), 128 << 10),
    OptionSpec("message_rate", parsers.integer(1, 10000), 100),
)
COMPONENT: Specs = (
    OptionSpec("enabled", parsers.boolean, True),
    OptionSpec("poll_delay", parsers.duration(1, 86400 * 7), None),
)
_OWN_SYSTEM: Mapping[str, str] = {"service": "jnt_agent", "home_dir": "./agent"}


class AgentSections(PluginSpecs):
    """Which sections of an ini are the agent's; those of the server, which may share the file, are passed over.

    Args:
        plugins: the installed plugins.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self.names = plugins.names(METRICS)

    def own_names(self) -> Iterable[str]:
        return ("agent", *(PREFIX + name for name in self.names))

    def own_specs(self, name: str) -> tuple[Specs, bool] | None:
        if name == "system":
            return tuple(replace(each, default=_OWN_SYSTEM.get(each.name, each.default)) for each in SYSTEM), False
        if name == "agent":
            return AGENT, False
        component = name.removeprefix(PREFIX)
        if component == name or component not in self.names:
            return None
        extra = self._plugins.specs(METRICS, component)
        own = {each.name for each in extra or ()}
        return tuple(each for each in COMPONENT if each.name not in own) + (extra or ()), extra is None

    def passes_over(self, name: str) -> bool:
        prefix, _, rest = name.partition("__")
        threads = self._plugins.thread_names()
        return name in _SERVERS or name in threads or (bool(rest) and (prefix in _SERVERS_PREFIXES or prefix in threads))


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What the agent is told.

    Attributes:
        device: its name in topics.
        name: what people call it.
        location: where it stands; may be empty.
        topic: first levels of its topics.
        hadd: its address among Janitoo's nodes.
        client_id: its name at the broker; each device needs its own.
        poll_delay, heartbeat: seconds.
        janitoo, homeassistant: whether it announces itself to them.
        outbox: the file in which readings wait.
        outbox_bytes: how much waits at most.
        message_bytes: the longest message.
        components: the sections of those that are switched on, by name.
        message_rate: so many messages a second at most.
    """

    device: str
    name: str
    location: str
    topic: str
    hadd: str
    client_id: str
    poll_delay: float
    heartbeat: float
    janitoo: bool
    homeassistant: bool
    outbox: Path
    outbox_bytes: int
    message_bytes: int
    components: Mapping[str, Section]
    message_rate: int = 100

    @property
    def telemetry(self) -> str:
        """Topic of the readings."""
        return f"{self.topic}/{self.device}/monitoring"

    @property
    def about(self) -> str:
        """Topic on which the device says what it is."""
        return f"{self.topic}/{self.device}/about"

    @property
    def status(self) -> str:
        """Topic on which the device says whether it is there."""
        return f"{self.topic}/{self.device}/status"

    @classmethod
    def from_options(cls, options: Options, names: Iterable[str]) -> AgentSettings:
        """Read the sections `[agent]` and `[agent__NAME]`.

        Args:
            options: the ini, read with `AgentSections`.
            names: names of the installed components.
        """
        section = options.section("agent")
        name = section.get("device") or default_device(socket.gethostname())
        components = {each: options.section(PREFIX + each) for each in names}
        return cls(
            device=name,
            name=section["name"] or name,
            location=section["location"],
            topic=section["topic"],
            hadd=section.get("hadd") or default_hadd(name),
            client_id=section["client_id"] or f"{options.service}-{name}",
            poll_delay=section["poll_delay"],
            heartbeat=section["heartbeat"],
            janitoo=section["janitoo"],
            homeassistant=section["homeassistant"],
            outbox=options.home_dir / "agent-outbox.sqlite",
            outbox_bytes=section["outbox_bytes"],
            message_bytes=section["message_bytes"],
            message_rate=section["message_rate"],
            components={each: found for each, found in components.items() if _is_on(found)},
        )

    def every(self, component: str) -> float:
        """Seconds between two readings of a component."""
        given = self.components[component].get("poll_delay")
        return self.poll_delay if given is None else float(given)


def default_device(hostname: str) -> str:
    """The name of a device whose ini gives none: that of the host, with `_` for what may not stand in it."""
    return _UNSAFE.sub("_", hostname).strip("_")[:64] or "device"


def default_hadd(name: str) -> str:
    """An address made from a device's name, the same one each time: controller 2000 to 9999, node 0001 to 9999."""
    digest = hashlib.sha256(name.encode()).digest()
    controller = 2000 + int.from_bytes(digest[:8], "big") % 8000
    node = 1 + int.from_bytes(digest[8:16], "big") % 9999
    return f"{controller:04d}/{node:04d}"


def _is_on(section: Section) -> bool:
    enabled = section.get("enabled", True)
    return enabled if isinstance(enabled, bool) else parsers.boolean(str(enabled))
