"""What the tests of the web share: a small real store over real RRD files, and a client that asks over a real connection."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import rrdtool

from janitoo_datalog_rrd.core.contracts import Column, FetchResult, SeriesInfo, Stretch
from janitoo_datalog_rrd.core.errors import UnknownSeriesError
from janitoo_datalog_rrd.core.facts import StoreState
from janitoo_datalog_rrd.core.heartbeats import NodeRegistry
from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.scheduler import Scheduler
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.core.status import Counters, Health, RejectedLog
from janitoo_datalog_rrd.store.state import measure
from janitoo_datalog_rrd.store.watch import ListWatch

STEP = 10
PUBLIC = Path(__file__).parents[2] / "public"


@dataclass
class RrdStore:
    """A SeriesReader over real RRD files; a sample given to `cache` reaches its file at the flush, as in the real store."""

    home: Path
    series: dict[str, SeriesInfo] = field(default_factory=dict)
    cached: dict[str, list[str]] = field(default_factory=dict)
    flushes: list[str] = field(default_factory=list)
    failing: Exception | None = None

    def add(
        self,
        name: str,
        *columns: Column,
        node: str = "0100/0001",
        label: str = "",
        rows: int = 360,
        file: bool = True,
        rras: str = "all",
    ) -> SeriesInfo:
        """Make a series; its file holds `rows` rows up to now, column i at row n being `n % 50 + i`."""
        path = self.home / f"{name}.rrd"
        self.series[name] = SeriesInfo(name, node, label, STEP, False, columns or (column(),), path, 0)
        if file:
            self._create(self.series[name], rows, rras)
        return self.series[name]

    def _create(self, info: SeriesInfo, rows: int, rras: str) -> None:
        now = int(time.time()) // STEP * STEP
        cfs = ("AVERAGE", "MIN", "MAX") if rras == "all" else (rras,)
        rrdtool.create(
            str(info.path),
            "--start",
            str(now - (rows + 1) * STEP),
            "--step",
            str(STEP),
            *(f"DS:{each.name}:{each.ds_type}:{STEP * 3}:U:U" for each in info.columns),
            *(f"RRA:{cf}:0.5:{steps}:{length}" for cf in cfs for steps, length in ((1, 8640), (60, 4320))),
        )
        updates = [
            ":".join([str(now - (rows - row) * STEP), *(str(row % 50 + index) for index in range(len(info.columns)))])
            for row in range(rows)
        ]
        if updates:
            rrdtool.update(str(info.path), *updates)

    def cache(self, name: str, timestamp: int, *values: float) -> None:
        """Accept a row that is not in the file yet."""
        self.cached.setdefault(name, []).append(":".join(map(str, (timestamp, *values))))

    def count_series(self) -> int:
        return len(self.list_series())

    def glances(self) -> list[SeriesInfo]:
        return self.list_series()

    def list_series(self, names: Iterable[str] | None = None) -> list[SeriesInfo]:
        return [self.get_series(name) for name in (sorted(self.series) if names is None else names) if name in self.series]

    def watch(self) -> ListWatch:
        return ListWatch(self.list_series)

    def get_series(self, name: str) -> SeriesInfo:
        if name not in self.series:
            raise UnknownSeriesError(name)
        return replace(self.series[name], cached=len(self.cached.get(name, ())))

    def series_of(self, key: tuple[str, ...]) -> list[str]:
        return sorted(info.name for info in self.series.values() if key in [each.key for each in info.columns])

    def is_configured(self, key: tuple[str, ...]) -> bool:
        return False

    def flush(self, name: str) -> int:
        self.get_series(name)
        if self.failing is not None:
            raise self.failing
        self.flushes.append(name)
        rows = self.cached.pop(name, [])
        if rows:
            rrdtool.update(str(self.series[name].path), *rows)
        return len(rows)

    def flush_all(self) -> int:
        return sum(self.flush(name) for name in list(self.series))

    def fetch(self, name: str, start: str, end: str, cf: str = "AVERAGE", resolution: int | None = None) -> FetchResult:
        self.flush(name)
        more = ["--resolution", str(resolution)] if resolution else []
        (first, _, step), columns, rows = rrdtool.fetch(str(self.series[name].path), cf, "--start", start, "--end", end, *more)
        return FetchResult(first, step, columns, rows)

    def recent(self, name: str, since: float) -> list[Stretch]:
        self.get_series(name)
        if not self.series[name].path.exists():
            return []
        (first, _, step), _, rows = rrdtool.fetch(str(self.series[name].path), "AVERAGE", "--start", str(int(since)))
        found = [(first + at * step, step, row[0]) for at, row in enumerate(rows, 1) if row[0] is not None]
        return [each for each in found if each[0] > since]

    def count_cached(self) -> int:
        return sum(map(len, self.cached.values()))

    def state(self) -> StoreState:
        cached, known = self.count_cached(), len(self.series)
        return StoreState(
            cached, 1000, None, 1, 100, "interval", None, False, 0, None, known, 10_000, measure(self.home, time.time())
        )


def column(
    name: str = "value",
    label: str = "",
    units: str = "°C",
    last: float | None = 21.5,
    ds_type: str = "GAUGE",
    last_time: float | None = -1,
) -> Column:
    """A column; its last value is a few seconds old unless said otherwise."""
    when = time.time() - 5 if last_time == -1 else last_time
    return Column(name, ("0100/0001", name, "0"), label, units, ds_type, last, when)


def make_services(home: Path, store: RrdStore | None, **http_options: Any) -> Services:
    """What a server shares, with everything real but the threads."""
    counters = Counters()
    sections = {"system": Section("system", {"home_dir": str(home)}), "http": Section("http", dict(http_options))}
    return Services(
        options=Options(home / "test.conf", sections, {}, ""),
        plugins=Plugins([]),
        scheduler=Scheduler(),
        counters=counters,
        health=Health(),
        rejected=RejectedLog(counters),
        nodes=NodeRegistry(),
        store=store,
    )


@dataclass
class Reply:
    """An answer of the server."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        # Python's parser takes NaN and Infinity, which no JSON has.
        return json.loads(self.body, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))


@dataclass
class Client:
    """Asks a server over a real connection."""

    port: int
    address: str = "127.0.0.1"

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        """Send one request; header names are written with underscores."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=20)
        try:
            connection.request(method, path, body, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask(path, **headers)

    def post(self, path: str, **headers: str) -> Reply:
        return self.ask(path, "POST", **headers)


@dataclass
class Site:
    """A running server with its store."""

    services: Services
    store: RrdStore
    client: Client


def texts_of(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())
