"""Trees of metrics, as tests look at them."""

from __future__ import annotations

from typing import Any

from janitoo_datalog_rrd.core.metrics import Flattener, Tree
from janitoo_datalog_rrd.core.sections import Section


def flat(tree: Tree) -> dict[str, float | int | None]:
    """Numbers by path."""
    return dict(Flattener({}).numbers(tree))


def section(name: str, **options: Any) -> Section:
    """A component's section with some of its options."""
    return Section(f"agent__{name}", dict(options))
