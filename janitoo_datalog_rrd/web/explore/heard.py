"""What was heard on the bus: the last message of each topic, within bounds, to be read as a tree of topics."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...core.packets import Publish

TOPICS_MAX = 20_000
"""How many topics are kept."""
BYTES_MAX = 16 << 20
"""How many bytes all topics and payloads may have together."""
KEPT = 2048
"""Bytes of a payload that are kept."""
KEPT_WATCHED = 65_536
"""Bytes of a payload that are kept of topics that somebody looks at."""
WATCHED_MAX = 8
_WINDOW_S = 10.0
_LEVEL = b"\0"  # stands for the slash in keys, so that a topic is followed by those below it; no topic may hold it


@dataclass(frozen=True, slots=True)
class Told:
    """The last message of a topic.

    Attributes:
        payload: its beginning.
        size: bytes that it really had.
        time: when it came, seconds since the epoch UTC.
        count: messages since we listen.
        rate: messages a second, of late.
        retained: whether the broker had kept it from earlier.
    """

    payload: bytes
    size: int
    time: float
    count: int
    rate: float
    retained: bool


class Row(NamedTuple):
    """One level of the tree.

    Attributes:
        level: its last level.
        topic: all its levels.
        below: how many topics there are below it.
        told: its own last message, None where only topics below it have spoken.
    """

    level: str
    topic: str
    below: int
    told: Told | None


class _Entry:
    """What is kept of one topic."""

    __slots__ = ("before", "count", "in_window", "keep", "payload", "retained", "size", "time", "window")

    def __init__(self, now: float) -> None:
        self.payload = b""
        self.size = self.count = self.in_window = 0
        self.time = self.window = now
        self.before = 0.0
        self.keep = KEPT
        self.retained = False

    def told(self, now: float) -> Told:
        """What is told of it."""
        since = now - self.window
        rate = self.in_window / since if since >= _WINDOW_S else max(self.before, self.in_window / _WINDOW_S)
        return Told(self.payload, self.size, self.time, self.count, rate, self.retained)


class Heard:
    """The topics that were heard, with their last messages; several threads may ask and tell.

    Args:
        topics_max, bytes_max: the bounds.

    Attributes:
        messages: how many were heard.
        beyond: messages of topics for which there was no room.
        unreadable: messages whose topic is no text.
    """

    def __init__(self, topics_max: int = TOPICS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._topics_max = topics_max
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries: dict[bytes, _Entry] = {}
            self._keys: list[bytes] = []
            self._watched: list[bytes] = []
            self._bytes = 0
            self.messages = self.beyond = self.unreadable = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes of all topics and payloads that are kept."""
        return self._bytes

    # -- hearing -------------------------------------------------------------------------------------

    def take(self, messages: Sequence[Publish], retained: Sequence[int], now: float) -> None:
        """Note messages.

        Args:
            messages: in the order in which they came.
            retained: positions of those that the broker had kept.
            now: seconds since the epoch UTC.
        """
        kept = frozenset(retained)
        with self._lock:
            entries = self._entries
            self.messages += len(messages)
            for position, (topic, payload, _) in enumerate(messages):
                entry = entries.get(topic) or self._begin(topic, now)
                if entry is None:
                    continue
                self._keep(entry, payload)
                entry.time = now
                entry.count += 1
                entry.retained = position in kept
                if now - entry.window >= _WINDOW_S:
                    entry.before = entry.in_window / (now - entry.window)
                    entry.window, entry.in_window = now, 0
                entry.in_window += 1

    def _begin(self, topic: bytes, now: float) -> _Entry | None:
        """A place for a new topic; None where there is none."""
        try:
            topic.decode()
        except UnicodeDecodeError:
            self.unreadable += 1
            return None
        if _LEVEL in topic:
            self.unreadable += 1
            return None
        if len(self._keys) >= self._topics_max or self._bytes + len(topic) > self._bytes_max:
            self.beyond += 1
            return None
        entry = self._entries[topic] = _Entry(now)
        insort(self._keys, topic.replace(b"/", _LEVEL))
        self._bytes += len(topic)
        return entry

    def _keep(self, entry: _Entry, payload: bytes) -> None:
        room = self._bytes_max - self._bytes + len(entry.payload)
        cut = min(entry.keep, room)
        self._bytes -= len(entry.payload)
        entry.payload = payload if len(payload) <= cut else payload[:cut]
        entry.size = len(payload)
        self._bytes += len(entry.payload)

    # -- reading -------------------------------------------------------------------------------------

    def get(self, topic: str, now: float) -> Told | None:
        """The last message of one topic, of which more is kept from now on; None where it was not heard."""
        name = topic.encode("utf-8", "replace")
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                return None
            self._watch(name, entry)
            return entry.told(now)

    def _watch(self, name: bytes, entry: _Entry) -> None:
        """Keep more of the topics that were asked for last."""
        if name in self._watched:
            self._watched.remove(name)
        self._watched.append(name)
        entry.keep = KEPT_WATCHED
        if len(self._watched) > WATCHED_MAX:
            self._entries[self._watched.pop(0)].keep = KEPT

    def children(self, prefix: str, limit: int, after: str | None, now: float) -> tuple[list[Row], bool]:
        """The levels below a part of the tree, in the order of their bytes.

        Args:
            prefix: the topic above with a slash at its end; empty for the top.
            limit: how many at most.
            after: only those that come after this level.
            now: seconds since the epoch UTC.

        Returns:
            The rows, and whether there are more.
        """
        start = prefix.encode("utf-8", "replace").replace(b"/", _LEVEL)
        rows: list[Row] = []
        with self._lock:
            keys = self._keys
            at = bisect_left(keys, start)
            if after is not None:
                at = bisect_left(keys, start + after.encode("utf-8", "replace") + b"\x01")
            while at < len(keys) and keys[at].startswith(start):
                if len(rows) == limit:
                    return rows, True
                level = keys[at][len(start) :].partition(_LEVEL)[0]
                key = start + level
                end = bisect_left(keys, key + b"\x01", at)
                topic = key.replace(_LEVEL, b"/")
                entry = self._entries[topic] if keys[at] == key else None
                told = entry.told(now) if entry is not None else None
                rows.append(Row(level.decode(), topic.decode(), end - at - (entry is not None), told))
                at = end
        return rows, False

    def search(self, words: Sequence[str], limit: int, now: float) -> tuple[list[Row], int]:
        """Topics that hold every word, in any case; at most `limit`, and how many there are."""
        rows: list[Row] = []
        found = 0
        with self._lock:
            for topic in self._found(words):
                found += 1
                if len(rows) < limit:
                    rows.append(Row(topic, topic, 0, self._entries[topic.encode()].told(now)))
        return rows, found

    def _found(self, words: Sequence[str]) -> Iterator[str]:
        wanted = [word.lower() for word in words]
        for key in self._keys:
            topic = key.replace(_LEVEL, b"/").decode()
            low = topic.lower()
            if all(word in low for word in wanted):
                yield topic

    def topics(self) -> list[str]:
        """Every topic that is kept, in the order of the tree."""
        with self._lock:
            return [key.replace(_LEVEL, b"/").decode() for key in self._keys]
