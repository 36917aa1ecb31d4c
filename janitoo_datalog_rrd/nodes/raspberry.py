"""The processor of a Raspberry Pi: what the picpu node and the agent ask its firmware, or its kernel, for."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

logger = logging.getLogger(__name__)

_MODEL = "Raspberry Pi"
_TEMPERATURE = re.compile(r"temp=(-?[0-9]+(?:\.[0-9]+)?)'C", re.ASCII)
_FREQUENCY = re.compile(r"frequency\([0-9]+\)=([0-9]+)", re.ASCII)
_VOLTAGE = re.compile(r"volt=([0-9]+(?:\.[0-9]+)?)V", re.ASCII)
_THROTTLED = re.compile(r"throttled=0x([0-9a-fA-F]{1,8})", re.ASCII)

FLAGS: Mapping[str, int] = MappingProxyType(
    {"under_voltage": 0, "frequency_capped": 1, "throttled": 2, "soft_temperature_limit": 3}
)
"""Names of the throttling flags → their bits; 16 bits higher stands whether it was so since the boot (`vcgencmd get_throttled`
in the documentation of Raspberry Pi OS)."""
SINCE_BOOT = 16


class RaspberryPi:
    """A Raspberry Pi's processor.

    Args:
        vcgencmd: the firmware's command, as a path or as a name to look for.
        sys_root: where sysfs is mounted.
        model_file: where the kernel tells the board's model.
        timeout_s: how long `vcgencmd` may take, in seconds.
    """

    def __init__(
        self,
        *,
        vcgencmd: str | Path = "vcgencmd",
        sys_root: Path = Path("/sys"),
        model_file: Path = Path("/proc/device-tree/model"),
        timeout_s: float = 5.0,
    ) -> None:
        # Older systems of the Raspberry Pi have it outside the usual path.
        self._vcgencmd = shutil.which(str(vcgencmd), path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/opt/vc/bin"]))
        self._thermal_zone = sys_root / "class" / "thermal" / "thermal_zone0" / "temp"
        self._scaling = sys_root / "devices" / "system" / "cpu" / "cpu0" / "cpufreq" / "scaling_cur_freq"
        self._model_file = model_file
        self._timeout_s = timeout_s
        self._failing: set[str] = set()

    def is_there(self) -> bool:
        """Tell whether this machine is one."""
        try:
            return self._model_file.read_bytes().decode("utf-8", "replace").startswith(_MODEL)
        except OSError:
            # No device tree to be seen, as in some containers: then the firmware's answer tells.
            return self._vcgencmd is not None and self._ask(_TEMPERATURE, "measure_temp") is not None

    def temperature(self) -> float | None:
        """Temperature in °C."""
        celsius = self._ask(_TEMPERATURE, "measure_temp")
        return float(celsius) if celsius is not None else _read_number(self._thermal_zone, 1000.0)

    def frequency(self) -> float | None:
        """Frequency in MHz."""
        hertz = self._ask(_FREQUENCY, "measure_clock", "arm")
        return float(hertz) / 1e6 if hertz is not None else _read_number(self._scaling, 1000.0)

    def voltage(self) -> float | None:
        """Core voltage in V; only the firmware knows it."""
        volts = self._ask(_VOLTAGE, "measure_volts", "core")
        return float(volts) if volts is not None else None

    def throttled(self) -> int | None:
        """The throttling flags as bits, see `FLAGS`; only the firmware knows them."""
        bits = self._ask(_THROTTLED, "get_throttled")
        return int(bits, 16) if bits is not None else None

    def _ask(self, pattern: re.Pattern[str], *arguments: str) -> str | None:
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
        return match[1] if match else None

    def _tell(self, command: str, why: str | None) -> None:
        if why is None:
            self._failing.discard(command)
        elif command not in self._failing:
            self._failing.add(command)
            logger.warning("%s: %s; the user that this runs as may have to be in the group video", command, why)


def _read_number(path: Path, divisor: float) -> float | None:
    """The number in a file of sysfs, divided; None where there is no such file."""
    try:
        return int(path.read_text(encoding="ascii")) / divisor
    except FileNotFoundError:
        return None
