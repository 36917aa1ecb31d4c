"""Forwarding, its thread: reads what was journalled, sends it to one database, and confirms it once that has it."""

from __future__ import annotations

import gzip
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..core.connection import Backoff
from ..core.contracts import Tail
from ..core.errors import StoreError
from ..core.facts import ForwardState
from ..core.httpclient import HttpClient, UnreachableError
from ..core.status import Counters, Health
from .lines import LineWriter
from .targets import Outcome, Target, Verdict

logger = logging.getLogger(__name__)

STOP_S = 1.5
"""How long `stop` waits for a request that is under way."""
MAX_BODY = 1 << 20
"""Bytes of lines in one request, before they are compressed."""
SHARE = 0.125
"""How much of a core it takes at most: after each batch it rests, so that what comes in has the rest while it catches up."""
_PAYS = 1024  # bytes from which on compressing pays
_REST_S = 1.0
_LOOK_S = 1.0
_REFUSED_PAUSE_S = 0.05
_MAX_WAIT_S = 3600.0
_TOLD_MAX = 20


@dataclass(frozen=True, slots=True)
class Pace:
    """How a forwarder goes about it.

    Attributes:
        batch_size: lines in one request at most.
        interval_s: how long samples are gathered before they are sent.
    """

    batch_size: int
    interval_s: float


class Forwarder:
    """Sends the samples of a tail to one database, in a thread of its own.

    They are sent in the order of the journal, a batch at a time, and confirmed when the database has them or has refused them
    for good; so what was under way when anything ended is sent again, as the same lines, which the database stores once.
    While it is away, or not set up for us, samples stay in the journal, and it is tried again after longer and longer pauses.

    Args:
        name: of the section, without `forward__`.
        tail: what is sent; closed at the end.
        writer: makes lines of samples.
        target: where to.
        client: sends them; the forwarder closes it.
        pace: see Pace.
        counters: `forward_samples` are counted there, labelled `NAME RESULT`.
        health: told while samples do not get through.
        clock: seconds since the epoch UTC.
        backoff: how long to wait between two tries.
    """

    def __init__(
        self,
        name: str,
        tail: Tail,
        writer: LineWriter,
        target: Target,
        client: HttpClient,
        pace: Pace,
        counters: Counters,
        health: Health,
        clock: Callable[[], float] = time.time,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = name
        self.target = target
        self._tail = tail
        self._writer = writer
        self._client = client
        self._pace = pace
        self._counters = counters
        self._health = health
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._thread = threading.Thread(target=self._run, name=f"forward-{name}", daemon=True)
        self._stopping = threading.Event()
        self._most = pace.batch_size
        self._compressed = target.compressed
        self._trouble = ""
        self._since: float | None = None
        self._last_sent: float | None = None
        self._dropped = tail.dropped
        self._counting = threading.Lock()
        self._told: set[str] = set()

    @property
    def part(self) -> str:
        """What health calls it."""
        return f"forward {self.name}"

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Have it end as soon as may be; `stop` waits for it."""
        self._stopping.set()
        self._tail.close()

    def stop(self, wait_s: float = STOP_S) -> None:
        """End it; what was not confirmed is sent again by the next one.

        A request whose answer does not come in time is left to itself.
        """
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join(wait_s)
        self._health.ok(self.part)

    def state(self) -> ForwardState:
        """How it stands; may be asked for from any thread."""
        self._count_dropped()  # its own thread may be busy with one request for days
        results = ("sent", "unknown", "refused", "dropped")
        counts = {result: self._counters.get("forward_samples", f"{self.name} {result}") for result in results}
        return ForwardState(
            name=self.name,
            kind=self.target.kind,
            place=self.target.place,
            trouble=self._trouble,
            since=self._since,
            last_sent=self._last_sent,
            behind_bytes=self._tail.behind_bytes,
            **counts,
        )

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._round()
                except StoreError:
                    return  # the tail was closed
                except OSError as error:
                    self._failed(f"the journal cannot be read: {error}")
                    self._stopping.wait(self._backoff.draw())
                except Exception as error:  # it is tried again, and the others go on
                    logger.exception("%s failed; it is tried again", self.part)
                    self._fail(f"it failed ({type(error).__name__}), see the log")
                    self._stopping.wait(self._backoff.draw())
        finally:
            self._client.close()

    def _round(self) -> None:
        """Send one batch; where nothing waits, wait until something does, and a while longer for more to come."""
        began = time.thread_time()
        samples = self._tail.read(self._pace.batch_size)
        self._count_dropped()
        if not samples:
            if self._tail.wait(_LOOK_S):
                self._stopping.wait(self._pace.interval_s)
            return
        lines, unknown = self._writer.write(samples)
        if not self._send_all(lines):
            return
        self._tail.done()
        self._count("unknown", unknown)
        if len(samples) < self._pace.batch_size:
            self._stopping.wait(self._pace.interval_s)
        else:
            worked = time.thread_time() - began
            self._stopping.wait(min(worked * (1 / SHARE - 1), _REST_S))

    def _send_all(self, lines: Sequence[bytes]) -> bool:
        """Send lines until each was taken or refused for good; False where it is stopped before."""
        waiting = deque(self._pieces(lines))
        while waiting:
            piece = waiting.popleft()
            if len(piece) > self._most:  # it has said meanwhile that this is too much
                waiting.extendleft(reversed(self._pieces(piece)))
                continue
            verdict = self._send(piece)
            if verdict is None:
                return False
            if verdict.outcome is Outcome.TAKEN:
                refused = min(verdict.refused, len(piece))
                self._count("sent", len(piece) - refused)
                self._refuse(refused, verdict.why)
            elif len(piece) > 1:
                half = len(piece) // 2
                waiting.extendleft((piece[half:], piece[:half]))
            else:
                self._refuse(1, verdict.why)
                self._stopping.wait(_REFUSED_PAUSE_S)  # where it refuses all, it is not asked as fast as may be
        return True

    def _pieces(self, lines: Sequence[bytes]) -> list[Sequence[bytes]]:
        """Lines cut into requests."""
        pieces: list[Sequence[bytes]] = []
        first = size = 0
        for index, line in enumerate(lines):
            if index > first and (size + len(line) > MAX_BODY or index - first >= self._most):
                pieces.append(lines[first:index])
                first, size = index, 0
            size += len(line)
        if first < len(lines):
            pieces.append(lines[first:])
        return pieces

    def _send(self, piece: Sequence[bytes]) -> Verdict | None:
        """Send one request until there is an answer that settles it; None where it is stopped before."""
        while not self._stopping.is_set():
            try:
                verdict = self._ask(piece)
            except UnreachableError as error:
                verdict = Verdict(Outcome.AGAIN, why=str(error))
            if verdict.outcome is Outcome.PLAIN and self._compressed:
                self._compressed = False
                continue
            if verdict.outcome is Outcome.SMALLER:
                self._most = max(1, min(self._most, len(piece) // 2))
            if verdict.outcome in (Outcome.AGAIN, Outcome.PLAIN):
                if not self._stopping.is_set():
                    self._failed(verdict.why)
                    self._stopping.wait(max(self._backoff.draw(), min(verdict.wait_s, _MAX_WAIT_S)))
                continue
            if verdict.outcome is Outcome.TAKEN:
                self._well()
            return verdict
        return None

    def _ask(self, piece: Sequence[bytes]) -> Verdict:
        """Send one request. Raises UnreachableError."""
        body, headers = b"".join(piece), dict(self.target.headers)
        if self._compressed and len(body) >= _PAYS:
            body = gzip.compress(body, compresslevel=3, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self.target.judge(self._client.send("POST", self.target.url, body, headers))

    # -- what is told --------------------------------------------------------------------------------

    def _count(self, result: str, number: int) -> None:
        if number:
            self._counters.add("forward_samples", f"{self.name} {result}", number)

    def _count_dropped(self) -> None:
        with self._counting:
            dropped = self._tail.dropped
            self._count("dropped", dropped - self._dropped)
            self._dropped = dropped

    def _refuse(self, number: int, why: str) -> None:
        """Count what it refuses for good, and tell each reason once."""
        if not number:
            return
        self._count("refused", number)
        kind = "".join(each for each in why.partition("'")[0] if not each.isdigit())  # without the line itself
        if kind not in self._told and len(self._told) < _TOLD_MAX:
            self._told.add(kind)
            what = f"{self.target.place} refuses samples, which are dropped and counted: {why}"
            logger.error("%s: %s", self.part, what)
            self._health.note(self.part, what)

    def _failed(self, why: str) -> None:
        """Tell that samples do not get through; the same reason twice is no second line in the log."""
        if why != self._trouble:
            logger.warning("%s: %s: %s; samples are kept and tried again until they get there", self.part, self.target.place, why)
        self._fail(why)

    def _fail(self, why: str) -> None:
        if self._stopping.is_set():
            return
        if not self._trouble:
            self._since = self._clock()
        self._trouble = why
        self._health.fail(self.part, f"{self.target.place}: {why}; samples are kept meanwhile")

    def _well(self) -> None:
        self._backoff.reset()
        now = self._clock()
        if self._trouble or self._since is None:
            if self._trouble:
                logger.info("%s: %s takes samples again", self.part, self.target.place)
            self._since, self._trouble = now, ""
            self._health.ok(self.part)
        self._last_sent = now
