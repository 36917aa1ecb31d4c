"""The collector at work: measures in time, and lets what it measured wait until the server has it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..core.clock import Clock, ClockFile
from ..core.delivery import Delivery
from ..core.httpclient import Answer
from ..core.outbox import Entry, Outbox, OutboxError
from ..nodes.addresses import own_address
from ..nodes.processtable import ProcessTable, Usage

logger = logging.getLogger(__name__)

_LONGEST = 300


class Collector:
    """Measures what processes take, again and again.

    While the clock says that it is long ago, as on a machine without one at its boot, nothing is sent; when it is set, the times
    of what waits are set right.

    Args:
        every_s: seconds between two moments.
        table: measures.
        outbox: where it waits.
        delivery: takes it to the server; it is started here.
        clock: the wall clock, looked after.
        clock_file: what it was.
        address: of this machine; empty to look it up.
    """

    def __init__(
        self,
        every_s: float,
        table: ProcessTable,
        outbox: Outbox,
        delivery: Delivery,
        clock: Clock,
        clock_file: ClockFile,
        *,
        address: str = "",
    ) -> None:
        self._every_s = every_s
        self._table = table
        self._outbox = outbox
        self._delivery = delivery
        self._clock = clock
        self._clock_file = clock_file
        self._address = address
        self._ending = threading.Event()
        self._trouble = ""
        self._sending = self._told_unset = False

    def run(self) -> None:
        """Measure until `end` is called. Raises OutboxError: the outbox is of no use from the beginning."""
        step = self._clock_file.begin(self._outbox.next_number)
        if step:
            self._set_right(step)
        self._clock_file.write()
        due = self._clock.now()
        while not self._ending.is_set():
            self._measure()
            now = self._clock.now()
            due = max(due + self._every_s, now)  # what was missed while the machine slept is not made up for
            self._ending.wait(due - now)

    def end(self) -> None:
        """End it, soon."""
        self._ending.set()

    def _measure(self) -> None:
        try:
            self._look_at_clock()
            usage = self._table.usage()
            self._delivery.put(write_moment(usage), self._clock.time_of(self._clock.now()), self._address or own_address())
        except (OSError, OutboxError) as error:
            if not self._trouble:
                logger.error("what processes take is lost for now: %s", error)
            self._trouble = str(error)
        else:
            if self._trouble:
                logger.info("what processes take is measured and kept again")
            self._trouble = ""

    def _look_at_clock(self) -> None:
        """Compare the clocks, and begin to send once the time is known. Raises OutboxError."""
        step = self._clock.look()
        if step:
            self._set_right(step)
            self._clock_file.write()
        if self._clock.is_set and not self._sending:
            self._sending = True
            self._delivery.start()
        elif not (self._clock.is_set or self._told_unset):
            self._told_unset = True
            logger.warning("the clock says that it is long ago: what is measured waits until it is set")

    def _set_right(self, step: float) -> None:
        logger.warning("the clock was set by %+.1f s; the times of what waits are set right", step)
        self._outbox.shift(step, self._clock_file.first)


def write_moment(usage: Usage) -> bytes:
    """One moment, as it waits in the outbox; its time stands beside it."""
    return json.dumps({"memory": usage.memory, "cpu": usage.cpu}, separators=(",", ":")).encode()


def join_moments(every_s: float) -> Callable[[Sequence[Entry]], bytes]:
    """A function that makes one body of moments that were measured under one address."""
    beginning = b'{"every":%d,"ipaddress":' % max(1, round(every_s))

    def join(entries: Sequence[Entry]) -> bytes:
        address = json.dumps(entries[0].topic).encode()
        moments = b",".join(b'{"timestamp":%.3f,%s' % (entry.time_s, entry.content[1:]) for entry in entries)
        return b'%s%s,"moments":[%s]}' % (beginning, address, moments)

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
