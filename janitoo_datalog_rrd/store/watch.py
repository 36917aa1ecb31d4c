"""Watching the last values: what has changed since the last look, found by looking, so that the way in does nothing for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.contracts import Changes, LastValue, SeriesInfo
from .cache import Cache
from .column import ColumnState
from .series import Series

_State = tuple[float, "float | None"]


class StoreWatch:
    """Compares every column with what it was at the last look: some milliseconds for 10,000 of them.

    Args:
        cache: the series.
        look_up: finds the last numbers of a series that was silent since the start in its file.
    """

    def __init__(self, cache: Cache, look_up: Callable[[Series], None]) -> None:
        self._cache = cache
        self._look_up = look_up
        self._seen: dict[ColumnState, _State] = {}

    def look(self) -> Changes:
        """What has changed since the last look; at the first one, everything there is.

        A sample that says the number and the time of the one before once more is no change.
        """
        with self._cache.lock:
            columns = [column for series in self._cache.series.values() if not series.is_hidden for column in series.columns]
            states = [(column.last_time, column.last_value) for column in columns]
        seen, now = self._seen, dict(zip(columns, states, strict=True))
        self._seen = now
        # Tuples take what is the same object for equal, so that a NaN that stays is no change.
        changed = [column for column, state in now.items() if seen.get(column) != state]
        fresh = [column for column in changed if column not in seen]
        for column in fresh:
            if column.series.written is None:
                self._look_up(column.series)
                with self._cache.lock:
                    now[column] = (column.last_time, column.last_value)
        removed: list[tuple[str, str]] = []
        if len(now) - len(fresh) < len(seen):
            there = {(column.series.name, column.name) for column in now}
            gone = ((column.series.name, column.name) for column in seen if column not in now)
            removed = [name for name in gone if name not in there]
        return Changes(
            [LastValue(column.series.name, column.name, now[column][1], _known(now[column][0])) for column in changed],
            removed,
        )


class ListWatch:
    """Compares lists of all series; for readers that have no cache to look into.

    Args:
        list_series: gives every series.
    """

    def __init__(self, list_series: Callable[[], Iterable[SeriesInfo]]) -> None:
        self._list_series = list_series
        self._seen: dict[tuple[str, str], LastValue] = {}

    def look(self) -> Changes:
        """What has changed since the last look."""
        seen = self._seen
        self._seen = now = {
            (info.name, column.name): LastValue(info.name, column.name, column.last_value, column.last_time)
            for info in self._list_series()
            for column in info.columns
        }
        return Changes([value for key, value in now.items() if seen.get(key) != value], [key for key in seen if key not in now])


def _known(time_s: float) -> float | None:
    return None if time_s == float("-inf") else time_s
