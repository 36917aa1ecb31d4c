"""Sends what waits, in order, and takes it out when the broker has it."""

from __future__ import annotations

import logging
import math

from ..core.clock import UNSET_S
from ..core.mqtt import NOBODY
from ..core.outbox import Entry
from .audience import PAUSE_S, Audience
from .documents import message
from .link import Link, size_of
from .waiting import Waiting

logger = logging.getLogger(__name__)

WINDOW = 20
"""Messages on their way at once; paho-mqtt sends as many without an acknowledgement, and AWS IoT Core takes a hundred."""
_RESERVE = 4  # what else may be on its way: what the device says of itself
_PATIENCE_S = 60.0  # a broker that throttles may forget a message instead of acknowledging it
_REFUSED_PAUSE_S = 60.0
_NEVER = ("Topic name invalid", "Payload format invalid")


class Sender:
    """Publishes what waits with QoS 1, oldest first, a few at a time.

    Its methods are called in the agent's thread only.

    Args:
        waiting: what waits.
        link: the connection.
        rate: so many messages a second at most, on the average.

    Attributes:
        sent: how many messages the broker has taken.
        refused: how many were dropped because the broker takes none like them, or because nobody knows their time.
    """

    def __init__(self, waiting: Waiting, link: Link, rate: float = 100.0) -> None:
        self.sent = 0
        self.refused = 0
        self._waiting = waiting
        self._link = link
        self._on_the_way: dict[int, int] = {}
        self._topic = ""
        self._told_other = ""
        self._arrived: list[int] = []
        self._last = 0
        self._begin_at = -math.inf
        self._told = ""
        self._rate = rate
        self._allowed = rate
        self._counted_at = -math.inf
        self._moved_at = -math.inf
        self._audience = Audience()

    def begin(self, now: float) -> None:
        """A new connection: nothing is on its way, and what was is sent again; `now` is the clock of `time.monotonic`."""
        self.settle()
        self._on_the_way.clear()
        self._last = 0
        self._begin_at = -math.inf
        self._audience.begin(now)

    def published(self, mid: int, why: str, now: float) -> None:
        """The broker has a message, or refuses it."""
        number = self._on_the_way.pop(mid, None)
        self._moved_at = now
        if number is None:
            self._note_other(why)  # something that the device says of itself
            return
        if why in ("", NOBODY):
            self._told = ""
            if self._audience.has(why == NOBODY, now):
                self.sent += 1
                self._arrived.append(number)
            else:
                self._again(number, now + PAUSE_S)
            return
        forever = why in _NEVER
        if why != self._told:
            what = "it is dropped" if forever else "it is tried again; allow it in the broker's access rules"
            logger.error("the broker does not take what we publish on %s: %s; %s", self._topic, why, what)
            self._told = why
        if forever:
            self.refused += 1
            self._arrived.append(number)
        else:
            self._again(number, now + _REFUSED_PAUSE_S)

    def due(self, now: float, *, ready: bool) -> float:
        """Take out what has arrived and send more; returns when to call again where nothing else happens.

        Args:
            now: seconds on the clock of `time.monotonic`.
            ready: what waits may be sent; False while its times are not known.
        """
        self.settle()
        if now < self._begin_at:
            return self._begin_at
        if not (ready and self._link.up):
            return math.inf
        if self._on_the_way and now >= self._moved_at + _PATIENCE_S:
            self._link.renew(f"the broker has acknowledged nothing for {_PATIENCE_S:g} s")
            return math.inf
        most = 1 if self._told else min(WINDOW, max(1, self._link.window - _RESERVE))  # after a refusal one alone, for the order
        room = self._audience.room(most) - len(self._on_the_way)
        allowed = self._may_send(now)
        if room > 0:
            entries = self._waiting.peek(min(room, allowed + 1), self._last)
            for entry in entries[:allowed]:
                if not self._on_the_way:
                    self._moved_at = now
                if not self._send(entry):
                    break
                self._last = entry.number
                self._allowed -= 1
            self.settle()
            if len(entries) > allowed:
                return now + 1.0 / self._rate
        return self._moved_at + _PATIENCE_S if self._on_the_way else math.inf

    def _may_send(self, now: float) -> int:
        """How many messages the rate allows now."""
        self._allowed = min(self._rate, WINDOW, self._allowed + (now - self._counted_at) * self._rate)
        self._counted_at = now
        return int(self._allowed)

    @property
    def busy(self) -> bool:
        """True while messages are on their way."""
        return bool(self._on_the_way)

    def _send(self, entry: Entry) -> bool:
        """Send an entry, or drop it where that is of no use; returns False where there is no connection."""
        if entry.time_s < UNSET_S:
            self._drop(entry, "is from an earlier boot, in which the clock was never set: nobody knows its time")
            return True
        levels = entry.topic.split("/")
        if len(levels) < 2 or any(sign in entry.topic for sign in "+#"):
            self._drop(entry, "has no topic: the file in which it waited was damaged")
            return True
        payload = message(levels[-2], entry.time_s, entry.content)
        size = size_of(entry.topic, payload)
        if size > self._link.longest:
            self._drop(entry, f"has {size} bytes, and the broker takes {self._link.longest}; set [agent] message_bytes")
            return True
        self._topic = entry.topic
        mid = self._link.send(entry.topic, payload)
        if mid is None:
            return False
        self._on_the_way[mid] = entry.number
        return True

    def _note_other(self, why: str) -> None:
        """Tell once that the broker does not want what is no reading."""
        if why not in ("", NOBODY, self._told_other):
            self._told_other = why
            logger.warning(
                "the broker does not take all that the device says of itself: %s; allow its about and status in the broker's "
                "access rules, and what [agent] janitoo and homeassistant publish, or switch these off",
                why,
            )

    def _again(self, number: int, at: float) -> None:
        """Send an entry, and those behind it, once more, from a time on."""
        self._begin_at = at
        self._last = min(self._last, number - 1)

    def _drop(self, entry: Entry, why: str) -> None:
        if not self.refused:
            logger.error("a reading %s; it is dropped, and others like it", why)
        self.refused += 1
        self._arrived.append(entry.number)

    def settle(self) -> None:
        """Take out what has arrived."""
        if self._arrived:
            self._waiting.remove(self._arrived)
            self._arrived = []
        if self._waiting.moved:
            moved, self._waiting.moved = self._waiting.moved, {}
            self._on_the_way = {mid: moved.get(number, number) for mid, number in self._on_the_way.items()}
            self._last = moved.get(self._last, self._last)
