"""Temperatures: an index and a label for each sensor, whatever the chips call them."""

from __future__ import annotations

import math
from typing import NamedTuple

from janitoo_datalog_rrd.nodes.temperatures import Thermometers, read_sensors


class Sensor(NamedTuple):
    label: str
    current: float | None


def test_each_sensor_has_an_index_and_a_label_of_its_own() -> None:
    thermometers = Thermometers(
        lambda: {
            "coretemp": [Sensor("Package id 0", 51.0), Sensor("Core 0", 49.5)],
            "cpu_thermal": [Sensor("", 48.3)],
            "nvme": [Sensor("Composite", 33.85), Sensor("Composite", 40.85)],
        }
    )
    assert thermometers.read() == {
        "coretemp_Package_id_0": 51.0,
        "coretemp_Core_0": 49.5,
        "cpu_thermal": 48.3,
        "nvme_Composite": 33.85,
        "nvme_Composite_2": 40.85,
    }
    assert thermometers.labels["coretemp_Package_id_0"] == "Temperature coretemp Package id 0"
    assert thermometers.labels["nvme_Composite_2"] == "Temperature nvme Composite 2"


def test_a_sensor_that_fails_is_passed_over_and_its_neighbour_keeps_its_index() -> None:
    thermometers = Thermometers(
        lambda: {"nvme": [Sensor("Composite", None), Sensor("Composite", 40.0)], "x": [Sensor("", math.nan)]}
    )
    assert thermometers.read() == {"nvme_Composite_2": 40.0}


def test_sensors_without_end_make_no_series_without_end() -> None:
    thermometers = Thermometers(lambda: {"chip": [Sensor(f"t{number}", 20.0) for number in range(50)]}, limit=4)
    assert list(thermometers.read()) == ["chip_t0", "chip_t1", "chip_t2", "chip_t3"]


def test_a_label_that_is_not_text_becomes_readable() -> None:
    thermometers = Thermometers(lambda: {"chip": [Sensor("a\udcff\x07b", 20.0)]})
    assert thermometers.read() == {"chip_a_b": 20.0}
    assert thermometers.labels == {"chip_a_b": "Temperature chip a??b"}


def test_the_sensors_of_this_machine_can_be_read_where_there_are_any() -> None:
    assert all(-100.0 < celsius < 200.0 for celsius in Thermometers(read_sensors).read().values())
