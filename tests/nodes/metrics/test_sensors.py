"""Temperatures, fans and the battery, of sensors that the test stands in for: machines that run tests have none."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from support.trees import flat, section

from janitoo_datalog_rrd.core.metrics import AbsentError
from janitoo_datalog_rrd.nodes.metrics.sensors import make_sensors, read_battery
from janitoo_datalog_rrd.nodes.temperatures import read_fans, read_sensors


class Sensor(NamedTuple):
    label: str
    current: float | None


class Battery(NamedTuple):
    percent: float
    secsleft: int
    power_plugged: bool | None


def nothing() -> Any:
    return {}


def no_battery() -> Any:
    return None


def test_temperatures_and_fans_are_told_by_chip_and_label() -> None:
    metrics = make_sensors(
        section("sensors"),
        temperatures=lambda: {
            "coretemp": [Sensor("Core 0", 51.0)],
            "nvme": [Sensor("Composite", 33.85), Sensor("Composite", 40.0)],
        },
        fans=lambda: {"thinkpad": [Sensor("", 2700)], "nct.6775": [Sensor("CPU/Fan", 0)]},
        battery=no_battery,
    )
    assert flat(metrics.read()) == {
        "temperature.coretemp_Core_0": 51.0,
        "temperature.nvme_Composite": 33.85,
        "temperature.nvme_Composite_2": 40.0,
        "fan.thinkpad": 2700,
        "fan.nct_6775_CPU_Fan": 0,
    }


@pytest.mark.parametrize(
    ("battery", "told"),
    [
        (Battery(87.654, 3600, False), {"percent": 87.7, "plugged": 0, "left": 3600}),
        (Battery(100, -2, True), {"percent": 100, "plugged": 1, "left": None}),  # unlimited
        (Battery(50, -1, None), {"percent": 50, "plugged": None, "left": None}),
    ],
)
def test_the_battery_is_told_and_what_it_cannot_tell_is_unknown(battery: Battery, told: dict[str, Any]) -> None:
    metrics = make_sensors(section("sensors"), temperatures=nothing, fans=nothing, battery=lambda: battery)
    assert metrics.read() == {"battery": told}


def test_a_sensor_that_is_gone_ends_its_line_once() -> None:
    found = {"usb": [Sensor("", 20.0)], "cpu": [Sensor("", 40.0)]}
    metrics = make_sensors(section("sensors"), temperatures=lambda: found, fans=nothing, battery=no_battery)
    del found["usb"]
    assert flat(metrics.read()) == {"temperature.cpu": 40.0, "temperature.usb": None}
    assert flat(metrics.read()) == {"temperature.cpu": 40.0}


def test_a_machine_without_sensors_has_no_component() -> None:
    with pytest.raises(AbsentError, match="no sensors"):
        make_sensors(section("sensors"), temperatures=nothing, fans=nothing, battery=no_battery)


def test_this_machines_sensors_can_be_asked() -> None:
    read_sensors(), read_fans(), read_battery()
