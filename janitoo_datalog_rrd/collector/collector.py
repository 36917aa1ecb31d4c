"""The collector at work: measures in time, and lets what it measured wait until the server has it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..core.delivery import Delivery
from ..core.httpclient import Answer
from ..core.outbox import Entry, OutboxError
from ..nodes.addresses import own_address
from ..nodes.processtable import ProcessTable, Usage

logger = logging.getLogger(__name__)

EARLIEST_S = 315_532_800.0
"""1980: a clock that shows less was never set."""
_LONGEST = 300


class Collector:
    """Measures what processes take, again and again.

    Args:
        every_s: seconds between two moments.
        table: measures.
        delivery: takes what was measured to the server.
        address: of this machine; empty to look it up.
        clock: seconds since the epoch UTC.
        monotonic: seconds on a clock that never jumps.
    """

    def __init__(
        self,
        every_s: float,
        table: ProcessTable,
        delivery: Delivery,
        *,
        address: str = "",
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every_s = every_s
        self._table = table
        self._delivery = delivery
        self._address = address
        self._clock = clock
        self._monotonic = monotonic
        self._ending = threading.Event()
        self._trouble = ""

    def run(self) -> None:
        """Measure until `end` is called."""
        due = self._monotonic()
        while not self._ending.is_set():
            self._measure()
            now = self._monotonic()
            due = max(due + self._every_s, now)  # what was missed while the machine slept is not made up for
            self._ending.wait(due - now)

    def end(self) -> None:
        """End it, soon."""
        self._ending.set()

    def _measure(self) -> None:
        try:
            usage = self._table.usage()
            now = self._clock()
            if now < EARLIEST_S:
                raise OutboxError("this machine's clock is before 1980: nothing is kept until it is set")
            self._delivery.put(write_moment(usage, now), now, self._address or own_address())
        except (OSError, OutboxError) as error:
            if not self._trouble:
                logger.error("what processes take is lost for now: %s", error)
            self._trouble = str(error)
        else:
            if self._trouble:
                logger.info("what processes take is measured and kept again")
            self._trouble = ""


def write_moment(usage: Usage, time_s: float) -> bytes:
    """One moment, as it waits in the outbox."""
    moment = {"timestamp": round(time_s, 3), "memory": usage.memory, "cpu": usage.cpu}
    return json.dumps(moment, separators=(",", ":")).encode()


def join_moments(every_s: float) -> Callable[[Sequence[Entry]], bytes]:
    """A function that makes one body of moments that were measured under one address."""
    beginning = b'{"every":%d,"ipaddress":' % max(1, round(every_s))

    def join(entries: Sequence[Entry]) -> bytes:
        address = json.dumps(entries[0].topic).encode()
        return b'%s%s,"moments":[%s]}' % (beginning, address, b",".join(entry.content for entry in entries))

    return join


class Listener:
    """Hears what the server says of what it was sent; the same thing is told once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def on_answer(self, answer: Answer) -> None:
        """Look at an answer, for what was not logged and why."""
        document = _document(answer)
        if not answer.taken:
            self._tell(f"the server says: {str(document.get('detail', ''))[:_LONGEST]}" if document.get("detail") else "")
            return
        dropped = document.get("dropped")
        for reason in sorted(dropped)[:10] if isinstance(dropped, dict) else ():
            self._tell(f"the server drops some of what is sent: {reason[:40]}; its documentation says what that means")

    def _tell(self, what: str) -> None:
        if what and what not in self._told and len(self._told) < 20:
            self._told.add(what)
            logger.warning("%s", what)


def _document(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
