"""The agent's numbers as its announcements see them: where each stands, what it is, and what it was last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from ..core.metrics import Described, Flattener, Metrics, Tree


class Part(Protocol):
    """One component as an announcer sees it.

    Attributes:
        name: the first level of its numbers.
        every: seconds between two readings.
        metrics: what measures; None while the machine has no such thing, or it cannot be made.
        tree: its last reading, cleaned as it is published; empty before the first.
    """

    @property
    def name(self) -> str: ...

    @property
    def every(self) -> float: ...

    @property
    def metrics(self) -> Metrics | None: ...

    @property
    def tree(self) -> Tree: ...


class Number(NamedTuple):
    """One number.

    Attributes:
        part: the component that it is of.
        path: where it stands below its component.
        value: its last reading; None where it is unknown.
        described: what it is.
        every: seconds between two readings.
    """

    part: str
    path: str
    value: float | int | None
    described: Described
    every: float


class Numbers:
    """The numbers of all components.

    Args:
        parts: the components.

    Attributes:
        parts: the components.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self._flatteners: dict[str, Flattener] = {}

    def __iter__(self) -> Iterator[Number]:
        for part in self.parts:
            described = descriptions(part)
            flattener = self._flatteners.get(part.name)
            if flattener is None or flattener.described != described:
                flattener = self._flatteners[part.name] = Flattener(described)
            for path, value in flattener.numbers(part.tree):
                yield Number(part.name, path, value, flattener.describe(path), part.every)


def descriptions(part: Part) -> Mapping[str, Described]:
    """What the numbers of a component are, as it stands now; nothing while it is absent."""
    metrics = part.metrics  # made and read in another thread
    return {} if metrics is None else dict(metrics.described)
