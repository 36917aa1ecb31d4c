"""The agent's component `memory`: physical memory and swap."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import psutil

from ...core.metrics import Described, Tree
from ...core.plugins import takes_options
from ...core.sections import Section
from ..levels import Lines

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "percent": Described("Memory", "%", shown=True),
        "total": Described("Memory total", "B"),
        "available": Described("Memory available", "B"),
        "used": Described("Memory used", "B", shown=True),
        "free": Described("Memory free", "B"),
        "active": Described("Memory active", "B"),
        "inactive": Described("Memory inactive", "B"),
        "buffers": Described("Memory buffers", "B"),
        "cached": Described("Memory cached", "B"),
        "shared": Described("Memory shared", "B"),
        "slab": Described("Memory of the kernel's slab", "B"),
        "swap.percent": Described("Swap", "%", shown=True),
        "swap.total": Described("Swap total", "B"),
        "swap.used": Described("Swap used", "B"),
        "swap.free": Described("Swap free", "B"),
        "swap.sin": Described("Swapped in", "B", counter=True),
        "swap.sout": Described("Swapped out", "B", counter=True),
    }
)


class MemoryMetrics:
    """Memory and swap, as psutil has them; a machine without swap has none here."""

    described = DESCRIBED

    def __init__(self) -> None:
        self._lines = Lines()

    def read(self) -> Tree:
        """Measure now."""
        tree: dict[str, Tree | float | int | None] = dict(psutil.virtual_memory()._asdict())
        swap = psutil.swap_memory()
        if swap.total:
            tree["swap"] = dict(swap._asdict())
        return self._lines.told(tree)


@takes_options()
def make_memory(_section: Section) -> MemoryMetrics:
    """Make the component `memory`."""
    return MemoryMetrics()
