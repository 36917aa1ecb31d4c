"""The machine that a run is made on, and which peers it has."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import rrdtool

from .processes import ROOT, BenchError

_PLACES = ("/usr/local/sbin", "/usr/sbin", "/sbin", str(Path(sys.prefix) / "databases" / "usr" / "bin"))


@dataclass(frozen=True, slots=True)
class Program:
    """A program that a run can use.

    Attributes:
        name: of the program.
        package: Debian's package that has it.
        asked: the arguments that make it tell its version; none asks the package manager.
        needs: further files that must be there.
    """

    name: str
    package: str
    asked: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def find(self) -> str | None:
        """Its path, or None where it, or a file that it needs, is not there."""
        found = shutil.which(self.name, path=os.pathsep.join([os.environ.get("PATH", ""), *_PLACES]))
        return found if found and all(Path(each).exists() for each in self.needs) else None

    def version(self) -> str | None:
        """Its version, or None where it is not there."""
        path = self.find()
        if path is None:
            return None
        command = [path, *self.asked] if self.asked else ["dpkg-query", "--show", "--showformat=${Version}", self.package]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        except OSError:
            return "unknown"
        found = re.search(r"\d+\.\d+[\w.+~-]*", done.stdout + done.stderr)
        return found.group() if found else "unknown"

    def require(self) -> str:
        """Its path. Raises BenchError when it is not there."""
        found = self.find()
        if found is None:
            raise BenchError(self.advice())
        return found

    def advice(self) -> str:
        """How to get it."""
        return f"{self.name} is not installed: sudo apt-get install --no-install-recommends {self.package}"


MOSQUITTO = Program("mosquitto", "mosquitto", ("-h",))
MOSQUITTO_SUB = Program("mosquitto_sub", "mosquitto-clients", ("--help",))
CARBON = Program("carbon-cache", "graphite-carbon")
COLLECTD_PLUGINS = Path("/usr/lib/collectd")
COLLECTD_TYPES = Path("/usr/share/collectd/types.db")
COLLECTD = Program(
    "collectd",
    "collectd-core libmosquitto1 librrd8",
    ("-h",),
    (str(COLLECTD_PLUGINS / "mqtt.so"), str(COLLECTD_PLUGINS / "rrdtool.so"), str(COLLECTD_TYPES)),
)
RRDCACHED = Program("rrdcached", "rrdcached", ("-h",))
VICTORIA = Program("victoria-metrics", "victoria-metrics", ("-version",))
PROGRAMS = (MOSQUITTO, MOSQUITTO_SUB, CARBON, COLLECTD, RRDCACHED, VICTORIA)
"""What the server is measured beside, or with."""
COLLECTD_AGENT = Program(
    "collectd", "collectd-core libmosquitto1", ("-h",), (str(COLLECTD_PLUGINS / "mqtt.so"), str(COLLECTD_TYPES))
)
NETDATA_PLUGINS = Path("/usr/lib/netdata/plugins.d")
NETDATA_STOCK = Path("/usr/lib/netdata/conf.d")
NETDATA = Program("netdata", "netdata-core", ("-V",), (str(NETDATA_PLUGINS / "apps.plugin"), str(NETDATA_STOCK)))
AGENT_PROGRAMS = (MOSQUITTO, COLLECTD_AGENT, NETDATA)
"""What the agent is measured beside, or with."""


def missing(programs: Iterable[Program] = PROGRAMS) -> list[Program]:
    """Those of some programs that are not there."""
    return [program for program in programs if program.find() is None]


def facts() -> dict[str, Any]:
    """What the figures of any run depend on."""
    return {
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "cpu": _cpu_model(),
            "memory_mib": psutil.virtual_memory().total >> 20,
            "system": f"{platform.system()} {platform.release()}",
            "load_average": [round(each, 2) for each in os.getloadavg()],
        },
        "versions": {
            "janitoo_datalog_rrd": version("janitoo_datalog_rrd"),
            "commit": _commit(),
            "python": platform.python_version(),
            "librrd": str(rrdtool.lib_version()),
            "mosquitto": MOSQUITTO.version(),
        },
    }


def versions(programs: Iterable[Program] = PROGRAMS) -> dict[str, str | None]:
    """Of each program, None for those that are not there."""
    return {program.name: program.version() for program in programs}


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "unknown"
    found = re.search(r"^(?:model name|Model)\s*: (.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def _commit() -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
