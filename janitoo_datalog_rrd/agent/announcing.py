"""What the agent says of itself: that it is there, and what its numbers are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ..core.mqtt import Message
from .parts import Part
from .settings import AgentSettings


class Client(Protocol):
    """The connection as an announcer uses it; everything is called in the agent's own thread."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Publish with QoS 1; False where there is no connection."""
        ...

    def subscribe(self, topic_filter: str, handler: Callable[[Message], None]) -> None:
        """Take the messages of a filter until the connection is gone."""
        ...


class Announcer:
    """Says that the device is there.

    Everything is called in the agent's own thread.

    Args:
        settings: what the agent is told.
        parts: its components, switched on; those that are absent have no `metrics`, and an empty `tree`.
    """

    def __init__(self, settings: AgentSettings, parts: Sequence[Part]) -> None:
        self._settings = settings
        self._parts = parts

    @property
    def will(self) -> tuple[str, bytes]:
        """What the broker publishes, retained, when the device vanishes: topic and payload."""
        return self._settings.status, b"offline"

    def on_connect(self, client: Client) -> None:
        """The broker has taken us."""
        client.publish(self._settings.status, b"online", retain=True)

    def on_read(self, client: Client | None) -> None:
        """Components were read, found or lost; the client is None while there is no connection."""

    def on_stop(self, client: Client) -> None:
        """The device says goodbye."""
        client.publish(self._settings.status, b"offline", retain=True)

    def due(self, now: float, client: Client | None) -> float:
        """Do what is due.

        Args:
            now: seconds on a clock that never falls (`time.monotonic`).
            client: None while there is no connection.

        Returns:
            When it wants to be called next, on that clock; `math.inf` for never.
        """
        return float("inf")
