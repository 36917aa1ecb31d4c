"""What the agent says of itself: that it is there, what its numbers are, and the same to Home Assistant and Janitoo."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .. import __version__
from ..core.mqtt import Message
from ..nodes.addresses import own_address
from .homeassistant import HomeAssistant
from .janitoo import Janitoo
from .numbers import Numbers, Part, descriptions
from .remembered import Remembered
from .settings import AgentSettings

MOST_OFTEN_S = 20.0
"""So often Home Assistant is told of other entities at most: each time it looks at all of them."""
MAX_DESCRIPTIONS = 2000
_PATIENCE_S = 5.0
_FILE = "agent-announced.json"


class Client(Protocol):
    """The connection as an announcer uses it; everything is called in the agent's own thread."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Publish a message; False where there is no connection."""
        ...

    def subscribe(self, topic_filter: str, handler: Callable[[Message], None]) -> None:
        """Take the messages of a filter until the connection is gone."""
        ...


class Announcer:
    """Says that the device is there.

    Everything is called in the agent's own thread.

    Args:
        settings: what the agent is told.
        parts: its components.
        address: finds the machine's address in its network.
        clock: seconds since the epoch UTC.
        monotonic: seconds on a clock that never falls.
    """

    def __init__(
        self,
        settings: AgentSettings,
        parts: Sequence[Part],
        address: Callable[[], str] = own_address,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._parts = parts
        self._find_address = address
        self._clock = clock
        self._monotonic = monotonic
        self._address = ""
        numbers = Numbers(parts)
        self._remembered = Remembered(settings.outbox.with_name(_FILE))
        self._homeassistant = HomeAssistant(settings, numbers, self._remembered)
        self._janitoo = Janitoo(settings, numbers) if settings.janitoo else None
        self._about = self._entities = b""
        self._again_at = math.inf
        self._told_at = -math.inf
        self._was_read = False

    @property
    def will(self) -> tuple[str, bytes]:
        """What the broker publishes, retained, when the device vanishes: topic and payload."""
        return self._settings.status, b"offline"

    def on_connect(self, client: Client) -> None:
        """The broker has taken us."""
        self._take_back(client)
        self._address = self._find_address()
        self._about = self._entities = b""
        self._told_at = -math.inf
        self._homeassistant.forget_gone()
        self._tell(client)
        client.publish(self._settings.status, b"online", retain=True)
        if self._janitoo is not None:
            self._janitoo.begin()
            for each in self._janitoo.filters:
                client.subscribe(each, lambda message: self._answer(message, client))

    def on_read(self, client: Client | None) -> None:
        """Components were read, found or lost; the client is None while there is no connection."""
        self._was_read = True
        if client is not None:
            self._tell(client)

    def on_stop(self, client: Client) -> None:
        """The device says goodbye."""
        client.publish(self._settings.status, b"offline", retain=True)
        if self._janitoo is not None:
            self._janitoo.goodbye(client)
        self._remembered.save()

    def due(self, now: float, client: Client | None) -> float:
        """Do what is due.

        Args:
            now: seconds on a clock that never falls (`time.monotonic`).
            client: None while there is no connection.

        Returns:
            When it wants to be called next, on that clock; `math.inf` for never.
        """
        if client is None:
            return math.inf
        if now >= self._again_at:
            self._was_read = True
            self._tell(client)
        return min(self._again_at, math.inf if self._janitoo is None else self._janitoo.due(now, client))

    # -- what is said ----------------------------------------------------------------------------------

    def _tell(self, client: Client) -> None:
        """Say what the device and its numbers are, where that is news."""
        self._again_at = math.inf
        if not (self._was_read or self._remembered.descriptions):
            self._again_at = self._monotonic() + _PATIENCE_S  # what numbers are is known when they were read
            return
        about = self._describe()
        if about != self._about and client.publish(self._settings.about, about, retain=True):
            self._about = about
            self._remembered.save()
        if self._settings.homeassistant:
            self._tell_homeassistant(client)

    def _tell_homeassistant(self, client: Client) -> None:
        entities = self._homeassistant.message(self._clock())
        if not entities or entities == self._entities:
            return
        now = self._monotonic()
        if now < self._told_at + MOST_OFTEN_S:
            self._again_at = self._told_at + MOST_OFTEN_S
            return
        self._remembered.save()
        # QoS 0: who is away asks for what is retained when it is back, and what the broker keeps for it has room for readings
        if client.publish(self._homeassistant.topic, entities, qos=0, retain=True):
            self._entities, self._told_at = entities, now

    def _describe(self) -> bytes:
        """The device and its numbers."""
        settings = self._settings
        metrics: dict[str, Any] = {}
        for part in self._parts:
            for path, each in self._described(part).items():
                if len(metrics) < MAX_DESCRIPTIONS:
                    metrics[f"{part.name}.{path}"] = {**each, "every": part.every}
        document = {
            "device_id": settings.device,
            "name": settings.name,
            "location": settings.location,
            "hadd": settings.hadd,
            "version": __version__,
            "address": self._address,
            "poll_delay": settings.poll_delay,
            "metrics": metrics,
        }
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")

    def _described(self, part: Part) -> dict[str, Any]:
        """What the numbers of a component are; as it was last where it is not there, since its numbers may wait still."""
        found = {
            path: {"label": each.label, "units": each.units, "counter": each.counter} for path, each in descriptions(part).items()
        }
        if found:
            self._remembered.descriptions[part.name] = found
        return self._remembered.descriptions.get(part.name, {})

    def _take_back(self, client: Client) -> None:
        """Take back what was announced under another name, or to Home Assistant before that was switched off."""
        settings, remembered = self._settings, self._remembered
        topics = {settings.about, settings.status}
        if settings.homeassistant:
            topics.add(self._homeassistant.topic)
        else:
            remembered.entities.clear()
        for topic in sorted(remembered.topics - topics):
            client.publish(topic, b"", retain=True)
        remembered.topics = topics
        remembered.save()

    # -- requests --------------------------------------------------------------------------------------

    def _answer(self, message: Message, client: Client) -> None:
        if self._janitoo is not None:
            self._janitoo.answer(message, client, self._monotonic())
