"""Decoder `shelly2`: Shelly devices of the second and later generations (Plus, Pro, Gen3, Gen4).

Their topics begin with a prefix that its owner may choose, the device's name where he does not:

- `<prefix>/events/rpc`: notifications (`NotifyStatus`, `NotifyFullStatus`) of one or more components, with their own time;
- `<prefix>/status/<component>`: the status of one component;
- `<prefix>/online`: `true`, and `false` as the last will.

The first two may hold the same number, so a number has the topic of its component as its key, wherever it comes from.
Source: shelly-api-docs.shelly.cloud/gen2, pages MQTT, Notifications, and Components and Services.
"""

from __future__ import annotations

import re
from math import nan
from typing import TYPE_CHECKING, Any

from ..core.contracts import Decoder, Reading
from ..core.directory import Directory
from ..core.plugins import speaks
from .documents import MAX_TOPIC, check_topic, load_document
from .numbers import number_of_int
from .paths import MISSING, look_up
from .presence import MAX_NODES, Presence
from .quantities import Quantity, Value, Values, numbered
from .shelly2_words import COMPONENTS
from .times import EARLIEST, LATEST

if TYPE_CHECKING:
    from ..core.sections import Section

MAX_COMPONENTS = 200
"""How many components of one message are looked at."""
_METHODS = ("NotifyStatus", "NotifyFullStatus")
_COMPONENT = re.compile(r"([a-z][a-z0-9]{1,19})(?::([0-9]{1,4}))?", re.ASCII)
_DEVICE = re.compile(r"shelly[a-z0-9]{1,30}-[0-9a-fA-F]{6,12}", re.ASCII)


class Shelly2Decoder:
    """Reads what devices of the second and later generations send; whatever has another form gives nothing.

    Args:
        base: levels that stand before every prefix and say nothing of the device, such as `shellies/`.

    Attributes:
        titles: what devices are called, by their address, where that is known.
    """

    announcements: tuple[str, ...] = ()

    def __init__(self, base: str = "") -> None:
        self.titles: dict[str, str] = {}
        self._base = base
        self._directory: Directory | None = None
        self._values = Values()
        self._presence = Presence()
        self._sources: dict[str, str] = {}
        self._online: dict[str, bool] = {}
        self._asleep: set[str] = set()

    def join(self, directory: Directory) -> None:
        """Tell a directory of devices from now on."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """How many devices have sent something."""
        return [("devices", len(self._sources))]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the message's readings.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_large`, `too_deep` or `topic_too_long`.
        """
        if len(topic) > MAX_TOPIC:
            check_topic(topic)
        levels = topic.rsplit("/", 2)
        if levels[-1] == "online" and len(topic) > len("/online"):
            return self._take_online(topic.removesuffix("/online"), payload)
        if len(levels) == 3 and levels[0] and payload.lstrip()[:1] == b"{":
            if levels[1:] == ["events", "rpc"]:
                return self._take_notification(levels[0], load_document(payload))
            if levels[1] == "status" and _type_of(levels[2]) in COMPONENTS:
                return self._take_status(levels[0], levels[2], load_document(payload))
        return []

    # -- messages ------------------------------------------------------------------------------------

    def _take_notification(self, prefix: str, frame: Any) -> list[Reading]:
        if not isinstance(frame, dict) or frame.get("method") not in _METHODS:
            return []
        source, params = frame.get("src"), frame.get("params")
        if not isinstance(source, str) or not isinstance(params, dict):
            return []
        self._learn(prefix, source[:100])
        moment = params.get("ts")
        timestamp = float(moment) if isinstance(moment, (int, float)) and EARLIEST <= moment < LATEST else None
        found: list[Reading] = []
        for component, status in list(params.items())[:MAX_COMPONENTS]:
            if isinstance(status, dict) and _type_of(component) in COMPONENTS:
                self._collect(prefix, component, status, timestamp, found)
        self._presence.sent(self._node(prefix), found)
        return found

    def _take_status(self, prefix: str, component: str, status: Any) -> list[Reading]:
        if not isinstance(status, dict):
            return []
        number = component.partition(":")[2]
        if prefix not in self._sources:
            # others may use such topics: a status of Shelly's says again which component it is of
            if not number or type(status.get("id")) is not int or str(status["id"]) != number:
                return []
            self._learn(prefix, "")
        found: list[Reading] = []
        self._collect(prefix, component, status, None, found)
        self._presence.sent(self._node(prefix), found)
        return found

    def _take_online(self, prefix: str, payload: bytes) -> list[Reading]:
        if payload not in (b"true", b"false"):
            return []
        online = payload == b"true"
        if prefix in self._online or len(self._online) < MAX_NODES:
            self._online[prefix] = online
        if prefix not in self._sources:
            return []  # of somebody else, until it sends something else of Shelly's
        node = self._node(prefix)
        if not online and node in self._asleep:
            return []  # a device that runs on its battery is offline most of the time
        if self._directory is not None:
            self._directory.device(node, online=online)
        return [] if online else self._presence.gone(node)

    # -- devices -------------------------------------------------------------------------------------

    def _node(self, prefix: str) -> str:
        return f"shelly/{prefix.removeprefix(self._base)}"

    def _learn(self, prefix: str, source: str) -> None:
        """Note that a device sends with a prefix, and its own name, empty where it did not say it."""
        known = self._sources.get(prefix)
        if known is not None and (known == source or not source):
            return
        if known is None and len(self._sources) >= MAX_NODES:
            return
        name = prefix.rpartition("/")[2]
        self._sources[prefix] = source or (name if _DEVICE.fullmatch(name) else "")
        if known != self._sources[prefix]:
            self._values.forget()
        if known is None and self._directory is not None:
            node = self._node(prefix)
            title = self.titles.get(node) or node.removeprefix("shelly/")
            self._directory.device(node, name=title, online=self._online.get(prefix))

    # -- values --------------------------------------------------------------------------------------

    def _collect(
        self, prefix: str, component: str, status: dict[str, Any], timestamp: float | None, found: list[Reading]
    ) -> None:
        """Append the readings of one component's status, which may be a part of it."""
        kind = _type_of(component)
        if kind == "devicepower":
            self._note_power(self._node(prefix), status)
        topic = f"{prefix}/status/{component}"
        for name, quantity in COMPONENTS[kind].items():
            datum = look_up(status, tuple(name.split("."))) if "." in name else status.get(name, MISSING)
            if datum is None:
                number = nan
            elif isinstance(datum, float):
                number = datum
            elif isinstance(datum, int):
                number = number_of_int(datum)
            else:
                continue
            value = self._values.get((topic, name)) or self._make(prefix, component, name, quantity)
            found.extend(value.readings(number, timestamp))

    def _make(self, prefix: str, component: str, name: str, quantity: Quantity) -> Value:
        source = self._sources.get(prefix, "")
        uid = f"{source}/{component}/{name}" if source else ""
        label = numbered(quantity.label, int(component.partition(":")[2] or 0))
        return self._values.make((f"{prefix}/status/{component}", name), quantity, self._node(prefix), uid, label)

    def _note_power(self, node: str, status: dict[str, Any]) -> None:
        """Note whether a device runs on its battery, as `devicepower` says it."""
        external = look_up(status, ("external", "present"))
        if external is True:
            self._asleep.discard(node)
        elif look_up(status, ("battery", "percent")) is not MISSING and len(self._asleep) < MAX_NODES:
            self._asleep.add(node)


@speaks("+/events/rpc", "+/status/+", "+/online", loose=True)
def make_decoder(_section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `shelly2`."""
    return Shelly2Decoder()


def _type_of(component: str) -> str:
    """Type of a component, such as `switch` of `switch:0`; empty where it is none."""
    match = _COMPONENT.fullmatch(component)
    return match[1] if match else ""
