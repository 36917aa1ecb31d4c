"""What a series was in the last minutes, out of its file and the cache: nothing is written, as it is before a file is read."""

from __future__ import annotations

import math
from operator import itemgetter
from pathlib import Path

from ..core.contracts import Stretch
from . import rrdfile
from .cache import Cache
from .points import Sample
from .series import Series


def read_recent(cache: Cache, series: Series, since: float) -> list[Stretch]:
    """The numbers of a series made by itself since a time, in the order of time.

    The file has them up to its last whole row, and the cache those after it. Whoever looks every few seconds at thousands of
    series would otherwise have as many files written each time.

    Args:
        cache: where its samples are.
        series: whose, with one column of type GAUGE; its file has been looked up.
        since: seconds since the epoch UTC.

    Returns:
        Known numbers, each with how long it stood.

    Raises:
        RrdError: the file cannot be read.
    """
    with cache.lock:
        column = series.columns[0]
        samples = column.samples()
        flight = cache.in_flight.get(series.name)
        if flight is not None:
            samples = [*zip(flight.times, flight.values, strict=True), *samples]
        before, written = column.previous, series.written
        step, longest = series.step, series.schema.heartbeat(series.step, series.hold)
    samples.sort(key=itemgetter(0))
    found = _cached(samples, -math.inf if before is None else before[0], since, step, longest)
    if written is not None and written > since and series.path.exists():
        found[:0] = read_filed(series.path, since, written)  # rows that came meanwhile are in the samples
    return found


def read_filed(path: Path, since: float, until: float) -> list[Stretch]:
    """What the first data source of a file is between two times. Raises RrdError."""
    result = rrdfile.fetch(path, str(int(since)), str(int(until)), "AVERAGE", None)
    rows = [(result.start + index * result.step, row[0]) for index, row in enumerate(result.rows, 1)]
    return [
        (time_s, min(result.step, time_s - since), value)
        for time_s, value in rows
        if since < time_s <= until and value is not None and math.isfinite(value)
    ]


def _cached(samples: list[Sample], last: float, since: float, step: int, longest: int) -> list[Stretch]:
    """The samples of the cache; each stands since the one before, as in the file."""
    found: list[Stretch] = []
    for time_s, value in samples:
        if time_s > since and time_s > last and -math.inf < value < math.inf:
            seconds = time_s - last
            found.append((time_s, min(seconds if seconds <= longest else step, time_s - since), value))
        last = time_s
    return found
