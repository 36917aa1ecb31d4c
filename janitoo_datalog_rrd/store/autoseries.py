"""Series made by themselves: one for each value that no datasource component asks for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from ..core.aside import move_aside
from ..core.contracts import DS_TYPES, NO_META, Key, Reading
from . import catalogue, rrdfile
from .cache import Cache
from .column import ColumnState
from .flusher import Flusher
from .identity import Identities
from .namelist import NameList
from .names import janitoo_key, series_name
from .points import COUNTING_TYPES
from .series import AUTO_COLUMN, Series
from .settings import StoreSettings

logger = logging.getLogger(__name__)

MAX_LABEL = 200
MAX_UNITS = 40
MAX_UID = 200
_HIDDEN_MAX = 20_000


class AutoSeries:
    """Makes series, and keeps what messages say of them.

    Args:
        cache: where they go.
        settings: see StoreSettings.
        flusher: finds out where files stand.
        names: the list of names.
        identities: finds the series of a value that comes under another name.
        on_damage: called with the new path of a file that had to be moved aside, and the reason.

    Attributes:
        count: how many there are.
        hidden: how many of them the ini hides.
        refused: readings that got no series since this was last set to 0, since there are too many.
        refusal: why the last one got none: `hidden`, `max_series` or `not_configured`.
        changed: True while the catalogue's file does not say what is known.
    """

    def __init__(
        self,
        cache: Cache,
        settings: StoreSettings,
        flusher: Flusher,
        names: NameList,
        identities: Identities,
        on_damage: Callable[[Path, str], None],
    ) -> None:
        self.cache = cache
        self.settings = settings
        self.flusher = flusher
        self.names = names
        self.identities = identities
        self.on_damage = on_damage
        self.count = 0
        self.hidden = 0
        self.refused = 0
        self.refusal = ""
        self.changed = False
        self._hidden_keys: set[Key] = set()

    def make(self, reading: Reading) -> tuple[ColumnState, ...]:
        """Find or make a series for a value whose key has none; an empty answer says that it gets none, `refusal` why."""
        key, meta = reading.key, reading.meta
        if not self.settings.auto_series:
            self.refusal = "not_configured"
            return ()
        if key in self._hidden_keys:
            self.refusal = "hidden"
            return ()
        if meta.uid and self.identities.find(key, meta.uid[:MAX_UID]) is not None:
            self.changed = True
            return self.describe(self.cache.columns_of(key), reading)
        name = series_name(key)
        orphan = self.cache.series.get(name)
        if orphan is not None and orphan.is_orphan and orphan.columns[0].name == AUTO_COLUMN:
            self.cache.bind(orphan.columns[0], key)
            orphan.node = meta.node or _node_of(key)
            self.cache.described += 1
        else:
            name = series_name(key, self.cache.series)
            if not self._may_make(name, key):
                return ()
            label = (meta.label or key[1] or key[0].rpartition("/")[2] or key[0])[:MAX_LABEL]
            ds_type = meta.ds_type if meta.ds_type in DS_TYPES else "GAUGE"
            node = (meta.node or _node_of(key))[:MAX_LABEL]
            self.add(name, catalogue.record(key, label, meta.units[:MAX_UNITS], ds_type, node))
            self.names.add(name)
        self.changed = True
        return self.describe(self.cache.columns_of(key), reading)

    def _may_make(self, name: str, key: Key) -> bool:
        """Tell whether there may be one more series, of that name."""
        if not self.settings.schemas.match(name).log:
            self.refusal = "hidden"
            if len(self._hidden_keys) >= _HIDDEN_MAX:
                self._hidden_keys.clear()
            self._hidden_keys.add(key)
            return False
        if self.count >= self.settings.max_series:
            self.refusal = "max_series"
            self.refused += 1
            return False
        return True

    def hider_of(self, key: Key) -> str:
        """The section of the ini that says that a value is not to be logged; empty where none does."""
        columns = self.cache.columns_of(key)
        if columns:
            return columns[0].series.schema.hidden_by if columns[0].series.is_hidden else ""
        schema = self.settings.schemas.match(series_name(key, self.cache.series))
        return "" if schema.log else schema.hidden_by

    def add(self, name: str, record: catalogue.Record) -> Series:
        """Take in a series that is known."""
        # houses have the same few words in many places: one text for all of them
        node, label, units, ds_type = (sys.intern(record[each]) for each in ("node", "label", "units", "ds_type"))
        series = Series(name, self.settings, node, label, self.settings.schemas.match(name))
        self.cache.add_series(series)
        column = self.cache.add_column(series, AUTO_COLUMN, tuple(record["key"]), label, units, ds_type)
        own_time = record.get("own_time")
        column.own_time = own_time if isinstance(own_time, bool) else None
        series.said_hold = catalogue.hold_of(record.get("hold", 0.0))
        if record.get("uid"):
            self.cache.identify(column, record["uid"][:MAX_UID])
        self.count += 1
        self.hidden += series.is_hidden
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
        self.hidden += series.is_hidden
        self.flusher.look_up(series)
        self.changed = True

    def describe(self, columns: tuple[ColumnState, ...], reading: Reading) -> tuple[ColumnState, ...]:
        """Take over what a message says of its value beside the number, where that is new.

        Returns:
            The columns that it goes to; others where its uid says so.
        """
        meta = reading.meta
        if meta is NO_META or meta == columns[0].meta:
            return columns
        label, units, node, hold = (
            meta.label[:MAX_LABEL],
            meta.units[:MAX_UNITS],
            meta.node[:MAX_LABEL],
            catalogue.hold_of(meta.hold),
        )
        for column in columns:
            series = column.series
            if not series.configured:
                self._begin_counting(column, meta.ds_type)
                said = (label or column.label, units or column.units, node or series.node, hold or series.said_hold)
                if said != (column.label, column.units, series.node, series.said_hold):
                    column.label, column.units, series.node, series.said_hold = said
                    series.label = column.label
                    self._note_description()
            elif units and units != column.units:
                column.units = units
                self._note_description()
            column.meta = meta
        uid = meta.uid[:MAX_UID]
        if not uid or uid == columns[0].uid or columns[0].series.configured:
            return columns
        self.changed = True
        found = self.identities.claim(columns[0], reading.key, uid)
        return columns if found is columns[0] else self.describe((found,), reading)

    def _begin_counting(self, column: ColumnState, ds_type: str) -> None:
        """Take for a count what was taken for a level before its device said what it is; a level it never is again.

        What is cached makes rates too; a file of levels is put aside when it is looked up, which is next.
        """
        if column.ds_type == "GAUGE" and ds_type in COUNTING_TYPES:
            column.ds_type = sys.intern(ds_type)
            column.series.written = None
            self.cache.redefined.add(column)
            self._note_description()

    def _note_description(self) -> None:
        self.changed = True
        self.cache.described += 1

    def note_time(self, column: ColumnState, *, own: bool) -> None:
        """Note whether a value's messages bring their own time; one that ever did stays so."""
        if column.own_time is None or own:
            self.changed |= column.own_time is not own
            column.own_time = own

    def forgotten(self, series: Series) -> None:
        """Note that a series is gone."""
        if not series.configured:
            self.count -= 1
            self.hidden -= series.is_hidden
            self.changed = True


def _node_of(key: Key) -> str:
    """What a value belongs to where its message does not say: its address or document, else the level above its topic."""
    return key[0] if key[1] else key[0].rpartition("/")[0] or key[0]
