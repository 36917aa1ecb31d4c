"""What waits to be sent: in the outbox on disk, and while the disk takes nothing, in memory."""

from __future__ import annotations

import logging
import math
import time
from collections import deque

from ..core.outbox import Entry, Outbox, OutboxError

logger = logging.getLogger(__name__)

_MEMORY_MAX = 2000
_MEMORY_BYTES_MAX = 4 << 20
_SILENT_S = 600.0
_MEMORY_FIRST = 1 << 60  # numbers of entries in memory; all behind those of the file


class Waiting:
    """An outbox that goes on in memory while the disk is full or failing, with a bounded number of entries.

    What is in memory is sent like the rest, after it, and is written to the disk when that can be.

    Args:
        outbox: the file.

    Attributes:
        lost: how many entries were lost because the disk took nothing and the memory was full.
        moved: number of an entry while it was in memory → its number in the file, since the last look.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.lost = 0
        self.moved: dict[int, int] = {}
        self._memory: deque[Entry] = deque()
        self._memory_bytes = 0
        self._next = _MEMORY_FIRST
        self._gone: set[int] = set()
        self._failing = False
        self._told = False
        self._silent_until = -math.inf

    def __len__(self) -> int:
        return self.outbox.waiting + len(self._memory) - len(self._gone)

    @property
    def in_memory(self) -> int:
        """How many entries are in memory only."""
        return len(self._memory)

    @property
    def next_number(self) -> int:
        """The number that the next entry in the file gets; 0 where that cannot be read."""
        try:
            return self.outbox.next_number
        except OutboxError as error:
            self._fail(error)
            return 0

    def put(self, content: bytes, time_s: float, topic: str) -> None:
        """Let a message wait."""
        if self.write():
            try:
                self.outbox.put(content, time_s, topic)
            except OutboxError as error:
                self._fail(error)
            else:
                self._recover()
                return
        self._memory.append(Entry(self._next, time_s, topic, content))
        self._memory_bytes += len(content)
        self._next += 1
        while len(self._memory) > _MEMORY_MAX or self._memory_bytes > _MEMORY_BYTES_MAX:
            self._memory_bytes -= len(self._memory.popleft().content)
            if not self.lost:
                logger.error("the disk takes nothing and the memory is full: the oldest readings in memory go from now on")
            self.lost += 1

    def write(self) -> bool:
        """Take up with the disk again what it did not take; returns False while it still does not."""
        try:
            if self._gone:
                self.outbox.remove(sorted(self._gone))
                self._gone.clear()
            while self._memory:
                entry = self._memory[0]
                self.moved[entry.number] = self.outbox.put(entry.content, entry.time_s, entry.topic)
                self._memory.popleft()
                self._memory_bytes -= len(entry.content)
        except OutboxError as error:
            self._fail(error)
            return False
        return True

    def peek(self, most: int, after: int) -> list[Entry]:
        """The oldest entries behind a number, at most so many."""
        found: list[Entry] = []
        if after < _MEMORY_FIRST:
            try:
                found = [each for each in self.outbox.peek(most, after) if each.number not in self._gone]
            except OutboxError as error:
                self._fail(error)
        if len(found) < most and self._memory:
            found += [each for each in self._memory if each.number > after][: most - len(found)]
        return found

    def remove(self, numbers: list[int]) -> None:
        """Take out what has arrived."""
        there = set(numbers)
        if self._memory:
            self._memory = deque(each for each in self._memory if each.number not in there)
            self._memory_bytes = sum(len(each.content) for each in self._memory)
        self._gone.update(number for number in there if number < _MEMORY_FIRST)
        if self._gone and not self._failing:
            try:
                self.outbox.remove(sorted(self._gone))
            except OutboxError as error:
                self._fail(error)
            else:
                self._gone.clear()

    def shift(self, seconds: float, first: int) -> None:
        """Move the times of entries from a number on: the clock that they are from has been set."""
        self._memory = deque(each._replace(time_s=each.time_s + seconds) for each in self._memory)
        try:
            self.outbox.shift(seconds, first)
        except OutboxError as error:
            self._fail(error)

    def _fail(self, error: OutboxError) -> None:
        self._failing = True
        now = time.monotonic()
        if now >= self._silent_until:  # a disk that is all but full takes some and refuses others
            logger.error("%s; readings are kept in memory until it can be written", error)
            self._silent_until = now + _SILENT_S
            self._told = True

    def _recover(self) -> None:
        self._failing = False
        if self._told:
            self._told = False
            logger.warning("the outbox %s is written again", self.outbox.path)
