"""Series made by themselves: one for each value that no datasource component asks for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from ..core.aside import move_aside
from ..core.contracts import DS_TYPES, Key, Reading
from . import catalogue, rrdfile
from .cache import Cache
from .column import ColumnState
from .flusher import Flusher
from .namelist import NameList
from .names import janitoo_key, series_name
from .series import AUTO_COLUMN, Series
from .settings import StoreSettings

logger = logging.getLogger(__name__)

MAX_LABEL = 200
MAX_UNITS = 40


class AutoSeries:
    """Makes series, and keeps what messages say of them.

    Args:
        cache: where they go.
        settings: see StoreSettings.
        flusher: finds out where files stand.
        names: the list of names.
        on_damage: called with the new path of a file that had to be moved aside, and the reason.

    Attributes:
        count: how many there are.
        refused: readings that got no series since this was last set to 0.
        changed: True while the catalogue's file does not say what is known.
    """

    def __init__(
        self,
        cache: Cache,
        settings: StoreSettings,
        flusher: Flusher,
        names: NameList,
        on_damage: Callable[[Path, str], None],
    ) -> None:
        self.cache = cache
        self.settings = settings
        self.flusher = flusher
        self.names = names
        self.on_damage = on_damage
        self.count = 0
        self.refused = 0
        self.changed = False

    def make(self, reading: Reading) -> tuple[ColumnState, ...]:
        """Make a series for a value that has none; an empty answer says that there may be no more."""
        if not self.settings.auto_series:
            return ()
        name = series_name(reading.key)
        orphan = self.cache.series.get(name)
        if orphan is not None and orphan.is_orphan and orphan.columns[0].name == AUTO_COLUMN:
            self.cache.bind(orphan.columns[0], reading.key)
            orphan.node = reading.meta.node or _node_of(reading.key)
        elif self.count >= self.settings.max_series:
            self.refused += 1
            return ()
        else:
            meta = reading.meta
            label = (meta.label or reading.key[1] or reading.key[0].rpartition("/")[2] or reading.key[0])[:MAX_LABEL]
            ds_type = meta.ds_type if meta.ds_type in DS_TYPES else "GAUGE"
            node = (meta.node or _node_of(reading.key))[:MAX_LABEL]
            name = series_name(reading.key, self.cache.series)
            self.add(name, catalogue.record(reading.key, label, meta.units[:MAX_UNITS], ds_type, node))
            self.names.add(name)
        self.changed = True
        return self.cache.columns_of(reading.key)

    def add(self, name: str, record: catalogue.Record) -> Series:
        """Take in a series that is known."""
        # houses have the same few words in many places: one text for all of them
        node, label, units, ds_type = (sys.intern(record[each]) for each in ("node", "label", "units", "ds_type"))
        series = Series(name, self.settings, node, label, self.settings.schemas.match(name))
        self.cache.add_series(series)
        column = self.cache.add_column(series, AUTO_COLUMN, tuple(record["key"]), label, units, ds_type)
        own_time = record.get("own_time")
        column.own_time = own_time if isinstance(own_time, bool) else None
        self.count += 1
        return series

    def add_orphan(self, name: str) -> None:
        """List a file that nobody knows with the data sources it has; one made of a single value takes that value again."""
        series = Series(name, self.settings, "", name, self.settings.schemas.match(name))
        try:
            header = rrdfile.read_header(series.path)
        except rrdfile.RrdUnreadableError as error:
            logger.error("%s; it belongs to no value that is known", error)
            return
        except rrdfile.RrdError as error:
            self.on_damage(move_aside(series.path), str(error))
            return
        logger.warning("%s belongs to no value that is known; it is listed under its name", series.path)
        self.cache.add_series(series)
        for source in header.sources:
            key = janitoo_key(name) if source.name == AUTO_COLUMN else None
            self.cache.add_column(series, source.name, key or (), source.name, "", source.logged_type)
        self.count += 1
        self.flusher.look_up(series)
        self.changed = True

    def describe(self, columns: Iterable[ColumnState], reading: Reading) -> None:
        """Take over label and units of a message where they changed."""
        label, units = reading.meta.label[:MAX_LABEL], reading.meta.units[:MAX_UNITS]
        for column in columns:
            configured = column.series.configured
            if label and label != column.label and not configured:
                column.label = column.series.label = label
                self.changed = True
            if units and units != column.units:
                column.units = units
                self.changed = True

    def note_time(self, column: ColumnState, *, own: bool) -> None:
        """Note whether a value's messages bring their own time; one that ever did stays so."""
        if column.own_time is None or own:
            self.changed |= column.own_time is not own
            column.own_time = own

    def forgotten(self, series: Series) -> None:
        """Note that a series is gone."""
        if not series.configured:
            self.count -= 1
            self.changed = True


def _node_of(key: Key) -> str:
    """What a value belongs to where its message does not say: its address or document, else the level above its topic."""
    return key[0] if key[1] else key[0].rpartition("/")[0] or key[0]
