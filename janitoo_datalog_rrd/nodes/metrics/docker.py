"""The agent's component `docker`: processor time and memory of containers."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ...core import parsers
from ...core.metrics import AbsentError, Described, Tree
from ...core.plugins import takes_options
from ...core.sections import OptionSpec, Section
from ..dockersocket import DockerSocket, GoneError
from ..levels import Levels, Lines

SOCKET = "/var/run/docker.sock"
POLL_DELAY_S = 30.0
MOST = 100
TIMEOUT_S = 15.0
MAX_CONNECTIONS = 32

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "running": Described("Containers running", shown=True),
        "container.*.cpu": Described("Container * CPU", "%"),
        "container.*.memory.used": Described("Container * memory", "B"),
        "container.*.memory.limit": Described("Container * memory limit", "B"),
        "container.*.memory.percent": Described("Container * memory", "%"),
        "container.*.processes": Described("Container * processes"),
    }
)


class CpuCount(NamedTuple):
    """Processor time, in nanoseconds since some beginning: a container's, and the machine's in all of its processors."""

    container: float
    machine: float
    processors: int


class DockerMetrics:
    """Measures the containers that run; processor time between two readings, so a container's first one has none.

    Args:
        path: the engine's socket.
        most: how many containers are told apart until the next start.
        timeout_s: how long one reading may take, in seconds.
    """

    described = DESCRIBED

    def __init__(self, path: Path, *, most: int = MOST, timeout_s: float = TIMEOUT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._levels = Levels("containers", most)
        self._lines = Lines()
        self._last: dict[str, CpuCount] = {}

    def read(self) -> Tree:
        """Measure now.

        Raises:
            AbsentError: there is no engine, or it is not for us.
            DockerError: it does not answer as it should.
        """
        look(self._path)
        until = time.monotonic() + self._timeout_s
        with ExitStack() as stack:
            first = stack.enter_context(closing(self._connect(until)))
            first.send_question("/containers/json")
            listed = first.take_answer()
            containers = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
            levels = self._choose(containers)
            engines = [first]
            with suppress(AbsentError):  # it takes no more for now, so those that there are have to do
                while len(engines) < min(len(levels), MAX_CONNECTIONS):
                    engines.append(stack.enter_context(closing(self._connect(until))))
            stats = dict(_ask_all(engines, levels))
        self._last, before = {identity: count for identity, each in stats.items() if (count := _cpu_count(each))}, self._last
        found = {levels[each]: _tree(stats[each], self._last.get(each), before.get(each)) for each in stats}
        return self._lines.told({"running": len(containers), "container": found})

    def _connect(self, until: float) -> DockerSocket:
        engine = DockerSocket(self._path, until)
        try:
            engine.connect()
        except OSError as error:
            engine.close()
            if isinstance(error, PermissionError):
                raise AbsentError(_not_for_us(self._path)) from None
            raise AbsentError(f"no engine listens at {self._path}: {error.strerror or error}") from None
        return engine

    def _choose(self, containers: list[dict[str, Any]]) -> dict[str, str]:
        """The identities of containers that are told, with their levels."""
        chosen = {}
        for container in sorted(containers, key=_name_of):
            identity, level = container.get("Id"), self._levels.level(_name_of(container))
            if level is not None and isinstance(identity, str) and identity.isascii() and identity.isalnum():
                chosen[identity] = level
        return chosen


def _ask_all(engines: Sequence[DockerSocket], identities: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Statistics by container, without those that have ended meanwhile.

    As many are asked for at a time as there are connections: older engines, as that of Docker 20.10, answer once a second, and
    then all that were asked.
    """
    left = iter(identities)
    while asked := list(zip(engines, left, strict=False)):
        for engine, identity in asked:
            # one-shot: else the engine would measure twice, to tell of the time between
            engine.send_question(f"/containers/{identity}/stats?stream=false&one-shot=true")
        for engine, identity in asked:
            with suppress(GoneError):
                stats = engine.take_answer()
                if isinstance(stats, dict):
                    yield identity, stats


def look(path: Path) -> None:
    """Raise AbsentError where there is no socket."""
    try:
        mode = path.stat().st_mode
    except PermissionError:
        raise AbsentError(_not_for_us(path)) from None
    except OSError:
        raise AbsentError(f"there is no Docker engine: no {path}") from None
    if not stat.S_ISSOCK(mode):
        raise AbsentError(f"{path} is no socket")


def _not_for_us(path: Path) -> str:
    return f"{path} may not be opened: the user that the agent runs as has to be in the socket's group, docker"


def _name_of(container: Mapping[str, Any]) -> str:
    """A container's name, which the engine gives with a slash before it; its number where it has none."""
    names = container.get("Names")
    name = names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""
    return name.lstrip("/") or str(container.get("Id"))[:12]


def _number(found: Any, *path: str) -> float | None:
    """The number at a path of the engine's answer; None where there is none."""
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def _cpu_count(stats: Mapping[str, Any]) -> CpuCount | None:
    container = _number(stats, "cpu_stats", "cpu_usage", "total_usage")
    machine = _number(stats, "cpu_stats", "system_cpu_usage")
    if container is None or machine is None:
        return None
    each = stats["cpu_stats"]["cpu_usage"].get("percpu_usage")
    processors = _number(stats, "cpu_stats", "online_cpus") or (len(each) if isinstance(each, list) else 0)
    return CpuCount(container, machine, int(processors) or 1)


def _tree(stats: Mapping[str, Any], now: CpuCount | None, before: CpuCount | None) -> Tree:
    used, limit = _memory_used(stats), _number(stats, "memory_stats", "limit")
    percent = round(100.0 * used / limit, 3) if used is not None and limit else None
    memory = {"used": used, "limit": limit or None, "percent": percent}
    found: dict[str, Tree | float | int | None] = {"processes": _number(stats, "pids_stats", "current")}
    if now is not None and before is not None:
        found["cpu"] = _cpu_percent(before, now)
    found["memory"] = {name: number for name, number in memory.items() if number is not None}
    return {name: each for name, each in found.items() if each is not None}


def _cpu_percent(before: CpuCount, now: CpuCount) -> float | None:
    """Processor time in percent of one processor, as `docker stats` has it; None where the counts began anew."""
    spent, passed = now.container - before.container, now.machine - before.machine
    return round(100.0 * spent / passed * now.processors, 3) if spent >= 0 and passed > 0 else None


def _memory_used(stats: Mapping[str, Any]) -> float | None:
    """Memory without what the kernel could drop from its cache, as `docker stats` has it for cgroups 1 and 2."""
    used = _number(stats, "memory_stats", "usage")
    if used is None:
        return None
    for name in ("total_inactive_file", "inactive_file"):
        inactive = _number(stats, "memory_stats", "stats", name)
        if inactive is not None and inactive < used:
            return used - inactive
    return used


@takes_options(
    OptionSpec("poll_delay", parsers.duration(1), POLL_DELAY_S),
    OptionSpec("socket", parsers.word, SOCKET),
    OptionSpec("most", parsers.integer(1, 300), MOST),
)
def make_docker(section: Section, **more: Any) -> DockerMetrics:
    """Make the component `docker`; raises AbsentError where there is no engine's socket."""
    path = Path(section.get("socket", SOCKET))
    look(path)
    return DockerMetrics(path, most=section.get("most", MOST), **more)
