"""What the server says of itself: counters, health, and the last messages it could not use."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


class Counters:
    """Counts by name and label, for `/metrics` and the status page."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def add(self, name: str, label: str = "", amount: int = 1) -> None:
        """Add to a count; a name that has labels has one count per label."""
        with self._lock:
            key = (name, label)
            self._counts[key] = self._counts.get(key, 0) + amount

    def get(self, name: str, label: str = "") -> int:
        """One count; 0 when nothing was counted."""
        return self._counts.get((name, label), 0)

    def by_label(self, name: str) -> dict[str, int]:
        """The counts of a name by label."""
        with self._lock:
            return {label: count for (each, label), count in self._counts.items() if each == name}


class Health:
    """What is wrong now, by part; a healthy server has no problem. What happened and is over is a note."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}
        self._notes: dict[str, str] = {}

    def fail(self, part: str, what: str) -> None:
        """Say what is wrong with a part, such as `broker`."""
        self._problems[part] = what

    def ok(self, part: str) -> None:
        """Say that a part is well again."""
        self._problems.pop(part, None)

    def note(self, part: str, what: str) -> None:
        """Say something that has happened and should be looked at, though the server is well."""
        if part in self._notes or len(self._notes) < 100:
            self._notes[part] = what

    def forget(self, part: str) -> None:
        """Take a note back: it was looked at, or is over."""
        self._notes.pop(part, None)

    def notes(self) -> dict[str, str]:
        """What has happened and should be looked at, by part."""
        return dict(self._notes)

    def problems(self) -> dict[str, str]:
        """What is wrong, by part."""
        return dict(self._problems)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that could not be used.

    Attributes:
        time: of its arrival, seconds since the epoch UTC.
        topic: its first 200 characters.
        reason: as in the counters.
        detail: a sentence.
        payload: its first 200 bytes.
    """

    time: float
    topic: str
    reason: str
    detail: str
    payload: bytes


class RejectedLog:
    """The last 100 messages that could not be used."""

    def __init__(self, counters: Counters, clock: Callable[[], float] = time.time, size: int = 100) -> None:
        self._counters = counters
        self._clock = clock
        self._last: deque[Rejected] = deque(maxlen=size)

    def add(self, topic: str, payload: bytes, reason: str, detail: str) -> None:
        """Count a message by its reason and keep its beginning."""
        self._counters.add("messages", reason)
        self._last.append(Rejected(self._clock(), topic[:200], reason, detail[:200], bytes(payload[:200])))

    def last(self) -> list[Rejected]:
        """The last ones, youngest first."""
        return list(reversed(self._last))
