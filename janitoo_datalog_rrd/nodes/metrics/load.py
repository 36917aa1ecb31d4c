"""The agent's component `load`: how many processes run or wait to run, on average."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from ...core.metrics import Described, Tree
from ...core.plugins import takes_options
from ...core.sections import Section

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "1": Described("Load 1 min", shown=True),
        "5": Described("Load 5 min"),
        "15": Described("Load 15 min"),
    }
)


class LoadMetrics:
    """The kernel's load averages over 1, 5 and 15 minutes."""

    described = DESCRIBED

    def read(self) -> Tree:
        """Measure now."""
        return dict(zip(DESCRIBED, os.getloadavg(), strict=True))


@takes_options()
def make_load(_section: Section) -> LoadMetrics:
    """Make the component `load`."""
    return LoadMetrics()
