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
from .series import LARGEST, ColumnState, Series
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
        found = snapshot.load(self.settings.snapshot_path, self.on_damage)
        for name, frozen in found.series.items():
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
        known: dict[int, ColumnState | None] = {}
        segment = 0
        for number, frame in journal.replay(found.segment, self.on_damage):
            if number != segment:
                segment, known = number, {}
            try:
                self._replay_frame(known, frame)
            except safepickle.UNREADABLE as error:
                self.on_damage(journal.keep_aside(journal.path_of(segment)), f"a frame makes no sense: {error!r}")
        journal.remove_before(found.segment)
        journal.begin_after(found.segment)

    def _replay_frame(self, known: dict[int, ColumnState | None], frame: Any) -> None:
        """Take in one frame of the journal; see `Intake` for its form."""
        definitions, numbers, times, values = frame
        for number, name, column_name, configured, record in definitions:
            if not isinstance(name, str) or not SAFE_NAME.fullmatch(name) or not catalogue.is_record(record):
                raise ValueError("it has no proper definition of a column")
            known[number] = self._column_for(name, column_name, record, configured=bool(configured))
        columns: list[ColumnState] = []
        kept_times: list[float] = []
        kept_values: list[float] = []
        strange = ""
        for number, time_s, value in zip(numbers, times, values, strict=True):
            if number not in known:
                strange = f"it has samples of column {number}, whose definition is lost"
                continue
            column = known[number]
            if column is None:
                continue
            series = column.series
            plain = series.rows is None and -LARGEST <= value <= LARGEST  # so it is with nearly all, and there may be millions
            if not (EARLIEST_S <= time_s <= self.latest and (plain or column.takes(value))):
                strange = f"it has a sample of {series.name} that nobody can have sent: {value} at {time_s}"
            elif not (plain and series.closed < time_s) and series.is_late(time_s):
                if series.rows is not None:
                    series.rows.learn(series.columns.index(column), (time_s, value))
            else:
                columns.append(column)
                kept_times.append(time_s)
                kept_values.append(value)
        self.cache.extend(columns, kept_times, kept_values, self.now, self.settings.cache_rrd_ttl)
        if strange:
            raise ValueError(strange)

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
