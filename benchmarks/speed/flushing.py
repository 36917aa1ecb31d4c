"""Points to RRD files, in helper processes: our store's cache, bare librrd, and a client of rrdcached.

A helper process. Its argument: `who` (`make`, `ours`, `librrd`, `rrdcached`); `home`; `series`; `points` of each; `begin`, the
time of the first, seconds since the epoch UTC; `socket` of rrdcached; `threads` of librrd, one by default.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import rrdtool

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store.schema import Schema, Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings, folders_of
from janitoo_datalog_rrd.store.store import Store

from ..helper import serve
from ..processes import BenchError
from .contents import last_update

STEP_S = 10
_DAY, _YEAR = 86400, 365 * 86400
_RETENTION = ((10, _DAY), (60, 7 * _DAY), (600, 90 * _DAY), (3600, 5 * _YEAR))
"""The default of the ini."""

Point = tuple[int, float]


def open_store(home: Path) -> Store:
    """A store with the layout that the ini has by default."""
    rrd_dir, data_dir = folders_of(home)
    schema = Schema("default", re.compile(".*"), STEP_S, _RETENTION, 3600.0, 10.0)
    store = Store(StoreSettings(rrd_dir, data_dir, Schemas([schema]), max_series=1 << 20), Counters(), Health())
    store.open()
    return store


def fill(store: Store, points: list[list[Point]]) -> None:
    """Have the store accept points, a message of the same time for each series at once."""
    for row in zip(*points, strict=True):
        readings = [Reading((name_of(series), ""), value, float(time_s)) for series, (time_s, value) in enumerate(row)]
        if store.accept(readings) != len(readings):
            raise BenchError("the store does not take the points")


def name_of(series: int) -> str:
    """Name of a series, and of its file without .rrd."""
    return f"bench.s{series}"


def path_of(home: Path, series: int) -> Path:
    """RRD file of a series."""
    return folders_of(home)[0] / f"{name_of(series)}.rrd"


def points_of(series: int, argument: dict[str, Any]) -> list[Point]:
    """Points of a series, a step apart; numbers with two decimals, as of a thermometer."""
    begin = argument["begin"]
    return [(begin + index * STEP_S, (series * 7 + index * 13) % 5000 / 100) for index in range(argument["points"])]


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, float]]:
    """Make everything ready; what is returned measures, and looks into the files afterwards."""
    contender = _contender(argument)

    def run() -> dict[str, float]:
        wall, cpu = time.monotonic(), time.process_time()
        contender()
        figures = {"seconds": time.monotonic() - wall, "cpu_s": time.process_time() - cpu}
        end = argument["begin"] + (argument["points"] - 1) * STEP_S
        for series in range(argument["series"]):
            path = path_of(Path(argument["home"]), series)
            if last_update(path) != end:
                raise BenchError(f"{path} has not every point")
        return figures

    return run


def _contender(argument: dict[str, Any]) -> Callable[[], None]:
    """What is measured. Each leaves every point in its file."""
    home, who = Path(argument["home"]), argument["who"]
    points = [points_of(series, argument) for series in range(argument["series"])]
    paths = [str(path_of(home, series)) for series in range(argument["series"])]
    if who in ("make", "ours"):
        store = open_store(home)
        fill(store, points)

        def flush() -> None:
            store.flush_all(everything=True)

        return flush

    waiting = deque(zip(paths, points, strict=True))

    def librrd() -> None:
        with suppress(IndexError):  # nothing waits any more
            while True:
                path, series_points = waiting.popleft()
                rrdtool.update(path, *[f"{time_s}:{value}" for time_s, value in series_points])

    def librrd_in_threads() -> None:
        threads = [threading.Thread(target=librrd) for _ in range(argument["threads"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    if who == "librrd":
        return librrd_in_threads if argument.get("threads", 1) > 1 else librrd
    return _rrdcached(argument["socket"], paths, points)


def _rrdcached(address: str, paths: list[str], points: list[list[Point]]) -> Callable[[], None]:
    lines = [f"UPDATE {path} {' '.join(f'{t}:{value}' for t, value in mine)}\n" for path, mine in zip(paths, points, strict=True)]
    batch = "".join(["BATCH\n", *lines, ".\n"]).encode()
    ends = [(Path(path), mine[-1][0]) for path, mine in zip(paths, points, strict=True)]
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(300)
    connection.connect(address)
    stream = connection.makefile("r")

    def run() -> None:
        connection.sendall(batch)
        for wanted in ("0 Go ahead", "0 errors"):
            line = stream.readline()
            if not line.startswith(wanted):
                raise BenchError(f"rrdcached says {line!r}: expected {wanted!r}")
        connection.sendall(b"FLUSHALL\n")
        stream.readline()
        for path, end in reversed(ends):
            while last_update(path) < end:
                time.sleep(0.002)

    return run


if __name__ == "__main__":
    serve(prepare)
