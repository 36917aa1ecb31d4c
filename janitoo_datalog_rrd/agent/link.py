"""The agent's connection to the broker: a new client for each, so that what was not acknowledged is sent by the outbox alone."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable

from ..core.connection import Backoff, BrokerSettings
from ..core.mqtt import Message, MqttClient, Will

logger = logging.getLogger(__name__)

_BEGINS_S = 180.0  # longer than any connect with its handshake takes
_LASTS_S = 30.0  # a connection that lasts so long was a good one
_SHORT_ONES = 3
_WAITING_MAX = 100
_LATER_MAX = 100
_AROUND = 16  # bytes of a PUBLISH packet beside its topic and its payload, at most


def size_of(topic: str, payload: bytes) -> int:
    """Bytes that a message takes on the wire, at most."""
    return len(topic.encode()) + len(payload) + _AROUND


class Link:
    """Connects for ever. Its methods are called in the agent's thread only.

    Args:
        settings: where the broker is.
        client_id: the agent's name there.
        will: what the broker publishes, retained, when the agent vanishes.
        post: has something called in the agent's thread.
        on_up: called when the broker has taken us.
        on_down: called when the connection is gone.
        on_published: called with the id of a message that the broker has, and why it does not want it.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        will: Will,
        *,
        post: Callable[[Callable[[], None]], None],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        on_published: Callable[[int, str], None],
    ) -> None:
        self._settings = settings
        self._client_id = client_id
        self._will = will
        self._post = post
        self._on_up = on_up
        self._on_down = on_down
        self._on_published = on_published
        self._told = ""
        self._backoff = Backoff()
        self._client: MqttClient | None = None
        self._up_since = math.nan
        self._begin_at = -math.inf
        self._give_up_at = math.inf
        self._short = 0
        self._asked = 0
        self._on_the_way: set[int] = set()
        self._later: deque[tuple[str, bytes, bool]] = deque(maxlen=_LATER_MAX)

    @property
    def up(self) -> bool:
        """True while the broker has accepted us, and this was told by `on_up`."""
        return not math.isnan(self._up_since) and self._client is not None and self._client.connected

    @property
    def window(self) -> int:
        """How many messages may be on their way at once."""
        return 0 if self._client is None else self._client.receive_maximum

    @property
    def has_more(self) -> bool:
        """True while something waits that was published, until the broker has room for it."""
        return bool(self._later)

    def due(self, now: float) -> float:
        """Begin a connection where it is time; returns when to call again, on the clock of `time.monotonic`."""
        if self._client is not None and not self.up and now >= self._give_up_at:
            self.renew("the connection is neither there nor gone")
        if self._client is None and now >= self._begin_at:
            self._begin()
            self._give_up_at = now + _BEGINS_S
        if self._client is None:
            return self._begin_at
        return math.inf if self.up else self._give_up_at

    def send(self, topic: str, payload: bytes) -> int | None:
        """Publish with QoS 1; returns the id that `on_published` will name, or None where there is no connection, or no room."""
        if self._client is None or not self.up or len(self._on_the_way) >= self.window:
            return None
        return self._send(topic, payload)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Publish a message; False where there is no connection, or where the broker takes none as long.

        Where as many are on their way as the broker takes at once, one with QoS 1 follows when there is room.
        """
        if self._client is None:
            return False
        if size_of(topic, payload) > self.longest:
            logger.error(
                "a message on %s has %d bytes, and the broker takes %d: it is not sent", topic, len(payload), self.longest
            )
            return False
        if qos == 0:
            return self._client.publish(topic, payload, qos=0, retain=retain)
        if self._client.connected and (self._later or len(self._on_the_way) >= self.window):
            self._later.append((topic, payload, retain))
            return True
        return self._send(topic, payload, retain=retain) is not None

    def subscribe(self, topic_filter: str, handler: Callable[[Message], None]) -> None:
        """Take the messages of a filter until the connection is gone."""
        if self._client is not None:
            self._client.subscribe(topic_filter, lambda message: self._hand_on(handler, message))

    def renew(self, why: str) -> None:
        """Give a connection up that is of no use, and make another one."""
        client = self._client
        if client is not None:
            logger.warning("%s: %s; the connection is made anew", self._client_id, why)
            self._lost(client)

    @property
    def longest(self) -> int:
        """Bytes of the longest message that the broker takes."""
        return 0 if self._client is None else self._client.maximum_packet

    def stop(self, goodbye_s: float = 1.0) -> None:
        """End the connection; the broker is waited for so many seconds."""
        client, self._client = self._client, None
        self._up_since = math.nan
        self._begin_at = math.inf
        if client is not None:
            client.stop(goodbye_s)

    # -- what happens to the connection ------------------------------------------------------------------

    def _begin(self) -> None:
        client = MqttClient(
            self._settings,
            self._client_id,
            will=self._will,
            will_retained=True,
            on_state=lambda connected, _: self._post(lambda: self._came(client)) if connected else None,
            on_published=lambda mid, why: self._post(lambda: self._published(client, mid, why)),
            on_lost=lambda: self._post(lambda: self._lost(client)),
            told=self._told,
        )
        self._client = client
        self._on_the_way.clear()
        self._later.clear()
        client.start()

    def _came(self, client: MqttClient) -> None:
        if client is self._client and client.connected:
            self._up_since = time.monotonic()
            self._on_up()

    def _send(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        mid = None if self._client is None else self._client.send(topic, payload, retain=retain)
        if mid is not None:
            self._on_the_way.add(mid)
        return mid

    def _published(self, client: MqttClient, mid: int, why: str) -> None:
        if client is self._client:
            self._on_the_way.discard(mid)
            while self._later and len(self._on_the_way) < self.window:
                topic, payload, retain = self._later.popleft()
                self._send(topic, payload, retain=retain)
            self._on_published(mid, why)

    def _lost(self, client: MqttClient) -> None:
        if client is not self._client:
            return
        self._client = None
        self._told = client.told
        client.stop(0.0)
        now = time.monotonic()
        lasted = now - self._up_since
        if lasted >= _LASTS_S:
            self._backoff.reset()
        self._up_since = math.nan
        self._begin_at = now + self._backoff.draw()
        self._note_short(lasted)
        self._on_down()

    def _note_short(self, lasted: float) -> None:
        """Tell of connections that the broker ends again and again."""
        if math.isnan(lasted) or lasted >= _LASTS_S:
            self._short = 0 if lasted >= _LASTS_S else self._short
            return
        self._short += 1
        if self._short == _SHORT_ONES:
            logger.error(
                "the broker has ended %d connections soon after it took us: another client may have the id %s too "
                "([agent] device or client_id makes it another), or its access rules do not let us publish or subscribe "
                "what we do ([agent] janitoo and homeassistant switch some of that off)",
                *(self._short, self._client_id),
            )

    def _hand_on(self, handler: Callable[[Message], None], message: Message) -> None:
        """Have a message handled in the agent's thread; of a flood most is dropped."""
        if self._asked >= _WAITING_MAX:
            return
        self._asked += 1
        self._post(lambda: self._handle(handler, message))

    def _handle(self, handler: Callable[[Message], None], message: Message) -> None:
        self._asked -= 1
        handler(message)
