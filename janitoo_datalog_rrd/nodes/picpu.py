"""The Raspberry Pi CPU node, `hostsensor.picpu`: temperature, frequency and voltage of the processor."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import parsers
from ..core.component import JNTComponent
from ..core.plugins import takes_options
from ..core.sections import OptionSpec
from ..core.values import NodeValue
from .raspberry import RaspberryPi

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.bus import JNTBus
    from ..core.mqtt import MqttClient

logger = logging.getLogger(__name__)

KEY = "hostsensor.picpu"
POLL_DELAY_S = 300.0


class PiCpuComponent(JNTComponent):
    """A node for the processor of a Raspberry Pi; on other machines it stays away.

    Args:
        bus: the bus it belongs to.
        addr: its HADD.
        vcgencmd, sys_root, model_file, timeout_s: as `RaspberryPi` takes them.
        kwargs: as `JNTComponent` takes them; `section` may have `poll_delay`, in seconds.
    """

    def __init__(
        self,
        bus: JNTBus | None = None,
        addr: str | None = None,
        *,
        vcgencmd: str | Path = "vcgencmd",
        sys_root: Path = Path("/sys"),
        model_file: Path = Path("/proc/device-tree/model"),
        timeout_s: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(bus, addr, **{"oid": KEY, **kwargs})
        self._pi = RaspberryPi(vcgencmd=vcgencmd, sys_root=sys_root, model_file=model_file, timeout_s=timeout_s)
        self._add("temperature", self._pi.temperature, "CPU temperature", "°C")
        self._add("frequency", self._pi.frequency, "CPU frequency", "MHz")
        self._add("voltage", self._pi.voltage, "CPU core voltage", "V")

    def start(self, mqttc: MqttClient | None) -> bool:
        """Start the component; False where the machine is no Raspberry Pi."""
        if self._pi.is_there():
            return True
        logger.info("%s at %s: this machine is no Raspberry Pi, so the node stays away", KEY, self.hadd)
        return False

    def _add(self, uuid: str, read: Callable[[], float | None], label: str, units: str) -> None:
        def indexed() -> dict[int | str, float]:
            number = read()
            return {} if number is None else {0: number}

        poll_delay = self.section.get("poll_delay", POLL_DELAY_S)
        self.add_value(NodeValue(uuid, indexed, label=label, units=units, poll_delay=poll_delay))


@takes_options(OptionSpec("poll_delay", parsers.duration(1), POLL_DELAY_S))
def make_picpu(**kwargs: Any) -> PiCpuComponent:
    """Make the component of key `hostsensor.picpu`; arguments as `PiCpuComponent` takes them."""
    return PiCpuComponent(**kwargs)
