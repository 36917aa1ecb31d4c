"""Real databases on loopback ports, to be stopped, started again and killed by a test: InfluxDB 1 and VictoriaMetrics."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from .waiting import free_port, wait_until

UNPACKED = Path(sys.prefix) / "databases" / "usr" / "bin"
"""Where script/bootstrap unpacks them, beside what the system has."""

Stored = dict[tuple[str, int], float]
"""What a database holds: (series, microseconds since the epoch) → value."""


def program(name: str) -> str:
    """A database's program; the test is skipped where it is not installed."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(UNPACKED)]))
    if found is None:
        pytest.skip(f"{name} is not installed: run script/bootstrap --test where apt has it")
    return found


@dataclass
class Database:
    """A database in a process of its own; the port stays the same over restarts.

    Attributes:
        folder: where it keeps everything.
        port: of its HTTP server; 0 takes a free one at the first start.
    """

    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        chosen = self.port
        for _ in range(5):
            self.port = chosen or free_port()
            if self._start_once():
                return
        raise AssertionError(f"it does not start:\n{self.log()}")

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._end(kill=True)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(kill=False)

    def log(self) -> str:
        """What it has logged so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def ask(self, path: str, **params: str) -> Any:
        """Ask for a path, and return what it answers."""
        query = urllib.parse.urlencode(params)
        with urllib.request.urlopen(f"{self.url}{path}?{query}", timeout=20) as answer:
            return answer.read()

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end(kill=True)

    # -- what differs --------------------------------------------------------------------------------

    def command(self) -> list[str]:
        """How it is called."""
        raise NotImplementedError

    def health(self) -> str:
        """The path that it answers once it is up."""
        raise NotImplementedError

    # -- inside --------------------------------------------------------------------------------------

    def _start_once(self) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._process = process
        wait_until(lambda: process.poll() is not None or self._answers(), 60, "the database to answer")
        return process.poll() is None

    def _answers(self) -> bool:
        try:
            self.ask(self.health())
        except OSError:
            return False
        return True

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        process.wait(30)


class InfluxDB1(Database):
    """InfluxDB 1, with nothing but its HTTP server."""

    def command(self) -> list[str]:
        config = self.folder / "influxdb.conf"
        config.write_text(
            f"""
            reporting-disabled = true
            bind-address = "127.0.0.1:{free_port()}"
            [meta]
            dir = "{self.folder}/meta"
            [data]
            dir = "{self.folder}/data"
            wal-dir = "{self.folder}/wal"
            [monitor]
            store-enabled = false
            [http]
            bind-address = "127.0.0.1:{self.port}"
            """
        )
        return [program("influxd"), "-config", str(config)]

    def health(self) -> str:
        return "/ping"

    def create(self, database: str, how: str = "") -> None:
        """Make a database."""
        query = urllib.parse.urlencode({"q": f'CREATE DATABASE "{database}" {how}'})
        with urllib.request.urlopen(f"{self.url}/query", data=query.encode(), timeout=20) as answer:
            assert "error" not in json.load(answer)["results"][0]

    def rows(self, database: str, query: str) -> list[dict[str, Any]]:
        """The rows of an InfluxQL query, with their tags where it groups by them; times in microseconds."""
        found = json.loads(self.ask("/query", db=database, q=query, epoch="u"))["results"][0]
        assert "error" not in found, found
        return [
            {**each.get("tags", {}), **dict(zip(each["columns"], row, strict=True))}
            for each in found.get("series", ())
            for row in each["values"]
        ]

    def stored(self, database: str = "house", measurement: str = "janitoo") -> Stored:
        """Everything in a measurement; a series that stands there twice at one time, with other tags, is a failure."""
        rows = self.rows(database, f'SELECT * FROM "{measurement}"')  # noqa: S608 - a database of the test
        stored = {(row["series"], row["time"]): float(row["value"]) for row in rows}
        assert len(stored) == len(rows), "a sample is stored twice"
        return stored


class VictoriaMetrics(Database):
    """VictoriaMetrics, which shows a sample at once, and drops those that came twice."""

    def command(self) -> list[str]:
        return [
            program("victoria-metrics"),
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={self.folder}/data",
            "-retentionPeriod=100y",
            "-search.latencyOffset=0s",
            "-dedup.minScrapeInterval=1ms",
            "-memory.allowedBytes=64MB",
        ]

    def health(self) -> str:
        return "/health"

    def lines(self, match: str) -> list[dict[str, Any]]:
        """The time series that match, each with its labels, values, and times in milliseconds."""
        self.ask("/internal/force_flush")
        return [json.loads(line) for line in self.ask("/api/v1/export", **{"match[]": match}).splitlines()]

    def stored(self, metric: str = "janitoo_value") -> Stored:
        """Everything in a metric; times are of milliseconds, as it has them."""
        stored: Stored = {}
        for line in self.lines(metric):
            found = {
                (line["metric"]["series"], time_ms * 1000): value
                for time_ms, value in zip(line["timestamps"], line["values"], strict=True)
            }
            assert not stored.keys() & found.keys(), "a sample is stored twice"
            stored |= found
        return stored
