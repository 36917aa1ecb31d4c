"""Decoders, the quantities: what dialects of fixed words know of a value, and readings that are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf
from typing import NamedTuple

from ..core.contracts import Key, Meta, Reading
from .units import with_rate

MAX_VALUES = 50_000
"""How many values are remembered."""
MAX_LABEL = 100
_NAMED_BY_NUMBER = 100
"""From this number on, channels are called by their number as it is."""


class Quantity(NamedTuple):
    """What a dialect's documentation says of a word.

    Attributes:
        label: what people call it.
        units: of its numbers, once multiplied.
        factor: what its numbers are multiplied by.
        counted: whether it is a count that only grows, so that its rate is logged too.
    """

    label: str
    units: str = ""
    factor: float = 1.0
    counted: bool = False


class Value(NamedTuple):
    """A value of a device.

    Attributes:
        key: (topic, path).
        quantity: what its dialect knows of it.
        meta: what is told beside each of its numbers.
    """

    key: Key
    quantity: Quantity
    meta: Meta

    def readings(self, number: float, timestamp: float | None = None) -> Sequence[Reading]:
        """Readings of a number; none of one that is infinite.

        Args:
            number: as the message has it; NaN for one that its device does not know.
            timestamp: the message's own time, seconds since the epoch UTC, or None.
        """
        number = float(number) * self.quantity.factor
        if isinf(number):
            return ()
        if self.quantity.counted:
            # an unknown count says nothing of its rate: the next one does
            return with_rate(self.key, number, timestamp, self.meta) if number == number else ()
        return (Reading(self.key, number, timestamp, self.meta),)


class Values:
    """The values of a dialect's devices: each is made once, so that its Meta stays the same object."""

    def __init__(self) -> None:
        self._known: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        """A value that is known."""
        return self._known.get(key)

    def make(self, key: Key, quantity: Quantity, node: str, uid: str, label: str = "") -> Value:
        """Make a value, or make it anew.

        Args:
            key: (topic, path).
            quantity: what its dialect knows of it.
            node: its device's address.
            uid: who the value is whatever its topic; empty where that is not known.
            label: in place of the quantity's.
        """
        if len(self._known) >= MAX_VALUES:
            self._known.clear()
        meta = Meta((label or quantity.label)[:MAX_LABEL], quantity.units, node, "", uid)
        value = self._known[key] = Value(key, quantity, meta)
        return value

    def forget(self) -> None:
        """Make every value anew, since more is known of the devices now."""
        self._known.clear()


def numbered(label: str, channel: int) -> str:
    """What a value is called that a device has several of: `Power`, `Power 2`, `Power 3`, and `Temperature 100`.

    Args:
        label: what the first one is called.
        channel: counted from 0.
    """
    if not channel:
        return label
    return f"{label} {channel + 1 if channel < _NAMED_BY_NUMBER else channel}"


def words(name: str) -> str:
    """A name of a program as people write it: `living_room_temperature` is `Living room temperature`."""
    text = " ".join(name.replace("_", " ").replace("-", " ").split())[:MAX_LABEL]
    return text[:1].upper() + text[1:]
