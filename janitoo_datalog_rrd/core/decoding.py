"""Which decoders there are, which topics each reads, and how a message finds its own."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .contracts import Decoder, Reading
from .directory import Directory
from .errors import DecodeError, PluginError
from .options import Options
from .plugins import DECODERS, Plugins
from .privacy import Privacy
from .sections import Section
from .topics import VALUES_FILTER, topic_matches

logger = logging.getLogger(__name__)

CLAIMED = "claimed"
"""Kind of the route of a topic that a dialect has claimed in the directory, where that dialect has no route."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which decoder reads the messages of which topics.

    Attributes:
        filters: MQTT topic filters.
        decoder: what reads them.
        kind: the dialect's name.
        section: the section of the ini that it is made of; empty for Janitoo's own, and for dialects known by their topics.
        loose: others use topics of this form too, so whoever has claimed one in the directory reads it.
        announcements: MQTT topic filters of the messages that the decoder learns from.
        states: MQTT topic filters of messages without numbers, each retained: only the last of a topic counts.
    """

    filters: tuple[str, ...]
    decoder: Decoder
    kind: str
    section: str = ""
    loose: bool = False
    announcements: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    def reads(self, topic: str) -> bool:
        """Whether a topic matches its filters."""
        return any(topic_matches(each, topic) for each in self.filters)

    def announces(self, topic: str) -> bool:
        """Whether the messages of a topic are announcements."""
        return any(topic_matches(each, topic) for each in self.announcements)


def build_routes(options: Options, plugins: Plugins) -> tuple[list[Route], dict[str, str]]:
    """Build the decoders: Janitoo's, those of the `[decoder__NAME]` sections in their order, then dialects known by their topics.

    Args:
        options: checked, so that every decoder takes its section.
        plugins: what the decoders are loaded from.

    Returns:
        The routes, and by `decoder NAME` why its plugin cannot be loaded; the others go on.
    """
    wanted: list[tuple[str, tuple[str, ...], Section]] = [("janitoo", (VALUES_FILTER,), Section("decoder__janitoo"))]
    wanted += [(section["kind"], section["topics"], section) for section in options.prefixed("decoder")]
    routes: list[Route] = []
    faults: dict[str, str] = {}
    for kind, filters, section in wanted:
        try:
            decoder = plugins.load(DECODERS, kind)(section)
            given = section.name if section.name in options.given else ""
            routes.append(Route(filters, decoder, kind, given, announcements=_announcements(decoder), states=_states(decoder)))
        except PluginError as error:
            faults[section.name.replace("__", " ")] = str(error)
    off = set(options.section("dialects").get("off") or ())
    own: list[Route] = []
    for kind in plugins.names(DECODERS):
        if kind in off:
            continue
        try:
            factory = plugins.load(DECODERS, kind)
            filters = getattr(factory, "topics", ())
            if filters:
                decoder = factory(Section(f"decoder__{kind}", {"topics": filters, "kind": kind}))
                loose = bool(getattr(factory, "loose", False))
                learns, states = _announcements(decoder), _states(decoder)
                own.append(Route(filters, decoder, kind, loose=loose, announcements=learns, states=states))
        except PluginError as error:
            faults[f"decoder {kind}"] = str(error)
    return [*routes, *sorted(own, key=lambda route: route.loose)], faults


def _announcements(decoder: Decoder) -> tuple[str, ...]:
    return tuple(getattr(decoder, "announcements", ()))


def _states(decoder: Decoder) -> tuple[str, ...]:
    return tuple(getattr(decoder, "states", ()))


class Readers:
    """The decoders at work: finds who reads a topic, and reads messages.

    Whose section of the ini names a topic reads it; then the dialect that knows topics of its form; then who has claimed it in
    the directory; then a dialect whose form others use too.

    Args:
        routes: the first match wins.
        directory: what the dialects learn; the decoders join it.
        privacy: what is never logged.
    """

    def __init__(self, routes: Iterable[Route], directory: Directory, privacy: Privacy) -> None:
        self.routes: Sequence[Route] = tuple(routes)
        self.directory = directory
        self.privacy = privacy
        self._firm = [route for route in self.routes if not route.loose]
        self._loose = [route for route in self.routes if route.loose]
        directory.forms = tuple(each for route in self._firm for each in route.filters)
        for route in self.routes:
            join = getattr(route.decoder, "join", None)
            if join is not None:
                join(directory)

    def route_of(self, topic: str) -> Route | None:
        """Who reads a topic; None where nobody does."""
        for route in self._firm:
            if route.reads(topic):
                return route
        decoder = self.directory.reader_of(topic)
        if decoder is not None:
            kind = next((route.kind for route in self.routes if route.decoder is decoder), CLAIMED)
            return Route((topic,), decoder, kind)
        return next((route for route in self._loose if route.reads(topic)), None)

    def read(self, decoder: Decoder, topic: str, payload: bytes) -> tuple[list[Reading], int]:
        """Read a message.

        Returns:
            Its readings with what is known of them, and how many were kept back since they are private.

        Raises:
            DecodeError: the message is not what its dialect promises.
        """
        found = decoder.decode(topic, payload)
        if not found:
            return found, 0
        keeps_back, directory = self.privacy.keeps_back, self.directory
        kept = [each for each in found if not keeps_back(each.key)]
        if directory.describes:
            kept = [directory.dress(each) for each in kept]
        return kept, len(found) - len(kept)

    def sort_out(self, decoder: Decoder, topic: str, payload: bytes) -> tuple[list[Reading], list[Reading]]:
        """What of a message may be logged, with what is known of it, and what is private.

        Raises:
            DecodeError: the message is not what its dialect promises.
        """
        kept: list[Reading] = []
        private: list[Reading] = []
        for each in decoder.decode(topic, payload):
            if self.privacy.keeps_back(each.key):
                private.append(each)
            else:
                kept.append(self.directory.dress(each))
        return kept, private

    def hear(self, announcements: Iterable[tuple[str, bytes]]) -> None:
        """Have the decoders learn from announcements; their readings are not wanted, they are of another time."""
        for topic, payload in announcements:
            route = self.route_of(topic)
            if route is not None and route.announces(topic):
                try:
                    route.decoder.decode(topic, payload)
                except DecodeError as error:
                    self.directory.note(route.kind, topic, str(error))
                except Exception as error:  # what a decoder of any package cannot hear may not keep us from starting
                    logger.exception("the dialect %s failed on what was announced on %r", route.kind, topic[:200])
                    self.directory.note(route.kind, topic, f"What it announces made the dialect fail: {type(error).__name__}.")
