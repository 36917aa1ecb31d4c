"""The way in: a message from the bus is decoded, stored, and only then acknowledged."""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .core.contracts import Decoder, Reading
from .core.errors import DecodeError, PluginError, StoreError
from .core.mqtt import Message
from .core.options import Options
from .core.plugins import DECODERS, Plugins
from .core.sections import Section
from .core.services import Services
from .core.topics import HEARTBEAT_FILTER, VALUES_FILTER, topic_matches

logger = logging.getLogger(__name__)

_DROPPED = {
    "bad_time": "its time is before 1980 or more than a minute ahead of this machine's clock",
    "out_of_range": "its number is larger than an RRD file can hold, or not one that its counter can have",
    "max_series": "there are max_series series already, and this would be a new one",
    "not_configured": "auto_series is off, and no datasource asks for this value",
}
_ROUTES_MAX = 50_000
_ROUTE_TOPIC_MAX = 300  # longer topics are rare and would fill the memory: they are looked up each time


@dataclass(frozen=True, slots=True)
class Route:
    """Which decoder reads the messages of which topics.

    Attributes:
        filters: MQTT topic filters.
        decoder: what reads them.
        kind: the dialect's name.
    """

    filters: tuple[str, ...]
    decoder: Decoder
    kind: str


def build_routes(options: Options, plugins: Plugins) -> tuple[list[Route], dict[str, str]]:
    """Build the decoders of the configuration: Janitoo's, then those of the `[decoder__NAME]` sections in their order.

    Args:
        options: checked, so that every decoder takes its section.
        plugins: what the decoders are loaded from.

    Returns:
        The routes, and by `decoder NAME` why its plugin cannot be loaded; the others go on.
    """
    wanted = [("janitoo", (VALUES_FILTER,), Section("decoder__janitoo"))]
    wanted += [(section["kind"], section["topics"], section) for section in options.prefixed("decoder")]
    routes: list[Route] = []
    faults: dict[str, str] = {}
    for kind, filters, section in wanted:
        try:
            routes.append(Route(filters, plugins.load(DECODERS, kind)(section), kind))
        except PluginError as error:
            faults[section.name.replace("__", " ")] = str(error)
    return routes, faults


class Ingest:
    """Takes messages in.

    Args:
        accept: takes the readings of one message with the time of arrival, and tells how many it dropped for which reason;
            raises StoreError or OSError when it can take none now.
        routes: which decoder reads what; the first match wins.
        services: told of heartbeats, counts, messages that cannot be used, and when the store takes nothing.
        acknowledge: sends the PUBACK of a message.
        waiting_max: how many messages of QoS 0 may wait for the store; those of QoS 1 are bounded by the broker.
    """

    def __init__(
        self,
        accept: Callable[[Sequence[Reading], float, dict[str, int]], int],
        routes: Iterable[Route],
        services: Services,
        acknowledge: Callable[[Message], None],
        waiting_max: int,
    ) -> None:
        self._accept = accept
        self._routes = list(routes)
        self._nodes = services.nodes
        self._counters = services.counters
        self._rejected = services.rejected
        self._health = services.health
        self._acknowledge = acknowledge
        self._clock = services.clock
        self._waiting_max = waiting_max
        self._by_topic: dict[str, Decoder] = {}
        self._waiting: deque[tuple[Message, Sequence[Reading], float]] = deque()
        self._failing = False
        self._told: set[str] = set()
        self._lock = threading.Lock()

    @property
    def filters(self) -> list[str]:
        """Every topic filter to subscribe; none that another covers, since a broker may send a message once for each."""
        found = list(dict.fromkeys([HEARTBEAT_FILTER, *(each for route in self._routes for each in route.filters)]))
        return [each for each in found if not any(other != each and topic_matches(other, each) for other in found)]

    @property
    def waiting(self) -> int:
        """How many messages wait for the store."""
        return len(self._waiting)

    @property
    def oldest_waiting(self) -> float:
        """When the message that has waited longest came, seconds since the epoch UTC; infinity when none waits."""
        waiting = self._waiting
        try:
            return waiting[0][2]
        except IndexError:
            return math.inf

    def on_message(self, message: Message) -> None:
        """Take a message: decode it, have it stored, acknowledge it."""
        arrival = self._clock()
        try:
            readings = self._decode(message)
        except DecodeError as error:
            self._rejected.add(message.topic, message.payload, error.reason, str(error))
            self._acknowledge(message)
            return
        except Exception as error:  # noqa: BLE001 - a decoder may come from any package and fail in any way on a hostile message
            self._tell_bug(message.topic, error)
            self._rejected.add(message.topic, message.payload, "decoder_failed", f"{type(error).__name__}: {error}")
            self._acknowledge(message)
            return
        with self._lock:
            if self._waiting or not self._store(message, readings, arrival):
                self._let_wait(message, readings, arrival)

    def retry(self) -> None:
        """Store what waits, in its order; called once a second and cheap when nothing waits."""
        with self._lock:
            while self._waiting and self._store(*self._waiting[0]):
                self._waiting.popleft()

    def forget_waiting(self) -> None:
        """The connection is gone: the broker sends again what was not acknowledged."""
        with self._lock:
            self._waiting = deque(each for each in self._waiting if each[0].qos == 0)

    def _decode(self, message: Message) -> list[Reading]:
        topic = message.topic
        if topic.startswith("/dhcp/heartbeat/"):
            self._nodes.on_heartbeat(topic, message.payload)
            return []
        decoder = self._by_topic.get(topic)
        if decoder is None:
            decoder = self._find(topic)
        return decoder.decode(topic, message.payload)

    def _find(self, topic: str) -> Decoder:
        for route in self._routes:
            if any(topic_matches(each, topic) for each in route.filters):
                if len(self._by_topic) >= _ROUTES_MAX:
                    self._by_topic.clear()
                if len(topic) <= _ROUTE_TOPIC_MAX:
                    self._by_topic[topic] = route.decoder
                return route.decoder
        raise DecodeError("no_decoder", "no decoder reads this topic")

    def _store(self, message: Message, readings: Sequence[Reading], arrival: float) -> bool:
        """Store and acknowledge a message; False when the store can take nothing now."""
        accepted, dropped = 0, dict[str, int]()
        if readings:
            try:
                accepted = self._accept(readings, arrival, dropped)
            except (StoreError, OSError) as error:
                self._tell_failing(error)
                return False
            except Exception as error:  # noqa: BLE001 - a bug met by one message may not hold up all that come after it
                self._tell_bug(message.topic, error)
                self._rejected.add(message.topic, message.payload, "store_failed", f"{type(error).__name__}: {error}")
                self._acknowledge(message)
                return True
            if self._failing:
                self._tell_well()
        if accepted or not dropped:
            self._counters.add("messages", "accepted" if accepted else "ignored")
        elif "late" in dropped:
            self._counters.add("messages", "late")
        else:
            reason = next(iter(dropped))
            self._rejected.add(
                message.topic, message.payload, reason, _DROPPED.get(reason, "see the counters of dropped samples")
            )
        self._acknowledge(message)
        return True

    def _let_wait(self, message: Message, readings: Sequence[Reading], arrival: float) -> None:
        """Keep a message until the store takes it: unacknowledged, so that the broker has it too."""
        if message.qos == 0 and len(self._waiting) >= self._waiting_max:
            self._counters.add("messages", "dropped")
            self._counters.add("samples_dropped", "store_failing", len(readings))
            return
        self._waiting.append((message._replace(payload=b""), readings, arrival))

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

    def _tell_bug(self, topic: str, error: Exception) -> None:
        """Log a decoder's bug with its traceback, once per kind, since whoever publishes could fill the log with it."""
        kind = f"{type(error).__name__} {error.__traceback__.tb_lineno if error.__traceback__ else 0}"
        if kind not in self._told and len(self._told) < 100:
            self._told.add(kind)
            logger.error("a message on %.200r could not be used", topic, exc_info=error)
