"""The agent's component `picpu`: the processor of a Raspberry Pi, and whether it is throttled."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...core import parsers
from ...core.metrics import AbsentError, Described, Tree
from ...core.plugins import takes_options
from ...core.sections import OptionSpec, Section
from ..raspberry import FLAGS, SINCE_BOOT, RaspberryPi

POLL_DELAY_S = 60.0

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "temperature": Described("CPU temperature", "°C", shown=True),
        "frequency": Described("CPU frequency", "MHz"),
        "voltage": Described("CPU core voltage", "V"),
        "now.under_voltage": Described("Under-voltage", shown=True),
        "now.frequency_capped": Described("CPU frequency capped"),
        "now.throttled": Described("CPU throttled", shown=True),
        "now.soft_temperature_limit": Described("Soft temperature limit"),
        "since_boot.under_voltage": Described("Under-voltage since the boot"),
        "since_boot.frequency_capped": Described("CPU frequency capped since the boot"),
        "since_boot.throttled": Described("CPU throttled since the boot"),
        "since_boot.soft_temperature_limit": Described("Soft temperature limit since the boot"),
    }
)


class PiCpuMetrics:
    """What firmware and kernel tell of the processor; what neither tells is unknown. Flags are 1 and 0."""

    described = DESCRIBED

    def __init__(self, pi: RaspberryPi) -> None:
        self._pi = pi

    def read(self) -> Tree:
        """Measure now."""
        bits = self._pi.throttled()
        return {
            "temperature": self._pi.temperature(),
            "frequency": self._pi.frequency(),
            "voltage": self._pi.voltage(),
            "now": {name: _flag(bits, bit) for name, bit in FLAGS.items()},
            "since_boot": {name: _flag(bits, bit + SINCE_BOOT) for name, bit in FLAGS.items()},
        }


def _flag(bits: int | None, bit: int) -> int | None:
    return None if bits is None else bits >> bit & 1


@takes_options(OptionSpec("poll_delay", parsers.duration(1), POLL_DELAY_S))
def make_picpu(_section: Section, **where: Any) -> PiCpuMetrics:
    """Make the component `picpu`; `where` as `RaspberryPi` takes it. Raises AbsentError on other machines."""
    pi = RaspberryPi(**where)
    if not pi.is_there():
        raise AbsentError("this machine is no Raspberry Pi")
    return PiCpuMetrics(pi)
