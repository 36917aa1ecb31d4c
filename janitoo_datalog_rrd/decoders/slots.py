"""Decoders, the slots: where the numbers of one value go, made once and filled by each of its messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite, nan

from ..core.contracts import Key, Meta, Reading
from .numbers import number_of
from .units import with_rate

Slots = tuple[tuple[Key, Meta], ...]
"""Key and meta of each reading that a number makes: one, or two for a count."""


def make_slots(key: Key, meta: Meta, *, counts: bool = False) -> Slots:
    """The slots of a value.

    Args:
        key: whose number it is.
        meta: what is known of it.
        counts: whether it only grows, so that its rate is logged too.
    """
    return tuple((each.key, each.meta) for each in with_rate(key, 0.0, None, meta)) if counts else ((key, meta),)


class Room:
    """How many more may be remembered, of all devices together.

    Attributes:
        left: so many.
    """

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


class Value:
    """One value of a device.

    Args:
        slots: where its numbers go; empty for one that is not logged.
        words: texts that stand for numbers.
        texts: whether any text that `number_of` takes is a number; where it is not known what a value is, a text of digits may
            be anything.
    """

    __slots__ = ("_texts", "_words", "slots")

    def __init__(self, slots: Slots, words: Mapping[str, float] | None = None, *, texts: bool = False) -> None:
        self.slots = slots
        self._words = words
        self._texts = texts

    def number(self, datum: object) -> float | None:
        """The number that a datum stands for; None where it is none, or not finite. Booleans are 1 and 0."""
        number = number_of(datum) if self._texts or not isinstance(datum, str) else None
        if number is None and self._words and isinstance(datum, str):
            number = self._words.get(datum)
        return number if number is not None and isfinite(number) else None

    def readings(self, datum: object) -> list[Reading]:
        """The readings of a datum; none where it is no number, or not logged."""
        number = self.number(datum) if self.slots else None
        return [] if number is None else [Reading(key, number, None, meta) for key, meta in self.slots]


NOTHING = Value(())
"""A value that is not logged."""


def unknown(values: Iterable[Value]) -> list[Reading]:
    """Readings that say that values are unknown from now on. One that was never logged is not logged for that."""
    return [Reading(key, nan, None, meta) for value in values for key, meta in value.slots]
