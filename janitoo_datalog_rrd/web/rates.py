"""What a stored number is in: RRD keeps a counter as its rate per second, and energy per second is power."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.contracts import Column
from .escape import clean
from .view import value_units


@dataclass(frozen=True, slots=True)
class Stored:
    """How the numbers in a column's file are shown.

    Attributes:
        units: what they are in, once multiplied.
        factor: what they are multiplied by.
    """

    units: str
    factor: float = 1.0


_HOUR_S = 3600.0
# The same table stands in the pages' format.js.
_RATES = {
    "Wh": Stored("W", _HOUR_S),
    "kWh": Stored("W", _HOUR_S * 1e3),
    "MWh": Stored("W", _HOUR_S * 1e6),
    "VAh": Stored("VA", _HOUR_S),
    "varh": Stored("var", _HOUR_S),
    "Ah": Stored("A", _HOUR_S),
    "J": Stored("W"),
    "Ws": Stored("W"),
    "m³": Stored("m³/h", _HOUR_S),
    "m3": Stored("m³/h", _HOUR_S),
    "l": Stored("l/min", 60.0),
    "L": Stored("L/min", 60.0),
}


def stored(column: Column) -> Stored:
    """How the numbers in a column's file are shown.

    Some publishers of counters give the units of the count, and some those of its rate.
    """
    if column.ds_type == "GAUGE":
        return Stored(clean(column.units, 24))
    counted = clean(value_units(column), 24)
    return _RATES.get(counted) or Stored(f"{counted}/s")
