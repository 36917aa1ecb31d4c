"""The listener: hears the whole bus while somebody looks at it, and is not there otherwise."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ...core.connection import BrokerSettings
from ...core.errors import StartError
from ...core.options import Options
from ...core.packets import Publish
from ...core.receiver import Receiver
from ...core.services import Services
from .heard import Heard

logger = logging.getLogger(__name__)

EVERYTHING = "#"
"""What is subscribed: every topic but the broker's own, below `$SYS`."""
IDLE_S = 60.0
"""So long after the last look it is listened on."""
_SHARE = 0.1  # of one core's time; what is read no faster waits in the socket, and the broker passes over the rest
_LONGEST_PAUSE_S = 0.5
_CROWDED_BYTES = 48_000  # a read of so many bytes has not emptied the socket
_CROWDED_S = 5.0


@dataclass(frozen=True, slots=True)
class Hearing:
    """How the listening goes.

    Attributes:
        connected: whether the broker has taken us.
        sentence: what to know of it; empty when all is well.
        since: since when it is listened, seconds since the epoch UTC.
        crowded: whether more comes than is looked at, so that counts are too low.
    """

    connected: bool
    sentence: str
    since: float
    crowded: bool


class Listener:
    """Listens to the whole bus from a look to a minute after the last one, over a connection of its own.

    It takes a tenth of one core at most: what comes faster is passed over by the broker, and the store's connection knows
    nothing of it.

    Args:
        services: told where the broker is, and what time it is.
        heard: where messages go; emptied when nobody looks any more.
        idle_s: seconds after the last look.
        monotonic: a clock that is never set.
    """

    def __init__(
        self, services: Services, heard: Heard, idle_s: float = IDLE_S, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._services = services
        self.heard = heard
        self._idle_s = idle_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._receiver: Receiver | None = None
        self._asked: list[object] = []
        self._looked = self._crowded_until = self._cpu = 0.0
        self._since = 0.0
        self._connected = False
        self._sentence = self._deaf = ""

    @property
    def listening(self) -> bool:
        """Whether there is a connection, or one is tried."""
        return self._receiver is not None

    def look(self) -> Hearing:
        """Somebody looks: begin to listen, or go on."""
        with self._lock:
            self._looked = self._monotonic()
            if self._receiver is not None and self._asked != _broker_of(self._services.options):
                self._end()
            if self._receiver is None:
                self._begin()
            sentence = self._deaf or ("" if self._connected else self._sentence)
            return Hearing(self._connected, sentence, self._since, self._monotonic() < self._crowded_until)

    def stop(self) -> None:
        """Listen no more, and forget what was heard."""
        with self._lock:
            self._end()

    def _begin(self) -> None:
        options = self._services.options
        self._asked, self._cpu = _broker_of(options), 0.0
        self._deaf, self._connected = "", False
        try:
            settings = BrokerSettings.from_options(options)
        except StartError as error:
            self._sentence = str(error)
            return
        self._sentence = f"Not connected yet to the MQTT broker at {settings.host}:{settings.port}."
        self._since = self._services.clock()
        self._ended = threading.Event()
        address = str(options.get_option("http", "hadd", "")).replace("/", "-")
        receiver = Receiver(
            settings,
            "-".join(part for part in (options.service, address, "explore") if part),
            [EVERYTHING],
            self._on_packets,
            on_state=self._on_state,
            on_deaf=self._on_deaf,
            passing=True,
        )
        self._receiver = receiver
        receiver.start()
        threading.Thread(target=self._watch, args=(self._ended,), name="explore-watch", daemon=True).start()

    def _end(self) -> None:
        self._ended.set()
        if self._receiver is not None:
            self._receiver.stop()
        self.heard.clear()
        self._receiver = None

    def _watch(self, ended: threading.Event) -> None:
        """End the listening when nobody has looked for long."""
        while True:
            left = self._looked + self._idle_s - self._monotonic()
            if ended.wait(max(left, 0.05)):
                return
            with self._lock:
                if not ended.is_set() and self._looked + self._idle_s <= self._monotonic():
                    self._end()
                    return

    # -- called in the receiver's thread --------------------------------------------------------------

    def _on_state(self, connected: bool, sentence: str) -> None:
        self._connected, self._sentence = connected, f"{sentence[:1].upper()}{sentence[1:]}."
        self._deaf = ""

    def _on_deaf(self, topic_filter: str, reason: str) -> None:
        user = self._services.options.system["broker_user"]
        who = f"the user {user}" if user else "this server, which names no user,"
        self._deaf = (
            f"The broker does not let {who} listen to {topic_filter} ({reason}): allow it in the broker's access rules to see "
            "everything here. What is logged does not need it."
        )

    def _on_packets(self, messages: list[Publish]) -> None:
        receiver = self._receiver
        if receiver is None or self._ended.is_set():
            return
        self.heard.take(messages, receiver.retained, self._services.clock())
        if sum(len(topic) + len(payload) for topic, payload, _ in messages) > _CROWDED_BYTES:
            self._crowded_until = self._monotonic() + _CROWDED_S
        now = time.thread_time()
        spent, self._cpu = now - self._cpu, now
        if 0 < spent < _LONGEST_PAUSE_S:  # another thread's time is no measure
            self._ended.wait(min(spent * (1 / _SHARE - 1), _LONGEST_PAUSE_S))


def _broker_of(options: Options) -> list[object]:
    """What of a configuration the connection depends on."""
    return [value for name, value in sorted(options.system.values.items()) if name.startswith("broker_")]
