"""A store on real RRD files, with a clock that the test moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rrdtool

from janitoo_datalog_rrd.core.parsers import retention
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store.schema import Schema, Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.store import Store

START = 1_700_000_000.0


class Clock:
    """A clock that the test moves; the epoch's and the monotonic one at once."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def schema(name: str = "default", pattern: str = ".*", **changes: Any) -> Schema:
    """A schema with a step of 10 s, unless told otherwise."""
    values: dict[str, Any] = {
        "step": 10,
        "retention": retention("10s:1d, 1m:7d"),
        "hold": 3600.0,
        "reorder_window": 10.0,
        **changes,
    }
    return Schema(name, re.compile(pattern), **values)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_store(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Store]]:
    """A function that makes a store on one home; `opened=False` leaves the opening to the test."""
    made: list[Store] = []

    def make(*, opened: bool = True, **changes: Any) -> Store:
        settings = StoreSettings(
            rrd_dir=tmp_path / "rrds", data_dir=tmp_path / "data", schemas=changes.pop("schemas", Schemas([schema()])), **changes
        )
        store = Store(settings, Counters(), Health(), clock, clock)
        if opened:
            store.open()
        made.append(store)
        return store

    yield make
    for store in made:
        abandon(store)


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    return make_store()


def open_in(folder: Path) -> Store:
    """Open a store with the real clocks, whose series have a row per second."""
    each_second = schema(step=1, retention=retention("1s:1h"), reorder_window=0.0)
    store = Store(StoreSettings(folder / "rrds", folder / "data", Schemas([each_second])), Counters(), Health())
    store.open()
    return store


def abandon(store: Store) -> None:
    """Leave a store as SIGKILL would: nothing more is written; only the file descriptor is given back."""
    journal = store._journal
    if journal is not None:
        journal.sync_mode = "never"
        journal.close()
        store._journal = None


def rows(path: Path, start: float, end: float, cf: str = "AVERAGE") -> dict[int, tuple[float | None, ...]]:
    """The rows of a file between two times, by time, as rrdtool fetch has them."""
    (first, _, step), _, found = rrdtool.fetch(str(path), cf, f"--start={int(start)}", f"--end={int(end)}")
    return {first + (index + 1) * step: row for index, row in enumerate(found)}
