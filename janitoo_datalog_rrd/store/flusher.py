"""The flusher: writes cached samples to RRD files, in time or on demand."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from ..core import seams
from ..core.aside import move_aside
from ..core.errors import StoreError
from ..core.files import sync_directory, sync_file
from ..core.status import Counters, Health
from . import rrdfile
from .cache import Cache
from .points import COUNTING_TYPES
from .rrdfile import RrdError, RrdUnreadableError
from .series import Series
from .settings import FUTURE_S, StoreSettings
from .taken import Taken
from .texts import row_texts
from .undo import Undo

logger = logging.getLogger(__name__)

_LOCKS = 64
_RETRY_S = 30.0
CROWDED = 0.7


class Flusher:
    """Writes series to their files; one writer per file at a time.

    Args:
        cache: where the samples are.
        settings: see StoreSettings.
        counters: `samples_written` is counted there.
        health: told of files that cannot be written.
        clock: seconds since the epoch UTC.
        monotonic: seconds of a clock that never jumps.
        on_damage: called with the new path of a file that had to be moved aside, and the reason.

    Attributes:
        taken_in_until: asked for the time of the oldest message that waits for room; rows at or after it are not made yet,
            else it would be late when its turn comes.
    """

    def __init__(
        self,
        cache: Cache,
        settings: StoreSettings,
        counters: Counters,
        health: Health,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        on_damage: Callable[[Path, str], None],
    ) -> None:
        self.cache = cache
        self.settings = settings
        self.counters = counters
        self.health = health
        self.clock = clock
        self.monotonic = monotonic
        self.on_damage = on_damage
        self.taken_in_until: Callable[[], float] = lambda: math.inf
        self.undo = Undo(settings, _LOCKS)
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        self._unsynced: set[str] = set()
        self._made = False
        self._failing: set[str] = set()

    def flush(self, series: Series, *, everything: bool = False) -> int:
        """Write a series' cached samples to its file and return how many.

        Samples of the second that is under way stay, since a later one of the same second would count instead.

        Raises:
            RrdError: the file could not be written; the samples are still in the cache.
        """
        written = self._write(series, self._demand_horizon(series, everything=everything))
        if not everything:
            self._write_held(series)
        return written

    def flush_all(self, *, everything: bool = False, seconds: float = math.inf) -> int:
        """Write every series; a file that fails is told and its samples stay.

        Args:
            everything: write the second that is under way too.
            seconds: begin no further file after so many seconds; what is left stays in the cache.

        Returns:
            How many samples were written.
        """
        with self.cache.lock:
            names = sorted(name for name, series in self.cache.series.items() if series.cached() or series.rows is not None)
        end = self.monotonic() + seconds
        return self._write_many(names, lambda series: self._demand_horizon(series, everything=everything), end)

    def flush_configured(self) -> int:
        """Write the series of datasource components; see `flush_all`."""
        names = [name for name, series in self.cache.series.items() if series.configured]
        return self._write_many(names, lambda series: self._demand_horizon(series, everything=True))

    def flush_due(self) -> int:
        """Write the series whose time has come, all but the samples within their `reorder_window`.

        Where the cache is crowded, all are written. Returns how many samples were written.
        """
        now = self.monotonic()
        crowded = self.cache.samples > self.settings.cache_max_samples * CROWDED
        names = self.cache.due_names(math.inf if crowded else now)
        written = self._write_many(names, lambda series: math.floor(self._now() - series.schema.reorder_window))
        for name in names:
            self.cache.postpone(name, now + min(self.settings.cache_rrd_ttl, _RETRY_S))
        return written

    def sync(self) -> None:
        """Ask the disk to have every file written since the last call. Raises OSError."""
        with self.cache.lock:
            paths, self._unsynced = self._unsynced, set()
            made, self._made = self._made, False
        try:
            while paths:
                path = next(iter(paths))
                with contextlib.suppress(FileNotFoundError):
                    sync_file(Path(path))
                paths.discard(path)
            if made:
                sync_directory(self.settings.rrd_dir)
        except OSError:
            with self.cache.lock:
                self._unsynced |= paths
                self._made |= made
            raise

    def exclusively(self, series: Series) -> threading.Lock:
        """The lock that a series' file is written under."""
        return self._locks[_slot(series)]

    def look_up(self, series: Series) -> None:
        """Find out where a series' file stands; one that is damaged is moved aside.

        Where the system does not let us read it, that stays unknown: what comes stays in the cache, and it is tried again.
        """
        last = 0
        try:
            if series.path.exists():
                header = rrdfile.read_header(series.path)
                _check_columns(series, header)
                if _has_levels(series, header):
                    aside = move_aside(series.path, "levels")
                    logger.warning("%s is of counts now: its file has them as levels, and is kept as %s", series.name, aside.name)
                else:
                    last = header.last_update
                    _learn(series, header)
        except RrdUnreadableError as error:
            self._tell_failure(series.name, str(error))
            return
        except RrdError as error:
            self._set_aside(series, error)
        if last > self.clock() + FUTURE_S:
            self.health.note(
                f"ahead: {series.name}",
                f"{series.path} was last written for a time that is {last - self.clock():.0f} s ahead of the clock: "
                "what comes before that time is counted as late; check this machine's clock",
            )
        series.written = last

    def forget(self, name: str) -> None:
        """Tell no more that a series cannot be written: there is none."""
        self._tell_success(name)

    def _demand_horizon(self, series: Series, *, everything: bool) -> float:
        if not everything:
            return math.floor(self._now())
        return self._now() if series.rows is not None else math.inf

    def _now(self) -> float:
        """The time up to which everything that came has been taken in, seconds since the epoch UTC."""
        return min(self.clock(), self.taken_in_until())

    def _write_many(self, names: Iterable[str], horizon: Callable[[Series], float], end: float = math.inf) -> int:
        written = 0
        for name in names:
            if self.monotonic() > end:
                break
            series = self.cache.series.get(name)
            if series is None:
                continue
            try:
                written += self._write(series, horizon(series))
            except StoreError:
                continue  # _write has told it
            except Exception:  # a bug met by one series may not stop the writing of all others
                logger.exception("%s could not be written; its samples stay in the cache", name)
                self.health.fail("rrd files", f"{name} could not be written: see the log")
        return written

    def _write(self, series: Series, before: float) -> int:
        """Write the samples older than a time to a series' file."""
        with self.exclusively(series):
            path = series.file
            if series.written is None:
                self.look_up(series)
                if series.written is None:
                    raise RrdUnreadableError(f"{path} cannot be read; see the log")
            taken = self.cache.take(series, before)
            if taken.last is None:
                return 0
            seams.reached("flush-taken")
            try:
                self._put_into_file(series, path, taken)
            except BaseException as error:
                self.cache.put_back(series, taken, self.monotonic() + _RETRY_S)
                if isinstance(error, StoreError):
                    self._tell_failure(series.name, str(error))
                raise
            with self.cache.lock:  # at once, so that no snapshot finds it neither on its way nor to be synced
                self.cache.written(series, taken)
                self._unsynced.add(path)
        self._tell_success(series.name)
        number = taken.number
        self.counters.add("samples_written", amount=number)
        return number

    def _write_held(self, series: Series) -> None:
        """Write the number that stands now, so that a reader sees it up to now and not only after the next message."""
        with self.exclusively(series):
            with self.cache.lock:
                # nothing may come in between that is older than the point
                points = [] if series.cached() else series.held_until(self._now())
                if not points or not series.path.exists():
                    return
                before = series.written
                series.wrote_held(points)
            try:
                self._update(series, series.file, row_texts(points, [False]))
            except RrdError:
                series.written = before
                raise

    def _put_into_file(self, series: Series, path: str, taken: Taken) -> None:
        """Write what was taken, making the file where there is none and moving it aside where it cannot be read."""
        texts = series.texts(taken)
        if not series.written and not os.path.exists(path):  # noqa: PTH110 - the path is text already
            self.make_file(series, _second_of(texts[0]))
        try:
            self._update(series, path, texts)
        except RrdError as error:
            self._put_again(series, path, texts, error)

    def _update(self, series: Series, path: str, texts: list[str]) -> None:
        """Write updates so that a kill in between leaves a file that can be put right. Raises RrdError."""
        try:
            self.undo.begin(_slot(series), path)
        except OSError as error:
            raise RrdError(f"{path} cannot be written: {error}") from error
        try:
            rrdfile.update(path, series.names(), texts)
        finally:
            self.undo.end(_slot(series))

    def _put_again(self, series: Series, path: str, texts: list[str], error: RrdError) -> None:
        """Write what a file did not take, after finding out what is the matter with it."""
        try:
            rrdfile.read_header(series.path)
        except RrdError as fault:
            if isinstance(fault, RrdUnreadableError) and not isinstance(fault.__cause__, FileNotFoundError):
                raise error from None
            if os.path.exists(path):  # noqa: PTH110
                self._set_aside(series, error)
            self.make_file(series, _second_of(texts[0]))
            self._update(series, path, texts)
            return
        refused = self._update_singly(series, path, texts)
        if refused:
            logger.error("%d points of %s were refused and dropped, the first one: %s", len(refused), series.name, refused[0])
            self.counters.add("samples_dropped", "refused", len(refused))

    def _update_singly(self, series: Series, path: str, texts: list[str]) -> list[str]:
        """Write updates one by one; the answer is what was said of those that the file did not take. Raises RrdError."""
        refused = []
        for text in texts:
            try:
                self._update(series, path, [text])
            except RrdError as error:
                if not rrdfile.is_about_a_point(error, path):
                    raise
                refused.append(str(error))
        return refused

    def make_file(self, series: Series, first: int) -> None:
        """Make a series' file, ready for a first update at `first` (seconds since the epoch UTC). Raises RrdError."""
        start = first - 1 if series.rows is None else first - series.step
        rrdfile.create(series.path, series.step, start, series.sources(), series.rras())
        self._made = True

    def _set_aside(self, series: Series, error: RrdError) -> None:
        self.on_damage(move_aside(series.path), str(error))

    def _tell_failure(self, name: str, what: str) -> None:
        if name not in self._failing:
            logger.error("%s; its samples stay in the cache and are tried again", what)
        self._failing.add(name)
        self.health.fail("rrd files", what)

    def _tell_success(self, name: str) -> None:
        if self._failing:
            self._failing.discard(name)
            if not self._failing:
                self.health.ok("rrd files")


def _check_columns(series: Series, header: rrdfile.Header) -> None:
    """Check that a file has the columns of its series: else librrd would refuse every update, for ever. Raises RrdError."""
    lost = {column.name for column in series.columns} - {source.name for source in header.sources}
    if lost:
        raise RrdError(f"{series.path} is damaged: it has no data source {', '.join(sorted(lost))}")


def _has_levels(series: Series, header: rrdfile.Header) -> bool:
    """Whether a file has the levels of what is known for a count by now: drawn as its rate, they would be out of all measure."""
    return (
        not series.configured
        and series.columns[0].ds_type in COUNTING_TYPES
        and any(source.name == series.columns[0].name and source.ds_type == "GAUGE" for source in header.sources)
    )


def _learn(series: Series, header: rrdfile.Header) -> None:
    """Take over what only the file knows: its step, and the last numbers written."""
    numbers = {source.name: value for source, value in zip(header.sources, header.last_values, strict=True)}
    series.step = header.step
    for column in series.columns:
        value = numbers.get(column.name, math.nan)
        if column.known_time is None:
            column.last_time, column.last_value = float(header.last_update), value
        if column.previous is None:
            column.previous = (header.last_update, value)
    if series.rows is not None:
        series.rows.start_after(header.last_update)


def _slot(series: Series) -> int:
    """Which of the file locks, and of the undo records, is the series'."""
    return hash(series.name) % _LOCKS


def _second_of(text: str) -> int:
    """Time of an update as `rrdtool update` takes it, seconds since the epoch UTC."""
    return int(text.partition(":")[0])
