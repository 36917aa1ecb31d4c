"""What is known of series and nodes, in the form that the API gives and the pages show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..core.contracts import Column, Glance, SeriesInfo
from ..core.heartbeats import NodeState
from ..core.topics import is_hadd
from ..core.units import LARGE as LARGE_UNITS
from ..core.units import SMALL as SMALL_UNITS
from .escape import clean

SPANS = {"1h": "hour", "4h": "4 hours", "1d": "day", "1w": "week", "1M": "month", "1y": "year", "10y": "10 years"}
"""Choices of the pages, in words."""
AT_SPANS = {"1h": "-1h", "4h": "-4h", "1d": "-1d", "1w": "-1w", "1M": "-1mon", "1y": "-1y", "10y": "-10y"}
"""The same choices, as rrdtool takes them."""
SPAN_SECONDS = {"1h": 3600, "4h": 14400, "1d": 86400, "1w": 604800, "1M": 2629800, "1y": 31557600, "10y": 315576000}
"""The same choices in seconds."""
DEFAULT_SPAN = "1h"
"""What the pages show first: short enough that a new series is seen to move."""
_THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
_DASH = "\N{EN DASH}"
_KILO_FROM = 1e4
"""What is less has no k: people know 1 500 W."""
_LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"))
_SMALL_BELOW = 1e-2
"""What is more has no m: people know 0.05 A."""
_SMALL = ((1e-4, 1e-3, "m"), (1e-7, 1e-6, "µ"), (0.0, 1e-9, "n"))
_ENDLESS = 1e15
_AGES = ((86400 * 365, "y"), (86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def number(value: float | None) -> float | None:
    """A number as JSON can have it: None where it is unknown."""
    return value if value is not None and math.isfinite(value) else None


def text(value: str) -> str:
    """A text as JSON can have it: lone surrogates become question marks."""
    return value.encode("utf-8", "replace").decode()


def column_json(column: Column) -> dict[str, Any]:
    """A column for the API."""
    return {
        "name": column.name,
        "key": [text(part) for part in column.key],
        "label": text(column.label),
        "units": text(column.units),
        "type": column.ds_type,
        "last_value": number(column.last_value),
        "last_time": number(column.last_time),
    }


def series_json(info: SeriesInfo) -> dict[str, Any]:
    """A series for the API."""
    return {
        "name": info.name,
        "node": text(info.node),
        "label": text(info.label),
        "step": info.step,
        "configured": info.configured,
        "cached": info.cached,
        "last_time": number(info.last_time),
        "columns": [column_json(column) for column in info.columns],
        "links": {
            "self": f"/api/v1/series/{info.name}",
            "data": f"/api/v1/series/{info.name}/data",
            "graph": f"/rrd/graph/{info.name}.png",
            "file": f"/rrd/rrds/{info.name}.rrd",
        },
    }


@dataclass(slots=True)
class NodeView:
    """A node with its series, as pages and API show it.

    Attributes:
        address: its HADD, a device's address in its dialect, or the topic that its series come from.
        heard: what its heartbeats or its dialect say; None where nothing was said.
        series: in the order of their names.
    """

    address: str
    heard: NodeState | None = None
    series: Sequence[Glance] = ()

    @property
    def title(self) -> str:
        """What people call it."""
        return (self.heard.name if self.heard else "") or self.address or "without a node"

    @property
    def tone(self) -> str:
        """`bad` for a node that is gone, `warn` for one in another state than ONLINE, `good`, or `none` when nothing is known."""
        if self.heard is None or not self.heard.state:
            return "none"
        if not self.heard.online:
            return "bad"
        return "good" if self.heard.state == "ONLINE" else "warn"

    @property
    def last_seen(self) -> float | None:
        """Its last sign of life, seconds since the epoch UTC: a heartbeat, and for a device its youngest value too."""
        heard = self.heard
        times = [info.last_time for info in self.series if info.last_time is not None] if heard and heard.device else []
        return max([heard.last_seen if heard else 0.0, *times]) or None

    def json(self) -> dict[str, Any]:
        """The node for the API, without its series."""
        heard = self.heard
        state = heard.state if heard else ""
        return {
            "hadd": self.address,
            "name": text(heard.name) if heard else "",
            "location": text(heard.location) if heard else "",
            "state": state or None,
            "online": heard.online if heard and state else None,
            "since": number(heard.since) if heard and state else None,
            "last_seen": number(self.last_seen),
            "series": len(self.series),
        }


def group_by_node(series: Iterable[Glance], heard: Iterable[NodeState]) -> list[NodeView]:
    """Nodes with their series, sorted by address; heard-of nodes without series are among them."""
    states = {state.hadd: state for state in heard}
    found: dict[str, list[Glance]] = {address: [] for address in states}
    for each in series:
        found.setdefault(each.node, []).append(each)
    return [NodeView(address, states.get(address), found[address]) for address in sorted(found)]


def make_filters(clock: Callable[[], float]) -> dict[str, Callable[..., str]]:
    """The filters of the templates.

    Args:
        clock: seconds since the epoch UTC.
    """

    def age(timestamp: float | None) -> str:
        return format_age(timestamp, clock())

    return {
        "age": age,
        "query": query_text,
        "clean": clean,
        "amount": format_amount,
        "units": format_units,
        "value_units": value_units,
        "moment": format_moment,
        "size": format_size,
        "duration": format_duration,
        "node_path": node_path,
    }


def query_text(value: str) -> str:
    """A text as the filter's query in a link."""
    return quote(clean(value, 1000)[:80].strip(), safe="")


def format_amount(value: float | None, units: str = "") -> str:
    """A number for people: few digits, thin spaces between thousands, and k, M, G left to `format_units`.

    The same rules stand in the pages' format.js, so that a refresh changes numbers, not their form.
    """
    if value is None:
        return _DASH
    if not math.isfinite(value):
        return "unknown"
    if units == "s" and abs(value) >= 120:
        return format_duration(value)
    scale, _ = _prefix(value, units)
    scaled = value / scale + 0.0  # no minus before a zero
    size = abs(scaled)
    if (size and size < 0.001) or size >= _ENDLESS:
        return f"{scaled:.2e}"
    large = size >= 1000 and units in LARGE_UNITS
    decimals = 0 if scaled == int(scaled) or large else 1 if size >= 100 else 2 if size >= 10 else 3
    shown = f"{scaled:,.{decimals}f}".replace(",", _THIN_SPACE)
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def format_units(units: str, value: float | None = None) -> str:
    """Units for people, with the prefix that `format_amount` has taken out of the number."""
    units = clean(units, 24)
    if value is None or not math.isfinite(value) or (units == "s" and abs(value) >= 120):
        return "" if units == "s" and value is not None and math.isfinite(value) else units
    return _prefix(value, units)[1] + units


def _prefix(value: float, units: str) -> tuple[float, str]:
    """What a number is divided by, and the SI prefix that this stands for; only those that go with its units."""
    size = abs(value)
    if units in SMALL_UNITS and 0 < size < _SMALL_BELOW:
        return next((scale, prefix) for least, scale, prefix in _SMALL if size >= least)
    if units in LARGE_UNITS and _KILO_FROM <= size < 1e6:
        return 1e3, "k"
    if units in LARGE_UNITS or not units:
        return next(((scale, prefix) for scale, prefix in _LARGE if size >= scale), (1.0, ""))
    return 1.0, ""


def format_size(size: float | None) -> str:
    """Bytes for people: `1.4 MB`; powers of a thousand, as disks are sold by."""
    if size is None:
        return _DASH
    for scale, units in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= scale:
            return f"{size / scale:.{1 if size < 100 * scale else 0}f}{_THIN_SPACE}{units}"
    return f"{size:.0f}{_THIN_SPACE}B"


def node_path(address: str) -> str:
    """Where the page of a node is: by its HADD, or by the topic that its series come from.

    A topic may have empty levels and dots, which browsers and servers take out of a path: it stands in the query.
    """
    if is_hadd(address):
        return f"/nodes/{address}"
    return f"/nodes/topic?name={quote(address.encode('utf-8', 'replace'), safe='/')}"


def no_node(address: str) -> str:
    """What is said where there is no node of an address."""
    expected = "neither a heartbeat nor a value of it was heard" if is_hadd(address) else "expected an address such as 0014/0001"
    return f"There is no node {clean(address, 80)!r}: {expected}."


def label_of(info: SeriesInfo, column: Column) -> str:
    """What people call a column."""
    return column.label or info.label or info.name


def value_units(column: Column) -> str:
    """Units of a column's last value, which is a count, not its rate, in every type but GAUGE."""
    return column.units if column.ds_type == "GAUGE" else column.units.removesuffix("/s")


def format_duration(seconds: float) -> str:
    """Seconds as the two largest of years, days, hours, minutes and seconds."""
    rest = int(abs(seconds))
    parts: list[str] = []
    for size, word in _AGES:
        if rest >= size and len(parts) < 2:
            parts.append(f"{rest // size}{_THIN_SPACE}{word}")
            rest %= size
        elif parts:
            break
    return ("-" if seconds < 0 else "") + " ".join(parts or ["0 s"])


def format_age(timestamp: float | None, now: float) -> str:
    """How long ago a time is, in its largest unit."""
    if not timestamp:
        return "never"
    age = now - timestamp
    if age < 2:
        return "now"
    size, word = next((each for each in _AGES if age >= each[0]), (1, "s"))
    return f"{int(age // size)}{_THIN_SPACE}{word} ago"


def format_moment(timestamp: float | None) -> str:
    """A time as HTML's `datetime` takes it, UTC; empty where there is none."""
    from datetime import datetime, timezone

    if not timestamp:
        return ""
    try:
        return datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return ""
