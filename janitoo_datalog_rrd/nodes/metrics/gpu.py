"""The agent's component `gpu`: NVIDIA graphics processors, by NVIDIA's own library."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...core.metrics import AbsentError, Described, Tree
from ...core.plugins import takes_options
from ...core.sections import Section
from ..levels import Lines

MAX_GPUS = 64

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "*.utilization": Described("GPU *", "%", shown=True),
        "*.memory.utilization": Described("GPU * memory traffic", "%"),
        "*.memory.percent": Described("GPU * memory", "%", shown=True),
        "*.memory.total": Described("GPU * memory total", "B"),
        "*.memory.used": Described("GPU * memory used", "B"),
        "*.memory.free": Described("GPU * memory free", "B"),
        "*.temperature": Described("GPU * temperature", "°C", shown=True),
        "*.power": Described("GPU * power", "W", shown=True),
        "*.fan": Described("GPU * fan", "%"),
    }
)


class GpuMetrics:
    """Measures each GPU by its number; what one cannot tell is left out.

    Args:
        nvml: the module `pynvml`, not initialised yet.

    Raises:
        AbsentError: there is no driver, or no GPU.
    """

    described = DESCRIBED

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._lines = Lines()
        self._ready = False
        try:
            count = self._count()
        except nvml.NVMLError as error:
            raise AbsentError(f"NVIDIA's driver does not answer: {error}") from None
        if not count:
            raise AbsentError("NVIDIA's driver knows no GPU")

    def read(self) -> Tree:
        """Measure now; raises the library's error where the driver is gone, and begins anew at the next reading."""
        try:
            count = self._count()
        except self._nvml.NVMLError:
            self._ready = False
            raise
        return self._lines.told({str(number): self._read_one(number) for number in range(min(count, MAX_GPUS))})

    def _count(self) -> int:
        if not self._ready:
            self._nvml.nvmlInit()
            self._ready = True
        return int(self._nvml.nvmlDeviceGetCount())

    def _read_one(self, number: int) -> Tree:
        nvml = self._nvml
        handle = self._try(nvml.nvmlDeviceGetHandleByIndex, number)
        if handle is None:
            return {}  # fallen off the bus
        load = self._try(nvml.nvmlDeviceGetUtilizationRates, handle)
        memory = self._try(nvml.nvmlDeviceGetMemoryInfo, handle)
        milliwatts = self._try(nvml.nvmlDeviceGetPowerUsage, handle)
        of_memory = {
            "utilization": load and load.memory,
            "percent": memory and round(100.0 * memory.used / memory.total, 2) if memory and memory.total else None,
            "total": memory and memory.total,
            "used": memory and memory.used,
            "free": memory and memory.free,
        }
        found = {
            "utilization": load and load.gpu,
            "temperature": self._try(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            "power": None if milliwatts is None else milliwatts / 1000.0,
            "fan": self._try(nvml.nvmlDeviceGetFanSpeed, handle),
            "memory": {name: number for name, number in of_memory.items() if number is not None},
        }
        return {name: each for name, each in found.items() if each is not None and each != {}}

    def _try(self, ask: Callable[..., Any], *arguments: Any) -> Any:
        """What the library answers; None where this GPU cannot tell it."""
        try:
            return ask(*arguments)
        except self._nvml.NVMLError:
            return None


@takes_options()
def make_gpu(_section: Section) -> GpuMetrics:
    """Make the component `gpu`; raises AbsentError where there is no GPU of NVIDIA's, or not the extra `gpu`."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        raise AbsentError("the Python package nvidia-ml-py is not installed; it comes with the extra gpu") from None
    return GpuMetrics(nvml)
