"""Recovery: after a start, puts back what snapshot and journal have and the RRD files have not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.aside import Damage, keep_aside
from ..core.files import write_atomically
from ..core.parsers import SAFE_NAME
from . import catalogue, safepickle, snapshot
from .cache import Cache
from .column import LARGEST, ColumnState
from .flusher import Flusher
from .journal import Journal
from .points import COUNTING_TYPES
from .series import AUTO_COLUMN, Series
from .settings import EARLIEST_S, StoreSettings

logger = logging.getLogger(__name__)

_WORDS = 5  # of a definition that says nothing of a uid, as in the first versions


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

    Attributes:
        redefined: whether a series has another key or uid than the catalogue says.
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
        self.redefined = False
        self._segment = 0
        self._known: dict[int, ColumnState | None] = {}
        self._gone: set[str] = set()

    def run(self, journal: Journal) -> None:
        """Put back what snapshot and journal have, and delete the segments that the snapshot covers. Raises OSError."""
        path = self.settings.snapshot_path
        found = snapshot.load(path, self.on_damage)
        self._thaw(path, found)
        first = found.segment
        last = journal.segments()[-1:]
        if last and first > last[0]:
            what = f"it says that it covers the journal up to segment {first}, and there is only {last[0]}: all of it is read"
            self.on_damage(keep_aside(path), what)
            first = 0
            write_atomically(path, snapshot.pack(found._replace(segment=first)))  # or it would be believed once there are more
        journal.replay(first, self._replay_frame, self.on_damage)
        journal.remove_before(first)
        journal.begin_after(first)

    def _thaw(self, path: Path, found: snapshot.Snapshot) -> None:
        """Put back what a snapshot has."""
        damage = Damage()
        for frozen in found.series:
            name = frozen.name
            try:
                series = self._series_for(name, frozen.definition, configured=frozen.configured)
                if series is not None:
                    snapshot.thaw(self.cache, series, frozen, self.now, self.settings.cache_rrd_ttl, self.latest)
            except safepickle.UNREADABLE as error:
                damage.note(f"its part on {name} is damaged: {error}")
        if damage:
            self.on_damage(keep_aside(path), str(damage))

    def _replay_frame(self, segment: int, frame: Any) -> None:
        """Take in one frame of the journal; see `Intake` for its form."""
        if segment != self._segment:
            self._segment = segment
            self._known = {}
        definitions, numbers, times, values = frame
        known = self._known
        if not {*map(type, numbers)} <= {int} or not {*map(type, times), *map(type, values)} <= {float}:
            raise ValueError("it has something else than numbers")
        strange = ""
        for each in definitions:
            try:
                self._define(*each)
            except safepickle.UNREADABLE as error:
                strange = str(error)
        columns: list[ColumnState] = []
        kept_times: list[float] = []
        kept_values: list[float] = []
        for number, time_s, value in zip(numbers, times, values, strict=True):
            if number not in known and not self._remember(number):
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

    def _define(self, number: int, name: str, column_name: str, configured: bool, definition: tuple[Any, ...]) -> None:
        """Note what a number means from here on in the segment; nothing when nobody asks for its samples any more."""
        if type(number) is not int or not isinstance(name, str) or not isinstance(column_name, str):
            raise ValueError("it has no proper definition of a column")
        series = self._series_for(name, definition, configured=bool(configured))
        columns = series.columns if series is not None else ()
        self._known[number] = next((column for column in columns if column.name == column_name), None)

    def _remember(self, number: int) -> bool:
        """Note what a number means whose definition is damaged: most are made of the column's name."""
        column = self.cache.column_numbered(number)
        if column is None:
            return False
        self._series_for(column.series.name, (), configured=column.series.configured)
        self._known[number] = column
        return True

    def _series_for(self, name: str, definition: tuple[Any, ...], *, configured: bool) -> Series | None:
        """The series of a name, looked up in its file; it is made where only snapshot or journal know it. Raises ValueError."""
        series = self.cache.series.get(name)
        if series is None and not configured and (record := catalogue.restore(definition))["key"]:
            if not SAFE_NAME.fullmatch(name):
                raise ValueError("it has no proper name of a series")
            series = self.add_auto(name, record)
        if series is None:
            if name not in self._gone:
                logger.warning("there are samples of %s, which is no series any more; they are passed over", name)
            self._gone.add(name)
            return None
        if definition and not (series.configured or configured):
            if series.is_orphan and series.columns[0].name == AUTO_COLUMN:
                self._adopt(series, catalogue.restore(definition))
            elif len(definition) > _WORDS:
                self._identify(series.columns[0], catalogue.restore(definition))
            self._count(series.columns[0], definition)
        if series.written is None:
            self.flusher.look_up(series)
        return series

    def _adopt(self, series: Series, record: catalogue.Record) -> None:
        """Take over whose values a file holds that the catalogue does not know yet."""
        column = series.columns[0]
        column.label, column.units, series.node = record["label"], record["units"], record["node"]
        series.label, series.said_hold = column.label, catalogue.hold_of(record.get("hold", 0.0))
        if record["key"]:
            self.cache.rebind(column, tuple(record["key"]))
            self.cache.identify(column, record.get("uid", ""))
            self.redefined = True

    def _count(self, column: ColumnState, definition: tuple[Any, ...]) -> None:
        """Take over that a value was known for a count when a definition of it was written."""
        if column.ds_type == "GAUGE" and (ds_type := catalogue.restore(definition)["ds_type"]) in COUNTING_TYPES:
            column.ds_type = ds_type
            column.series.written = None
            self.redefined = True

    def _identify(self, column: ColumnState, record: catalogue.Record) -> None:
        """Take over which key and uid a series had when a definition of it was written; the last one tells the last state."""
        key, uid = tuple(record["key"]), record.get("uid", "")
        if uid and column.uid != uid:
            self.cache.identify(column, uid)
            self.redefined = True
        if uid and key and column.key != key:
            self.cache.rebind(column, key)
            self.redefined = True
