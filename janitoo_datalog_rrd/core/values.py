"""Values of our own nodes, as they go over the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

GENRE_BASIC, GENRE_USER, GENRE_CONFIG, GENRE_SYSTEM, GENRE_COMMAND = 1, 2, 3, 4, 5
GENRE_NAMES = {1: "basic", 2: "user", 3: "config", 4: "system", 5: "command"}

TYPE_DECIMAL, TYPE_INT, TYPE_LIST, TYPE_STRING = 3, 4, 5, 8

CLASS_SENSOR_MULTILEVEL = 0x0031
CLASS_METER = 0x0032
CLASS_CONFIGURATION = 0x0070
CLASS_WEB_CONTROLLER = 0x1030
CLASS_WEB_RESOURCE = 0x1031
CLASS_CONTROLLER = 0x1050
CLASS_DISCOVERY = 0x5000


@dataclass(slots=True)
class NodeValue:
    """One value of one of our nodes.

    Attributes:
        uuid: its name within the node.
        read: returns what it holds now: a number, a text, or a dictionary index → datum when it has several; an index
            may be a number or a text; None says that it is unknown. Raises whatever it likes: the poll is then
            logged and tried again.
        genre: 1 basic, 2 user, 3 config, 4 system, 5 command.
        type: the wire's type number.
        label, help, units: text for people.
        labels: label per index, where indexes differ.
        cmd_class: the wire's command class.
        write: takes (index, data) from the bus and acts on it, raising ValueError when the data is wrong; None for values that
            cannot be written.
        poll_delay: seconds between two publications; None when it is not polled.
        rrd_type: the data source type that suits it: `DERIVE` for counters, else `GAUGE`. Sent along as
            `rrd_type`, a key that other Janitoo software ignores.
        extra: further keys of the value object.
    """

    uuid: str
    read: Callable[[], Any]
    genre: int = GENRE_USER
    type: int = TYPE_DECIMAL
    label: str = ""
    help: str = ""
    units: str | None = None
    labels: Mapping[int | str, str] = field(default_factory=dict)
    cmd_class: int = CLASS_SENSOR_MULTILEVEL
    write: Callable[[int | str, Any], None] | None = None
    poll_delay: float | None = None
    rrd_type: str = "GAUGE"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def read_all(self) -> dict[int | str, Any]:
        """What it holds now, by index."""
        data = self.read()
        return data if isinstance(data, dict) else {0: data}

    def wire(self, hadd: str, node_uuid: str, index: int | str, data: Any) -> dict[str, Any]:
        """The value object for one index, as JSON takes it."""
        message: dict[str, Any] = {
            "hadd": hadd,
            "node_uuid": node_uuid,
            "uuid": self.uuid,
            "index": index,
            "data": data,
            "genre": self.genre,
            "type": self.type,
            "label": self.labels.get(index, self.label or self.uuid),
            "help": self.help or None,
            "units": self.units,
            "cmd_class": self.cmd_class,
            "is_readonly": self.write is None,
            "is_writeonly": False,
            "is_polled": self.poll_delay is not None,
            "poll_delay": self.poll_delay,
            "min": None,
            "max": None,
            "default": None,
            "list_items": None,
        }
        if self.rrd_type != "GAUGE":
            message["rrd_type"] = self.rrd_type
        message.update(self.extra)
        return message

    def wire_all(self, hadd: str, node_uuid: str) -> dict[str, dict[str, Any]]:
        """The value objects for every index it has now, keyed by index as text."""
        return {str(index): self.wire(hadd, node_uuid, index, data) for index, data in self.read_all().items()}
