"""Temperatures of this machine's sensors, and turns of its fans: each has a lasting index, for the host node and the agent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import psutil

from .indexes import MAX_INDEXES, readable, safe_index

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Reading(Protocol):
    """One sensor as psutil has it: its label, and its temperature in °C, or its turns per minute."""

    @property
    def label(self) -> str: ...

    @property
    def current(self) -> float | None: ...


def read_sensors() -> Mapping[str, Sequence[Reading]]:
    """Readings by chip; empty where there are no sensors, or where psutil knows none for this system."""
    read = getattr(psutil, "sensors_temperatures", None)
    return read() if read is not None else {}


def read_fans() -> Mapping[str, Sequence[Reading]]:
    """Fans by chip; empty where there are none, or where psutil knows none for this system."""
    read = getattr(psutil, "sensors_fans", None)
    return read() if read is not None else {}


class Thermometers:
    """Temperatures by sensor, or what else sensors have by chip and label.

    Args:
        source: reads the sensors by chip.
        limit: how many sensors are told apart.
        what: what labels begin with.

    Attributes:
        labels: text for people by index; filled by `read`.
    """

    def __init__(
        self,
        source: Callable[[], Mapping[str, Sequence[Reading]]] = read_sensors,
        limit: int = MAX_INDEXES,
        what: str = "Temperature",
    ) -> None:
        self._source = source
        self._limit = limit
        self._what = what
        self.labels: dict[int | str, str] = {}

    def read(self) -> dict[int | str, float]:
        """What the sensors tell; the index is chip and label, with a number where several have the same."""
        found: dict[int | str, float] = {}
        counts: dict[str, int] = {}
        for chip, readings in sorted(self._source().items()):
            for reading in readings:
                name = f"{chip} {reading.label}".strip()
                index = safe_index(name)
                # Counted before a broken reading is passed over, so that its neighbours keep their numbers.
                counts[index] = number = counts.get(index, 0) + 1
                if number > 1:
                    name, index = f"{name} {number}", f"{index}_{number}"
                if reading.current is None or not math.isfinite(reading.current) or not self._admit(index, name):
                    continue
                found[index] = reading.current
        return found

    def _admit(self, index: str, name: str) -> bool:
        if index not in self.labels and len(self.labels) < self._limit:
            self.labels[index] = f"{self._what} {readable(name)}"
        return index in self.labels
