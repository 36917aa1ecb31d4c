"""The store: takes readings, keeps them safe in cache and journal, writes them to RRD files, and answers readers."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..core import seams
from ..core.contracts import CONSOLIDATIONS, FetchResult, Glance, Key, Outcome, Reading, SeriesInfo, Stretch
from ..core.errors import BadRequestError, StoreError, UnknownSeriesError
from ..core.facts import StoreState
from ..core.files import write_atomically
from ..core.status import Counters, Health
from . import catalogue, rrdfile, snapshot
from .autoseries import AutoSeries
from .cache import Cache
from .datasources import Datasources
from .flusher import Flusher
from .identity import Identities
from .intake import Intake
from .journal import FULL, Journal
from .listing import Listing
from .namelist import NameList
from .recent import read_recent
from .recovery import Recovery
from .refit import Refit
from .series import Series
from .settings import EARLIEST_S, FUTURE_S, SourceConfig, StoreSettings
from .state import StateReader
from .tail import Tail
from .tails import Tails
from .watch import StoreWatch

logger = logging.getLogger(__name__)

CLOSE_S = 2.5
"""How long files are written at the end; the snapshot keeps the samples of those that are not reached."""
CLOCK_SET_BACK_S = 86400.0
"""How far ahead of our clock a journalled sample may be at a start: the clock may have been set back meanwhile."""


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
        self.names = NameList(settings)
        identities = Identities(self.cache, monotonic, self._tell)
        self._auto = AutoSeries(self.cache, settings, self.flusher, self.names, identities, self._tell_damage)
        self._refit = Refit(self.cache, self.flusher, settings, health, monotonic)
        self._dump_lock = threading.Lock()
        self._catalogue_lock = threading.Lock()
        self._snapshot_size = 0
        self._tails: Tails | None = None
        self._listing = Listing(self.cache, self.flusher.look_up)
        self._state = StateReader(self.cache, settings, clock, monotonic)

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
        self.flusher.undo.open()
        journal = Journal(settings.journal_dir, settings.journal_sync)
        records = catalogue.load(settings.catalogue_path, self._tell_damage)
        configured = {name for name, series in self.cache.series.items() if series.configured}
        for name in list(records):  # taken out one by one, so that each gives its memory to the next
            record = records.pop(name)
            if name not in configured:
                self._auto.add(name, record)
        lost = catalogue.orphans(settings.rrd_dir, settings.filemask, set(self.cache.series))
        for name in lost:
            self._auto.add_orphan(name)
        known = len(self.cache.series)
        recovery = Recovery(
            self.cache,
            self.flusher,
            settings,
            self.monotonic(),
            self.clock() + CLOCK_SET_BACK_S,
            self._auto.add,
            self._tell_damage,
        )
        tails = Tails(settings.tails_dir, journal, self.cache, self.health, self._tell_damage)
        tails.load()
        recovery.run(journal)
        tails.settle()
        self._auto.changed |= recovery.redefined or len(self.cache.series) > known
        self._journal, self._tails = journal, tails
        self._refit.begin()
        for name, series in self.cache.series.items():
            if not series.is_hidden:
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
                if self._tails is not None:
                    self._tails.close()
                    self._tails = None

    # -- the way in ----------------------------------------------------------------------------------

    def intake(self) -> Intake:
        """Begin to take in a batch of messages; see Intake.

        Raises:
            StoreError: the store is not open, or the clock was never set.
        """
        now = self.clock()
        if now < EARLIEST_S:
            raise StoreError("this machine's clock is before 1980: nothing is stored until it is set")
        if self._journal is None:
            raise StoreError("the store is not open")
        return Intake(self._auto, self._journal, self.counters, now + FUTURE_S, self.monotonic())

    def accept(self, readings: Sequence[Reading], arrival: float | None = None) -> int:
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
        with self.intake() as intake:
            intake.add(readings, self.clock() if arrival is None else arrival)
            intake.commit()
            return len(intake.values)

    def take(self, readings: Sequence[Reading]) -> Outcome:
        """Take readings that somebody hands in, and tell what became of each; they are in the journal's file when this returns.

        Raises:
            StoreError: the cache is full, or the journal cannot be written; nothing was taken.
        """
        try:
            with self.intake() as intake:
                intake.add(readings, self.clock())
                intake.commit()
                return intake.outcome
        except OSError as error:
            raise StoreError(f"the journal cannot be written: {error.strerror or error}") from error

    # -- readers of the journal ----------------------------------------------------------------------

    def tail(self, name: str, limit_bytes: int) -> Tail:
        """Begin to read every sample that is accepted; see `Tails.tail`.

        Raises:
            StoreError: the store is not open, or the name is not safe.
            OSError: its position cannot be written.
        """
        tails = self._tails
        if tails is None:
            raise StoreError("the store is not open")
        return tails.tail(name, limit_bytes)

    def keep_tails(self, names: Collection[str]) -> None:
        """Forget the readers of the journal that have other names, and what is kept for them. Raises OSError."""
        if self._tails is not None:
            self._tails.keep_only(names)

    # -- series as a whole ---------------------------------------------------------------------------

    def configure(self, name: str, step: int, sources: Iterable[SourceConfig], label: str = "", node: str = "") -> list[str]:
        """Set up the series of a datasource component; see `Datasources.configure`."""
        self.settings.make_folders()
        self.flusher.undo.open()
        known = self.cache.series.get(name)
        if known is not None and not known.configured:
            self._auto.forgotten(known)
        self.names.add(name)
        self._auto.changed = True
        try:
            return self._datasources.configure(name, step, list(sources), label, node)
        finally:
            if self._journal is not None:  # whose values the file holds has to be known after a kill too
                self._try("catalogue", self.write_catalogue)

    def forget(self, name: str) -> None:
        """Forget a series; its file stays."""
        series = self.cache.remove_series(name)
        if series is not None:
            self._auto.forgotten(series)
            self.flusher.forget(name)

    def remove(self, name: str) -> None:
        """Forget a series and delete its file. Raises UnknownSeriesError."""
        series = self.cache.series.get(name)
        if series is None:
            raise UnknownSeriesError(name)
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
        if self._auto.changed and self._journal is not None:
            self._try("catalogue", self.write_catalogue)
        return self.flusher.flush_all(everything=everything)

    def glances(self) -> list[Glance]:
        """Every series that is not hidden at a glance, sorted by name; nothing is copied."""
        return self._listing.glances()

    def list_series(self, names: Iterable[str] | None = None) -> list[SeriesInfo]:
        """Every series that is not hidden, sorted by name; or those of some names that are there, in their order.

        The last numbers of those that were silent since the start come from their files.
        """
        return self._listing.infos(names)

    def get_series(self, name: str) -> SeriesInfo:
        """One series. Raises UnknownSeriesError."""
        with self.cache.lock:
            series = self._get(name)
            if series.written is None:
                self.flusher.look_up(series)
            return series.info()

    def watch(self) -> StoreWatch:
        """Begin to watch the last values; see StoreWatch."""
        return StoreWatch(self.cache, self.flusher.look_up)

    def series_of(self, key: Key) -> list[str]:
        """Names of the series that a value goes to; none where it has no series yet."""
        columns = self.cache.columns_of(key)  # a look needs no lock
        return sorted({column.series.name for column in columns if not column.series.is_hidden})

    def hider_of(self, key: Key) -> str:
        """The section of the ini that says that a value is not to be logged; empty where none does."""
        return self._auto.hider_of(key)

    def is_configured(self, key: Key) -> bool:
        """Whether a datasource asks for a value."""
        return self.cache.is_configured(key)

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

    def recent(self, name: str, since: float) -> list[Stretch]:
        """What a series with one column is since a time, in the order of time; nothing is written.

        Raises:
            UnknownSeriesError: there is no such series.
            StoreError: its file cannot be read, or it is a configured one, whose rows are made when they are written.
        """
        series = self._get(name)
        if series.rows is not None or len(series.columns) != 1:
            raise StoreError(f"{name} is a datasource: its rows are read from its file")
        if series.written is None:
            self.flusher.look_up(series)
        return read_recent(self.cache, series, since)

    def count_cached(self) -> int:
        """Samples accepted and not yet written to files."""
        return self.cache.samples

    def count_series(self) -> int:
        """How many series there are, those that are hidden not counted."""
        return len(self.cache.series) - self._auto.hidden

    def state(self) -> StoreState:
        """What the store holds: samples, journal, files."""
        return self._state.read(self._journal, self._tails)

    def path_of(self, name: str) -> Path:
        """RRD file of a series. Raises ValueError when the name is not safe."""
        return self.settings.path_of(name)

    def _get(self, name: str) -> Series:
        series = self.cache.series.get(name)
        if series is None or series.is_hidden:
            raise UnknownSeriesError(name)
        return series

    # -- what is done in time ------------------------------------------------------------------------

    def tick(self) -> None:
        """Write what is due and the list of names, and fit files to their retention; called about once a second."""
        self.flusher.flush_due()
        self._refit.work()
        if self._tails is not None:
            self._try("journal kept for readers", self._tails.tick)
        if self.names.dirty:
            self._try("index.txt", self.names.write)

    def sync_journal(self) -> None:
        """Ask the disk to have the journal; called every `journal_sync_interval`.

        A disk that has failed to may say the next time that all is well, and not have it: what is cached is then written anew.
        """
        journal = self._journal
        if journal is not None and self._try("journal", journal.sync) and journal.doubted and self._try("snapshot", self.dump):
            journal.doubted = False

    def snapshot_if_due(self) -> None:
        """Write the catalogue where it changed, and a snapshot where the journal has outgrown it.

        A snapshot at each call would write the whole cache over and over, which wears out SD cards; waiting until the
        journal is as long as the snapshot keeps what is written within twice what came in.
        """
        if self._auto.changed:
            self._try("catalogue", self.write_catalogue)
        journal = self._journal
        if journal is not None and (journal.size > max(1 << 20, self._snapshot_size) or len(journal.segments()) > 1):
            self._try("snapshot", self.dump)

    def tell_refused(self) -> None:
        """Say how many values got no series since the last call; called once a minute."""
        refused, self._auto.refused = self._auto.refused, 0
        if refused:
            logger.warning(
                "%d readings of new values were dropped: there are %d series already; raise max_series in [datarrd], "
                "or narrow what is subscribed",
                refused,
                self._auto.count,
            )

    def bury_dead(self) -> list[str]:
        """Take series without a sample for `cache_dead_ttl` out of the cache and return their names."""
        return self.cache.bury(self.monotonic() - self.settings.cache_dead_ttl)

    def _try(self, part: str, call: Callable[[], Any]) -> bool:
        """Call something that writes a part; where the disk fails that is told, and the answer is False."""
        try:
            call()
        except OSError as error:
            what = f"{part} could not be written: {error}"
            if self._journal is not None and error.errno in FULL:
                self._journal.full = True
            if self.health.problems().get(part) != what:  # it is tried every second, perhaps for days
                logger.error("%s; it is tried again", what)
            self.health.fail(part, what)
            return False
        self.health.ok(part)
        return True

    # -- snapshot and recovery -----------------------------------------------------------------------

    def dump(self) -> None:
        """Write catalogue and snapshot, and delete the journal segments they cover. Raises OSError."""
        with self._dump_lock:
            journal = self._journal
            if journal is None:
                raise StoreError("the store is not open")
            with self.cache.lock:
                segment = journal.rotate()
                frozen = snapshot.freeze(self.cache, segment)
            seams.reached("snapshot-begun")
            self.write_catalogue()  # with all that the segments say which go: after the rotation
            content = snapshot.pack(frozen)
            if self.settings.journal_sync != "never":
                self.flusher.sync()
            durable = self.settings.journal_sync != "never"
            write_atomically(self.settings.snapshot_path, content, sync=durable, seam="snapshot-written")
            seams.reached("snapshot-renamed")
            self._snapshot_size = len(content)
            journal.remove_before(segment)
            if self._tails is not None:
                self._tails.settle()

    def write_catalogue(self) -> None:
        """Write the catalogue of the series made by themselves. Raises OSError."""
        with self._catalogue_lock:  # a flush and a snapshot may both want to, and there is one temporary file
            self._write_catalogue()

    def _write_catalogue(self) -> None:
        with self.cache.lock:
            self._auto.changed = False
            records = {
                name: {
                    **catalogue.record(
                        column.key, column.label, column.units, column.ds_type, series.node, column.uid, series.said_hold
                    ),
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
            self._auto.changed = True
            raise

    # -- telling -------------------------------------------------------------------------------------

    def _tell(self, part: str, what: str) -> None:
        """Say what has happened and should be looked at."""
        logger.warning("%s", what)
        self.health.note(part, what)

    def _tell_damage(self, path: Path, why: str) -> None:
        """Say that something on disk could not be read; it stays, the server goes on."""
        logger.error("%s is damaged: %s; what could be read is taken, the file is kept aside", path, why)
        self.health.note(f"damage: {path.name}", f"{re.sub(r'[^ -~]', '?', str(path))} was damaged: {why}")
