"""The agent's component `sensors`: temperatures, fans and the battery."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import psutil

from ...core.metrics import AbsentError, Described, Tree
from ...core.plugins import takes_options
from ...core.sections import Section
from ..levels import Lines, safe_level
from ..temperatures import Reading, Thermometers, read_fans, read_sensors

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "temperature.*": Described("Temperature *", "°C", shown=True),
        "fan.*": Described("Fan *", "r/min"),
        "battery.percent": Described("Battery", "%", shown=True),
        "battery.plugged": Described("Battery plugged in", shown=True),
        "battery.left": Described("Battery lasts", "s"),
    }
)

Source = Callable[[], Mapping[str, Sequence[Reading]]]


def read_battery() -> Any:
    """psutil's battery; None where there is none, or where psutil knows none for this system."""
    read = getattr(psutil, "sensors_battery", None)
    return read() if read is not None else None


class SensorMetrics:
    """What the machine's sensors tell.

    Args:
        temperatures, fans: read the sensors by chip.
        battery: reads the battery.
    """

    described = DESCRIBED

    def __init__(
        self, temperatures: Source = read_sensors, fans: Source = read_fans, battery: Callable[[], Any] = read_battery
    ) -> None:
        self._temperatures = Thermometers(temperatures)
        self._fans = Thermometers(fans, what="Fan")
        self._battery = battery
        self._lines = Lines()

    def read(self) -> Tree:
        """Measure now."""
        tree: dict[str, Tree | float | int | None] = {
            "temperature": {safe_level(str(index)): celsius for index, celsius in self._temperatures.read().items()},
            "fan": {safe_level(str(index)): turns for index, turns in self._fans.read().items()},
        }
        battery = self._battery()
        if battery is not None:
            tree["battery"] = {
                "percent": round(battery.percent, 1),
                "plugged": None if battery.power_plugged is None else int(battery.power_plugged),
                "left": battery.secsleft if battery.secsleft >= 0 else None,  # psutil's words for unknown and unlimited
            }
        return self._lines.told({name: inner for name, inner in tree.items() if inner})


@takes_options()
def make_sensors(_section: Section, **sources: Any) -> SensorMetrics:
    """Make the component `sensors`; raises AbsentError where there are none."""
    sensors = SensorMetrics(**sources)
    if not sensors.read():
        raise AbsentError("this machine has no sensors that the kernel knows")
    return sensors
