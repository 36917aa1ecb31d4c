"""Samples become the updates of a file: in order, one per second, with what stands in between."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
import rrdtool
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store.conftest import START, Clock

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.store.column import ColumnState
from janitoo_datalog_rrd.store.points import series_updates
from janitoo_datalog_rrd.store.store import Store
from janitoo_datalog_rrd.store.taken import Taken
from janitoo_datalog_rrd.store.texts import update_texts

STEP = 10
TYPES = ("GAUGE", "COUNTER", "DERIVE", "ABSOLUTE")

numbers = st.floats(-1e300, 1e300) | st.just(math.nan)
in_time = st.builds(
    lambda start, count, gap: [start + gap * index for index in range(count)],
    st.floats(START, START + 100),
    st.integers(0, 30),
    st.floats(1.0, 12.0),
)
at_random = st.lists(st.floats(START, START + 300) | st.sampled_from([START, START + 0.9, START + 1]), max_size=30)
samples = (in_time | at_random).flatmap(
    lambda times: st.lists(numbers, min_size=len(times), max_size=len(times)).map(
        lambda values: list(zip(times, values, strict=True))
    )
)
before = st.none() | st.tuples(st.integers(int(START) - 200, int(START) + 20), numbers)
holds = st.sampled_from([0.0, 0.5, 1.0, 15.0, 3600.0])


def sample_by_sample(
    samples: list[tuple[float, float]], previous: tuple[int, float] | None, ds_type: str, hold: float
) -> list[tuple[int, float]]:
    """What the updates have to be, worked out in the plainest way."""
    merged: dict[int, float] = {}
    for time_s, value in sorted(samples, key=lambda sample: int(sample[0])):
        second = int(time_s)
        merged[second] = merged[second] + value if ds_type == "ABSOLUTE" and second in merged else value
    updates = []
    for second, value in merged.items():
        if previous is not None and ds_type == "GAUGE" and hold > 0 and second - previous[0] > STEP:
            last_held = min(second - 1, previous[0] + int(hold))
            if previous[1] == previous[1] and last_held > previous[0]:
                updates.append((last_held, previous[1]))
            if last_held < second - 1:
                updates.append((second - 1, math.nan))
        updates.append((second, value))
        previous = (second, value)
    return updates


@pytest.fixture
def column(store: Store) -> ColumnState:
    store.accept([Reading(("a", "b", "0"), 1.0)])
    return store.cache.columns_of(("a", "b", "0"))[0]


@settings(deadline=None)
@given(samples=samples, previous=before, ds_type=st.sampled_from(TYPES), hold=holds)
def test_a_batch_makes_the_updates_that_its_samples_make_one_by_one(
    samples: list[tuple[float, float]], previous: tuple[int, float] | None, ds_type: str, hold: float
) -> None:
    times, values = array("d", [time_s for time_s, _ in samples]), array("d", [value for _, value in samples])
    made = series_updates(times, values, previous, ds_type, STEP, hold)
    assert repr(made) == repr(sample_by_sample(samples, previous, ds_type, hold))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2**40), st.floats()), max_size=20))
def test_the_text_of_an_update_has_every_digit(updates: list[tuple[int, float]]) -> None:
    texts = [text.split(":") for text in update_texts(updates)]
    assert [int(second) for second, _ in texts] == [second for second, _ in updates]
    for (_, text), (_, number) in zip(texts, updates, strict=True):
        assert text == "U" if not math.isfinite(number) else float(text) == number


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples=samples, horizon=st.floats(START - 10, START + 310))
def test_what_is_taken_and_what_stays_is_everything_in_order(
    column: ColumnState, samples: list[tuple[float, float]], horizon: float
) -> None:
    column.replace(samples)
    times, values, latest = column.cut(horizon)
    taken = [sample for sample in samples if sample[0] < horizon]
    assert repr(list(zip(times, values, strict=True))) == repr(taken)
    assert latest == max([time_s for time_s, _ in taken], default=0.0)
    assert repr(column.samples()) == repr([sample for sample in samples if sample[0] >= horizon])
    column.put_back(times, values)
    assert repr(column.samples()) == repr(taken + [sample for sample in samples if sample[0] >= horizon])
    column.replace(())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    samples=samples.filter(bool), horizon=st.just(math.inf) | st.floats(START - 10, START + 310), ds_type=st.sampled_from(TYPES)
)
def test_what_is_noted_as_written_last_is_the_last_update(
    column: ColumnState, samples: list[tuple[float, float]], horizon: float, ds_type: str
) -> None:
    series = column.series
    column.ds_type, column.previous = ds_type, None
    column.replace(samples)
    taken: Taken = series.take(horizon)
    updates = series_updates(taken.times, taken.values, None, ds_type, STEP, 3600.0)
    if ds_type == "ABSOLUTE":  # whose number is a sum there, and never stands
        assert (taken.last[0] if taken.last else None) == (updates[-1][0] if updates else None)
    else:
        assert repr(taken.last) == repr((updates[-1][0], updates[-1][1:]) if updates else None)
    assert series.taken == (updates[-1][0] if updates else 0)
    column.replace(())


@pytest.mark.parametrize("ds_type", TYPES)
@pytest.mark.parametrize("gap", [0.3, 1.0, 10.0, 47.0])
def test_a_file_is_the_one_that_librrd_makes_of_the_updates(
    make_store: Callable[..., Store], clock: Clock, tmp_path: Path, ds_type: str, gap: float
) -> None:
    store = make_store()
    samples = [(START + 1 + gap * index, (index * 7919 % 1000) / 7) for index in range(150)]
    for time_s, value in samples:
        clock.now = time_s
        store.accept([Reading(("meter", "reading", "0"), value, meta=Meta(ds_type=ds_type))])
    series = store.cache.columns_of(("meter", "reading", "0"))[0].series
    updates = sample_by_sample(samples, None, ds_type, 3600.0)
    wanted = tmp_path / "wanted.rrd"
    definitions = [source.definition() for source in series.sources()]
    rrdtool.create(str(wanted), "--start", str(updates[0][0] - 1), "--step", "10", *definitions, *series.rras())
    for second, number in updates:
        rrdtool.update(str(wanted), f"{second}:{number!r}")
    clock.now += 1
    assert store.flusher.flush_all() == len(samples)
    told = rrdtool.info(str(series.path))
    asked = rrdtool.info(str(wanted))
    assert told["last_update"] == asked["last_update"]
    assert float(told["ds[value].last_ds"]) == float(asked["ds[value].last_ds"])
    span = (f"--start={int(START) - 20}", f"--end={updates[-1][0] + 20}")
    for cf in ("AVERAGE", "MIN", "MAX"):
        assert rrdtool.fetch(str(series.path), cf, *span) == rrdtool.fetch(str(wanted), cf, *span)


def test_a_file_that_was_deleted_is_made_anew(store: Store, clock: Clock) -> None:
    key = ("a", "b", "0")
    store.accept([Reading(key, 1.0)])
    series = store.cache.columns_of(key)[0].series
    store.flusher.flush_all(everything=True)
    series.path.unlink()
    clock.now += 10
    store.accept([Reading(key, 2.0)])
    assert store.flusher.flush_all(everything=True) == 1
    assert rrdtool.last(str(series.path)) == int(START) + 10
    assert store.count_cached() == 0
    assert not list(series.path.parent.glob("*.corrupt-*"))
