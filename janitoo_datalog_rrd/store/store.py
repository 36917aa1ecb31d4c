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

from ..core.contracts import CONSOLIDATIONS, DS_TYPES, FetchResult, Reading, SeriesInfo
from ..core.errors import BadRequestError, StoreError, UnknownSeriesError
from ..core.files import write_atomically
from ..core.parsers import SAFE_NAME
from ..core.status import Counters, Health
from . import catalogue, rrdfile, safepickle, snapshot
from .cache import Cache
from .flusher import Flusher
from .journal import Journal
from .names import series_name
from .series import AUTO_COLUMN, ColumnState, Series
from .settings import SourceConfig, StoreSettings

logger = logging.getLogger(__name__)

FUTURE_S = 60.0
"""How far ahead of our clock a message's own time may be; a later one would block its series until then."""
CLOSE_S = 2.5
"""How long files are written at the end; the snapshot keeps the samples of those that are not reached."""
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
        self._journal: Journal | None = None
        self._defined: set[int] = set()
        self._defined_in = -1
        self._auto_count = 0
        self._refused: int = 0
        self._catalogue_dirty = False
        self._listed: dict[str, None] = {}
        self._list_dirty = False
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
        settings.make_folders()
        journal = Journal(settings.journal_dir, settings.journal_sync)
        records = catalogue.load(settings.catalogue_path, self._tell_damage)
        configured = {name for name, series in self.cache.series.items() if series.configured}
        lost = catalogue.orphans(settings.rrd_dir, settings.filemask, set(records) | configured)
        for name, record in {**records, **lost}.items():
            if name not in configured:
                self._add_auto(name, record)
        self._catalogue_dirty = bool(lost)
        self._restore(journal)
        self._journal = journal
        for name in self.cache.series:
            self.list_add(name)

    def close(self, *, flush: bool = True) -> None:
        """Write everything to the files, and a snapshot of what could not be written in a few seconds.

        Args:
            flush: False leaves everything to the snapshot, as for a reload.
        """
        if self._journal is None:
            return
        if flush:
            self.flusher.flush_all(everything=True, seconds=CLOSE_S)
        try:
            self.dump()
            self.write_list()
        except OSError as error:
            logger.error("the snapshot could not be written: %s; the journal keeps its samples", error)
        self._journal.close()
        self._journal = None

    # -- the way in ----------------------------------------------------------------------------------

    def accept(self, readings: Iterable[Reading], arrival: float | None = None) -> int:
        """Take the readings of one message: they are in the journal's file when this returns.

        Args:
            readings: what a decoder made of the message.
            arrival: when it came, seconds since the epoch UTC; None for now.

        Returns:
            How many samples were accepted; late and dropped ones are counted, not accepted.

        Raises:
            StoreFullError: the cache is full; nothing was taken.
            OSError: the journal cannot be written; nothing was taken.
        """
        now = self.clock()
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
        return len(plan.samples)

    def _plan(self, readings: Iterable[Reading], arrival: float, latest: float) -> _Plan:
        plan = _Plan()
        for reading in readings:
            columns = self.cache.columns_of(reading.key) or self._new_series(reading)
            if not columns:
                plan.drop("max_series" if self.settings.auto_series else "not_configured")
                continue
            time_s = arrival if reading.timestamp is None else reading.timestamp
            if not 1 <= time_s <= latest:
                plan.drop("bad_time")
                continue
            if reading.meta.label or reading.meta.units:
                self._describe(columns, reading)
            for column in columns:
                series = column.series
                if series.written is None:
                    self.flusher.look_up(series)
                if series.is_late(time_s):
                    plan.late += 1
                else:
                    plan.samples.append((column, time_s, reading.value))
        return plan

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
        if orphan is not None and not orphan.configured and not orphan.columns[0].key:  # its catalogue entry was lost
            self.cache.bind(orphan.columns[0], reading.key)
            orphan.node = reading.meta.node or reading.key[0]
        elif self._auto_count >= self.settings.max_series:
            self._refused += 1
            return []
        else:
            meta = reading.meta
            label = (meta.label or reading.key[1] or reading.key[0])[:MAX_LABEL]
            ds_type = meta.ds_type if meta.ds_type in DS_TYPES else "GAUGE"
            node = (meta.node or reading.key[0])[:MAX_LABEL]
            name = series_name(reading.key, self.cache.series)
            self._add_auto(name, catalogue.record(reading.key, label, meta.units[:MAX_UNITS], ds_type, node))
            self.list_add(name)
        self._catalogue_dirty = True
        return self.cache.columns_of(reading.key)

    def _add_auto(self, name: str, record: catalogue.Record) -> Series:
        series = Series(name, self.path_of(name), record["node"], record["label"], self.settings.schemas.match(name))
        self.cache.add_series(series)
        key = tuple(record["key"])
        self.cache.add_column(series, AUTO_COLUMN, key, record["label"], record["units"], record["ds_type"])
        self._auto_count += 1
        return series

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
                self._catalogue_dirty |= not configured

    # -- datasource components -----------------------------------------------------------------------

    def configure(self, name: str, step: int, sources: Iterable[SourceConfig], label: str = "", node: str = "") -> list[str]:
        """Set up the series of a datasource component; its file is made, or fitted to the sources with its history kept.

        Args:
            name: the `rrd_file`.
            step: seconds between two rows.
            sources: its data sources, in order.
            label, node: text for people, and the HADD of the component.

        Returns:
            One sentence per change made to a file that was there.

        Raises:
            RrdError: the file cannot be made, read or fitted.
            StoreError: the file has another step; the series goes on with that one.
            OSError: the folders cannot be made.
        """
        self.settings.make_folders()
        wanted = list(sources)
        series = self.cache.series.get(name)
        if series is None or not series.configured or not _same_sources(series, wanted):
            if series is not None:
                self.flusher.flush(series, everything=True)
            series = self._replace_configured(name, step, wanted)
        series.label, series.node = label or name, node
        told, complaint = self._fit_file(series, step)
        self.flusher.look_up(series)
        self.cache.live.add(name)
        self.list_add(name)
        if complaint:
            raise StoreError(complaint)
        return told

    def _replace_configured(self, name: str, step: int, wanted: list[SourceConfig]) -> Series:
        """Set up a configured series anew; what is cached for a data source that stays is taken over."""
        with self.cache.lock:
            old = self.cache.series.get(name)
            series = Series(name, self.path_of(name), "", name, self.settings.schemas.match(name), step=step)
            kept = {(column.name, column.key): column for column in (old.columns if old is not None else ())}
            last = old.last_of_rows() if old is not None else {}
            self.forget(name)
            self.cache.add_series(series)
            for source in wanted:
                column = self.cache.add_column(series, source.label, source.key, source.label, "", source.ds_type)
                before = kept.get((source.label, source.key))
                if before is not None:
                    column.replace(before.samples())
                    column.last_time, column.last_value, column.units = before.last_time, before.last_value, before.units
                    self.cache.samples += len(column)
            series.reset_rows(last)
            return series

    def _fit_file(self, series: Series, step: int) -> tuple[list[str], str]:
        """Make a configured series' file, or fit it; a step that cannot be changed is kept and told."""
        if not series.path.exists():
            self.flusher.make_file(series, int(self.clock()))
            return [], ""
        try:
            header = rrdfile.read_header(series.path)
        except rrdfile.RrdError as error:
            self._tell_damage(rrdfile.move_aside(series.path), str(error))
            self.flusher.make_file(series, int(self.clock()))
            return [], ""
        complaint = ""
        if header.step != step:
            series.step = header.step
            series.reset_rows(series.last_of_rows())
            complaint = (
                f"rrd_step_0 = {step}, but {series.path} was made with a step of {header.step} s, and RRDtool cannot change it: "
                f"set rrd_step_0 = {header.step}, or choose another rrd_file_0 (the old file stays readable). "
                f"Until then the step stays {header.step} s"
            )
        with self.flusher.exclusively(series):
            return rrdfile.fit_sources(series.path, series.sources()), complaint

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
        self.list_remove(name)
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
        """Write every series; see `Flusher.flush_all`."""
        return self.flusher.flush_all(everything=everything)

    def list_series(self) -> list[SeriesInfo]:
        """Every series, sorted by name."""
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
        if SAFE_NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not a series name")
        return self.settings.rrd_dir / (self.settings.filemask % {"rrd_file": name})

    def _get(self, name: str) -> Series:
        series = self.cache.series.get(name)
        if series is None:
            raise UnknownSeriesError(name)
        return series

    # -- what is done in time ------------------------------------------------------------------------

    def tick(self) -> None:
        """Write what is due and the list of names; called about once a second."""
        self.flusher.flush_due()
        if self._list_dirty:
            self._try("index.txt", self.write_list)

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
        journal = self._journal
        if journal is None:
            raise StoreError("the store is not open")
        with self._dump_lock:
            self.write_catalogue()
            with self.cache.lock:
                segment = journal.rotate()
                content = snapshot.freeze(self.cache, segment)
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
                name: catalogue.record(column.key, column.label, column.units, column.ds_type, series.node)
                for name, series in self.cache.series.items()
                if not series.configured
                for column in series.columns
            }
        try:
            catalogue.save(self.settings.catalogue_path, records)
        except OSError:
            self._catalogue_dirty = True
            raise

    def _restore(self, journal: Journal) -> None:
        """Put back what snapshot and journal have."""
        now, ttl = self.monotonic(), self.settings.cache_rrd_ttl
        data = snapshot.load(self.settings.snapshot_path, self._tell_damage)
        for name, frozen in (data["series"] if data else {}).items():
            series = self.cache.series.get(name)
            if series is None:
                logger.warning("the snapshot has samples of %s, which is no series any more; they are passed over", name)
                continue
            try:
                if series.written is None:
                    self.flusher.look_up(series)
                snapshot.thaw(self.cache, series, frozen, now, ttl)
            except safepickle.UNREADABLE as error:
                self._tell_damage(self.settings.snapshot_path, f"its part on {name} is damaged: {error}")
        first = data["segment"] if data else 0
        columns: dict[tuple[int, int], ColumnState | None] = {}
        for segment, frame in journal.replay(first, self._tell_damage):
            try:
                self._replay_frame(columns, segment, frame, now, ttl)
            except safepickle.UNREADABLE as error:
                self._tell_damage(journal.path_of(segment), f"a frame makes no sense: {error!r}")
        journal.remove_before(first)

    def _replay_frame(
        self, columns: dict[tuple[int, int], ColumnState | None], segment: int, frame: Any, now: float, ttl: float
    ) -> None:
        if isinstance(frame, tuple):
            kind, number, name, column_name, configured, record = frame
            if kind != "column" or not isinstance(name, str) or not SAFE_NAME.fullmatch(name) or not catalogue.is_record(record):
                raise ValueError("it is no definition of a column")
            columns[segment, number] = self._column_for(name, column_name, record, configured=bool(configured))
            return
        for number, time_s, value in zip(frame[::3], frame[1::3], frame[2::3], strict=True):
            column = columns[segment, number]
            if column is not None:
                self._replay_sample(column, float(time_s), float(value), now, ttl)

    def _column_for(self, name: str, column_name: str, record: catalogue.Record, *, configured: bool) -> ColumnState | None:
        """The column that a journal's definition means today; None when nobody asks for it any more."""
        series = self.cache.series.get(name)
        if series is None and not configured:
            series = self._add_auto(name, record)
            self._catalogue_dirty = True
        if series is None:
            logger.warning("the journal has samples of %s, which is no series any more; they are passed over", name)
            return None
        if series.written is None:
            self.flusher.look_up(series)
        return next((column for column in series.columns if column.name == column_name), None)

    def _replay_sample(self, column: ColumnState, time_s: float, value: float, now: float, ttl: float) -> None:
        series = column.series
        if not series.is_late(time_s):
            self.cache.append(column, time_s, value, now, ttl)
        elif series.rows is not None:
            series.rows.learn(series.columns.index(column), (time_s, value))

    # -- index.txt -----------------------------------------------------------------------------------

    def list_add(self, name: str) -> None:
        """Put a name on the list."""
        with self.cache.lock:
            if name not in self._listed:
                self._listed[name] = None
                self._list_dirty = True

    def list_remove(self, name: str) -> None:
        """Take a name off the list."""
        with self.cache.lock:
            if name in self._listed:
                del self._listed[name]
                self._list_dirty = True

    def write_list(self) -> None:
        """Write `index.txt`: the names, joined by `|`. Raises OSError."""
        with self.cache.lock:
            self._list_dirty = False
            content = "|".join(self._listed)
        try:
            write_atomically(self.settings.list_path, content.encode("ascii"), mode=0o644, sync=False)
        except OSError:
            self._list_dirty = True
            raise

    # -- telling -------------------------------------------------------------------------------------

    def _tell_damage(self, path: Path, why: str) -> None:
        """Say that something on disk could not be read; it stays, the server goes on."""
        logger.error("%s is damaged: %s; what could be read is taken, the file is kept aside", path, why)
        self.health.note(f"damage: {path.name}", f"{re.sub(r'[^ -~]', '?', str(path))} was damaged: {why}")


def _same_sources(series: Series, wanted: list[SourceConfig]) -> bool:
    have = [(column.key, column.ds_type, column.name) for column in series.columns]
    return have == [(source.key, source.ds_type, source.label) for source in wanted]
