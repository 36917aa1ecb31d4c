"""What the store holds, for whoever asks; nothing of it is kept up to date on a sample's way."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..core.facts import FileSizes, StoreState
from .cache import Cache
from .journal import Journal
from .series import Series
from .settings import StoreSettings
from .tails import Tails

MEASURE_S = 30.0
"""How long a look at the sizes of all files holds: there may be ten thousand of them."""


class StateReader:
    """Looks at cache, journal and files.

    Args:
        cache: of the store.
        settings: of the store.
        clock: seconds since the epoch UTC.
        monotonic: seconds of a clock that never jumps.
    """

    def __init__(self, cache: Cache, settings: StoreSettings, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._cache = cache
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._sizes: FileSizes | None = None
        self._measure_at = 0.0

    def read(self, journal: Journal | None, tails: Tails | None = None) -> StoreState:
        """What the store holds now; `journal` is None while it is not open. What cannot be read counts nothing."""
        settings, cache = self._settings, self._cache
        snapshot = _stat(settings.snapshot_path)
        segments = [] if journal is None else [_stat(journal.path_of(each)) for each in _segments(journal)]
        return StoreState(
            cached=cache.samples,
            cache_max=settings.cache_max_samples,
            oldest=self._oldest(),
            journal_segments=len(segments),
            journal_bytes=sum(each.st_size for each in segments if each is not None),
            journal_sync=settings.journal_sync,
            journal_synced=self._synced(journal),
            journal_pending=journal is not None and journal.pending,
            snapshot_bytes=0 if snapshot is None else snapshot.st_size,
            snapshot_time=None if snapshot is None else snapshot.st_mtime,
            series=len(cache.series),
            max_series=settings.max_series,
            files=self._measure(),
            journal_kept_bytes=sum(size for _, size in _kept(journal)),
            tails=[] if tails is None else tails.states(),
        )

    def _oldest(self) -> float | None:
        """Time of the oldest sample that waits for its file. Series are looked at one by one, so that none waits for all."""
        oldest: float | None = None
        for name in list(self._cache.due):
            series = self._cache.series.get(name)
            for column in () if series is None else series.columns:
                times = column.times
                if times:
                    oldest = times[0] if oldest is None else min(oldest, times[0])
            if series is not None and series.ready:
                first = float(series.ready[0][0])
                oldest = first if oldest is None else min(oldest, first)
        return oldest

    def _synced(self, journal: Journal | None) -> float | None:
        if journal is None or journal.synced is None:
            return None
        return self._clock() - (self._monotonic() - journal.synced)

    def _measure(self) -> FileSizes:
        now = self._monotonic()
        if self._sizes is None or now >= self._measure_at:
            self._sizes = self._look()
            self._measure_at = now + MEASURE_S
        return self._sizes

    def _look(self) -> FileSizes:
        found = measure(self._settings.rrd_dir, self._clock())
        with self._cache.lock:
            series = list(self._cache.series.values())
        try:
            have = set(os.listdir(self._settings.rrd_dir))  # noqa: PTH208 - names are wanted, ten thousand of them
        except OSError:
            have = set()
        unmade = sum(_size_of(each) for each in series if each.file.rpartition("/")[2] not in have)
        return replace(found, unmade=unmade)


def measure(folder: Path, now: float) -> FileSizes:
    """Look at the sizes of the RRD files in a folder; `now` in seconds since the epoch UTC."""
    count = size = used = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                status = _stat(entry) if entry.name.endswith(".rrd") else None
                if status is not None:
                    count, size, used = count + 1, size + status.st_size, used + status.st_blocks * 512
    except OSError:
        pass  # it is not there yet
    return FileSizes(count, size, used, 0, now)


def _size_of(series: Series) -> int:
    """Bytes that the file of a series will have: eight for each number of each archive, and a head (rrd_format.h)."""
    columns, archives = len(series.columns), [int(rra.rpartition(":")[2]) for rra in series.rras()]
    head = 144 + 232 * columns + len(archives) * (128 + 80 * columns)
    return head + 8 * sum(archives) * columns


def _kept(journal: Journal | None) -> list[tuple[int, int]]:
    try:
        return [] if journal is None else journal.kept_sizes()
    except OSError:
        return []


def _segments(journal: Journal) -> list[int]:
    try:
        return journal.segments()
    except OSError:
        return []


def _stat(path: Path | os.DirEntry[str]) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
