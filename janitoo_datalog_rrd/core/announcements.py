"""Announcements: what devices said of themselves, kept for the next start.

A server that starts again gets the messages that waited for it before the retained announcements, and some announcements
(births of Sparkplug) are not retained at all. So the last one of each topic is kept in a file, and dialects hear them first.
"""

from __future__ import annotations

import base64
import logging
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from .aside import move_aside
from .files import write_atomically

logger = logging.getLogger(__name__)

MAX_COUNT = 50_000
"""How many are kept."""
MAX_BYTES = 64 << 20
"""Bytes of all of them together."""
_PATIENCE_S_PER_MIB = 10.0


class Announcements:
    """The last announcement of each topic, in the order in which the topics were first heard.

    Args:
        path: their file.
        monotonic: seconds of a clock that never jumps.

    Attributes:
        version: another number at each change.
        taken_back: how many were taken back.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._written = -math.inf
        self._last: dict[str, tuple[int, bytes]] = {}
        self._size = 0
        self._saved = 0
        self.version = self.taken_back = 0
        self._lock = threading.Lock()

    def load(self) -> None:
        """Read the file; one that cannot be read is moved aside, since devices announce themselves again."""
        try:
            for topic, payload in orjson.loads(self._path.read_bytes()):
                self.note(str(topic), base64.b64decode(payload, validate=True))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError) as error:
            logger.warning("%s cannot be read (%s): devices announce themselves again", self._path, error)
            try:
                move_aside(self._path)
            except OSError as failure:
                logger.warning("%s cannot be moved aside: %s", self._path, failure)
        self._saved = self.version

    def note(self, topic: str, payload: bytes) -> bool:
        """Keep an announcement, in place of the last one of its topic; an empty payload takes that back.

        Returns:
            Whether it says something new. Where there is no room for it, it is not kept, and said to be new each time.
        """
        with self._lock:
            known = self._last.get(topic)
            if known is not None and known[1] == payload:
                return False
            if not payload:
                if known is not None:
                    del self._last[topic]
                    self._size -= len(topic) + len(known[1])
                    self.version += 1
                    self.taken_back += 1
                return True
            size = self._size + len(payload) - (len(known[1]) if known is not None else -len(topic))
            if size > MAX_BYTES or (known is None and len(self._last) >= MAX_COUNT):
                return True
            self.version += 1
            self._size = size
            self._last[topic] = (self.version, bytes(payload))
            return True

    def since(self, version: int) -> list[tuple[str, bytes]]:
        """Those that have come since a version, in their order; of topics that were taken back nothing is said."""
        with self._lock:
            return [(topic, payload) for topic, (number, payload) in self._last.items() if number > version]

    def save(self, *, now: bool = True) -> None:
        """Write the file where something has changed.

        Args:
            now: at once; else not before as many seconds have passed since the last time as the announcements have MiB, tenfold:
                somebody who announces much all the time shall not wear out the disk.

        Raises:
            OSError: it cannot be written.
        """
        with self._lock:
            version = self.version
            patience_s = _PATIENCE_S_PER_MIB * self._size / (1 << 20)
            if version == self._saved or (not now and self._monotonic() < self._written + patience_s):
                return
            self._written = self._monotonic()
            content = [(topic, base64.b64encode(payload).decode()) for topic, (_, payload) in self._last.items()]
        write_atomically(self._path, orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))
        self._saved = version

    def __len__(self) -> int:
        return len(self._last)
