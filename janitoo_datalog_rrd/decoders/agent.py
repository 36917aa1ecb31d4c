"""Decoder `agent`: machines that run this package's agent, and devices that send metrics in the same form.

- `devices/<device>/monitoring`: `{"device_id": ..., "timestamp": ..., "metrics": {...}}`, a tree of numbers with their own time;
- `devices/<device>/about`, retained: name, place, HADD, and what each number is;
- `devices/<device>/status`, retained: `online`, and `offline`, which is the last will too.

A machine that is offline is only called so: it may have numbers on its disk, which come with their own, earlier times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.contracts import Decoder, Reading
from ..core.directory import Directory
from ..core.errors import DecodeError
from ..core.heartbeats import NodeRegistry
from ..core.plugins import speaks
from ..core.topics import is_hadd
from .agent_about import NO_ABOUT, name_of, read_about
from .agent_devices import ROOT, Device
from .documents import MAX_TOPIC, check_topic, load_document
from .paths import refuse_paths
from .slots import Room
from .times import parse_time

if TYPE_CHECKING:
    from ..core.sections import Section

KIND = "agent"
NUMBERS, ABOUT, STATUS = "monitoring", "about", "status"
"""The last levels of a device's topics."""
TOPICS = ("devices/+/monitoring", "devices/+/about", "devices/+/status")
MAX_DEVICES = 10_000
"""How many devices are remembered; what others send is read too, and takes longer."""
MAX_ALL_PATHS = 200_000
"""How many paths of all devices together are remembered; then all of them are looked at anew."""
MAX_ABOUT = 256 * 1024
"""Largest message in which a device tells of itself, in bytes."""
_STATES = {b"online": True, b"offline": False}


class AgentDecoder:
    """Reads what agents send.

    Args:
        filters: topic filters; those that end with `/about` are of announcements.
    """

    def __init__(self, filters: tuple[str, ...] = TOPICS) -> None:
        self.announcements = tuple(each for each in filters if each.endswith(f"/{ABOUT}"))
        self.states = (*self.announcements, *(each for each in filters if each.endswith(f"/{STATUS}")))
        self._directory = Directory(NodeRegistry())
        self._devices: dict[str, Device] = {}
        self._online: dict[str, bool] = {}
        self._owners: dict[str, str] = {}
        self._room = Room(MAX_ALL_PATHS)

    def join(self, directory: Directory) -> None:
        """Tell a directory of devices from now on."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        return [
            ("devices", len(self._devices)),
            ("devices that tell of themselves", sum(each.about is not NO_ABOUT for each in list(self._devices.values()))),
            ("numbers", MAX_ALL_PATHS - self._room.left),
        ]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the message's readings.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_large`, `too_deep`, `bad_shape`, `bad_time`, `too_many`, `path_too_long` or
                `topic_too_long`.
        """
        if len(topic) > MAX_TOPIC:
            check_topic(topic)
        base, _, kind = topic.rpartition("/")
        if kind == NUMBERS and payload:
            return self._take_numbers(base, topic, payload)
        if kind == ABOUT:
            self._take_about(base, payload)
        elif kind == STATUS and payload in _STATES:
            self._take_status(base, online=_STATES[payload])
        elif kind == STATUS and payload:
            told = "it is neither online nor offline: `off = agent` in [dialects] leaves such topics to others"
            self._directory.note(KIND, topic, told)
        return []

    # -- messages ------------------------------------------------------------------------------------

    def _take_numbers(self, base: str, topic: str, payload: bytes) -> list[Reading]:
        document = load_document(payload)
        metrics = document.get(ROOT) if isinstance(document, dict) else None
        if not isinstance(metrics, dict):
            raise DecodeError("bad_shape", f"the message has no numbers: expected a JSON object with an object {ROOT!r} in it")
        moment = document.get("timestamp")
        timestamp = None if moment is None else parse_time(moment)
        device = self._devices.get(base)
        if device is None:
            device = self._meet(base)
            self._tell(base, device)
        readings = device.readings(metrics, timestamp)
        if is_hadd(device.address) and self._online.get(base) is not False:  # what is on its way when it goes says nothing
            self._directory.nodes.seen(device.address)
        if base not in self._devices:
            device.forget()
        if self._room.left < 0:
            for each in self._devices.values():
                each.forget()
        return readings

    def _take_status(self, base: str, *, online: bool) -> None:
        if base in self._online or len(self._online) < MAX_DEVICES:
            self._online[base] = online
        device = self._devices.get(base)
        if device is not None:  # else it is somebody else's, until it sends something of an agent's
            self._settle(base, device)
            self._tell(base, device)

    def _take_about(self, base: str, payload: bytes) -> None:
        if not payload:
            self._take_back(base)
            return
        document = load_document(payload, MAX_ABOUT)
        if not isinstance(document, dict):
            raise DecodeError("bad_shape", "what a device tells of itself is a JSON object")
        about, device = read_about(document), self._devices.get(base) or self._meet(base)
        self._directory.forget(KIND, f"{base}/{ABOUT}")
        if about.hadd != device.about.hadd:
            self._leave(base, device)
        device.about = about
        device.forget()
        self._settle(base, device)
        self._tell(base, device)
        if about.table.left_out:
            self._note(
                base,
                f"{about.table.left_out} descriptions of its numbers are not taken: they are too many, too deep or too different",
            )

    # -- devices -------------------------------------------------------------------------------------

    def _meet(self, base: str) -> Device:
        device = Device(f"{base}/{NUMBERS}", self._room)
        device.address = _address_of(base)
        if len(self._devices) < MAX_DEVICES:
            self._devices[base] = device
        return device

    def _settle(self, base: str, device: Device) -> None:
        """Give a device the HADD that it asks for, unless another node has it."""
        hadd = device.about.hadd
        if not hadd or device.address == hadd or base not in self._devices:
            return  # one more than are remembered has its topic for an address
        owner = self._owners.get(hadd)
        if self._directory.nodes.is_ours(hadd):
            self._note(base, f"its hadd {hadd} is that of a node of this server: it is known by its topic; give it another hadd")
        elif owner is not None and self._online.get(owner) is not False:
            self._note(base, f"its hadd {hadd} is that of {owner} too: it is known by its topic; give it another hadd")
        else:
            if owner is not None:
                self._give_up(owner)
            self._directory.forget(KIND, f"{base}/{ABOUT}")
            self._directory.forget_device(device.address)
            self._owners[hadd] = base
            device.address = hadd
            device.forget()

    def _give_up(self, base: str) -> None:
        """A device that is offline has lost its HADD to another one."""
        device = self._devices.get(base)
        if device is not None:
            device.address = _address_of(base)
            device.forget()

    def _leave(self, base: str, device: Device) -> None:
        """A device asks for another HADD, or for none."""
        if self._owners.get(device.about.hadd) == base:
            del self._owners[device.about.hadd]
            self._directory.nodes.forget_node(device.address)
            device.address = _address_of(base)

    def _take_back(self, base: str) -> None:
        self._directory.forget(KIND, f"{base}/{ABOUT}")
        device = self._devices.pop(base, None)
        if device is not None:
            self._leave(base, device)
            device.forget()
            self._directory.forget_device(device.address)

    def _note(self, base: str, what: str) -> None:
        self._directory.note(KIND, f"{base}/{ABOUT}", what)

    def _tell(self, base: str, device: Device) -> None:
        """Tell the directory of a device."""
        about, online, nodes = device.about, self._online.get(base), self._directory.nodes
        name = about.name or name_of(base.rpartition("/")[2])
        if is_hadd(device.address):
            nodes.describe(device.address, name, about.location, about.every, machine=True)
            if online is not None:
                nodes.seen(device.address, "ONLINE" if online else "OFFLINE")
        else:
            self._directory.device(device.address, name=name, location=about.location, online=online)


@speaks(*TOPICS)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `agent`.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, KIND, "value", "time", "label", "units")
    return AgentDecoder(tuple(section.get("topics") or TOPICS))


def _address_of(base: str) -> str:
    """The address of a device that has no HADD."""
    return f"{KIND}/{base}"[:150]
