"""Why a number is not logged, in sentences."""

from __future__ import annotations

from collections.abc import Collection

from ...core.contracts import Key
from ...core.decoding import Route
from ...core.errors import JanitooError
from ...core.plugins import DECODERS
from ...core.privacy import Privacy
from ...core.services import Services
from ...core.topics import topic_matches

_NOTES_MAX = 3
_NAMES_FROM = 4
"""Shorter names of places stand in too many topics by chance."""


class Why:
    """Knows what keeps numbers from being logged.

    Args:
        services: the options in force, the store, and what dialects have noted.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def who(self, route: Route) -> str:
        """Who reads what a route is for, in words."""
        if route.section:
            return f"[{route.section}]"
        return "Janitoo's own decoder" if route.kind == "janitoo" else f"The dialect {route.kind}"

    def place(self, route: Route) -> str:
        """Where the section of a route stands; empty where it has none."""
        return self._services.options.section(route.section).places.get("topics", "")

    def barrier(self) -> str:
        """Why no value at all gets a series of its own; empty where they do."""
        options, store = self._services.options, self._services.store
        section = options.section("datarrd")
        if not section.get("auto_start", True):
            return f"Nothing is logged: auto_start of [datarrd] is off ({section.places.get('auto_start', options.path)})."
        if not section.get("auto_series", True):
            where = section.places.get("auto_series", options.path)
            return f"auto_series is off ({where}), and no datasource asks for it: switch it on, or add a datasource."
        most = section.get("max_series")
        asked = sum(1 for name in options.components("datarrd") if options.section(f"datarrd__{name}").get("rrd_file"))
        if store is not None and most is not None and store.count_series() - asked >= most:
            return f"There are max_series = {most} series already: raise it in [datarrd]."
        return ""

    def switched_off(self, topic: str) -> str:
        """That no decoder reads a topic since the dialect that would is switched off; empty where there is none."""
        section = self._services.options.section("dialects")
        for kind in section.get("off") or ():
            try:
                filters = getattr(self._services.plugins.load(DECODERS, kind), "topics", ())
            except JanitooError:
                continue
            if any(topic_matches(each, topic) for each in filters):
                return f"No decoder reads this topic: the dialect {kind} would, and is off ({section.places.get('off', '')})."
        return ""

    def secret(self, privacy: Privacy, key: Key, topic: str = "") -> str:
        """Why a value is private; empty where it is not."""
        section = self._services.options.section("privacy")
        if privacy.hides(topic or key[0]):
            return f"[privacy] says that nothing of its topic is logged ({section.places.get('topics', '')})."
        if privacy.keeps_back(key):
            return "It is called like a secret or a position. Where it is none, name its topic at allow in [privacy]."
        return ""

    def noted(self, topic: str, nodes: Collection[str], route: Route | None) -> str:
        """What dialects have noted of a topic or its device, as further sentences."""
        readers = self._services.readers
        if readers is None:
            return ""
        near = {topic, *nodes}
        found = []
        for note in readers.directory.notes:
            likely = route is not None and note.kind == route.kind and len(note.place) >= _NAMES_FROM and note.place in topic
            if likely or note.place in near or topic in note.what:
                found.append(f" {note.kind} notes of {note.place}: {note.what}")
        return "".join(found[:_NOTES_MAX])
