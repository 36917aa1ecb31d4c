"""Units as they are stored and shown: which go with SI prefixes, and what the rate of a count is in.

Labels are SI symbols (BIPM, The International System of Units, 9th edition) where there are any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Rate:
    """How the rate of a count, which RRDtool keeps per second, is shown.

    Attributes:
        units: what it is in, once multiplied.
        factor: what the rate per second is multiplied by.
    """

    units: str
    factor: float = 1.0


# The same tables stand in the pages' units.js; a test compares them.
LARGE = frozenset(
    (
        *("W", "Wh", "VA", "VAh", "var", "varh", "V", "A", "Ah", "J", "Ω", "F", "H", "S", "Pa", "N", "g", "Sv", "Sv/h", "Bq"),
        *("B", "B/s", "bit", "bit/s", "b/s", "bps", "Hz"),
    )
)
"""Units that go with k, M, G and T. What has a prefix already, or is known without one, such as hPa, °C and lx, does not."""
SMALL = LARGE - {"B", "B/s", "bit", "bit/s", "b/s", "bps", "Hz", "Wh", "VAh", "varh", "N"}
"""Units that go with m, µ and n."""

_HOUR_S = 3600.0
_MINUTE_S = 60.0
_MONEY = ("€", "$", "£", "¥", "ct", "kr", "USD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "AUD", "CAD", "NZD")
RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "mWh": Rate("W", 3.6),
        "Wh": Rate("W", _HOUR_S),
        "kWh": Rate("W", _HOUR_S * 1e3),
        "MWh": Rate("W", _HOUR_S * 1e6),
        "GWh": Rate("W", _HOUR_S * 1e9),
        "VAh": Rate("VA", _HOUR_S),
        "kVAh": Rate("VA", _HOUR_S * 1e3),
        "varh": Rate("var", _HOUR_S),
        "kvarh": Rate("var", _HOUR_S * 1e3),
        "Ah": Rate("A", _HOUR_S),
        "mAh": Rate("A", 3.6),
        "J": Rate("W"),
        "kJ": Rate("W", 1e3),
        "MJ": Rate("W", 1e6),
        "GJ": Rate("W", 1e9),
        "Ws": Rate("W"),
        "m³": Rate("m³/h", _HOUR_S),
        "m3": Rate("m³/h", _HOUR_S),
        "ft³": Rate("ft³/h", _HOUR_S),
        "l": Rate("l/min", _MINUTE_S),
        "L": Rate("L/min", _MINUTE_S),
        "ml": Rate("ml/min", _MINUTE_S),
        "gal": Rate("gal/min", _MINUTE_S),
        "mm": Rate("mm/h", _HOUR_S),
        "in": Rate("in/h", _HOUR_S),
        "km": Rate("km/h", _HOUR_S),
        "mi": Rate("mph", _HOUR_S),
        "kg": Rate("kg/h", _HOUR_S),
        "kB": Rate("B/s", 1e3),
        "MB": Rate("B/s", 1e6),
        "GB": Rate("B/s", 1e9),
        "KiB": Rate("B/s", 2.0**10),
        "MiB": Rate("B/s", 2.0**20),
        "GiB": Rate("B/s", 2.0**30),
        # time that something was on, per time, is how much of it
        "ms": Rate("%", 0.1),
        "s": Rate("%", 100.0),
        "min": Rate("%", 100.0 * _MINUTE_S),
        "h": Rate("%", 100.0 * _HOUR_S),
        **{each: Rate(f"{each}/h", _HOUR_S) for each in _MONEY},
    }
)
"""Units of a count → how its rate is shown; those of any other count are shown per second."""


def rate_of(units: str) -> Rate:
    """How the rate of a count in these units is shown."""
    return RATES.get(units) or Rate(f"{units}/s")
