"""Refit: finds the files of series that the ini asks another retention or a longer hold of, and has them rebuilt one by one."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable

from ..core.errors import StoreError
from ..core.status import Health
from . import rrdfile
from .cache import Cache
from .flusher import Flusher
from .rebuild import SUFFIX, rebuild
from .rrdfile import RrdError
from .series import Series
from .settings import StoreSettings

logger = logging.getLogger(__name__)

_FAILURES_MAX = 20
WORK_S = 0.1
"""How long it works at a time, before other things have their turn."""


class Refit:
    """Fits the files of series made by themselves to their retention.

    Args:
        cache: the series.
        flusher: has the locks of the files.
        settings: say where the files are.
        health: told which files keep the archives that they have.
        monotonic: seconds of a clock that never jumps.
    """

    def __init__(
        self, cache: Cache, flusher: Flusher, settings: StoreSettings, health: Health, monotonic: Callable[[], float]
    ) -> None:
        self._cache = cache
        self._flusher = flusher
        self._settings = settings
        self._health = health
        self._monotonic = monotonic
        self._left: deque[str] = deque()
        self._rebuilt = 0
        self._failures = 0
        self._kept: list[str] = []

    def begin(self) -> None:
        """Look at every file from now on; what a life that was killed has left over is removed."""
        with contextlib.suppress(OSError):  # of no use, and of no harm
            for path in self._settings.rrd_dir.glob(f".*{SUFFIX}"):
                path.unlink()
        self._health.forget("retention")
        self._failures = 0
        self._left = deque(self._cache.series)

    def work(self, seconds: float = WORK_S) -> None:
        """Go on for a moment; without effect when all files were looked at."""
        if not self._left:
            return
        end = self._monotonic() + seconds
        while self._left:
            series = self._cache.series.get(self._left.popleft())
            if series is not None and not (series.configured or series.is_orphan):
                self._fit(series)
            if self._monotonic() >= end:
                return
        if self._rebuilt:
            logger.info("%d RRD files were given the archives that the ini asks for, with their history kept", self._rebuilt)
        if self._kept:
            what = f"{len(self._kept)} RRD files keep the archives that they have; the first one: {self._kept[0]}"
            logger.warning("%s", what)
            self._health.note("retention", what)
        self._rebuilt = 0
        self._kept.clear()

    def _fit(self, series: Series) -> None:
        try:
            header = rrdfile.read_header(series.path)
        except StoreError:
            return  # it is not there yet; or it is damaged, which is told where it is written
        series.step = header.step
        rras = series.rras()
        (source,) = series.sources()
        if header.rras == rras and max(each.heartbeat for each in header.sources) >= source.heartbeat:
            return
        if not series.schema.fits(header.step):
            self._kept.append(f"{series.name}, whose step of {header.step} s cannot be changed and does not fit its retention")
            return
        try:
            with self._flusher.exclusively(series):
                rebuild(series.path, source, rras)
        except RrdError as error:
            self._fail(str(error))
        except Exception:  # a bug met by one file may not stop the writing of all others
            logger.exception("%s could not be rebuilt; it is as it was", series.path)
            self._fail(f"{series.path} could not be rebuilt: see the log")
        else:
            self._rebuilt += 1

    def _fail(self, what: str) -> None:
        """Note a file that stays as it is; a disk that is full is not asked ten thousand times."""
        self._kept.append(what)
        self._failures += 1
        if self._failures >= _FAILURES_MAX:
            self._left.clear()
