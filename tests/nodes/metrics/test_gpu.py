"""NVIDIA's GPUs, of a stand-in for the library `pynvml`: machines that run tests have none."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.trees import flat, section

from janitoo_datalog_rrd.core.metrics import AbsentError
from janitoo_datalog_rrd.nodes.metrics.gpu import make_gpu

# Names, arguments and units are those of NVML's reference.
LIBRARY = """
from types import SimpleNamespace
NVML_TEMPERATURE_GPU = 0
class NVMLError(Exception): pass
driver, gpus, unable, started = True, 2, set(), 0
def nvmlInit():
    global started
    started += 1
    if not driver: raise NVMLError("Driver Not Loaded")
def nvmlDeviceGetCount():
    if not driver: raise NVMLError("Uninitialized")
    return gpus
def tell(name, value):
    if name in unable: raise NVMLError("Not Supported")
    return value
def nvmlDeviceGetHandleByIndex(index): return tell(f"gpu{index}", index)
def nvmlDeviceGetUtilizationRates(handle): return tell("load", SimpleNamespace(gpu=40 + handle, memory=0))
def nvmlDeviceGetMemoryInfo(handle): return tell("memory", SimpleNamespace(total=8 << 30, used=2 << 30, free=6 << 30))
def nvmlDeviceGetTemperature(handle, sensor): return tell("temperature", 61 + sensor)
def nvmlDeviceGetPowerUsage(handle): return tell("power", 75500)
def nvmlDeviceGetFanSpeed(handle): return tell("fan", 0)
"""


@pytest.fixture(name="nvml")
def nvml_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module as it is imported, with what it answers as its variables."""
    (tmp_path / "pynvml.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("pynvml", None)
    yield importlib.import_module("pynvml")
    sys.modules.pop("pynvml", None)


@pytest.mark.usefixtures("nvml")
def test_each_gpu_is_told_by_its_number() -> None:
    numbers = flat(make_gpu(section("gpu")).read())
    assert {name: number for name, number in numbers.items() if name.startswith("0.")} == {
        "0.utilization": 40,
        "0.temperature": 61,
        "0.power": 75.5,
        "0.fan": 0,
        "0.memory.utilization": 0,
        "0.memory.percent": 25.0,
        "0.memory.total": 8 << 30,
        "0.memory.used": 2 << 30,
        "0.memory.free": 6 << 30,
    }
    assert numbers["1.utilization"] == 41


def test_what_a_gpu_cannot_tell_is_left_out(nvml: Any) -> None:
    nvml.gpus, nvml.unable = 1, {"power", "fan", "memory"}
    assert set(flat(make_gpu(section("gpu")).read())) == {"0.utilization", "0.temperature", "0.memory.utilization"}


def test_a_gpu_that_falls_off_the_bus_ends_its_lines_and_the_other_goes_on(nvml: Any) -> None:
    metrics = make_gpu(section("gpu"))
    metrics.read()
    nvml.unable = {"gpu1"}
    numbers = flat(metrics.read())
    assert numbers["1.temperature"] is None
    assert numbers["0.temperature"] == 61
    assert "1.temperature" not in flat(metrics.read())


def test_a_driver_that_is_loaded_anew_is_asked_anew(nvml: Any) -> None:
    metrics = make_gpu(section("gpu"))
    nvml.driver = False
    with pytest.raises(nvml.NVMLError):
        metrics.read()
    nvml.driver = True
    assert flat(metrics.read())["0.utilization"] == 40
    assert nvml.started == 2


def test_without_a_driver_or_a_gpu_it_is_absent(nvml: Any) -> None:
    nvml.gpus = 0
    with pytest.raises(AbsentError, match="no GPU"):
        make_gpu(section("gpu"))
    nvml.driver = False
    with pytest.raises(AbsentError, match="driver does not answer: Driver Not Loaded"):
        make_gpu(section("gpu"))


def test_without_the_library_it_is_absent_and_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(AbsentError, match=r"nvidia-ml-py.* extra gpu"):
        make_gpu(section("gpu"))
