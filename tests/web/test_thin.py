"""Rows thinned out for a chart: whatever they are, the highest and the lowest one, the gaps and the order of time survive."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hypotheses import SHORT

from janitoo_datalog_rrd.web.api.thin import Buckets, Grid, Rows

numbers = st.floats(-1e300, 1e300) | st.none()
runs = st.lists(st.tuples(numbers, st.integers(1, 40)), max_size=30)
columns = st.lists(numbers, max_size=400) | runs.map(lambda found: [number for number, count in found for _ in range(count)])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Rows, Grid, int]:
    """Rows, common times that they fit into, and how many there may be."""
    step, fold = draw(st.sampled_from([1, 7, 10, 60])), draw(st.sampled_from([1, 1, 2, 3, 30]))
    start = draw(st.integers(0, 5000)) * step
    rows = Rows(start, step, draw(columns))
    before, after = draw(st.integers(0, 50)), draw(st.integers(0, 50))
    end = start + (len(rows.values) + after) * step
    return rows, Grid.over(max(start - before * step, 0), max(end, 1), step * fold, step), draw(st.integers(10, 200))


def known(values: list[float | None]) -> list[float]:
    return [value for value in values if value is not None]


@settings(SHORT, max_examples=250)
@given(cases(), st.sampled_from(["AVERAGE", "LAST", "MIN", "MAX"]))
def test_peaks_survive_in_few_enough_points(case: tuple[Rows, Grid, int], cf: str) -> None:
    rows, grid, most = case
    buckets = grid.buckets(most)
    found = buckets.place(rows, cf)
    assert len(found) == len(buckets.times) == buckets.count <= most
    before = known(list(rows.values))
    after = known(found)
    assert set(after) <= set(before), "a number was invented"
    assert bool(before) == bool(after)
    if before and cf != "MAX":
        assert min(after) == min(before)
    if before and cf != "MIN":
        assert max(after) == max(before)


@settings(SHORT, max_examples=150)
@given(cases())
def test_times_increase_and_stay_within_the_rows(case: tuple[Rows, Grid, int]) -> None:
    _, grid, most = case
    times = grid.buckets(most).times
    assert all(earlier < later for earlier, later in itertools.pairwise(times))
    assert grid.start < times[0]
    assert times[-1] == grid.end


@settings(SHORT, max_examples=150)
@given(cases(), st.sampled_from(["AVERAGE", "MIN", "MAX"]))
def test_a_stretch_of_which_nothing_is_known_stays_a_gap(case: tuple[Rows, Grid, int], cf: str) -> None:
    rows, grid, most = case
    buckets = grid.buckets(most)
    found = iter(buckets.place(rows, cf))
    for bounds in buckets.bounds:
        there = known(list(rows.within(bounds[0], bounds[-1])))
        shown = known([next(found) for _ in bounds[1:]])
        assert bool(there) == bool(shown)
        if there and cf == "AVERAGE":
            assert {min(there), max(there)} == set(shown)


@settings(SHORT, max_examples=150)
@given(cases())
def test_every_row_is_in_one_stretch(case: tuple[Rows, Grid, int]) -> None:
    rows, grid, most = case
    pieces = [value for bounds in grid.buckets(most).bounds for value in rows.within(bounds[0], bounds[-1])]
    assert pieces == list(rows.values)


@settings(SHORT, max_examples=150)
@given(cases(), st.sampled_from(["AVERAGE", "MIN", "MAX", "LAST"]))
def test_rows_on_coarser_times_are_those_of_each_time(case: tuple[Rows, Grid, int], cf: str) -> None:
    rows, grid, _ = case
    found = grid.place(rows, cf)
    assert len(found) == len(grid.times) == grid.count
    for time_s, value in zip(grid.times, found, strict=True):
        there = known(list(rows.within(time_s - grid.step, time_s)))
        assert (value is None) == (not there)
        if there:
            tolerance = 1e-9 * max(map(abs, there))
            assert value is not None
            assert min(there) - tolerance <= value <= max(there) + tolerance


def test_the_extremes_of_a_stretch_stand_in_the_order_in_which_they_occurred() -> None:
    grid = Grid.over(0, 80, 1, 1)
    rows = Rows(0, 1, [5.0, 9.0, 1.0, 5.0, 5.0, 1.0, 9.0, 5.0] * 10)
    buckets = Buckets.over(grid, 2)
    assert buckets.place(rows, "AVERAGE") == [9, 1, 1, 9] * 10
    assert buckets.times == list(range(2, 81, 2))
    assert buckets.place(rows, "MIN") == [1] * 40


def test_stretches_stand_at_the_same_places_when_time_has_moved_on() -> None:
    earlier, later = (set(Grid.over(start, start + 86400, 10, 10).buckets(500).times) for start in (1_700_000_000, 1_700_000_010))
    assert len(earlier & later) >= len(earlier) - 2


def test_a_gap_of_half_a_stretch_shows_where_the_number_stands_still() -> None:
    rows = Rows(0, 1, [3.0, 3.0, None, None])
    assert Buckets.over(Grid.over(0, 4, 1, 1), 2).place(rows, "AVERAGE") == [3, None]


@pytest.mark.parametrize("count", [11, 4321, 100_000])
def test_about_as_many_points_are_answered_as_may_be(count: int) -> None:
    for most in (10, 500, 1000):
        if count > most:
            found = Grid.over(0, count, 1, 1).buckets(most).count
            assert math.floor(most * 0.5) <= found <= most
