"""The agent's component `network`: what each interface receives and sends."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...core import parsers
from ...core.metrics import Described, Tree
from ...core.plugins import takes_options
from ...core.sections import OptionSpec, Section
from ..devices import network_counters
from ..levels import Levels, Lines

DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "*.received.bytes": Described("* received", "B", counter=True),
        "*.received.packets": Described("* packets received", counter=True),
        "*.received.errors": Described("* errors of receiving", counter=True),
        "*.received.drops": Described("* received and dropped", counter=True),
        "*.sent.bytes": Described("* sent", "B", counter=True),
        "*.sent.packets": Described("* packets sent", counter=True),
        "*.sent.errors": Described("* errors of sending", counter=True),
        "*.sent.drops": Described("* dropped instead of sent", counter=True),
    }
)


class NetworkMetrics:
    """Counts by interface; one that never moved a byte is left out.

    Args:
        loopback: with the machine's interface to itself.
        passing: with the interfaces that containers and virtual machines come and go with.
    """

    described = DESCRIBED

    def __init__(self, *, loopback: bool = False, passing: bool = False) -> None:
        self._loopback = loopback
        self._passing = passing
        self._levels = Levels("interfaces")
        self._lines = Lines()

    def read(self) -> Tree:
        """Measure now."""
        tree = {}
        for name, counts in sorted(network_counters(loopback=self._loopback, passing=self._passing).items()):
            if (counts.bytes_recv or counts.bytes_sent) and (level := self._levels.level(name)) is not None:
                tree[level] = {
                    "received": _way(counts.bytes_recv, counts.packets_recv, counts.errin, counts.dropin),
                    "sent": _way(counts.bytes_sent, counts.packets_sent, counts.errout, counts.dropout),
                }
        return self._lines.told(tree)


def _way(count: int, packets: int, errors: int, drops: int) -> Tree:
    return {"bytes": count, "packets": packets, "errors": errors, "drops": drops}


@takes_options(
    OptionSpec("loopback", parsers.boolean, False),
    OptionSpec("passing", parsers.boolean, False),
)
def make_network(section: Section) -> NetworkMetrics:
    """Make the component `network`."""
    return NetworkMetrics(loopback=section.get("loopback", False), passing=section.get("passing", False))
