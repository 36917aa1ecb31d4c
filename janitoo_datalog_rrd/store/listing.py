"""Lists of series for readers: all of them at a glance, which copies nothing, and what is known of those that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.contracts import Glance, SeriesInfo
from .cache import Cache
from .series import Series

AT_ONCE = 100
"""How many series are told of while the cache is locked once: a millisecond or two."""


class Listing:
    """Tells of the series in the cache that are not hidden.

    Args:
        cache: the series.
        look_up: finds the last numbers of a series that was silent since the start in its file.
    """

    def __init__(self, cache: Cache, look_up: Callable[[Series], None]) -> None:
        self._cache = cache
        self._look_up = look_up

    def glances(self) -> list[Glance]:
        """Every series at a glance, sorted by name.

        What stands for a series is the series itself, but for those that the ini calls otherwise than their devices do.
        """
        return [series.info() if series.is_renamed else series for series in self._all()]

    def infos(self, names: Iterable[str] | None = None) -> list[SeriesInfo]:
        """All that is known of every series, sorted by name; or of those of some names, in their order."""
        found = self._all() if names is None else self._of(names)
        infos: list[SeriesInfo] = []
        for begin in range(0, len(found), AT_ONCE):
            with self._cache.lock:
                infos += [series.info() for series in found[begin : begin + AT_ONCE]]
        return infos

    def _all(self) -> list[Series]:
        with self._cache.lock:
            known = dict(self._cache.series)
        return self._shown(known[name] for name in sorted(known))

    def _of(self, names: Iterable[str]) -> list[Series]:
        found = map(self._cache.series.get, names)  # one that goes meanwhile is not there
        return self._shown(series for series in found if series is not None)

    def _shown(self, found: Iterable[Series]) -> list[Series]:
        shown = [series for series in found if not series.is_hidden]
        for series in shown:
            if series.written is None:
                self._look_up(series)
        return shown
