"""Temperatures, fans and the battery, of sensors that the test stands in for: machines that run tests have none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.mounts import run_with_own_mounts
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


SYSFS = """
import json, subprocess, sys
subprocess.run(["mount", "--bind", sys.argv[1], "/sys/class"], check=True)
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.nodes.metrics.sensors import make_sensors
print(json.dumps(make_sensors(Section("agent__sensors")).read()))
"""


def test_what_the_kernel_tells_in_sysfs_is_read(tmp_path: Path) -> None:
    """It is a folder of the test, mounted where only the process of the test sees it."""
    files = {
        "hwmon/hwmon0": {"name": "coretemp", "temp1_input": 51500, "temp1_label": "Package id 0", "fan1_input": 1200},
        "hwmon/hwmon1": {"name": "nvme", "temp1_input": 33850, "temp1_label": "Composite"},
        "power_supply/BAT0": {"energy_now": 30_000, "energy_full": 60_000, "power_now": 10_000, "status": "Discharging"},
        "power_supply/AC0": {"online": 0},
    }
    for folder, each in files.items():
        (tmp_path / folder).mkdir(parents=True)
        for name, text in each.items():
            (tmp_path / folder / name).write_text(f"{text}\n")
    done = run_with_own_mounts(SYSFS, tmp_path)
    assert done.returncode == 0, done.stderr
    assert flat(json.loads(done.stdout)) == {
        "temperature.coretemp_Package_id_0": 51.5,
        "temperature.nvme_Composite": 33.85,
        "fan.coretemp": 1200,
        "battery.percent": 50.0,
        "battery.plugged": 0,
        "battery.left": 3 * 3600,
    }
