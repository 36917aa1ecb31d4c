"""What lies between the broker and the store: the connection, what it is asked for, and the way in."""

from __future__ import annotations

import json
import logging
import math
import threading
from pathlib import Path

from .core.announcements import Announcements
from .core.connection import BrokerSettings
from .core.decoding import Readers, build_routes
from .core.directory import Directory
from .core.facts import BrokerLink
from .core.files import write_atomically
from .core.options import Options
from .core.privacy import Privacy
from .core.receiver import Receiver
from .core.services import Services
from .handed_in import HandedIn
from .ingest import Ingest
from .store.store import Store

logger = logging.getLogger(__name__)


class Listening:
    """Has everything that is logged come from the broker into the store.

    Args:
        store: where it goes; open.
        options: the configuration.
        client_id: our name at the broker.
        data_dir: folder of what is remembered of subscriptions and devices.
        services: told of the connection, and given what the dialects learn.
        waiting_max: how many messages of QoS 0 may wait for the store.

    Attributes:
        ingest: the way in.
    """

    def __init__(
        self, store: Store, options: Options, client_id: str, data_dir: Path, services: Services, waiting_max: int
    ) -> None:
        self._services = services
        self._store = store
        self._path = data_dir / "subscriptions.json"
        self._changed = self._failing = False
        self._saving = threading.Lock()
        self._deaf: set[str] = set()
        routes, faults = build_routes(options, services.plugins)
        for name, fault in faults.items():
            services.health.fail(name, fault)
        services.nodes.reserve(options.addresses)
        self.readers = Readers(routes, Directory(services.nodes), Privacy.from_options(options, store.is_configured))
        self.announcements = Announcements(data_dir / "announcements.json")
        self.announcements.load()
        self.readers.hear(self.announcements.since(0))
        self.ingest = Ingest(store, self.readers, self.announcements, services, self._acknowledge, waiting_max, self._on_filters)
        self._receiver = Receiver(
            BrokerSettings.from_options(options),
            client_id,
            self.ingest.filters,
            self.ingest.on_packets,
            self.ingest.forget_waiting,
            self._on_state,
            announcements=self.ingest.announcement_filters,
            heard=self._remembered("heard"),
            standing=self._remembered("filters"),
            states=self.ingest.state_filters,
            on_heard=self._on_heard,
            on_deaf=self._on_deaf,
        )

    def start(self) -> None:
        """Begin to listen; a broker that is away is tried again for as long as it takes."""
        settings, services = self._receiver.settings, self._services
        link = BrokerLink(settings.host, settings.port, settings.protocol, settings.tls is not None, filters=self.ingest.filters)
        if services.link is not None:  # of the life before a reload
            link.connects, link.version = services.link.connects, services.link.version
        services.link, services.readers, services.announcements = link, self.readers, self.announcements
        services.taker = HandedIn(self._store, self.readers.privacy, services)
        self._store.flusher.taken_in_until = lambda: self.ingest.oldest_waiting
        self._forget_old_filters()
        services.health.fail("broker", f"not connected yet to {settings.host}:{settings.port}")
        self._receiver.start()

    def tick(self) -> int:
        """Store what waits; the answer is how many messages wait still."""
        self.ingest.retry()
        return self.ingest.waiting

    def stop(self) -> None:
        """Listen no more; what the store could not take stays at the broker, or is stored now."""
        self.ingest.retry()
        self._receiver.stop()
        self._store.flusher.taken_in_until = lambda: math.inf
        self.save(now=True)
        self.ingest.forget_waiting()  # the broker has it, and sends it again
        self.ingest.retry()

    def save(self, *, now: bool = False, filters: bool = True) -> None:
        """Write down what devices have announced, and what is subscribed, where that has changed.

        Args:
            now: see `Announcements.save`.
            filters: whether what is subscribed is written too.
        """
        with self._saving:
            try:
                self.announcements.save(now=now)
                if filters and self._changed:
                    self._changed = False
                    self._write_filters()
                self._failing = False
            except OSError as error:
                self._changed = True
                if not self._failing:  # it is tried every other second
                    logger.warning("what devices have announced could not be written: %s; it is tried again", error)
                self._failing = True

    # -- subscriptions -------------------------------------------------------------------------------

    def _on_filters(self) -> None:
        """Listen to the topics that devices have announced, too."""
        self._changed = True
        # after a crash, what waits at the broker on these topics comes before the retained announcements
        self.save(filters=False)
        filters = self.ingest.filters
        self._receiver.listen_to(filters)
        if self._services.link is not None:
            self._services.link.filters = filters

    def _on_heard(self) -> None:
        """What the broker had retained for new filters is stored: it is not asked for again."""
        self._changed = True
        self._deaf.intersection_update(self.ingest.filters)

    def _on_deaf(self, topic_filter: str, reason: str) -> None:
        """The broker refuses a filter: told on the status page, the first of them by name."""
        self._deaf.add(topic_filter)
        if self._services.link is not None:
            more = f" (and {len(self._deaf) - 1} more)" if len(self._deaf) > 1 else ""
            self._services.health.note("subscriptions", f"the broker does not let us listen to {topic_filter}{more}: {reason}")

    def _forget_old_filters(self) -> None:
        """End the subscriptions of an earlier ini, which the persistent session keeps; which they are is in a file."""
        wanted = set(self.ingest.filters)
        for topic_filter in self._remembered("filters"):
            if topic_filter not in wanted:
                self._receiver.forget(topic_filter)
        try:
            self._write_filters()
        except OSError as error:
            logger.warning("%s could not be written: %s", self._path, error)

    def _remembered(self, what: str) -> list[str]:
        """What the file has: `filters` that were subscribed, or those whose retained messages were `heard`."""
        try:
            found = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return []
        if isinstance(found, list):  # as it was before there were dialects that claim topics: all of them were heard
            found = {"filters": found, "heard": found}
        filters = found.get(what) if isinstance(found, dict) else None
        return [each for each in filters if isinstance(each, str)] if isinstance(filters, list) else []

    def _write_filters(self) -> None:
        known = {"filters": self.ingest.filters, "heard": self._receiver.heard}
        write_atomically(self._path, json.dumps(known).encode(), sync=False)

    # -- the connection ------------------------------------------------------------------------------

    def _acknowledge(self, mids: list[bytes]) -> None:
        self._receiver.acknowledge(mids)

    def _on_state(self, connected: bool, what: str) -> None:
        if self._services.link is not None:
            self._services.link.session_kept = self._receiver.session_kept
            self._services.link.note(connected, what, self._services.clock())
        if connected:
            self._services.health.ok("broker")
        else:
            self._services.health.fail("broker", what)
