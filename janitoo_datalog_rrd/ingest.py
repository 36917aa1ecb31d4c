"""The way in: a message from the bus is decoded, stored, and only then acknowledged."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections import deque
from collections.abc import Callable

from .core.announcements import Announcements
from .core.decoding import Readers
from .core.errors import DecodeError, StoreError
from .core.packets import Publish
from .core.services import Services
from .routes import HEARTBEATS, Router
from .store.column import LARGEST, ColumnState
from .store.intake import ACCEPTED, IGNORED, LATE, Intake, StoreFullError
from .store.settings import EARLIEST_S
from .store.store import Store

logger = logging.getLogger(__name__)

_DROPPED = {
    "bad_time": "its time is before 1980 or more than a minute ahead of this machine's clock",
    "out_of_range": "its number is larger than an RRD file can hold, or not one that its counter can have",
    "max_series": "there are max_series series already, and this would be a new one",
    "not_configured": "auto_series is off, and no datasource asks for this value",
}
_PLAIN_MAX = 32  # a longer text may be a number too, but is no everyday one


class Ingest:
    """Takes messages in: everything that came with one read from the socket is decoded, stored, and acknowledged together.

    Args:
        store: where the readings go.
        readers: the decoders.
        announcements: keeps what devices say of themselves.
        services: told of heartbeats, counts, messages that cannot be used, and when the store takes nothing.
        acknowledge: sends the PUBACK of messages, by their packet identifiers.
        waiting_max: how many messages of QoS 0 may wait for the store; those of QoS 1 are bounded by the broker.
        on_filters: called when other topics are read than before; it may come from any thread.
    """

    def __init__(
        self,
        store: Store,
        readers: Readers,
        announcements: Announcements,
        services: Services,
        acknowledge: Callable[[list[bytes]], None],
        waiting_max: int,
        on_filters: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._router = Router(readers, services.nodes, announcements)
        self._counters = services.counters
        self._rejected = services.rejected
        self._health = services.health
        self._acknowledge = acknowledge
        self._on_filters = on_filters
        self._version = self._router.version
        self._clock = services.clock
        self._waiting_max = waiting_max
        self._plain: dict[bytes, ColumnState] = {}
        self._generation = (-1, -1, -1)
        self._waiting: deque[tuple[list[Publish], float]] = deque()
        self._arriving = math.inf
        self._failing = False
        self._told: set[str] = set()
        self._lock = threading.Lock()

    @property
    def filters(self) -> list[str]:
        """Every topic filter to subscribe."""
        return self._router.filters

    @property
    def announcement_filters(self) -> list[str]:
        """Those of announcements, which the broker is asked for again at each connect."""
        return self._router.announcement_filters

    @property
    def state_filters(self) -> list[str]:
        """Those that only say how something stands."""
        return self._router.state_filters

    @property
    def waiting(self) -> int:
        """How many messages wait for the store."""
        return sum(len(messages) for messages, _ in list(self._waiting))

    @property
    def oldest_waiting(self) -> float:
        """When the message that has waited longest came, seconds since the epoch UTC; infinity when none waits.

        Those that are being taken wait too: for the cache, while a snapshot is made of it.
        """
        waiting = self._waiting
        try:
            return min(waiting[0][1], self._arriving)
        except IndexError:
            return self._arriving

    def on_packets(self, messages: list[Publish]) -> None:
        """Take messages in the order in which they came: (topic, payload, packet identifier or empty) each."""
        self._arriving = arrival = self._clock()
        try:
            with self._lock:
                if not self._waiting:
                    messages = self._take(messages, arrival)
                if messages:
                    self._let_wait(messages, arrival)
        finally:
            self._arriving = math.inf

    def retry(self) -> None:
        """Store what waits, in its order; called once a second and cheap when nothing waits."""
        with self._lock:
            while self._waiting:
                messages, arrival = self._waiting[0]
                now = self._clock()
                if not EARLIEST_S <= arrival <= now:
                    arrival = now  # the clock was set meanwhile: that time is of no use, and the messages are
                left = self._take(messages, arrival)
                if left:
                    self._waiting[0] = (left, arrival)
                    return
                self._waiting.popleft()

    def forget_waiting(self) -> None:
        """The connection is gone: the broker sends again what was not acknowledged."""
        with self._lock:
            kept = [([each for each in messages if not each[2]], arrival) for messages, arrival in self._waiting]
            self._waiting = deque(each for each in kept if each[0])

    # -- a batch ------------------------------------------------------------------------------------

    def _take(self, messages: list[Publish], arrival: float) -> list[Publish]:
        """Store and acknowledge messages; the answer has those that have to wait, since the store cannot take them now.

        Nothing is counted or told of a message that waits: that is done when its turn comes.
        """
        results, bug = _Results(), None
        try:
            with self._store.intake() as intake:
                count = self._fill(intake, messages, arrival, results)
                intake.commit()
        except (StoreError, OSError) as error:
            self._tell_failing(error)
            return messages
        except Exception as error:  # noqa: BLE001 - a bug met by one message may not hold up all others
            bug = error
        if bug is not None:
            return self._take_by_halves(messages, arrival, bug)
        if results.full is not None:
            self._tell_failing(results.full)
        elif self._failing and results.tally.get(ACCEPTED):
            self._tell_well()
        for outcome, number in results.tally.items():
            self._counters.add("messages", outcome, number)
        for (topic, payload, _), reason, detail in results.rejected:
            self._rejected.add(topic.decode("utf-8", "replace"), payload, reason, detail)
        self._acknowledge([mid for _, _, mid in messages[:count] if mid])
        if self._router.version != self._version:
            self._version = self._router.version
            self._on_filters()
        return messages[count:]

    def _take_by_halves(self, messages: list[Publish], arrival: float, error: Exception) -> list[Publish]:
        """After a bug: find the message that meets it, and take the others."""
        if len(messages) == 1:
            topic, payload, mid = messages[0]
            self._tell_bug(topic, error)
            self._rejected.add(topic.decode("utf-8", "replace"), payload, "store_failed", f"{type(error).__name__}: {error}")
            self._acknowledge([mid] if mid else [])
            return []
        half = len(messages) // 2
        left = self._take(messages[:half], arrival)
        return left + messages[half:] if left else self._take(messages[half:], arrival)

    def _fill(self, intake: Intake, messages: list[Publish], arrival: float, results: _Results) -> int:
        """Decode messages into a batch; the answer is how many there was room for.

        A bare number on a topic whose series is known takes the short way: it is here that a message costs least.
        """
        plain = self._plain_columns() if intake.room >= len(messages) else {}
        add_column, add_time, add_value = intake.columns.append, intake.times.append, intake.values.append
        short_way, room_for = 0, len(messages)
        for position, message in enumerate(messages):
            topic, payload, _ = message
            column = plain.get(topic)
            if column is not None and len(payload) <= _PLAIN_MAX:
                try:
                    value = float(payload)
                except ValueError:
                    pass  # the decoder knows more than bare numbers
                else:
                    if -LARGEST <= value <= LARGEST and column.series.closed < arrival and b"_" not in payload:
                        add_column(column)
                        add_time(arrival)
                        add_value(value)
                        short_way += 1
                        continue
            try:
                self._take_one(intake, message, arrival, results)
            except StoreFullError as error:
                results.full, room_for = error, position
                break
        if short_way:
            results.count(ACCEPTED, short_way)
        return room_for

    def _take_one(self, intake: Intake, message: Publish, arrival: float, results: _Results) -> None:
        """Decode one message of any kind into a batch. Raises StoreFullError."""
        topic, payload, _ = message
        try:
            decoder, readings, private = self._router.decode(topic, payload)
        except DecodeError as error:
            results.rejected.append((message, error.reason, str(error)))
            return
        except Exception as error:  # noqa: BLE001 - a decoder may come from any package and fail in any way on a hostile message
            self._tell_bug(topic, error)
            results.rejected.append((message, "decoder_failed", f"{type(error).__name__}: {error}"))
            return
        if private:
            self._counters.add("samples_dropped", "private", private)
        outcome = intake.add(readings, arrival)
        if outcome not in (ACCEPTED, IGNORED, LATE):
            results.rejected.append((message, outcome, _DROPPED.get(outcome, "see the counters of dropped samples")))
            return
        results.count(outcome)
        if outcome == ACCEPTED and getattr(decoder, "bare_numbers", False) and len(readings) == 1:
            column = self._store.cache.plain_column(readings[0].key)
            if column is not None and readings[0].key[1:] == ("",):
                self._plain[topic] = column
                self._router.forget(topic)

    def _plain_columns(self) -> dict[bytes, ColumnState]:
        """Topic → the column where its bare numbers go; made anew when a value no longer goes where it went."""
        generation = self._store.cache.generation, self._router.version, self._router.descriptions
        if generation != self._generation:
            self._plain.clear()
            self._generation = generation
        return self._plain

    # -- when the store takes nothing ----------------------------------------------------------------

    def _let_wait(self, messages: list[Publish], arrival: float) -> None:
        """Keep messages until the store takes them: unacknowledged, so that the broker has them too."""
        waiting = sum(1 for each, _ in self._waiting for _, _, mid in each if not mid)
        kept: list[Publish] = []
        for message in messages:
            topic, payload, mid = message
            if topic.startswith(HEARTBEATS):
                with contextlib.suppress(DecodeError):
                    self._router.decode(topic, payload)  # whether a node lives does not wait
                self._acknowledge([mid] if mid else [])
            elif mid or waiting < self._waiting_max:
                kept.append(message)
                waiting += not mid
            else:
                self._drop(topic, payload)
        if kept:
            self._waiting.append((kept, arrival))

    def _drop(self, topic: bytes, payload: bytes) -> None:
        self._counters.add("messages", "dropped")
        with contextlib.suppress(Exception):  # what cannot be decoded has no samples that could be lost
            self._counters.add("samples_dropped", "store_failing", len(self._router.decode(topic, payload)[1]))

    def _tell_failing(self, error: Exception) -> None:
        what = f"nothing can be stored now: {error}; messages wait at the broker, and it goes on by itself"
        if not self._failing:
            logger.error("%s", what)
        self._failing = True
        self._health.fail("store", what)

    def _tell_well(self) -> None:
        self._failing = False
        self._health.ok("store")
        logger.info("messages are stored again")

    def _tell_bug(self, topic: bytes, error: Exception) -> None:
        """Log a decoder's bug with its traceback, once per kind, since whoever publishes could fill the log with it."""
        kind = f"{type(error).__name__} {error.__traceback__.tb_lineno if error.__traceback__ else 0}"
        if kind not in self._told and len(self._told) < 100:
            self._told.add(kind)
            logger.error("a message on %.200r could not be used", topic, exc_info=error)


class _Results:
    """What became of the messages of one batch.

    Attributes:
        tally: how many had which outcome.
        rejected: messages that could not be used, with reason and detail.
        full: set when there was no room for all.
    """

    __slots__ = ("full", "rejected", "tally")

    def __init__(self) -> None:
        self.tally: dict[str, int] = {}
        self.rejected: list[tuple[Publish, str, str]] = []
        self.full: StoreFullError | None = None

    def count(self, outcome: str, number: int = 1) -> None:
        """Note an outcome."""
        self.tally[outcome] = self.tally.get(outcome, 0) + number
