"""The Raspberry Pi CPU node, `hostsensor.picpu`: temperature, frequency and voltage of the processor."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import parsers
from ..core.component import JNTComponent
from ..core.plugins import takes_options
from ..core.sections import OptionSpec
from ..core.values import NodeValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.bus import JNTBus
    from ..core.mqtt import MqttClient

logger = logging.getLogger(__name__)

KEY = "hostsensor.picpu"
POLL_DELAY_S = 300.0

_MODEL = "Raspberry Pi"
_TEMPERATURE = re.compile(r"temp=(-?[0-9]+(?:\.[0-9]+)?)'C", re.ASCII)
_FREQUENCY = re.compile(r"frequency\([0-9]+\)=([0-9]+)", re.ASCII)
_VOLTAGE = re.compile(r"volt=([0-9]+(?:\.[0-9]+)?)V", re.ASCII)

Indexed = dict[int | str, float]


class PiCpuComponent(JNTComponent):
    """A node for the processor of a Raspberry Pi; on other machines it stays away.

    Args:
        bus: the bus it belongs to.
        addr: its HADD.
        vcgencmd: the firmware's command, as a path or as a name to look for.
        sys_root: where sysfs is mounted.
        model_file: where the kernel tells the board's model.
        timeout_s: how long `vcgencmd` may take, in seconds.
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
        # Older systems of the Raspberry Pi have it outside the usual path.
        self._vcgencmd = shutil.which(str(vcgencmd), path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/opt/vc/bin"]))
        self._thermal_zone = sys_root / "class" / "thermal" / "thermal_zone0" / "temp"
        self._scaling = sys_root / "devices" / "system" / "cpu" / "cpu0" / "cpufreq" / "scaling_cur_freq"
        self._model_file = model_file
        self._timeout_s = timeout_s
        self._failing: set[str] = set()
        self._add("temperature", self._read_temperature, "CPU temperature", "°C")
        self._add("frequency", self._read_frequency, "CPU frequency", "MHz")
        self._add("voltage", self._read_voltage, "CPU core voltage", "V")

    def start(self, mqttc: MqttClient | None) -> bool:
        """Start the component; False where the machine is no Raspberry Pi."""
        if self._is_raspberry_pi():
            return True
        logger.info("%s at %s: this machine is no Raspberry Pi, so the node stays away", KEY, self.hadd)
        return False

    def _add(self, uuid: str, read: Callable[[], Indexed], label: str, units: str) -> None:
        poll_delay = self.section.get("poll_delay", POLL_DELAY_S)
        self.add_value(NodeValue(uuid, read, label=label, units=units, poll_delay=poll_delay))

    def _is_raspberry_pi(self) -> bool:
        try:
            return self._model_file.read_bytes().decode("utf-8", "replace").startswith(_MODEL)
        except OSError:
            # No device tree to be seen, as in some containers: then the firmware's answer tells.
            return self._vcgencmd is not None and self._ask(_TEMPERATURE, "measure_temp") is not None

    def _read_temperature(self) -> Indexed:
        """Temperature in °C."""
        celsius = self._ask(_TEMPERATURE, "measure_temp")
        return _indexed(celsius if celsius is not None else _read_number(self._thermal_zone, 1000.0))

    def _read_frequency(self) -> Indexed:
        """Frequency in MHz."""
        hertz = self._ask(_FREQUENCY, "measure_clock", "arm")
        return _indexed(hertz / 1e6 if hertz is not None else _read_number(self._scaling, 1000.0))

    def _read_voltage(self) -> Indexed:
        """Core voltage in V; only the firmware knows it."""
        return _indexed(self._ask(_VOLTAGE, "measure_volts", "core"))

    def _ask(self, pattern: re.Pattern[str], *arguments: str) -> float | None:
        """Ask the firmware for a number; None where it has no answer, which is told in the log when it begins."""
        if self._vcgencmd is None:
            return None
        command = [self._vcgencmd, *arguments]
        try:
            # The command is ours in every word, and no shell reads it.
            done = subprocess.run(  # noqa: S603
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=self._timeout_s, check=False
            )
            output = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
            match = pattern.fullmatch(done.stdout.decode("utf-8", "replace").strip()) if done.returncode == 0 else None
            why = f"exit status {done.returncode}, {output[:100]!r}"
        except subprocess.TimeoutExpired:
            match, why = None, f"no answer within {self._timeout_s:g} s"
        except OSError as error:
            match, why = None, f"cannot be run: {error.strerror}"
        self._tell(" ".join(command), None if match else why)
        return float(match[1]) if match else None

    def _tell(self, command: str, why: str | None) -> None:
        if why is None:
            self._failing.discard(command)
        elif command not in self._failing:
            self._failing.add(command)
            logger.warning("%s: %s; the server's user may have to be in the group video", command, why)


def _read_number(path: Path, divisor: float) -> float | None:
    """The number in a file of sysfs, divided; None where there is no such file."""
    try:
        return int(path.read_text(encoding="ascii")) / divisor
    except FileNotFoundError:
        return None


def _indexed(number: float | None) -> Indexed:
    """A value's only index; none where there is no number."""
    return {} if number is None else {0: number}


@takes_options(OptionSpec("poll_delay", parsers.duration(1), POLL_DELAY_S))
def make_picpu(**kwargs: Any) -> PiCpuComponent:
    """Make the component of key `hostsensor.picpu`; arguments as `PiCpuComponent` takes them."""
    return PiCpuComponent(**kwargs)
