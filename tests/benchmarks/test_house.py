"""The simulated house: every number that its devices publish is logged once, by its name, on a server that was told nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.house.check import Logged, compare
from benchmarks.house.command import run, total
from benchmarks.house.model import Number


@pytest.mark.slow
def test_every_number_of_the_house_is_logged_once_with_name_and_units(tmp_path: Path) -> None:
    rows, faults, outcome = run(tmp_path, hours=0.15, speed=180)
    assert faults == []
    whole = total(rows)
    assert whole.expected == whole.logged == whole.named == whole.with_units > 250
    assert (whole.devices, whole.doubled, whole.unexpected) == (60, 0, 0)
    assert set(outcome.dealt_with) <= {"accepted", "ignored"}


def number(word: str, value: float, units: str = "°C", **more: str) -> Number:
    made = Number("somebody's", "Kitchen", word, units, **more)
    made.note(value)
    return made


def logged(label: str, value: float | None, units: str = "°C", kind: str = "GAUGE", title: str = "Kitchen") -> Logged:
    return Logged(f"series.{label}", title, label, units, kind, value, "somebodys/0x17 house/kitchen")


@pytest.mark.parametrize(
    ("series", "fault"),
    [
        ([logged("Temperature", 21.5)], ""),
        ([], "missing: Kitchen, temperature  °C 21.5"),
        ([logged("Temperature", 20.0)], "value: series.Temperature is 20.0, and 21.5 was the last one"),
        ([logged("Temperature", None)], "value: series.Temperature is None, and 21.5 was the last one"),
        (
            [logged("house/kitchen", 21.5)],
            "name: series.house/kitchen is 'house/kitchen' of 'Kitchen', not temperature of 'Kitchen'",
        ),
        ([logged("Temperature", 21.5, title="0x17")], "name: series.Temperature is 'Temperature' of '0x17', not temperature of"),
        ([logged("Temperature", 21.5, units="F")], "units: series.Temperature is in 'F', not in '°C'"),
        ([logged("Temperature", 21.5), logged("My temperature", 21.5)], "doubled: series.My temperature"),
        ([logged("Temperature", 21.5), logged("Uptime", 17.0)], "unexpected: series.Uptime"),
        ([logged("Temperature", 21.5), logged("Temperature rate", 21.5, kind="DERIVE")], "unexpected: series.Temperature rate"),
    ],
)
def test_what_is_wrong_with_a_series_is_told(series: list[Logged], fault: str) -> None:
    (row,) = compare([number("temperature", 21.5)], series)
    assert [each[: len(fault)] for each in row.faults] == ([fault] if fault else [])


def test_a_count_is_expected_with_its_rate() -> None:
    level, rate = number("energy", 7.5, "kWh", counted="level"), number("energy", 7.5, "kWh", counted="rate")
    (row,) = compare([level, rate], [logged("Energy", 7.5, "kWh"), logged("Energy rate", 7.5, "kWh", "DERIVE")])
    assert (row.logged, row.named, row.faults) == (2, 2, [])
