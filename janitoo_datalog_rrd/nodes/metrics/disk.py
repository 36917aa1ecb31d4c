"""The agent's component `disk`: how full file systems are, and what disks read and write."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ...core import parsers
from ...core.metrics import Described, Tree, told
from ...core.plugins import takes_options
from ...core.sections import OptionSpec, Section
from ..devices import disk_counters
from ..levels import Levels, Lines
from ..mounts import Mount, Usage, group_mounts, measure, read_kinds, read_mounts
from ..patience import Patience

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "usage.*.percent": Described("Disk *", "%", shown=True),
        "usage.*.total": Described("Disk * total", "B", detail=True),
        "usage.*.used": Described("Disk * used", "B"),
        "usage.*.free": Described("Disk * free", "B"),
        "usage.*.inodes.percent": Described("Disk * inodes", "%"),
        "usage.*.inodes.total": Described("Disk * inodes total", detail=True),
        "usage.*.inodes.used": Described("Disk * inodes used", detail=True),
        "io.*.read_bytes": Described("* read", "B", counter=True),
        "io.*.write_bytes": Described("* written", "B", counter=True),
        "io.*.read_count": Described("* reads", counter=True),
        "io.*.write_count": Described("* writes", counter=True),
        "io.*.read_merged_count": Described("* reads merged", counter=True, detail=True),
        "io.*.write_merged_count": Described("* writes merged", counter=True, detail=True),
        "io.*.read_time": Described("* time of reads", "ms", counter=True, detail=True),
        "io.*.write_time": Described("* time of writes", "ms", counter=True, detail=True),
        "io.*.busy_time": Described("* busy", "ms", counter=True),
    }
)
# What is told of a disk where no detail is asked for.
_IO = ("read_bytes", "write_bytes", "read_count", "write_count", "busy_time")


class DiskMetrics:
    """Measures file systems by where they are mounted, and disks by their name.

    Args:
        network: tell file systems of other machines too.
        detail: tell all that is known of each.
        proc_root, sys_root: where procfs and sysfs are mounted.
        timeout_s: how long file systems are waited for, in seconds.
    """

    def __init__(
        self,
        *,
        network: bool = True,
        detail: bool = False,
        proc_root: Path = Path("/proc"),
        sys_root: Path = Path("/sys"),
        timeout_s: float = 5.0,
    ) -> None:
        self.described = told(DESCRIBED, detail=detail)
        self._detail = detail
        self._network = network
        self._mountinfo = proc_root / "self" / "mountinfo"
        self._filesystems = proc_root / "filesystems"
        self._sys_root = sys_root
        self._patience: Patience[Usage | None] = Patience(timeout_s)
        self._points = Levels("mount points")
        self._disks = Levels("disks")
        self._lines = Lines()

    def read(self) -> Tree:
        """Measure now."""
        return self._lines.told({"usage": self._read_usage(), "io": self._read_io()})

    def _read_usage(self) -> Tree:
        groups = group_mounts(read_mounts(self._mountinfo), read_kinds(self._filesystems), network=self._network)
        asked: dict[str, list[Mount]] = {}
        for group in groups:
            if self._points.level(_name(group[0].point)) is not None:
                asked[group[0].point] = group
        found = self._patience.ask({point: partial(measure, group) for point, group in asked.items()})
        tree = {}
        for point, usage in found.items():
            level = self._points.level(_name(point))
            if usage is not None and level is not None:
                tree[level] = self._tree(usage)
        return tree

    def _read_io(self) -> Tree:
        tree = {}
        for name, disk in sorted(disk_counters(self._sys_root).items()):
            # One that never moved a byte, as a drive without a disk in it, is left out.
            if (disk.read_bytes or disk.write_bytes) and (level := self._disks.level(name)) is not None:
                numbers = disk._asdict()
                tree[level] = numbers if self._detail else {name: numbers[name] for name in _IO}
        return tree

    def _tree(self, usage: Usage) -> Tree:
        tree: dict[str, Tree | float | int | None] = {"percent": usage.percent, "used": usage.used, "free": usage.free}
        if self._detail:
            tree["total"] = usage.total
        if usage.files:
            more = {"total": usage.files, "used": usage.files_used} if self._detail else {}
            tree["inodes"] = {"percent": usage.files_percent, **more}
        return tree


def _name(point: str) -> str:
    return point.strip("/") or "root"


@takes_options(OptionSpec("network", parsers.boolean, True), OptionSpec("detail", parsers.boolean, False))
def make_disk(section: Section) -> DiskMetrics:
    """Make the component `disk`."""
    return DiskMetrics(network=section.get("network", True), detail=section.get("detail", False))
