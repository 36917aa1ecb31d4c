"""Every device of the table, through a real broker into a server with the dialects as they are by default."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import live_in
from support import Mosquitto

from janitoo_datalog_rrd.web.view import group_by_node

from .cases import Case

DIALECTS = sorted(path.stem for path in Path(__file__).parent.glob("*_cases.py"))


def every_case() -> Iterator[object]:
    for dialect in DIALECTS:
        cases: list[Case] = importlib.import_module(f"{__package__}.{dialect}").CASES
        for case in cases:
            yield pytest.param(case, id=f"{dialect.removesuffix('_cases')}: {case.device}")


@pytest.mark.parametrize("case", every_case())
def test_a_device_is_logged_with_names_and_units(case: Case, tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        house.publish(*case.messages)
        services = house.server.services
        assert services.store is not None
        series = {info.name: info for info in services.store.list_series()}
        assert sorted(series) == sorted(each.name for each in case.expected)
        titles = {info.name: view.title for view in group_by_node(series.values(), services.nodes.all()) for info in view.series}
        for expected in case.expected:
            (column,) = series[expected.name].columns
            told = (column.label, column.units, column.ds_type)
            assert told == (expected.label, expected.units, expected.ds_type), expected.name
            value = column.last_value
            assert (None if value != value else value) == pytest.approx(expected.value), expected.name
            if expected.node:
                assert titles[expected.name] == expected.node, expected.name
            if expected.time is not None:
                assert column.last_time == pytest.approx(expected.time), expected.name
        rejected = {(entry.topic, entry.reason) for entry in services.rejected.last()}
        assert not rejected, f"messages of a real device were refused: {rejected}"
