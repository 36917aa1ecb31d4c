"""Every device of the table, through a real broker into a server with the dialects as they are by default."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import live_in
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.core.contracts import SeriesInfo, SeriesReader
from janitoo_datalog_rrd.web.view import group_by_node

from .cases import Case

DIALECTS = sorted(path.stem for path in Path(__file__).parent.glob("*_cases.py"))


def every_case() -> Iterator[object]:
    for dialect in DIALECTS:
        cases: list[Case] = importlib.import_module(f"{__package__}.{dialect}").CASES
        for case in cases:
            yield pytest.param(case, id=f"{dialect.removesuffix('_cases')}: {case.device}")


@pytest.mark.parametrize("case", list(every_case()))
def test_a_device_is_logged_with_names_and_units(case: Case, tmp_path: Path, mosquitto: Mosquitto) -> None:
    with live_in(tmp_path, mosquitto) as house:
        services = house.server.services
        store = services.store
        assert store is not None
        # retained, since what a device has announced is subscribed only then
        mosquitto.publish(*case.messages, retain=True)
        with contextlib.suppress(AssertionError):  # what is not there is told below, one by one
            wait_until(lambda: _last_values(store) == {each.name: each.value for each in case.expected}, timeout=5.0)
        house.publish()
        series = {info.name: info for info in _of_devices(store)}
        assert sorted(series) == sorted(each.name for each in case.expected)
        titles = {info.name: view.title for view in group_by_node(series.values(), services.nodes.all()) for info in view.series}
        for expected in case.expected:
            (column,) = series[expected.name].columns
            told = (column.label, column.units, column.ds_type)
            assert told == (expected.label, expected.units, expected.ds_type), expected.name
            value = _known(column.last_value)
            assert value == (None if expected.value is None else pytest.approx(expected.value)), expected.name
            if expected.node:
                assert titles[expected.name] == expected.node, expected.name
            if expected.time is not None:
                assert column.last_time == pytest.approx(expected.time), expected.name
        rejected = {(entry.topic, entry.reason) for entry in services.rejected.last()}
        assert not rejected, f"messages of a real device were refused: {rejected}"


def _last_values(store: SeriesReader) -> dict[str, float | None]:
    return {info.name: _known(info.columns[0].last_value) for info in _of_devices(store)}


def _of_devices(store: SeriesReader) -> list[SeriesInfo]:
    """Every series but those of the server's own nodes, which speak Janitoo."""
    return [info for info in store.list_series() if len(info.columns[0].key) == 2]


def _known(value: float | None) -> float | None:
    return None if value is None or value != value else value
