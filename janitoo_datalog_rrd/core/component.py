"""JNTComponent: what a node of ours is made of."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .sections import Section
from .values import NodeValue

if TYPE_CHECKING:
    from .mqtt import MqttClient


class JNTComponent:
    """A node's insides: it has values, and says whether the thing behind it is there.

    Args:
        bus: the bus it belongs to.
        addr: its HADD.
        section: its section of the ini.
        oid: its key in the entry-point group `janitoo.components`.

    Attributes:
        hadd: its address.
        uuid: a stable id, from the ini or derived from the address.
        name, location: text for people.
        heartbeat: seconds between two heartbeats.
        values: its values by uuid; subclasses fill it with `add_value`.
    """

    def __init__(self, bus: JNTComponent | None = None, addr: str | None = None, **kwargs: Any) -> None:
        section = kwargs.get("section")
        self.bus = bus
        self.section: Section = section if isinstance(section, Section) else Section("")
        self.oid: str = str(kwargs.get("oid", ""))
        self.hadd: str = addr or self.section.get("hadd") or "0000/0000"
        self.uuid: str = self.section.get("uuid") or str(uuids.uuid5(uuids.NAMESPACE_URL, f"janitoo:{self.hadd}"))
        self.name: str = self.section.get("name") or self.section.name.rpartition("__")[2] or self.oid
        self.location: str = self.section.get("location") or ""
        self.heartbeat: float = self.section.get("heartbeat", 60.0)
        self.values: dict[str, NodeValue] = {}

    def add_value(self, value: NodeValue) -> NodeValue:
        """Give the node a value."""
        self.values[value.uuid] = value
        return value

    def start(self, mqttc: MqttClient | None) -> bool:
        """Start the component; False says that the thing behind it is not there and the node stays away."""
        return True

    def stop(self) -> bool:
        """Stop the component."""
        return True

    def check_heartbeat(self) -> bool:
        """Tell whether the component is available."""
        return True

    def get_package_name(self) -> str:
        """Name of the package that the component comes from."""
        return type(self).__module__.partition(".")[0]

    def polled(self) -> Iterable[NodeValue]:
        """The values that are published on a delay."""
        return [value for value in self.values.values() if value.poll_delay is not None]
