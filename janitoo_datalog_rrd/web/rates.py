"""What a stored number is in: RRD keeps a counter as its rate per second, and energy per second is power."""

from __future__ import annotations

from ..core.contracts import Column
from ..core.units import Rate, rate_of
from .escape import clean
from .view import value_units

Stored = Rate
"""How the numbers in a column's file are shown."""


def stored(column: Column) -> Stored:
    """How the numbers in a column's file are shown.

    Some publishers of counters give the units of the count, and some those of its rate.
    """
    if column.ds_type == "GAUGE":
        return Stored(clean(column.units, 24))
    return rate_of(clean(value_units(column), 24))
