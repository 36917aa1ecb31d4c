"""Finds the decoder of each message on its way in."""

from __future__ import annotations

from typing import NamedTuple

from .core.announcements import Announcements
from .core.contracts import Decoder, Reading
from .core.decoding import Readers
from .core.errors import DecodeError
from .core.heartbeats import NodeRegistry
from .core.topics import HEARTBEAT_FILTER, topic_matches

HEARTBEATS = b"/dhcp/heartbeat/"
"""How the topics of heartbeats begin."""
_TOPICS_MAX = 50_000
_TOPIC_MAX = 300  # longer ones are rare and would fill the memory: they are looked up each time


class _Known(NamedTuple):
    """Who reads a topic.

    Attributes:
        topic: as text.
        decoder: who reads it; None where it is private.
        announces: whether its messages are announcements.
    """

    topic: str
    decoder: Decoder | None
    announces: bool


class Router:
    """Finds the decoder of each message, and remembers it by topic.

    Args:
        readers: the decoders.
        nodes: told of heartbeats.
        announcements: keeps what devices say of themselves.
    """

    def __init__(self, readers: Readers, nodes: NodeRegistry, announcements: Announcements) -> None:
        self._readers = readers
        self._nodes = nodes
        self._announcements = announcements
        self._by_topic: dict[bytes, _Known] = {}
        self._version = readers.directory.version
        self._static = _widest([HEARTBEAT_FILTER, *(each for route in readers.routes for each in route.filters)])
        self._covered: dict[str, bool] = {}
        self._learnt: set[bytes] = set()

    @property
    def version(self) -> int:
        """Another number each time that topics are read by others than before."""
        return self._readers.directory.version

    @property
    def descriptions(self) -> int:
        """Another number each time that something else is known of a value, which its next message is to be given."""
        return self._readers.directory.descriptions

    @property
    def filters(self) -> list[str]:
        """Every topic filter to subscribe; none that another covers, since a broker may send a message once for each."""
        covered = self._covered
        found = list(self._static)
        for topic in self._readers.directory.claimed:
            if topic not in covered:
                covered[topic] = any(topic_matches(each, topic) for each in self._static)
            if not covered[topic]:
                found.append(topic)
        if len(covered) > 2 * len(self._readers.directory.claimed):
            self._covered = {}
        return found

    @property
    def announcement_filters(self) -> list[str]:
        """Topic filters of announcements, which the broker is asked for again at each connect."""
        return _widest([each for route in self._readers.routes for each in route.announcements])

    @property
    def state_filters(self) -> list[str]:
        """Topic filters of messages without numbers, of which the last is retained, and is all that counts."""
        return _widest([each for route in self._readers.routes for each in route.states])

    def decode(self, topic: bytes, payload: bytes) -> tuple[Decoder | None, list[Reading], int]:
        """Decode a message; the answer has its decoder, None for a heartbeat, its readings, and how many more are private.

        Raises:
            DecodeError: nobody reads the topic, or the message is not what its dialect promises.
        """
        if self._version != self._readers.directory.version:
            self._by_topic.clear()
            self._version = self._readers.directory.version
        known = self._by_topic.get(topic)
        if known is None:
            if topic.startswith(HEARTBEATS):
                self._nodes.on_heartbeat(topic.decode("utf-8", "replace"), payload)
                return None, [], 0
            known = self._find(topic)
        if known.decoder is None:
            return None, [], 1
        if known.announces and not self._announcements.note(known.topic, payload) and topic in self._learnt:
            return known.decoder, [], 0  # it was said before, and there is no number in it
        readings, kept_back = self._readers.read(known.decoder, known.topic, payload)
        if known.announces:
            self._note_learnt(topic, silent=not readings)
        return known.decoder, readings, kept_back

    def forget(self, topic: bytes) -> None:
        """Remember a topic's decoder no longer; it is found again when it is asked for."""
        self._by_topic.pop(topic, None)

    def _note_learnt(self, topic: bytes, *, silent: bool) -> None:
        """Note that an announcement was heard: what comes again and has no number need not be read again."""
        if not silent:
            self._learnt.discard(topic)
        elif len(self._learnt) < _TOPICS_MAX:
            self._learnt.add(topic)

    def _find(self, topic: bytes) -> _Known:
        try:
            text = topic.decode()
        except UnicodeDecodeError:
            raise DecodeError("no_decoder", "its topic is not UTF-8 text") from None
        route = self._readers.route_of(text)
        if route is None:
            raise DecodeError("no_decoder", "no decoder reads this topic")
        decoder = None if self._readers.privacy.hides(text) else route.decoder
        known = _Known(text, decoder, route.announces(text))
        if len(self._by_topic) >= _TOPICS_MAX:
            self._by_topic.clear()
        if len(topic) <= _TOPIC_MAX:
            self._by_topic[topic] = known
        return known


def _widest(filters: list[str]) -> list[str]:
    """Filters, each once, without those that another covers."""
    found = list(dict.fromkeys(filters))
    return [each for each in found if not any(other != each and topic_matches(other, each) for other in found)]
