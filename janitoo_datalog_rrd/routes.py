"""Finds the decoder of each message on its way in."""

from __future__ import annotations

from collections.abc import Iterable

from .core.contracts import Decoder, Reading
from .core.decoding import Route
from .core.errors import DecodeError
from .core.heartbeats import NodeRegistry
from .core.topics import HEARTBEAT_FILTER, topic_matches

HEARTBEATS = b"/dhcp/heartbeat/"
"""How the topics of heartbeats begin."""
_TOPICS_MAX = 50_000
_TOPIC_MAX = 300  # longer ones are rare and would fill the memory: they are looked up each time


class Router:
    """Finds the decoder of each message, and remembers it by topic.

    Args:
        routes: the first match wins.
        nodes: told of heartbeats.
    """

    def __init__(self, routes: Iterable[Route], nodes: NodeRegistry) -> None:
        self._routes = list(routes)
        self._nodes = nodes
        self._by_topic: dict[bytes, tuple[str, Decoder]] = {}

    @property
    def filters(self) -> list[str]:
        """Every topic filter to subscribe; none that another covers, since a broker may send a message once for each."""
        found = list(dict.fromkeys([HEARTBEAT_FILTER, *(each for route in self._routes for each in route.filters)]))
        return [each for each in found if not any(other != each and topic_matches(other, each) for other in found)]

    def decode(self, topic: bytes, payload: bytes) -> tuple[Decoder | None, list[Reading]]:
        """Decode a message; the answer has its decoder, None for a heartbeat, and its readings.

        Raises:
            DecodeError: nobody reads the topic, or the message is not what its dialect promises.
        """
        known = self._by_topic.get(topic)
        if known is None:
            if topic.startswith(HEARTBEATS):
                self._nodes.on_heartbeat(topic.decode("utf-8", "replace"), payload)
                return None, []
            known = self._find(topic)
        return known[1], known[1].decode(known[0], payload)

    def forget(self, topic: bytes) -> None:
        """Remember a topic's decoder no longer; it is found again when it is asked for."""
        self._by_topic.pop(topic, None)

    def _find(self, topic: bytes) -> tuple[str, Decoder]:
        try:
            text = topic.decode()
        except UnicodeDecodeError:
            raise DecodeError("no_decoder", "its topic is not UTF-8 text") from None
        for route in self._routes:
            if any(topic_matches(each, text) for each in route.filters):
                if len(self._by_topic) >= _TOPICS_MAX:
                    self._by_topic.clear()
                if len(topic) <= _TOPIC_MAX:
                    self._by_topic[topic] = text, route.decoder
                return text, route.decoder
        raise DecodeError("no_decoder", "no decoder reads this topic")
