"""A store over one damaged RRD file, in a process of its own: librrd may crash on such a file, and the test must see it.

As a program (`python damaged.py FOLDER`) it reads files as hexadecimal lines, and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import logging
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.core.errors import StoreError
from janitoo_datalog_rrd.core.parsers import retention
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store.reader import FileReader
from janitoo_datalog_rrd.store.schema import Schema, Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.store import Store

START = 1_700_000_000
KEY, OTHER = ("0048/0001", "temperature", "0"), ("0048/0001", "pressure", "0")
NAME, OTHER_NAME = "0048.0001.temperature.0", "0048.0001.pressure.0"
ROWS = 8
SCHEMA = Schema("default", re.compile(".*"), 10, retention("10s:150s, 30s:5m"), 3600.0, 0.0)


class Home:
    """A small home of two series, and what a store makes of it when one of their files is replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole = folder / "whole"
        self._now = float(START)
        if not self._whole.exists():
            self._fill()

    def content(self) -> bytes:
        """The file as it was before it is damaged."""
        return (self._whole / "rrds" / f"{NAME}.rrd").read_bytes()

    def _open(self, home: Path) -> Store:
        settings = StoreSettings(rrd_dir=home / "rrds", data_dir=home / "data", schemas=Schemas([SCHEMA]), journal_sync="never")
        store = Store(settings, Counters(), Health(), lambda: self._now, lambda: self._now)
        store.open()
        return store

    def _fill(self) -> None:
        store = self._open(self._whole)
        for number in range(ROWS):
            self._now = START + 10.0 * number
            store.accept([Reading(KEY, float(number)), Reading(OTHER, float(number))])
        self._now += 10
        store.close()

    def try_out(self, content: bytes) -> dict[str, Any]:
        """Open a store on a damaged file, write to it and read from it, and tell what came of it."""
        home = self._folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self._whole, home)
        path = home / "rrds" / f"{NAME}.rrd"
        path.write_bytes(content)
        self._now = START + 10.0 * ROWS
        told: dict[str, Any] = {"unread": self._read_alone(home)}
        store = self._open(home)
        store.list_series()
        for number in (ROWS, ROWS + 1):
            self._now = START + 10.0 * number
            store.accept([Reading(KEY, float(number)), Reading(OTHER, float(number))])
        self._now += 10
        told["failed"] = self._attempt(lambda: store.flush(NAME))
        store.flush(OTHER_NAME)
        told["rows"] = self._rows(store, NAME)
        told["other"] = self._rows(store, OTHER_NAME)
        told["cached"] = store.get_series(NAME).cached
        told["notes"] = [*store.health.notes().values(), *store.health.problems().values()]
        told["counts"] = {"late": store.counters.get("samples_late"), "written": store.counters.get("samples_written")}
        store.close()
        aside = list((home / "rrds").glob("*.corrupt-*"))
        told["aside"] = [each.read_bytes() == content for each in aside]
        return told

    def _read_alone(self, home: Path) -> str:
        """Read the file as the command line does when no server runs; what it says when it cannot."""
        reader = FileReader(home / "rrds", home / "data" / "catalogue.json")
        reader.list_series()
        return self._attempt(lambda: reader.fetch(NAME, str(START), str(START + 100)))

    def _attempt(self, act: Any) -> str:
        try:
            act()
        except StoreError as error:
            return str(error)
        return ""

    def _rows(self, store: Store, name: str) -> dict[int, float] | str:
        """The rows that have a number, by seconds since the start; or why they cannot be read."""
        try:
            found = store.fetch(name, str(START), str(START + 10 * ROWS + 19), resolution=10)
        except StoreError as error:
            return str(error)
        first = found.start + found.step - START
        numbers = [(first + found.step * index, row[0]) for index, row in enumerate(found.rows)]
        return {place: value for place, value in numbers if value is not None and not math.isnan(value)}


class Child:
    """A process that tries damaged files out; one that crashes is followed by another.

    Args:
        folder: of its home.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def try_out(self, content: bytes) -> dict[str, Any]:
        """What a store makes of a file. Raises AssertionError where the process does not live through it."""
        if self._process is None:
            command = [sys.executable, __file__, self._folder]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(content.hex() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            code = self.close()
            raise AssertionError(f"the process ended with status {code}")
        told: dict[str, Any] = json.loads(line)
        return told

    def close(self) -> int:
        """End the process and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.communicate(timeout=60)
        return process.returncode


def main() -> None:
    """Answer every line."""
    logging.disable(logging.CRITICAL)
    home = Home(Path(sys.argv[1]))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(home.try_out(bytes.fromhex(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
