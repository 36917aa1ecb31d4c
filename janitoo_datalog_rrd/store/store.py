"""The store: takes readings, keeps them safe in cache and journal, writes them to RRD files, and answers readers."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.contracts import CONSOLIDATIONS, DS_TYPES, FetchResult, Key, Reading, SeriesInfo
from ..core.errors import BadRequestError, StoreError, UnknownSeriesError
from ..core.files import write_atomically
from ..core.status import Counters, Health
from . import catalogue, rrdfile, safepickle, snapshot
from .cache import Cache
from .datasources import Datasources
from .flusher import Flusher
from .journal import Journal
from .namelist import NameList
from .names import janitoo_key, series_name
from .recovery import Recovery
from .series import AUTO_COLUMN, ColumnState, Series
from .settings import EARLIEST_S, FUTURE_S, SourceConfig, StoreSettings

logger = logging.getLogger(__name__)

CLOSE_S = 2.5
"""How long files are written at the end; the snapshot keeps the samples of those that are not reached."""
CLOCK_SET_BACK_S = 86400.0
"""How far ahead of our clock a journalled sample may be at a start: the clock may have been set back meanwhile."""
MAX_LABEL = 200
MAX_UNITS = 40


class StoreFullError(StoreError):
    """The cache is full; nothing was taken."""


@dataclass(slots=True)
class _Plan:
    """What one call of `accept` will do once the journal has it."""

    samples: list[tuple[ColumnState, float, float]] = field(default_factory=list)
    late: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


class Store:
    """Every series of a server.

    Args:
        settings: see StoreSettings.
        counters: `samples_accepted`, `samples_written`, `samples_late`, `samples_dropped` are counted there.
        health: told what is wrong.
        clock: seconds since the epoch UTC.
        monotonic: seconds of a clock that never jumps.
    """

    def __init__(
        self,
        settings: StoreSettings,
        counters: Counters,
        health: Health,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.counters = counters
        self.health = health
        self.clock = clock
        self.monotonic = monotonic
        self.cache = Cache()
        self.flusher = Flusher(self.cache, settings, counters, health, clock, monotonic, self._tell_damage)
        self._datasources = Datasources(self.cache, self.flusher, self._tell_damage)
        self._journal: Journal | None = None
        self._defined: set[int] = set()
        self._defined_in = -1
        self._auto_count = 0
        self._refused: int = 0
        self._catalogue_dirty = False
        self.names = NameList(settings)
        self._dump_lock = threading.Lock()
        self._snapshot_size = 0

    # -- opening and closing -------------------------------------------------------------------------

    def open(self) -> None:
        """Read catalogue, snapshot and journal; without effect when it is open.

        Raises:
            OSError: the folders cannot be made or read.
        """
        if self._journal is not None:
            return
        settings = self.settings
        for part in ("rrd files", "journal", "snapshot", "catalogue", "index.txt"):
            self.health.ok(part)  # what an earlier life told is looked at anew
        settings.make_folders()
        journal = Journal(settings.journal_dir, settings.journal_sync)
        records = catalogue.load(settings.catalogue_path, self._tell_damage)
        configured = {name for name, series in self.cache.series.items() if series.configured}
        for name, record in records.items():
            if name not in configured:
                self._add_auto(name, record)
        lost = catalogue.orphans(settings.rrd_dir, settings.filemask, set(self.cache.series))
        for name in lost:
            self._add_orphan(name)
        known = len(self.cache.series)
        Recovery(
            self.cache,
            self.flusher,
            settings,
            self.monotonic(),
            self.clock() + CLOCK_SET_BACK_S,
            self._add_auto,
            self._tell_damage,
        ).run(journal)
        self._catalogue_dirty |= bool(lost) or len(self.cache.series) > known
        self._journal = journal
        for name in self.cache.series:
            self.names.add(name)

    def close(self, *, flush: bool = True) -> None:
        """Write everything to the files, and a snapshot of what could not be written in a few seconds.

        Args:
            flush: False leaves everything to the snapshot, as for a reload, but for the configured series: the new ini may
                not have them any more.
        """
        if self._journal is None:
            return
        if flush:
            self.flusher.flush_all(everything=True, seconds=CLOSE_S)
        else:
            self.flusher.flush_configured()
        try:
            self.dump()
            self.names.write()
        except OSError as error:
            logger.error("the snapshot could not be written: %s; the journal keeps its samples", error)
        finally:
            with self._dump_lock:
                self._journal.close()
                self._journal = None

    # -- the way in ----------------------------------------------------------------------------------

    def accept(self, readings: Iterable[Reading], arrival: float | None = None, dropped: dict[str, int] | None = None) -> int:
        """Take the readings of one message: they are in the journal's file when this returns.

        Args:
            readings: what a decoder made of the message.
            arrival: when it came, seconds since the epoch UTC; None for now.
            dropped: where one is given, it is told how many were dropped for which reason, `late` among them.

        Returns:
            How many samples were accepted; late and dropped ones are counted, not accepted.

        Raises:
            StoreFullError: the cache is full; nothing was taken.
            OSError: the journal cannot be written; nothing was taken.
        """
        now = self.clock()
        if now < EARLIEST_S:
            raise StoreError("this machine's clock is before 1980: nothing is stored until it is set")
        with self.cache.lock:
            plan = self._plan(readings, now if arrival is None else arrival, now + FUTURE_S)
            if plan.samples:
                if self.cache.samples + len(plan.samples) > self.settings.cache_max_samples:
                    raise StoreFullError(f"the cache is full: it holds {self.cache.samples} samples (cache_max_samples)")
                self._journal_samples(plan.samples)
                touched = self.monotonic()
                for column, time_s, value in plan.samples:
                    self.cache.append(column, time_s, value, touched, self.settings.cache_rrd_ttl)
        self.counters.add("samples_accepted", amount=len(plan.samples))
        if plan.late:
            self.counters.add("samples_late", amount=plan.late)
        for reason, count in plan.dropped.items():
            self.counters.add("samples_dropped", reason, count)
        if dropped is not None:
            dropped.update(plan.dropped)
            if plan.late:
                dropped["late"] = plan.late
        return len(plan.samples)

    def _plan(self, readings: Iterable[Reading], arrival: float, latest: float) -> _Plan:
        plan = _Plan()
        for reading in readings:
            time_s = arrival if reading.timestamp is None else reading.timestamp
            if not EARLIEST_S <= time_s <= latest:
                plan.drop("bad_time")
                continue
            columns = self.cache.columns_of(reading.key)
            if not columns:
                if reading.value != reading.value:
                    continue  # a series begins with its first number
                columns = self._new_series(reading)
            if not columns:
                plan.drop("max_series" if self.settings.auto_series else "not_configured")
                continue
            if reading.meta.label or reading.meta.units:
                self._describe(columns, reading)
            own_time = reading.timestamp is not None
            for column in columns:
                if column.own_time is not own_time:
                    self._note_time(column, own=own_time)
                if not column.takes(reading.value):
                    plan.drop("out_of_range")
                    continue
                series = column.series
                if series.written is None:
                    self.flusher.look_up(series)
                if series.is_late(time_s):
                    plan.late += 1
                else:
                    plan.samples.append((column, time_s, reading.value))
        return plan

    def _note_time(self, column: ColumnState, *, own: bool) -> None:
        """Note whether a value's messages bring their own time; one that ever did stays so."""
        if column.own_time is None or own:
            self._catalogue_dirty |= column.own_time is not own
            column.own_time = own

    def _journal_samples(self, samples: list[tuple[ColumnState, float, float]]) -> None:
        """Write samples to the journal, with the definition of each column that the segment does not have yet."""
        journal = self._journal
        if journal is None:
            raise StoreError("the store is not open")
        if journal.ensure_open() != self._defined_in:
            self._defined.clear()
            self._defined_in = journal.segment
        for column, _, _ in samples:
            if column.number not in self._defined:
                series = column.series
                record = catalogue.record(column.key, column.label, column.units, column.ds_type, series.node)
                journal.append(("column", column.number, series.name, column.name, series.configured, record))
                self._defined.add(column.number)
        journal.append([part for column, time_s, value in samples for part in (column.number, time_s, value)])

    def _new_series(self, reading: Reading) -> list[ColumnState]:
        """Make a series for a value that has none; an empty list says that there may be no more."""
        if not self.settings.auto_series:
            return []
        name = series_name(reading.key)
        orphan = self.cache.series.get(name)
        if orphan is not None and orphan.is_orphan and orphan.columns[0].name == AUTO_COLUMN:
            self.cache.bind(orphan.columns[0], reading.key)
            orphan.node = reading.meta.node or _node_of(reading.key)
        elif self._auto_count >= self.settings.max_series:
            self._refused += 1
            return []
        else:
            meta = reading.meta
            label = (meta.label or reading.key[1] or reading.key[0].rpartition("/")[2] or reading.key[0])[:MAX_LABEL]
            ds_type = meta.ds_type if meta.ds_type in DS_TYPES else "GAUGE"
            node = (meta.node or _node_of(reading.key))[:MAX_LABEL]
            name = series_name(reading.key, self.cache.series)
            self._add_auto(name, catalogue.record(reading.key, label, meta.units[:MAX_UNITS], ds_type, node))
            self.names.add(name)
        self._catalogue_dirty = True
        return self.cache.columns_of(reading.key)

    def _add_auto(self, name: str, record: catalogue.Record) -> Series:
        series = Series(name, self.path_of(name), record["node"], record["label"], self.settings.schemas.match(name))
        self.cache.add_series(series)
        key = tuple(record["key"])
        column = self.cache.add_column(series, AUTO_COLUMN, key, record["label"], record["units"], record["ds_type"])
        own_time = record.get("own_time")
        column.own_time = own_time if isinstance(own_time, bool) else None
        self._auto_count += 1
        return series

    def _add_orphan(self, name: str) -> None:
        """List a file that nobody knows with the data sources it has; one made of a single value takes that value again."""
        series = Series(name, self.path_of(name), "", name, self.settings.schemas.match(name))
        try:
            header = rrdfile.read_header(series.path)
        except rrdfile.RrdError as error:
            self._tell_damage(rrdfile.move_aside(series.path), str(error))
            return
        logger.warning("%s belongs to no value that is known; it is listed under its name", series.path)
        self.cache.add_series(series)
        for source in header.sources:
            key = janitoo_key(name) if source.name == AUTO_COLUMN else None
            self.cache.add_column(series, source.name, key or (), source.name, "", source.logged_type)
        self.flusher.look_up(series)

    def _describe(self, columns: Iterable[ColumnState], reading: Reading) -> None:
        """Take over label and units of a message where they changed."""
        label, units = reading.meta.label[:MAX_LABEL], reading.meta.units[:MAX_UNITS]
        for column in columns:
            configured = column.series.configured
            if label and label != column.label and not configured:
                column.label = column.series.label = label
                self._catalogue_dirty = True
            if units and units != column.units:
                column.units = units
                self._catalogue_dirty = True

    # -- series as a whole ---------------------------------------------------------------------------

    def configure(self, name: str, step: int, sources: Iterable[SourceConfig], label: str = "", node: str = "") -> list[str]:
        """Set up the series of a datasource component; see `Datasources.configure`."""
        self.settings.make_folders()
        known = self.cache.series.get(name)
        if known is not None and not known.configured:
            self._auto_count -= 1
        self.names.add(name)
        self._catalogue_dirty = True
        try:
            return self._datasources.configure(name, step, list(sources), label, node)
        finally:
            if self._journal is not None:  # whose values the file holds has to be known after a kill too
                self._try("catalogue", self.write_catalogue)

    def forget(self, name: str) -> None:
        """Forget a series; its file stays."""
        series = self.cache.remove_series(name)
        if series is not None and not series.configured:
            self._auto_count -= 1
            self._catalogue_dirty = True

    def remove(self, name: str) -> None:
        """Forget a series and delete its file. Raises UnknownSeriesError."""
        series = self._get(name)
        self.forget(name)
        self.names.remove(name)
        with self.flusher.exclusively(series):
            series.path.unlink(missing_ok=True)

    def rotate(self, name: str, until: float | None = None) -> int:
        """Make the rows of a configured series up to a time (None: now), to be written later. Returns how many."""
        return self.cache.rotate(self._get(name), self.clock() if until is None else until)

    # -- the way out ---------------------------------------------------------------------------------

    def flush(self, name: str) -> int:
        """Write a series' cached samples to its file; see `Flusher.flush`. Raises UnknownSeriesError, RrdError."""
        return self.flusher.flush(self._get(name))

    def flush_all(self, *, everything: bool = False) -> int:
        """Write every series, and what they are called; see `Flusher.flush_all`."""
        if self._catalogue_dirty and self._journal is not None:
            self._try("catalogue", self.write_catalogue)
        return self.flusher.flush_all(everything=everything)

    def list_series(self) -> list[SeriesInfo]:
        """Every series, sorted by name; the last numbers of those that were silent since the start come from their files."""
        for series in list(self.cache.series.values()):
            if series.written is None:
                self.flusher.look_up(series)
        with self.cache.lock:
            return [self.cache.series[name].info() for name in sorted(self.cache.series)]

    def get_series(self, name: str) -> SeriesInfo:
        """One series. Raises UnknownSeriesError."""
        with self.cache.lock:
            series = self._get(name)
            if series.written is None:
                self.flusher.look_up(series)
            return series.info()

    def fetch(self, name: str, start: str, end: str, cf: str = "AVERAGE", resolution: int | None = None) -> FetchResult:
        """Flush, then read rows.

        Raises:
            UnknownSeriesError: there is no such series.
            BadRequestError: an argument is wrong.
            StoreError: the file cannot be read, or is not there yet.
        """
        if cf not in CONSOLIDATIONS:
            raise BadRequestError("cf", f"cf {cf!r} is not known: expected one of {', '.join(CONSOLIDATIONS)}")
        series = self._get(name)
        self.flush(name)
        if not series.path.exists():
            raise StoreError(f"{name} has no data yet")
        return rrdfile.fetch(series.path, start, end, cf, resolution)

    def count_cached(self) -> int:
        """Samples accepted and not yet written to files."""
        return self.cache.samples

    def count_series(self) -> int:
        """How many series there are."""
        return len(self.cache.series)

    def path_of(self, name: str) -> Path:
        """RRD file of a series. Raises ValueError when the name is not safe."""
        return self.settings.path_of(name)

    def _get(self, name: str) -> Series:
        series = self.cache.series.get(name)
        if series is None:
            raise UnknownSeriesError(name)
        return series

    # -- what is done in time ------------------------------------------------------------------------

    def tick(self) -> None:
        """Write what is due and the list of names; called about once a second."""
        self.flusher.flush_due()
        if self.names.dirty:
            self._try("index.txt", self.names.write)

    def sync_journal(self) -> None:
        """Ask the disk to have the journal; called every `journal_sync_interval`."""
        if self._journal is not None:
            self._try("journal", self._journal.sync)

    def snapshot_if_due(self) -> None:
        """Write the catalogue where it changed, and a snapshot where the journal has outgrown it.

        A snapshot at each call would write the whole cache over and over, which wears out SD cards; waiting until the
        journal is as long as the snapshot keeps what is written within twice what came in.
        """
        if self._catalogue_dirty:
            self._try("catalogue", self.write_catalogue)
        journal = self._journal
        if journal is not None and (journal.size > max(1 << 20, self._snapshot_size) or len(journal.segments()) > 1):
            self._try("snapshot", self.dump)

    def tell_refused(self) -> None:
        """Say how many values got no series since the last call; called once a minute."""
        refused, self._refused = self._refused, 0
        if refused:
            logger.warning(
                "%d readings of new values were dropped: there are %d series already; raise max_series in [datarrd], "
                "or narrow what is subscribed",
                refused,
                self._auto_count,
            )

    def bury_dead(self) -> list[str]:
        """Take series without a sample for `cache_dead_ttl` out of the cache and return their names."""
        return self.cache.bury(self.monotonic() - self.settings.cache_dead_ttl)

    def _try(self, part: str, call: Callable[[], Any]) -> None:
        try:
            call()
        except OSError as error:
            logger.error("%s could not be written: %s; it is tried again", part, error)
            self.health.fail(part, f"{part} could not be written: {error}")
        else:
            self.health.ok(part)

    # -- snapshot and recovery -----------------------------------------------------------------------

    def dump(self) -> None:
        """Write catalogue and snapshot, and delete the journal segments they cover. Raises OSError."""
        with self._dump_lock:
            journal = self._journal
            if journal is None:
                raise StoreError("the store is not open")
            self.write_catalogue()
            with self.cache.lock:
                segment = journal.rotate()
                frozen = snapshot.freeze(self.cache, segment)
            content = safepickle.dumps(frozen)
            if self.settings.journal_sync != "never":
                self.flusher.sync()
            write_atomically(self.settings.snapshot_path, content, sync=self.settings.journal_sync != "never")
            self._snapshot_size = len(content)
            journal.remove_before(segment)

    def write_catalogue(self) -> None:
        """Write the catalogue of the series made by themselves. Raises OSError."""
        with self.cache.lock:
            self._catalogue_dirty = False
            records = {
                name: {
                    **catalogue.record(column.key, column.label, column.units, column.ds_type, series.node),
                    **({} if column.own_time is None else {"own_time": column.own_time}),
                }
                for name, series in self.cache.series.items()
                if not (series.configured or series.is_orphan)
                for column in series.columns
            }
            for name, series in self.cache.series.items():
                if series.configured:
                    columns = {column.name: (column.key, column.units) for column in series.columns}
                    records[name] = catalogue.configured(columns)
        try:
            catalogue.save(self.settings.catalogue_path, records)
        except OSError:
            self._catalogue_dirty = True
            raise

    # -- telling -------------------------------------------------------------------------------------

    def _tell_damage(self, path: Path, why: str) -> None:
        """Say that something on disk could not be read; it stays, the server goes on."""
        logger.error("%s is damaged: %s; what could be read is taken, the file is kept aside", path, why)
        self.health.note(f"damage: {path.name}", f"{re.sub(r'[^ -~]', '?', str(path))} was damaged: {why}")


def _node_of(key: Key) -> str:
    """What a value belongs to where its message does not say: its address or document, else the level above its topic."""
    return key[0] if key[1] else key[0].rpartition("/")[0] or key[0]
