"""Trees of numbers become numbers by path, each with what is known of it."""

from __future__ import annotations

from janitoo_datalog_rrd.core.metrics import Described, Flattener

DESCRIBED = {"percent": Described("CPU", "%"), "core.*.percent": Described("CPU *", "%"), "a.*.*": Described("* of *")}


def test_a_tree_of_any_depth_becomes_numbers_by_path() -> None:
    tree = {
        "percent": 1.5,
        "core": {"0": {"percent": 2}, "1": {"percent": None}},
        "text": "no number",
        "deep": {"a": {"b": {"c": 3}}},
    }
    flat = list(Flattener(DESCRIBED).numbers(tree))  # type: ignore[arg-type]
    assert flat == [("percent", 1.5), ("core.0.percent", 2), ("core.1.percent", None), ("deep.a.b.c", 3)]


def test_a_number_is_described_by_the_first_path_that_fits() -> None:
    flattener = Flattener(DESCRIBED)
    assert flattener.describe("core.3.percent") == Described("CPU 3", "%")
    assert flattener.describe("a.x.y").label == "x of y"


def test_a_number_that_nobody_described_is_called_by_its_path() -> None:
    assert Flattener(DESCRIBED).describe("new.deep_thing") == Described("new deep thing")
