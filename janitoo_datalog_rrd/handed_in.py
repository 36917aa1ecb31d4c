"""The other way in: readings that programs hand in by HTTP pass the same privacy, and the same journal."""

from __future__ import annotations

from collections.abc import Sequence

from .core.contracts import Outcome, Reading
from .core.errors import StoreError
from .core.privacy import Privacy
from .core.services import Services
from .store.store import Store

PART = "store, by HTTP"


class HandedIn:
    """Takes readings that did not come by the bus.

    Args:
        store: where they go.
        privacy: what is never logged.
        services: told of what is kept back, and when the store takes nothing.
    """

    def __init__(self, store: Store, privacy: Privacy, services: Services) -> None:
        self._store = store
        self._privacy = privacy
        self._counters = services.counters
        self._health = services.health

    def take(self, readings: Sequence[Reading]) -> Outcome:
        """Take readings; those that are accepted are in the journal's file when this returns. Raises StoreError."""
        kept = [each for each in readings if not self._privacy.keeps_back(each.key)]
        try:
            outcome = self._store.take(kept)
        except StoreError as error:
            what = f"nothing can be stored now: {error}; who hands in is asked to come again"
            self._health.fail(PART, what)
            raise StoreError(what) from error
        self._health.ok(PART)
        private = len(readings) - len(kept)
        if not private:
            return outcome
        self._counters.add("samples_dropped", "private", private)
        return outcome._replace(dropped={**outcome.dropped, "private": private})
