"""Which decoder reads the messages of which topics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .core.contracts import Decoder, Reading
from .core.errors import DecodeError, PluginError
from .core.heartbeats import NodeRegistry
from .core.options import Options
from .core.plugins import DECODERS, Plugins
from .core.sections import Section
from .core.topics import HEARTBEAT_FILTER, VALUES_FILTER, topic_matches

HEARTBEATS = b"/dhcp/heartbeat/"
"""How the topics of heartbeats begin."""
_TOPICS_MAX = 50_000
_TOPIC_MAX = 300  # longer ones are rare and would fill the memory: they are looked up each time


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
