"""Samples that wait in memory, for what needs no journal."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from janitoo_datalog_rrd.core.errors import StoreError


class Of(NamedTuple):
    """What a sample is of."""

    series: str
    column: str = "value"
    node: str = ""
    units: str = ""


class Number(NamedTuple):
    """A sample."""

    origin: Of
    time: float
    value: float


class Waiting:
    """Stands for the journal's tail, where a test says what is read.

    Attributes:
        samples: those that were not confirmed.
        confirmed: those that were.
    """

    def __init__(self, samples: Sequence[Number] = ()) -> None:
        self.samples = list(samples)
        self.confirmed: list[Number] = []
        self.dropped = 0
        self.closed = False
        self._read = 0
        self._came = threading.Event()

    @property
    def behind_bytes(self) -> int:
        return 100 * len(self.samples)

    def add(self, *samples: Number) -> None:
        self.samples += samples
        self._came.set()

    def read(self, most: int) -> Sequence[Number]:
        if self.closed:
            raise StoreError("closed")
        found = self.samples[self._read : self._read + most]
        self._read += len(found)
        return found

    def done(self) -> None:
        if self.closed:
            return
        self.confirmed += self.samples[: self._read]
        del self.samples[: self._read]
        self._read = 0

    def close(self) -> None:
        self.closed = True
        self._came.set()

    def wait(self, timeout: float) -> bool:
        if self._read < len(self.samples):
            return True
        self._came.clear()
        return self._read < len(self.samples) or self._came.wait(timeout)
