"""Which values of a machine tell most of it, for a dashboard that has room for a few of its hundreds, and which are high."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..core.contracts import Glance

_MACHINES = "/monitoring"
_ROOT = "metrics."
_FIRST = ("cpu", "memory", "load", "disk", "sensors", "network", "gpu")
_BUSY = re.compile(r"metrics\.(cpu|memory|memory\.swap|disk\.usage\.[^.]+|gpu\.[^.]+\.memory)\.percent")
HIGH_PERCENT = 90.0
"""From here on a processor, memory or a disk of a machine is worth a look."""
_FRESH_S = 900.0
_EACH = ("metrics.processes.memory.", "metrics.processes.cpu.")


def telling_first(series: Sequence[Glance]) -> list[Glance]:
    """Series of a node, those that tell most of a machine first: one of each of its components, then another one of each.

    Those that are of no machine with an agent stay in their order, before the others.
    """
    others: list[Glance] = []
    by_component: dict[str, list[tuple[str, Glance]]] = {}
    for info in series:
        path = _path(info)
        if path:
            by_component.setdefault(path.split(".", 2)[1], []).append((path, info))
        else:
            others.append(info)
    names = sorted(by_component, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    columns = [sorted(by_component[name], key=lambda each: _order(each[0], each[1])) for name in names]
    longest = max(map(len, columns), default=0)
    return others + [column[rank][1] for rank in range(longest) for column in columns if rank < len(column)]


def summary_first(series: Sequence[Glance], most: int) -> list[Glance]:
    """Series of a node in their order, but for so many of a machine that tell most of it: these stand before the others."""
    first = telling_first(series)[:most] if any(map(_path, series)) else []
    names = {info.name for info in first}
    return [*first, *(info for info in series if info.name not in names)]


def high_ones(series: Iterable[Glance], now: float) -> list[Glance]:
    """What of a machine is nearly full or busy now, the highest first: processors, memory, swap, file systems, memory of GPUs.

    Args:
        series: of a node.
        now: seconds since the epoch UTC; what has not been heard for a quarter of an hour says nothing.
    """
    found = []
    for info in series:
        if _BUSY.fullmatch(_path(info)):
            value, time_s = info.columns[0].last_value, info.last_time
            if value is not None and value >= HIGH_PERCENT and time_s is not None and now - time_s < _FRESH_S:
                found.append((value, info))
    return [info for _, info in sorted(found, key=lambda each: -each[0])]


def _order(path: str, info: Glance) -> tuple[bool, bool, int]:
    """What goes first within a component: shares, and what is of the whole; last single processes."""
    return path.startswith(_EACH), info.columns[0].units != "%", path.count(".")


def _path(info: Glance) -> str:
    """Where an agent has a number in its messages; empty for a series of anything else."""
    columns = info.columns
    key = columns[0].key if columns else ()
    return key[1] if len(key) == 2 and key[1].startswith(_ROOT) and key[0].endswith(_MACHINES) else ""
