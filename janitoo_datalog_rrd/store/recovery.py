"""Recovery: after a start, puts back what snapshot and journal have and the RRD files have not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.parsers import SAFE_NAME
from . import catalogue, safepickle, snapshot
from .cache import Cache
from .flusher import Flusher
from .journal import Journal
from .series import ColumnState, Series
from .settings import EARLIEST_S, StoreSettings

logger = logging.getLogger(__name__)


class Recovery:
    """Fills the cache after a start.

    Args:
        cache: has the series of the catalogue and of the datasources.
        flusher: finds out where files stand.
        settings: see StoreSettings.
        now: the monotonic clock's.
        latest: a sample later than this (seconds since the epoch UTC) cannot be.
        add_auto: makes a series that only the journal knows.
        on_damage: called with the path of what could not be read, and the reason.
    """

    def __init__(
        self,
        cache: Cache,
        flusher: Flusher,
        settings: StoreSettings,
        now: float,
        latest: float,
        add_auto: Callable[[str, catalogue.Record], Series],
        on_damage: Callable[[Path, str], None],
    ) -> None:
        self.cache = cache
        self.flusher = flusher
        self.settings = settings
        self.now = now
        self.latest = latest
        self.add_auto = add_auto
        self.on_damage = on_damage

    def run(self, journal: Journal) -> None:
        """Put back what snapshot and journal have, and delete the segments that the snapshot covers."""
        data = snapshot.load(self.settings.snapshot_path, self.on_damage)
        for name, frozen in (data["series"] if data else {}).items():
            series = self.cache.series.get(name)
            if series is None:
                logger.warning("the snapshot has samples of %s, which is no series any more; they are passed over", name)
                continue
            try:
                if series.written is None:
                    self.flusher.look_up(series)
                snapshot.thaw(self.cache, series, frozen, self.now, self.settings.cache_rrd_ttl, self.latest)
            except safepickle.UNREADABLE as error:
                self.on_damage(self.settings.snapshot_path, f"its part on {name} is damaged: {error}")
        first = data["segment"] if data else 0
        columns: dict[tuple[int, int], ColumnState | None] = {}
        for segment, frame in journal.replay(first, self.on_damage):
            try:
                self._replay_frame(columns, segment, frame)
            except safepickle.UNREADABLE as error:
                self.on_damage(journal.keep_aside(journal.path_of(segment)), f"a frame makes no sense: {error!r}")
        journal.remove_before(first)
        journal.begin_after(first)

    def _replay_frame(self, columns: dict[tuple[int, int], ColumnState | None], segment: int, frame: Any) -> None:
        if isinstance(frame, tuple):
            kind, number, name, column_name, configured, record = frame
            if kind != "column" or not isinstance(name, str) or not SAFE_NAME.fullmatch(name) or not catalogue.is_record(record):
                raise ValueError("it is no definition of a column")
            columns[segment, number] = self._column_for(name, column_name, record, configured=bool(configured))
            return
        for number, time_s, value in zip(frame[::3], frame[1::3], frame[2::3], strict=True):
            column = columns[segment, number]
            if column is not None:
                self._replay_sample(column, float(time_s), float(value))

    def _column_for(self, name: str, column_name: str, record: catalogue.Record, *, configured: bool) -> ColumnState | None:
        """The column that a journal's definition means today; None when nobody asks for it any more."""
        series = self.cache.series.get(name)
        if series is None and not configured:
            series = self.add_auto(name, record)
        if series is None:
            logger.warning("the journal has samples of %s, which is no series any more; they are passed over", name)
            return None
        if series.written is None:
            self.flusher.look_up(series)
        return next((column for column in series.columns if column.name == column_name), None)

    def _replay_sample(self, column: ColumnState, time_s: float, value: float) -> None:
        series = column.series
        if not (EARLIEST_S <= time_s <= self.latest and column.takes(value)):
            raise ValueError(f"it has a sample of {series.name} that nobody can have sent: {value} at {time_s}")
        if not series.is_late(time_s):
            self.cache.append(column, time_s, value, self.now, self.settings.cache_rrd_ttl)
        elif series.rows is not None:
            series.rows.learn(series.columns.index(column), (time_s, value))
