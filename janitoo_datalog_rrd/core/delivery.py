"""Delivery: takes what waits in an outbox to a web server, oldest first, until it has arrived."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .connection import Backoff
from .httpclient import Answer, HttpAddress, HttpClient, UnreachableError
from .outbox import Entry, Outbox, OutboxError

logger = logging.getLogger(__name__)

STOP_S = 1.5
"""How long `stop` waits for a request that is under way."""
MAX_RETRY_AFTER_S = 3600.0
"""How long a server may ask to be left alone."""

Headers = Callable[[Entry], Mapping[str, str]]
"""Headers that go with one entry, beside those of the address."""


Join = Callable[[Sequence[Entry]], bytes]
"""Makes one body of several entries of one topic."""


class DeliveryState(NamedTuple):
    """How a delivery stands.

    Attributes:
        sent: how many have arrived since the start.
        refused: how many the server does not want, and were dropped, since the start.
        failures: tries that failed, since the start.
        waiting: how many wait.
        dropped: how many the outbox has dropped because it was full, since its file was made.
        last_sent: when the last one arrived, seconds since the epoch UTC; None where none has.
        trouble: why it does not get through now; empty while it does.
    """

    sent: int
    refused: int
    failures: int
    waiting: int
    dropped: int
    last_sent: float | None
    trouble: str


class Delivery:
    """Sends what waits in an outbox, in a thread of its own: one entry a request, or as many as go into one.

    An entry stays in the outbox until the server has it, so that one whose answer got lost is sent twice. They arrive in their
    order: while the oldest is not taken, the others wait behind it. Between two tries it waits longer each time, and at least
    as long as the server asks for. What the server refuses for good is dropped, counted and told once a status.

    Args:
        outbox: what is sent; the one who made it closes it, after `stop`.
        client: sends it; the delivery closes it.
        address: where to.
        what: who sends, for the log, such as `webhook`.
        method: of the requests.
        headers: what goes with an entry.
        backoff: how long to wait between two tries.
        join: makes one body of several entries of one topic; None where each is a request of its own. What the server refuses for
            good is then sent once more, one by one, so that one that it does not want takes no other with it.
        at_once: how many entries go into one body at most.
        at_once_bytes: how much they have at most; a single one may have more.
        on_answer: told of each answer.
        check: what to look at where the server does not let us in.
    """

    def __init__(
        self,
        outbox: Outbox,
        client: HttpClient,
        address: HttpAddress,
        *,
        what: str,
        headers: Headers,
        method: str = "POST",
        backoff: Backoff | None = None,
        join: Join | None = None,
        at_once: int = 50,
        at_once_bytes: int = 256 << 10,
        on_answer: Callable[[Answer], None] | None = None,
        check: str = "the URL and what is in it",
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._address = address
        self._what = what
        self._method = method
        self._headers = headers
        self._backoff = backoff or Backoff()
        self._join = join
        self._at_once = at_once if join is not None else 1
        self._at_once_bytes = at_once_bytes
        self._on_answer = on_answer
        self._check = check
        self._one_by_one = 0  # how many go by themselves, since the server has refused them together
        self._thread = threading.Thread(target=self._run, name=f"{what}-delivery", daemon=True)
        self._work = threading.Event()
        self._stopping = threading.Event()
        self._arrived: list[int] = []  # what could not be taken out of the outbox yet
        self._sent = self._refused = self._failures = 0
        self._last_sent: float | None = None
        self._trouble = ""
        self._told_refusals: set[int] = set()

    @property
    def state(self) -> DeliveryState:
        """How it stands; may be asked for from any thread."""
        waiting, dropped = self._outbox.waiting, self._outbox.dropped
        return DeliveryState(self._sent, self._refused, self._failures, waiting, dropped, self._last_sent, self._trouble)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, content: bytes, time_s: float, topic: str = "") -> None:
        """Let something wait, and send it as soon as may be; see `Outbox.put`. Raises OutboxError."""
        self._outbox.put(content, time_s, topic)
        self.wake()

    def wake(self) -> None:
        """Something was put into the outbox. A wait between two tries goes on all the same."""
        self._work.set()

    def stop(self, wait_s: float = STOP_S) -> bool:
        """End it; what waits stays in the outbox.

        A request whose answer does not come in time is left to itself: its entry is sent again after the next start.

        Args:
            wait_s: how long to wait for a request that is under way.

        Returns:
            Whether none is under way any more.
        """
        self._stopping.set()
        self._work.set()
        if self._thread.ident is not None:
            self._thread.join(wait_s)
        return not self._thread.is_alive()

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._work.clear()
                try:
                    wait_s = self._send_all()
                except OutboxError as error:
                    if self._stopping.is_set():
                        break  # it may be closed by now
                    wait_s = self._failed(str(error))
                if wait_s:
                    self._stopping.wait(wait_s)
                else:
                    self._work.wait()
        except Exception:
            self._trouble = "it has broken down; see the log"
            logger.exception("%s: what waits is not sent any more", self._what)
        finally:
            self._client.close()

    def _send_all(self) -> float:
        """Send until nothing waits, or it fails; the answer is how long to wait then, and 0 where nothing waits."""
        while not self._stopping.is_set():
            self._take_out()
            entries = self._next()
            if not entries:
                return 0.0
            wait_s = self._send(entries)
            if wait_s:
                return wait_s
        return 0.0

    def _next(self) -> list[Entry]:
        """The entries that go into the next request, none where nothing waits."""
        found = self._outbox.peek(1 if self._one_by_one else self._at_once)
        size = 0
        for position, entry in enumerate(found):
            size += len(entry.content)
            if position and (size > self._at_once_bytes or entry.topic != found[0].topic):
                return found[:position]
        return found

    def _send(self, entries: list[Entry]) -> float:
        """Send some; the answer is how long to wait before the next, 0 where it need not be."""
        try:
            answer = self._ask(entries)
        except UnreachableError as error:
            if self._stopping.is_set():
                return 0.0
            return self._failed(str(error))
        if self._stopping.is_set() and not answer.taken:
            return 0.0
        if not answer.taken and answer.again:
            return max(self._failed(_why_again(answer, self._check)), min(answer.retry_after_s, MAX_RETRY_AFTER_S))
        if not answer.taken and len(entries) > 1:
            self._one_by_one = len(entries)
            return 0.0
        self._one_by_one = max(self._one_by_one - 1, 0)
        self._arrived.extend(entry.number for entry in entries)
        if self._on_answer is not None:
            self._on_answer(answer)
        if answer.taken:
            self._sent += len(entries)
            self._last_sent = time.time()
        else:
            self._refuse(answer.status)
        self._take_out()
        self._is_well()
        return 0.0

    def _ask(self, entries: list[Entry]) -> Answer:
        headers = {**self._address.headers, **self._headers(entries[0])}
        content = entries[0].content if self._join is None else self._join(entries)
        return self._client.send(self._method, self._address.url, content, headers)

    def _take_out(self) -> None:
        """Take what has arrived out of the outbox. Raises OutboxError: nothing more is sent until it could be."""
        if self._arrived:
            self._outbox.remove(self._arrived)
            self._arrived.clear()

    def _refuse(self, status: int) -> None:
        self._refused += 1
        if status not in self._told_refusals:
            self._told_refusals.add(status)
            logger.error(
                "%s: %s refuses what is sent (HTTP %d): it is dropped and counted", self._what, self._address.place, status
            )

    def _failed(self, why: str) -> float:
        """Keep that a try failed, tell the first, and return how long to wait."""
        self._failures += 1
        if not self._trouble:
            logger.warning("%s: %s: %s; it is kept and tried again until it gets there", self._what, self._address.place, why)
        self._trouble = why
        return self._backoff.draw()

    def _is_well(self) -> None:
        self._backoff.reset()
        if self._trouble:
            self._trouble = ""
            logger.info("%s: %s takes what is sent again (%d waiting)", self._what, self._address.place, self._outbox.waiting)


def _why_again(answer: Answer, check: str) -> str:
    if 300 <= answer.status < 400:
        return f"it sends us elsewhere (HTTP {answer.status}), where we do not follow; check the URL"
    if answer.status in (401, 403, 404, 407):
        return f"it does not let us in or does not know the URL (HTTP {answer.status}); check {check}"
    return f"it is busy or broken (HTTP {answer.status})"
