"""What the functions of targets do to numbers: gaps, steps and names as Graphite has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core.errors import BadRequestError
from janitoo_datalog_rrd.web.graphite.evaluate import Evaluation
from janitoo_datalog_rrd.web.graphite.functions import all_functions
from janitoo_datalog_rrd.web.graphite.lines import Line, Values, consolidate, reduce_with, thin_out

Render = Callable[..., list[Line]]
_ = None


@dataclass
class Known:
    """Metrics that are given, and not read from a store."""

    lines: dict[str, Line]

    def read(self, pattern: str, start: int, end: int) -> list[Line]:
        found = []
        for path, line in sorted(self.lines.items()):
            if path.startswith(pattern.rstrip("*")):
                begin = max((start - line.start) // line.step + 1, 0)
                values = line.values[begin:]
                found.append(Line(path, line.start + begin * line.step, line.step, values, pattern, {"name": path}))
        return found


@pytest.fixture
def render() -> Render:
    """Evaluates a target over lines of numbers that begin at 0 and have a step of 10 s, or `(step, numbers)`."""

    def run(target: str, begin: int = -1, **numbers: Any) -> list[Line]:
        known = Known({})
        for name, each in numbers.items():
            step, values = each if isinstance(each, tuple) else (10, each)
            path = name.replace("_", ".")
            known.lines[path] = Line(path, 0, step, values, path)
        return Evaluation(known, all_functions(), begin, 10_000).target(target)

    return run


def one(lines: list[Line]) -> tuple[str, int, int, Values]:
    (line,) = lines
    return line.name, line.start, line.step, line.values


def test_sums_and_means_pass_over_gaps_and_end_with_the_longest(render: Render) -> None:
    numbers: dict[str, Values] = {"a_x": [1, _, _, 4], "a_y": [3, 2, _]}
    assert one(render("sumSeries(a.*)", **numbers)) == ("sumSeries(a.*)", 0, 10, [4, 2, _, 4])
    assert one(render("averageSeries(a.*)", **numbers)) == ("averageSeries(a.*)", 0, 10, [2, 2, _, 4])
    assert one(render("maxSeries(a.x,a.y)", **numbers)) == ("maxSeries(a.x,a.y)", 0, 10, [3, 2, _, 4])
    assert one(render("minSeries(a.x, a.y, a.x)", **numbers)) == ("minSeries(a.x,a.y)", 0, 10, [1, 2, _, 4])


@pytest.mark.parametrize(
    ("short", "name"), [("sum", "sumSeries"), ("avg", "averageSeries"), ("max", "maxSeries"), ("min", "minSeries")]
)
def test_short_names_mean_the_same(render: Render, short: str, name: str) -> None:
    assert one(render(f"{short}(a.*)", a_x=[1, 2])) == one(render(f"{name}(a.*)", a_x=[1, 2]))


def test_lines_of_different_steps_meet_at_the_least_common_one(render: Render) -> None:
    made = render("sum(a.x,a.y)", a_x=(10, [1, 3, 5, 7, 9, 11]), a_y=(30, [100, 200]))
    assert one(made) == ("sumSeries(a.x,a.y)", 0, 30, [103, 209])
    made = render("sum(a.x,a.y)", a_x=(20, [1, 2, 3]), a_y=(30, [10, 20]))
    assert one(made)[2:] == (60, [2 + 15])


def test_nothing_makes_nothing(render: Render) -> None:
    for target in (
        "sum(nothing.*)",
        "movingAverage(nothing,5)",
        "alias(nothing,'x')",
        "summarize(nothing,'1h')",
        "scale(nothing,2)",
    ):
        assert render(target) == []


def test_each_number_is_changed_and_gaps_stay(render: Render) -> None:
    assert one(render("scale(a,2.5)", a=[2, _, -4])) == ("scale(a,2.5)", 0, 10, [5, _, -10])
    assert one(render("offset(a,-1)", a=[2, _, -4])) == ("offset(a,-1)", 0, 10, [1, _, -5])
    assert one(render("absolute(a)", a=[2, _, -4])) == ("absolute(a)", 0, 10, [2, _, 4])
    assert one(render("scale(a,1e308)", a=[1e9, 1]))[3] == [_, 1e308]


def test_derivatives_need_two_numbers_in_a_row(render: Render) -> None:
    assert one(render("derivative(a)", a=[1, 4, _, 9, 7])) == ("derivative(a)", 0, 10, [_, 3, _, _, -2])
    assert one(render("nonNegativeDerivative(a)", a=[1, 4, 2, 5])) == ("nonNegativeDerivative(a)", 0, 10, [_, 3, _, 3])
    assert one(render("nonNegativeDerivative(a,10)", a=[8, 9, 2]))[3] == [_, 1, 4]  # 10, 0, 1, 2
    assert one(render("nonNegativeDerivative(a,minValue=1)", a=[8, 9, 2]))[3] == [_, 1, 1]
    assert one(render("perSecond(a)", a=[1, 4, 2, 5])) == ("perSecond(a)", 0, 10, [_, 0.3, _, 0.3])


def test_summaries_stand_at_multiples_of_the_interval(render: Render) -> None:
    name = 'summarize(a, "30s", "sum")'
    # As in Graphite, a line that ends with an interval has an empty one behind it.
    assert one(render("summarize(a,'30s')", a=[1, 2, _, 4, _, _])) == (name, 0, 30, [3, 4, _])
    made = render("summarize(a,'30s','avg')", begin=15, a=[1, 2, 3, 4, 5, 6, 7])
    assert one(made) == ('summarize(a, "30s", "avg")', 0, 30, [3, 5, 7])
    made = render("summarize(a,'30s','max',true)", begin=15, a=[1, 2, 3, 4, 5, 6, 7])
    assert one(made) == ('summarize(a, "30s", "max", true)', 20, 30, [5, 7])
    assert one(render("summarize(a,'5s','last')", a=[1, 2]))[3] == [1, _, 2, _, _]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("sum", 12),
        ("avg", 4),
        ("min", 1),
        ("max", 8),
        ("last", 3),
        ("first", 1),
        ("count", 3),
        ("median", 3),
        ("range", 7),
        ("diff", -10),
        ("multiply", 24),
    ],
)
def test_numbers_become_one(how: str, expected: float) -> None:
    assert reduce_with(how)([1, None, 8, 3]) == expected
    assert reduce_with(how)([None]) is None


def test_the_spread_is_that_of_all_of_them() -> None:
    assert reduce_with("stddev")([2, 4, 4, 4, 5, 5, 7, 9, None]) == 2


def test_a_moving_average_reads_the_numbers_before_the_first_too(render: Render) -> None:
    made = render("movingAverage(a,3)", begin=25, a=[3, 6, 9, 12, _, _, _, 6])
    assert one(made) == ("movingAverage(a,3)", 30, 10, [9, 10.5, 12, _, 6])
    made = render("movingAverage(a,'20s')", begin=25, a=[3, 6, 9, 12, 14])
    assert one(made) == ('movingAverage(a,"20s")', 30, 10, [10.5, 13])


def test_gaps_are_filled_up_to_a_limit(render: Render) -> None:
    assert one(render("keepLastValue(a)", a=[_, 1, _, _, 4, _]))[3] == [_, 1, 1, 1, 4, 4]
    assert one(render("keepLastValue(a,1)", a=[_, 1, _, _, 4, _]))[3] == [_, 1, _, _, 4, 4]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("alias(a.b.c,'Kitchen, the')", "Kitchen, the"),
        ('alias(a.b.c,"it\'s")', "it's"),
        ("aliasByNode(a.b.c,0,2)", "a.c"),
        ("aliasByNode(a.b.c,-1)", "c"),
        ("aliasByNode(a.b.c,1,9,'name','none')", "b..a.b.c."),
        ("aliasByNode(scale(a.b.c,2),1)", "b"),
        ("aliasByNode(summarize(scale(a.b.c,2),'1min'),1)", "b"),
        ("aliasByNode(alias(a.b.c,'odd name :)'),0)", "odd name :)"),
        ("aliasByMetric(derivative(a.b.c))", "c"),
        (r'aliasSub(a.b.c,"^a\.(.*)$","\1 A")', "b.c A"),
        ("a.b.c | scale(2) | alias('x')", "x"),
        ("consolidateBy(a.b.c,'max')", 'consolidateBy(a.b.c,"max")'),
        ("consolidateBy(a.b.c,max)", 'consolidateBy(a.b.c,"max")'),
        ("scale ( a.b.c , factor=3 )", "scale(a.b.c,3)"),
    ],
)
def test_lines_get_names(render: Render, target: str, name: str) -> None:
    assert [line.name for line in render(target, a_b_c=[1])] == [name]


def test_names_do_not_grow_without_end(render: Render) -> None:
    target = "a"
    for _again in range(20):
        target = rf"aliasSub({target},'(.+)','\1\1\1\1\1\1\1\1')"
    assert len(render(target, a=[1])[0].name) <= 1000


def test_a_path_may_look_like_a_number(render: Render) -> None:
    assert [line.name for line in render("scale(0120.0001.cpu.0,2)", **{"0120_0001_cpu_0": [1]})] == ["scale(0120.0001.cpu.0,2)"]


def test_points_are_put_together_at_multiples_of_the_longer_step() -> None:
    line = Line("a", 20, 10, [1, 2, 3, 4, None, 6, None], "a")
    made = consolidate(line, 3)
    assert (made.start, made.step, made.values) == (30, 30, [3, 6])
    assert consolidate(line, 1) is line


def test_a_line_is_put_together_as_it_wishes() -> None:
    line = Line("a", 0, 10, [1, 2, 3, 4], "a", consolidation="max")
    assert thin_out([line], 2)[0].values == [2, 4]
    assert thin_out([line], 1)[0].values == [4]
    assert thin_out([line], 4)[0].values == [1, 2, 3, 4]


def test_a_long_window_is_exact_at_its_end(render: Render) -> None:
    (line,) = render("movingAverage(a,5000)", a=[float(each) for each in range(10_000)])
    assert line.values[-1] == pytest.approx(sum(range(5000, 10_000)) / 5000)


_PATHS = st.sampled_from(["a", "a.*", "b.c", "none", "{a,b}.c", "0120.0001"])
_SCALARS = st.sampled_from(
    [
        "1",
        "-1",
        "0",
        "2.5",
        "1e308",
        "-1e308",
        "100000",
        "none",
        "true",
        "'1min'",
        "'1h'",
        "'1y'",
        "'sum'",
        "'x'",
        "'(.*)'",
        "'\\\\1'",
    ]
)
_TARGETS = st.recursive(
    _PATHS,
    lambda inner: st.builds(
        lambda name, lines, scalars: f"{name}({','.join([*lines, *scalars])})",
        st.sampled_from(sorted(all_functions())),
        st.lists(inner, max_size=2),
        st.lists(_SCALARS, max_size=3),
    ),
    max_leaves=5,
)


@settings(SHORT, max_examples=300)
@given(target=st.one_of(_TARGETS, st.text(max_size=40)), numbers=st.lists(st.none() | st.floats(-1e308, 1e308), max_size=20))
def test_any_target_makes_lines_of_finite_numbers_or_is_refused(target: str, numbers: Values) -> None:
    known = Known({"a": Line("a", 0, 10, numbers, "a"), "b.c": Line("b.c", 30, 60, numbers[:3], "b.c")})
    lines: list[Line] = []
    with suppress(BadRequestError):
        lines = Evaluation(known, all_functions(), -1, 10_000).target(target)
    for line in thin_out(lines, 10):
        assert line.step > 0
        assert all(value is None or math.isfinite(value) for value in line.values)
