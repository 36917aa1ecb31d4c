"""The agent's component `uptime`: how long the machine is up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...core.metrics import Described, Tree
from ...core.plugins import takes_options
from ...core.sections import Section
from ..uptime import read_uptime

DESCRIBED: Mapping[str, Described] = MappingProxyType({"seconds": Described("Uptime", "s", shown=True)})


class UptimeMetrics:
    """Seconds since the boot."""

    described = DESCRIBED

    def read(self) -> Tree:
        """Measure now."""
        return {"seconds": read_uptime()}


@takes_options()
def make_uptime(_section: Section) -> UptimeMetrics:
    """Make the component `uptime`."""
    return UptimeMetrics()
