"""Decoders, the properties of Homie: what one has said of itself, and its values that wait."""

from __future__ import annotations

from typing import NamedTuple

from ..core.contracts import Meta

ATTRIBUTES = ("name", "datatype", "unit", "settable")
"""Those of a property that say something of its numbers."""
MAX_HELD_TEXT = 40
"""How long a value may be that waits, in bytes; numbers are shorter."""


class Held(NamedTuple):
    """A value that waits.

    Attributes:
        time: when it came, seconds since the epoch UTC.
        payload: what it is.
    """

    time: float
    payload: bytes


class Property:
    """A property of a device, with what its device says of it.

    Attributes:
        topic: where its values come.
        node, name: its identifiers.
        attributes: `name`, `datatype`, `unit` and `settable`, where they were said.
        held: its values that wait for its datatype.
        last: its last value, until that is no longer fresh.
        meta: what goes with each number.
        rate: whether it is a count, whose rate is logged too.
    """

    __slots__ = ("attributes", "held", "last", "meta", "name", "node", "rate", "topic")

    def __init__(self, topic: str, node: str, name: str) -> None:
        self.topic = topic
        self.node = node
        self.name = name
        self.attributes: dict[str, str] = {}
        self.held: list[Held] = []
        self.last: Held | None = None
        self.meta: Meta | None = None
        self.rate = False
