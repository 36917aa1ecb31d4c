"""Series at a glance say what their full descriptions say, and those are made only for who asks for them."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from store.conftest import Clock, schema

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.store.listing import AT_ONCE
from janitoo_datalog_rrd.store.schema import Rule, Schemas
from janitoo_datalog_rrd.store.series import Series
from janitoo_datalog_rrd.store.store import Store


def fill(store: Store, clock: Clock, count: int) -> None:
    store.accept(
        [Reading((f"m{at % 3}/t{at}", ""), at, clock.now, Meta(f"Label {at}", "W", f"m{at % 3}")) for at in range(count)]
    )


def test_a_glance_says_what_the_description_says(make_store: Callable[..., Store], clock: Clock) -> None:
    given = {r"m1\.t1": {"label": "Given", "units": "A"}, r"m1\.t4": {"units": "V"}, r"m2\.t5": {"log": False}}
    rules = [Rule(str(number), re.compile(pattern), each) for number, (pattern, each) in enumerate(given.items())]
    store = make_store(schemas=Schemas([schema()], rules))
    fill(store, clock, 12)
    store.accept([Reading(("m1/t4", ""), math.nan, clock.now + 1)])
    glances, infos = store.glances(), store.list_series()
    assert [told(each) for each in glances] == [told(each) for each in infos]
    assert {"Given", "Label 4"} <= {each.label for each in glances}
    assert {"A", "V", "W"} == {each.columns[0].units for each in glances}


def told(each: Any) -> tuple[Any, ...]:
    columns = [(column.name, column.key, column.label, column.units) for column in each.columns]
    return each.name, each.node, each.label, each.configured, each.last_time, columns


def test_series_of_some_names_come_in_their_order_and_what_is_not_there_is_left_out(store: Store, clock: Clock) -> None:
    fill(store, clock, 5)
    assert [info.name for info in store.list_series(["m1.t4", "gone", "m0.t0"])] == ["m1.t4", "m0.t0"]
    assert store.list_series([]) == []


def test_the_way_in_waits_for_a_part_of_a_long_list_only(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, clock, 2 * AT_ONCE + 10)
    lock = Counting(store.cache.lock)
    store.cache.lock = lock  # type: ignore[assignment]
    describe = Series.info

    def info(series: Series) -> Any:
        lock.done[-1] += 1
        return describe(series)

    monkeypatch.setattr(Series, "info", info)
    assert len(store.list_series()) == 2 * AT_ONCE + 10
    assert max(lock.done) == AT_ONCE
    lock.done.clear()
    store.glances()
    assert lock.done == [0], "nothing is described, and the lock is held for the names only"


class Counting:
    """A lock that remembers how many descriptions were made each time it was held."""

    def __init__(self, lock: threading.RLock) -> None:  # type: ignore[valid-type]
        self._lock: Any = lock
        self.done: list[int] = []

    def __enter__(self) -> None:
        self._lock.acquire()
        self.done.append(0)

    def __exit__(self, *_: object) -> None:
        self._lock.release()
