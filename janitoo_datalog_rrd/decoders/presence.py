"""Decoders, presence: which values a device has sent, so that they become unknown when it is gone."""

from __future__ import annotations

from collections.abc import Iterable
from math import nan

from ..core.contracts import Key, Meta, Reading

MAX_NODES = 10_000
MAX_KEYS = 1000
"""How many values of a node are remembered."""
MAX_ALL_KEYS = 100_000
"""How many values of all nodes together are remembered."""


class Presence:
    """The values that each device has sent.

    A number stands until the next one comes; where its device says, or has said of it, that it is gone, it stands no longer.
    """

    def __init__(self) -> None:
        self._sent: dict[str, dict[Key, Meta]] = {}
        self._room = MAX_ALL_KEYS

    def sent(self, node: str, readings: Iterable[Reading]) -> None:
        """Remember what a device has sent; unknown values are not remembered.

        Args:
            node: its address.
            readings: what one of its messages holds.
        """
        known = self._sent.get(node)
        if known is None:
            if len(self._sent) >= MAX_NODES:
                return
            known = self._sent[node] = {}
        for reading in readings:
            if reading.value != reading.value:
                continue
            if reading.key not in known:
                if len(known) >= MAX_KEYS or not self._room:
                    continue
                self._room -= 1
            known[reading.key] = reading.meta

    def gone(self, node: str, timestamp: float | None = None) -> list[Reading]:
        """Readings that say that all values of a device are unknown from now on, each once.

        Args:
            node: its address.
            timestamp: when it went, seconds since the epoch UTC; None for now.
        """
        sent = self._sent.pop(node, {})
        self._room += len(sent)
        return [Reading(key, nan, timestamp, meta) for key, meta in sent.items()]
