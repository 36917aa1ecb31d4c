"""Decoders of Explore's own, which have learnt what those at work have learnt: a look at a message changes nothing for them."""

from __future__ import annotations

import threading

from ...core.announcements import Announcements
from ...core.contracts import Key
from ...core.decoding import Readers, build_routes
from ...core.directory import Directory
from ...core.heartbeats import NodeRegistry
from ...core.options import Options
from ...core.privacy import Privacy
from ...core.services import Services

_ANEW_S = 5.0


class Learnt:
    """Decoders as those in force; who uses them holds their lock.

    Args:
        services: the options and plugins in force, what devices have announced, and the store.

    Attributes:
        lock: decoders learn, and each is for one at a time.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self.lock = threading.RLock()
        self._options: Options | None = None
        self._readers: Readers | None = None
        self._heard = self._taken_back = 0
        self._built = 0.0

    def readers(self) -> Readers:
        """Decoders as those in force, which have learnt the same of devices."""
        services, announcements = self._services, self._services.announcements
        with self.lock:
            if self._readers is None or services.options is not self._options or self._knows_too_much(announcements):
                self._options, self._heard, self._built = services.options, 0, services.clock()
                routes, _ = build_routes(services.options, services.plugins)
                privacy = Privacy.from_options(services.options, self._is_asked_for)
                self._readers = Readers(routes, Directory(NodeRegistry()), privacy)
            if announcements is not None and announcements.version != self._heard:
                version, self._taken_back = announcements.version, announcements.taken_back
                self._readers.hear(announcements.since(self._heard))
                self._heard = version
            return self._readers

    def _knows_too_much(self, announcements: Announcements | None) -> bool:
        """Whether announcements were taken back that these decoders have heard; they are made anew now and then only."""
        if announcements is None or announcements.taken_back == self._taken_back:
            return False
        return abs(self._services.clock() - self._built) >= _ANEW_S

    def _is_asked_for(self, key: Key) -> bool:
        store = self._services.store
        return store is not None and store.is_configured(key)
