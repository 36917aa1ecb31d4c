"""Decoder `shelly`: Shelly devices of the first generation, and later ones whose prefix begins as theirs do.

A device of the first generation has one number a topic, `shellies/<device>/relay/0/power`; lamps, motion sensors and radiator
valves send JSON too. It announces itself on `shellies/announce` and `shellies/<device>/announce`, and says on
`shellies/<device>/online` whether it is there. Source: shelly-api-docs.shelly.cloud/gen1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from ..core.contracts import Decoder, Key, Reading
from ..core.directory import Directory
from ..core.plugins import speaks
from .documents import MAX_TOPIC, check_topic, load_document
from .numbers import number_of_int
from .paths import MISSING, look_up
from .presence import MAX_NODES, Presence
from .quantities import Quantity, Value, Values, numbered
from .shelly2 import Shelly2Decoder
from .shelly_words import BOOLEAN_WORDS, INFO, LAMP, STATUS, STATUS_IN_INFO, in_units, quantity_of

if TYPE_CHECKING:
    from ..core.sections import Section

_MAX_TOPICS = 20_000
_MAX_NUMBER = 40
"""Longest number on a topic, in bytes."""
_FAULTS = (999.0, -999.0)
"""What a sensor says that is broken or not there."""
_Reader = Callable[[str, bytes], "list[Reading]"]


class ShellyDecoder:
    """Reads what Shelly devices send; what is not known to be a number gives nothing.

    Args:
        filters: topic filters; the levels before the first wildcard stand before every device.
    """

    def __init__(self, filters: Iterable[str]) -> None:
        given = list(filters) or ["shellies/#"]
        self._bases = tuple(dict.fromkeys(_base_of(each) for each in given))
        self.announcements = tuple(
            topic
            for each in given
            if each.endswith("#")
            for topic in (f"{_base_of(each)}announce", f"{_base_of(each)}+/announce")
        )
        self._later = {base: Shelly2Decoder(base) for base in self._bases}
        self._directory: Directory | None = None
        self._values = Values()
        self._presence = Presence()
        self._macs: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._named: set[str] = set()
        self._asleep: set[str] = set()
        self._online: dict[str, bool] = {}
        self._topics: dict[str, _Reader | None] = {}

    def join(self, directory: Directory) -> None:
        """Tell a directory of devices from now on."""
        self._directory = directory
        for each in self._later.values():
            each.join(directory)

    def counts(self) -> list[tuple[str, int]]:
        """How many devices have sent something."""
        later = sum(number for each in self._later.values() for _, number in each.counts())
        return [("devices", len(self._named) + later)]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the message's readings.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_large`, `too_deep` or `topic_too_long`.
        """
        if topic in self._topics:
            reader = self._topics[topic]
        else:
            if len(topic) > MAX_TOPIC:
                check_topic(topic)
            reader = self._find(topic)
            if len(self._topics) >= _MAX_TOPICS:
                self._topics.clear()
            self._topics[topic] = reader
        return reader(topic, payload) if reader is not None else []

    # -- topics --------------------------------------------------------------------------------------

    def _find(self, topic: str) -> _Reader | None:
        """Who reads the messages of a topic; None where there is nothing to read."""
        base = max((each for each in self._bases if topic.startswith(each)), key=len, default=None)
        if base is None:
            return None
        later = self._later[base]
        if topic.endswith("/announce"):
            return self._take_announcement
        if topic.endswith("/events/rpc") or topic.rpartition("/")[0].endswith("/status"):
            return later.decode
        device, _, rest = topic[len(base) :].partition("/")
        reader = self._reader_of(topic, device, rest, later)
        above, _, owner = base.rstrip("/").rpartition("/")
        if reader is None and above:  # the filter may have named one device
            return self._reader_of(topic, owner, topic[len(base) :], later)
        return reader

    def _reader_of(self, topic: str, device: str, rest: str, later: Shelly2Decoder) -> _Reader | None:
        """Who reads a topic of a device; `rest` is what stands behind it."""
        if not device or not rest:
            return None
        if rest == "online":
            return lambda _, payload: self._take_online(device, payload) + later.decode(topic, payload)
        if rest == "info":
            return lambda _, payload: self._take_info(device, topic, payload)
        if rest == "status":
            return lambda _, payload: self._take_status(device, topic, payload)
        channel, _, last = rest.rpartition("/")
        if last == "status" and channel.partition("/")[0] in ("light", "color", "white"):
            return lambda _, payload: self._take_lamp(device, topic.removesuffix("/status"), payload)
        quantity, label = quantity_of(rest)
        if quantity is None:
            return None
        return lambda _, payload: self._take_number(device, (topic, ""), rest, quantity, label, payload)

    # -- messages ------------------------------------------------------------------------------------

    def _take_number(self, device: str, key: Key, name: str, quantity: Quantity, label: str, payload: bytes) -> list[Reading]:
        number = _number(payload)
        if number is None:
            return []
        if name == "sensor/battery":
            self._note_battery(device)
        elif number < 0 and (name.endswith("/pos") or name == "sensor/tilt"):
            number = nan  # not calibrated
        elif number in _FAULTS and name.startswith(("sensor/", "ext_")):
            number = nan
        value = self._values.get(key) or self._make(device, key, name, quantity, label)
        return self._sent(device, list(value.readings(number)))

    def _take_lamp(self, device: str, lamp: str, payload: bytes) -> list[Reading]:
        """Read the status of a lamp; `lamp` is the topic of its state."""
        own_topics = {"ison": (lamp, ""), "power": (f"{lamp}/power", "")}
        channel = lamp.rpartition("/")[2]
        number = int(channel) if channel.isdecimal() and len(channel) < 4 else 0
        status = _load(payload)
        found: list[Reading] = []
        for word, quantity in LAMP.items():
            key = own_topics.get(word) or (f"{lamp}/status", word)
            self._collect(device, key, quantity, numbered(quantity.label, number), status.get(word, MISSING), found)
        return self._sent(device, found)

    def _take_status(self, device: str, topic: str, payload: bytes) -> list[Reading]:
        """Read the status of a motion sensor or a radiator valve."""
        status = _load(payload)
        fahrenheit = "F" in (look_up(status, ("tmp", "units")), look_up(status, ("target_t", "units")))
        found: list[Reading] = []
        for word, quantity in STATUS.items():
            datum = look_up(status, tuple(word.split(".")))
            self._collect(device, (topic, word), in_units(quantity, fahrenheit), "", datum, found)
            if word == "bat" and datum is not MISSING:
                self._note_battery(device)
        return self._sent(device, found)

    def _take_info(self, device: str, topic: str, payload: bytes) -> list[Reading]:
        """Read the summary that a device sends now and then, without what it sends elsewhere."""
        info = _load(payload)
        found: list[Reading] = []
        for word, quantity in INFO.items():
            datum = look_up(info, tuple(word.split(".")))
            if word != "wifi_sta.rssi" or datum != 0:
                self._collect(device, (topic, word), quantity, "", datum, found)
        sensor = info.get("sensor")
        if isinstance(info.get("thermostats"), list) or (isinstance(sensor, dict) and "motion" in sensor):
            fahrenheit = "F" in (look_up(info, ("tmp", "units")), look_up(info, ("thermostats", "0", "tmp", "units")))
            status = f"{topic.removesuffix('/info')}/status"
            for word, its_word in STATUS_IN_INFO.items():
                quantity = in_units(STATUS[its_word], fahrenheit)
                self._collect(device, (status, its_word), quantity, "", look_up(info, tuple(word.split("."))), found)
        return self._sent(device, found)

    def _take_online(self, device: str, payload: bytes) -> list[Reading]:
        node = f"shelly/{device}"
        if payload not in (b"true", b"false"):
            return []
        online = payload == b"true"
        if device in self._online or len(self._online) < MAX_NODES:
            self._online[device] = online
        if not online and device in self._asleep:
            return []  # a device that runs on its battery is offline most of the time
        if device in self._named and self._directory is not None:
            self._directory.device(node, online=online)
        return [] if online else self._presence.gone(node)

    def _take_announcement(self, topic: str, payload: bytes) -> list[Reading]:
        """Learn who a device is: its MAC address stays when its topics are renamed."""
        said = _load(payload)
        device, mac, name = said.get("id"), said.get("mac"), said.get("name")
        if topic.removesuffix("announce") not in self._bases:
            device = topic.removesuffix("/announce").rpartition("/")[2] if said else None
        if not isinstance(device, str) or not 0 < len(device) <= 100:
            return []
        title = name[:100] if isinstance(name, str) else ""
        if isinstance(said.get("gen"), int):  # a script of a later generation announces it as the first one does
            for each in self._later.values():
                if title and len(each.titles) < MAX_NODES:
                    each.titles[f"shelly/{device}"] = title
            return []
        if isinstance(mac, str) and 12 <= len(mac) <= 17:
            self._own(mac, device)
        self._name(device, title)
        return []

    # -- devices and values --------------------------------------------------------------------------

    def _name(self, device: str, name: str = "") -> None:
        if self._directory is None or (device in self._named and not name) or len(self._named) >= MAX_NODES:
            return
        self._named.add(device)
        self._directory.device(f"shelly/{device}", name=name or device, online=self._online.get(device))

    def _own(self, mac: str, device: str) -> None:
        """Note whose MAC address it is; whoever has announced it before has another name now."""
        before = self._owners.get(mac)
        if before == device or (before is None and len(self._owners) >= MAX_NODES):
            return
        if before is not None:
            self._macs.pop(before, None)
        self._owners.pop(self._macs.get(device, ""), None)
        self._owners[mac], self._macs[device] = device, mac
        self._values.forget()

    def _note_battery(self, device: str) -> None:
        if len(self._asleep) < MAX_NODES:
            self._asleep.add(device)

    def _sent(self, device: str, found: list[Reading]) -> list[Reading]:
        if found:
            self._presence.sent(f"shelly/{device}", found)
        return found

    def _collect(self, device: str, key: Key, quantity: Quantity, label: str, datum: Any, found: list[Reading]) -> None:
        """Append the readings of a datum of a document, if it is a number or a boolean."""
        if isinstance(datum, float):
            number = datum
        elif isinstance(datum, int):
            number = number_of_int(datum)
        else:
            return
        value = self._values.get(key)
        if value is None or value.quantity is not quantity:
            level = key[0].partition(f"{device}/")[2]
            value = self._make(device, key, f"{level}/{key[1]}" if key[1] else level, quantity, label)
        found.extend(value.readings(number))

    def _make(self, device: str, key: Key, name: str, quantity: Quantity, label: str) -> Value:
        self._name(device)
        mac = self._macs.get(device)
        return self._values.make(key, quantity, f"shelly/{device}", f"{mac}/{name}" if mac else "", label)


@speaks("shellies/#")
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `shelly`."""
    return ShellyDecoder(section.get("topics") or ())


def _base_of(topic_filter: str) -> str:
    """What stands before every device: the levels before the first wildcard, with the slash behind them."""
    levels = topic_filter.split("/")
    fixed = next((number for number, level in enumerate(levels) if level in ("+", "#")), 1)
    return "".join(f"{level}/" for level in levels[:fixed])


def _number(payload: bytes) -> float | None:
    """The number or boolean word on a topic."""
    if len(payload) > _MAX_NUMBER or b"_" in payload:
        return None
    word = BOOLEAN_WORDS.get(payload)
    if word is not None:
        return word
    try:
        number = float(payload)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _load(payload: bytes) -> dict[str, Any]:
    """A JSON object; an empty one for a payload that begins as something else."""
    if payload.lstrip()[:1] != b"{":
        return {}
    document = load_document(payload)
    return document if isinstance(document, dict) else {}
