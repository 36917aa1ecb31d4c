"""Readings as messages: safe names, numbers that are numbers, bounded sizes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from janitoo_datalog_rrd.agent.documents import MAX_DEPTH, Cleaner, contents, message
from janitoo_datalog_rrd.core.metrics import MAX_NUMBERS


def test_what_is_no_number_is_unknown_and_names_are_safe() -> None:
    tree: dict[str, Any] = {
        "a b/c": {"d.e": 1, "on": True},
        "nan": math.nan,
        "inf": -math.inf,
        "text": "x",
        "none": None,
        "big": 1 << 70,
    }
    assert Cleaner().clean(tree) == {
        "a_b_c": {"d_e": 1, "on": 1},
        "nan": None,
        "inf": None,
        "text": None,
        "none": None,
        "big": float(1 << 70),
    }
    assert Cleaner().clean({"huge": 10**400, "x" * 500: 1.5}) == {"huge": None, "x" * 64: 1.5}


def test_depth_and_count_have_an_end() -> None:
    deep: dict[str, Any] = {"n": 1}
    for _ in range(MAX_DEPTH + 3):
        deep = {"d": deep}
    assert json.dumps(Cleaner().clean(deep)).count("d") == MAX_DEPTH - 1
    many = Cleaner().clean({"a": {str(n): n for n in range(MAX_NUMBERS)}, "b": {"one": 1}})
    assert (len(many["a"]), many["b"]) == (MAX_NUMBERS, {})  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [700, 2000, 1 << 17])
def test_what_is_too_long_for_one_message_is_several_that_together_are_the_same(limit: int) -> None:
    metrics: dict[str, Any] = {
        "disk": {f"d{n}": {"read": n, "written": n / 7, "deep": {str(m): m for m in range(5)}} for n in range(40)},
        "load": {"1": 0.5},
        "flat": {f"name{n}": None for n in range(200)},
    }
    pieces = list(contents(metrics, limit))
    assert all(len(message("d" * 64, 1763800000.123, piece)) <= limit for piece in pieces)
    together: dict[str, Any] = {}
    for piece in pieces:
        merge(together, json.loads(piece))
    assert together == metrics
    assert len(pieces) == 1 or limit < 1 << 17


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for name, inner in more.items():
        if isinstance(inner, dict):
            merge(into.setdefault(name, {}), inner)
        else:
            assert name not in into, "each number is told once"
            into[name] = inner


def test_a_message_has_device_time_and_metrics() -> None:
    assert json.loads(message("web01", 1763800000.1234, b'{"load":{"1":0.5}}')) == {
        "device_id": "web01",
        "timestamp": 1763800000.123,
        "metrics": {"load": {"1": 0.5}},
    }
