"""Decoders, the tags of Sparkplug B: what births have said of metrics, and how their values become numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from math import nan
from typing import TYPE_CHECKING, Final

from ..core.contracts import Key, Meta, Reading
from .paths import MAX_PATH, escape
from .units import is_count, normal_units, with_rate

if TYPE_CHECKING:
    from .sparkplug_messages import Metric

MAX_LABEL = 200
_SIGNED: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED: Final = {5: 8, 6: 16, 7: 32, 8: 64}
_REAL: Final = frozenset((9, 10))
_BOOLEAN: Final = 11
NUMBERS: Final = frozenset((*_SIGNED, *_UNSIGNED, *_REAL, _BOOLEAN))
"""Data types whose values are logged; the others are times, texts, bytes, arrays, data sets and templates."""
TEMPLATE: Final = 19
_CONTROLS = ("Node Control/", "Device Control/")
_UNUSABLE: Final = (0, 500)  # of the qualities bad, good (192) and stale; one that is not sent is good


class Tag:
    """A metric of a node or device.

    Attributes:
        key: whose numbers they are.
        datatype: number of its data type; 0 where it is not known.
        logged: whether its values are logged.
        meta: what goes with each number.
        rate: whether it is a count, whose rate is logged too.
        known: whether its value is known now.
    """

    __slots__ = ("datatype", "key", "known", "logged", "meta", "rate")

    def __init__(self, key: Key, metric: Metric, address: str) -> None:
        self.datatype = 0
        self.known = False
        self.meta = Meta(metric.name[:MAX_LABEL], "", address)
        self.logged = not _is_silent(metric.name) and len(key[1]) <= MAX_PATH
        self.key = key if self.logged else (key[0], "")
        self.rate = False

    def learn(self, metric: Metric) -> None:
        """Take what a message says of the metric beside its value."""
        if metric.datatype:
            self.datatype = metric.datatype
        if metric.units is not None and (units := normal_units(metric.units)) != self.meta.units:
            self.meta = self.meta._replace(units=units)
        self.rate = self.datatype != _BOOLEAN and is_count("", "", self.meta.units)

    def reborn(self, metric: Metric) -> None:
        """Take what a birth says of the metric: all of it, so that what it leaves out is no more."""
        self.datatype = 0
        if metric.units is None and self.meta.units:
            self.meta = self.meta._replace(units="")
        self.learn(metric)

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, as far as is known."""
        return self.logged and (self.datatype in NUMBERS or self.datatype == 0)

    def read(self, metric: Metric, timestamp: float | None) -> list[Reading]:
        """The readings of a value; none where there is no number in it."""
        if not self.is_number or metric.transient:
            return []
        if metric.null or metric.quality in _UNUSABLE:
            number: float | None = nan if self.known or self.datatype else None
        else:
            number = number_of(metric.value, self.datatype)
        if number is None:
            return []
        if not metric.historical:
            self.known = number == number
        return self._readings(number, timestamp)

    def gone(self, timestamp: float | None) -> list[Reading]:
        """Readings that say that its value is unknown from now on; none where it is so already."""
        if not self.known:
            return []
        self.known = False
        return self._readings(nan, timestamp)

    def _readings(self, number: float, timestamp: float | None) -> list[Reading]:
        if self.rate:
            return list(with_rate(self.key, number, timestamp, self.meta))
        return [Reading(self.key, number, timestamp, self.meta)]


class Unit:
    """An edge node, or a device behind one.

    Attributes:
        topic: as in the keys of its values, without the kind of message.
        address: in the directory.
        born: when its birth was sent, seconds since the epoch UTC; 0 where that is not known.
        online: whether it is there; None where it has not been heard of yet.
        tags: its metrics by name.
        aliases: its metrics by alias.
    """

    def __init__(self, topic: str, address: str) -> None:
        self.topic = topic
        self.address = address
        self.born = 0.0
        self.online: bool | None = None
        self.tags: dict[str, Tag] = {}
        self.aliases: dict[int, Tag] = {}

    def make(self, metric: Metric) -> Tag:
        """Make a tag for a metric that has a name."""
        tag = self.tags[metric.name] = Tag((self.topic, escape(metric.name)), metric, self.address)
        return tag

    def gone(self, timestamp: float | None) -> Iterator[Reading]:
        """Readings that say that all of its values are unknown from now on."""
        for tag in self.tags.values():
            yield from tag.gone(timestamp)


class Edge:
    """An edge node with its devices.

    Attributes:
        name: group and edge node, for people.
        units: its devices by name; the node itself has the empty one.
        seq: number of its last message; None where that is not known.
        death: the number by which its death is known to be of this life (bdSeq); None where it is not known.
        latest: the last time that its messages have brought, seconds since the epoch UTC.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.units: dict[str, Unit] = {}
        self.seq: int | None = None
        self.death: int | None = None
        self.latest = 0.0


def number_of(value: float | bool | None, datatype: int) -> float | None:
    """The number that a value is.

    Args:
        value: as it stands in the message; whole numbers are unsigned there, and signed ones in two's complement.
        datatype: number of the data type; 0 where it is not known, which a whole number cannot be read without.

    Returns:
        The number, NaN where the message says that; None where there is none.
    """
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, int):
        return _whole(value, datatype)
    if value is None or math.isinf(value):
        return None
    return value


def _whole(value: int, datatype: int) -> float | None:
    bits = _SIGNED.get(datatype)
    if bits is not None:
        value &= (1 << bits) - 1
        return float(value - (1 << bits) if value >> (bits - 1) else value)
    bits = _UNSIGNED.get(datatype)
    if bits is not None:
        return float(value & ((1 << bits) - 1))
    if datatype == _BOOLEAN:
        return 1.0 if value else 0.0
    return float(value) if datatype in _REAL else None


def _is_silent(name: str) -> bool:
    """Whether a metric is for the protocol's own use."""
    return name == "bdSeq" or name.startswith(_CONTROLS)
