"""The agent's component `smart`: the health of disks, as smartctl tells it."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ...core import parsers
from ...core.metrics import AbsentError, Described, Tree
from ...core.plugins import takes_options
from ...core.sections import OptionSpec, Section
from ..levels import Levels, Lines

logger = logging.getLogger(__name__)

POLL_DELAY_S = 1800.0
MAX_DISKS = 64
TIMEOUT_S = 20.0
DEADLINE_S = 300.0
_STANDBY_STATUS = 3
# Bits of smartctl's exit status: what it was told is wrong; the device could not be opened.
_FATAL = 0b11
_KIND = re.compile(r"[A-Za-z0-9,/+_-]{1,64}", re.ASCII)
_REALLOCATED, _PENDING, _UNCORRECTABLE = 5, 197, 198

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "*.passed": Described("Disk * healthy", shown=True),
        "*.temperature": Described("Disk * temperature", "°C", shown=True),
        "*.power_on_hours": Described("Disk * power-on time", "h"),
        "*.power_cycles": Described("Disk * power cycles"),
        "*.reallocated_sectors": Described("Disk * reallocated sectors"),
        "*.pending_sectors": Described("Disk * pending sectors"),
        "*.uncorrectable_sectors": Described("Disk * uncorrectable sectors"),
        "*.percentage_used": Described("Disk * worn", "%"),
        "*.available_spare": Described("Disk * spare left", "%"),
        "*.media_errors": Described("Disk * media errors"),
        "*.standby": Described("Disk * asleep"),
    }
)


class Disk(NamedTuple):
    """A disk that smartctl knows: its name, such as `/dev/sda`, and the kind of device that smartctl takes it for."""

    name: str
    kind: str

    @property
    def title(self) -> str:
        """What it is called: disks behind a RAID controller share a name."""
        return f"{self.name.removeprefix('/dev/')} {self.kind}" if "," in self.kind else self.name.removeprefix("/dev/")


class SmartMetrics:
    """Asks smartctl for each disk; one that sleeps is left asleep.

    Args:
        smartctl: the program, as a path.
        sys_root: where sysfs is mounted.
        timeout_s: how long one call may take, in seconds.
    """

    described = DESCRIBED

    def __init__(self, smartctl: str, *, sys_root: Path = Path("/sys"), timeout_s: float = TIMEOUT_S) -> None:
        self._smartctl = smartctl
        self._sys_root = sys_root
        self._timeout_s = timeout_s
        self._levels = Levels("disks", MAX_DISKS)
        self._lines = Lines()
        self._failing: dict[str, str] = {}
        self._strict = False

    def read(self) -> Tree:
        """Measure now; raises AbsentError where there are no disks, or none that may be asked."""
        disks = self._scan()
        if not disks:
            raise AbsentError("smartctl knows no disks here")
        until = time.monotonic() + DEADLINE_S
        tree: dict[str, Tree] = {}
        failed: dict[str, str] = {}
        for disk in disks:
            level = self._levels.level(disk.title)
            if level is not None and time.monotonic() < until:
                answer, failed[disk.title] = self._ask(disk)
                if answer is not None:
                    tree[level] = _tree(answer)
        refused = [why for why in failed.values() if "ermission denied" in why or "not permitted" in why]
        if not tree and refused:
            raise AbsentError(f"smartctl needs the rights of root, or those to send commands to disks: {refused[0]}")
        for name, why in failed.items():
            self._tell(name, why)
        return self._lines.told(tree)

    def _scan(self) -> list[Disk]:
        """The disks; looking for them opens none."""
        _, found = self._run("--scan")
        devices = found.get("devices")
        self._strict = _version(found) >= (7, 3)
        disks = []
        for device in devices if isinstance(devices, list) else []:
            name, kind = (device.get("name"), device.get("type")) if isinstance(device, dict) else (None, None)
            if isinstance(name, str) and name.startswith("/dev/") and isinstance(kind, str) and _KIND.fullmatch(kind):
                disks.append(Disk(name, self._kind(name, kind)))
        return disks

    def _kind(self, name: str, kind: str) -> str:
        """The kind to ask with, so that smartctl need not find out, which wakes some: it calls every disk behind SCSI so."""
        if kind != "scsi":
            return kind
        try:
            vendor = (self._sys_root / "block" / Path(name).name / "device" / "vendor").read_bytes()
        except OSError:
            return "auto"
        return "sat" if vendor.strip() == b"ATA" else "auto"

    def _ask(self, disk: Disk) -> tuple[dict[str, Any] | None, str]:
        """What smartctl tells of a disk; None and why where it tells nothing."""
        # Version 7.3 can leave alone a disk, too, of which it cannot find out whether it sleeps.
        standby = f"standby,{_STANDBY_STATUS}" + (f",{_STANDBY_STATUS}" if self._strict else "")
        try:
            status, answer = self._run("-a", "-n", standby, "-d", disk.kind, disk.name)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            return None, f"{type(error).__name__}: {error}"
        if status == _STANDBY_STATUS:
            return {"standby": True}, ""
        if status & _FATAL:
            return None, _message(answer) or f"exit status {status}"
        return answer, ""

    def _run(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run smartctl; its exit status, and what it printed as JSON.

        Raises:
            OSError, subprocess.TimeoutExpired: it cannot be run, or does not come to an end.
            ValueError: it printed something else.
        """
        command = [self._smartctl, "--json=c", *arguments]
        # Names of devices come from smartctl itself, and no shell reads them.
        done = subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=self._timeout_s,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        try:
            answer = json.loads(done.stdout)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise ValueError(f"{' '.join(command)} prints no JSON object, as smartctl does since version 7.0")
        return done.returncode, answer

    def _tell(self, name: str, why: str) -> None:
        if not why:
            self._failing.pop(name, None)
        elif self._failing.get(name) != why:
            self._failing[name] = why
            logger.warning("smartctl tells nothing of %s: %s", name, why[:200])


def _version(answer: Mapping[str, Any]) -> tuple[int, ...]:
    numbers = _at(answer, "smartctl", "version")
    return tuple(each for each in numbers if isinstance(each, int)) if isinstance(numbers, list) else ()


def _message(answer: Mapping[str, Any]) -> str:
    messages = _at(answer, "smartctl", "messages")
    texts = [each.get("string") for each in messages if isinstance(each, dict)] if isinstance(messages, list) else []
    return "; ".join(str(text) for text in texts)


def _at(found: Any, *path: str) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _tree(answer: Mapping[str, Any]) -> Tree:
    if answer.get("standby") is True:
        return {"standby": 1}
    passed = _at(answer, "smart_status", "passed")
    nvme = "nvme_smart_health_information_log"
    found = {
        "passed": int(passed) if isinstance(passed, bool) else None,
        "temperature": _at(answer, "temperature", "current"),
        "power_on_hours": _at(answer, "power_on_time", "hours"),
        "power_cycles": _at(answer, "power_cycle_count"),
        "reallocated_sectors": _attribute(answer, _REALLOCATED),
        "pending_sectors": _attribute(answer, _PENDING),
        "uncorrectable_sectors": _attribute(answer, _UNCORRECTABLE),
        "percentage_used": _at(answer, nvme, "percentage_used"),
        "available_spare": _at(answer, nvme, "available_spare"),
        "media_errors": _at(answer, nvme, "media_errors"),
        "standby": 0,
    }
    return {name: number for name, number in found.items() if isinstance(number, (int, float))}


def _attribute(answer: Mapping[str, Any], number: int) -> Any:
    """The raw number of an ATA attribute; for SCSI disks, the grown defects stand for reallocated sectors."""
    table = _at(answer, "ata_smart_attributes", "table")
    for row in table if isinstance(table, list) else []:
        if _at(row, "id") == number:
            return _at(row, "raw", "value")
    return _at(answer, "scsi_grown_defect_list") if number == _REALLOCATED else None


@takes_options(
    OptionSpec("poll_delay", parsers.duration(60), POLL_DELAY_S),
    OptionSpec("smartctl", parsers.word, "smartctl"),
)
def make_smart(section: Section, **more: Any) -> SmartMetrics:
    """Make the component `smart`; `more` as `SmartMetrics` takes it. Raises AbsentError where there is no smartctl."""
    name = section.get("smartctl", "smartctl")
    # It lies where only root looks for programs.
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"]))
    if found is None:
        raise AbsentError(f"there is no program {name}, which comes with smartmontools")
    return SmartMetrics(found, **more)
