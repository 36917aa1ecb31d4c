"""The agent's component `processes`: what takes most memory and processor time, and how many processes there are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ...core import parsers
from ...core.metrics import Described, Tree, told
from ...core.plugins import takes_options
from ...core.sections import OptionSpec, Section
from ..levels import Lines, safe_level
from ..processtable import ProcessScan, ProcessTable

TOP = 5
NAMES = 50

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "memory.*": Described("* memory", "%"),
        "cpu.*": Described("* CPU", "%"),
        "count.total": Described("Processes", shown=True),
        "count.running": Described("Processes running"),
        "count.sleeping": Described("Processes sleeping", detail=True),
        "count.waiting": Described("Processes waiting for disks"),
        "count.idle": Described("Idle threads of the kernel", detail=True),
        "count.stopped": Described("Processes stopped", detail=True),
        "count.zombie": Described("Processes ended and not fetched"),
        "threads": Described("Threads", detail=True),
    }
)
# The letters of proc(5), /proc/[pid]/stat.
_STATES = {"R": "running", "S": "sleeping", "D": "waiting", "I": "idle", "T": "stopped", "t": "stopped", "Z": "zombie"}


class ProcessMetrics:
    """Processes of one name are summed up; those that take most are told, all are counted.

    Args:
        top: how many names by memory, and how many by processor time; 0 tells none.
        names: how many names are told apart until the next start.
        detail: count threads, and processes that sleep or are stopped, too.
        proc_root: where procfs is mounted.
    """

    def __init__(self, *, top: int = TOP, names: int = NAMES, detail: bool = False, proc_root: Path = Path("/proc")) -> None:
        self.described = told(DESCRIBED, detail=detail)
        self._detail = detail
        self._scan = ProcessScan(proc_root)
        self._table = ProcessTable(top, 0.0, read=self._scan.read, limit=names)
        self._lines = Lines()

    def read(self) -> Tree:
        """Measure now; the processor time of none at the first reading."""
        usage = self._table.usage()
        counts = dict.fromkeys(_STATES.values(), 0)
        for letter, count in self._scan.states.items():
            if letter in _STATES:
                counts[_STATES[letter]] += count
        tree: dict[str, Tree | float | int | None] = {
            "count": {
                "total": sum(self._scan.states.values()),
                **{name: count for name, count in counts.items() if f"count.{name}" in self.described},
            },
            "memory": _by_level(usage.memory),
            "cpu": _by_level(usage.cpu),
        }
        if self._detail:
            tree["threads"] = self._scan.threads
        return self._lines.told(tree)


def _by_level(numbers: Mapping[str, float | None]) -> dict[str, float]:
    """Numbers by safe name; those of names that become the same are summed up."""
    found: dict[str, float] = {}
    for name, number in numbers.items():
        if number is not None:
            level = safe_level(name)
            found[level] = round(found.get(level, 0.0) + number, 4)
    return found


@takes_options(
    OptionSpec("top", parsers.integer(0, 100), TOP),
    OptionSpec("names", parsers.integer(1, 500), NAMES),
    OptionSpec("detail", parsers.boolean, False),
)
def make_processes(section: Section) -> ProcessMetrics:
    """Make the component `processes`."""
    return ProcessMetrics(top=section.get("top", TOP), names=section.get("names", NAMES), detail=section.get("detail", False))
