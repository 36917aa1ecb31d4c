"""`/api/v1/devices`: the four questions of a device monitoring tool. A device is a node, a metric one of its columns.

Paths, parameters and answers are those of that tool's metrics API, its way of paging by `limit` and `offset` too. A slash in
a device or a metric may be written `_-_`, as its clients do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Response

from ...core.contracts import CONSOLIDATIONS, Column, FetchResult, Glance, SeriesInfo
from ...core.errors import BadRequestError
from ...core.topics import is_hadd
from ..api.answers import json_response
from ..api.rows import MAX_CELLS
from ..drawing.rrdshape import read_shape
from ..params import IntegerParam, Param
from ..room import Room, room
from ..routes import Role, Route, arguments
from ..view import number, text

PREFIX = "/api/v1/devices"
SLASH = "_-_"
"""How clients of the tool write a slash in a path."""
_DAY_S = 86400
_THEIR_TOPIC = re.compile(r"devices/([^/]+)/monitoring")
"""Topics on which the tool's own devices publish, and this package's agents; they are known by the middle part."""
_THEIR_ROOT = "metrics."
"""Where their messages have the numbers."""
_PAGE = (
    IntegerParam(name="limit", told="How many at most.", default=50, low=0, high=10_000),
    IntegerParam(name="offset", told="How many are left out before them.", default=0, low=0, high=100_000_000),
)
_FROM = IntegerParam(
    name="from_ts",
    told="Seconds since the epoch from which on numbers are told; by default a day ago.",
    default=None,
    low=0,
    high=2**32 - 1,
)
_DEVICE = Param(name="device", told="A device, as the list of devices has it.", example="0048/0002")
_METRIC = Param(name="metric", told="A metric, as the list of the device's metrics has it.", example="load-0")
_NAMES = {"type": "array", "items": {"type": "string"}}
_POINT = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2, "description": "Time and number."}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a device.

    Attributes:
        name: as clients know it.
        series: where it is.
        column: which of its columns.
    """

    name: str
    series: SeriesInfo
    column: Column


def device_routes() -> list[Route]:
    """The routes of the device monitoring tool."""

    def route(path: str, view: Any, params: tuple[Param, ...], variables: tuple[Param, ...], **answer: Any) -> Route:
        document = {"application/json": {"type": "object", "properties": answer}}
        return Route(
            path=PREFIX + path, view=view, role=Role.VIEWER, params=params, variables=variables, answers=document, tag="clients"
        )

    latest = {"timestamp": {"type": "integer"}, "metrics": {"type": "object", "additionalProperties": {"type": "number"}}}
    return [
        route("", list_devices, _PAGE, (), devices=_NAMES),
        route("/<path:device>/metrics", list_metrics, _PAGE, (_DEVICE,), metric_names=_NAMES),
        route("/<path:device>/metrics/latest", latest_metrics, _PAGE, (_DEVICE,), **latest),
        route(
            "/<path:device>/metrics/<path:metric>/timeseries",
            time_series,
            (*_PAGE, _FROM),
            (_DEVICE, _METRIC),
            metric_values={"type": "array", "items": _POINT},
        ),
    ]


def list_devices() -> Response:
    """Devices: nodes that series come from."""
    names = sorted({device_of(info) for info in room().store.glances()})
    return json_response({"devices": _page(names)})


def list_metrics(device: str) -> Response:
    """Names of a device's metrics."""
    return json_response({"metric_names": _page([metric.name for metric in find_metrics(room(), device)])})


def latest_metrics(device: str) -> Response:
    """Last number of each metric of a device; the time is that of the youngest."""
    page = _page([each for each in find_metrics(room(), device) if number(each.column.last_value) is not None])
    if not page:
        return json_response({})
    times = [metric.column.last_time for metric in page if number(metric.column.last_time) is not None]
    return json_response(
        {
            "timestamp": int(max((time for time in times if time is not None), default=0)),
            "metrics": {metric.name: metric.column.last_value for metric in page},
        }
    )


def time_series(device: str, metric: str) -> Response:
    """Numbers of one metric of a device, the youngest first.

    The time of a number is that of its row; gaps are left out.
    """
    here = room()
    since = arguments()["from_ts"]
    start = int(here.services.clock()) - _DAY_S if since is None else since
    found = next((each for each in find_metrics(here, device) if _plain(each.name) == _plain(metric)), None)
    rows = [] if found is None else _read_rows(here, found, start)
    return json_response({"metric_values": _page(rows)})


def device_name(node: str) -> str:
    """What clients know a node by: its address or topic; for a topic of the tool's devices, the device's own name."""
    match = _THEIR_TOPIC.fullmatch(node)
    return text(match[1] if match is not None else node)


def device_of(info: Glance) -> str:
    """What clients know the node of a series by."""
    key = info.columns[0].key if info.columns else ()
    return device_name(key[0] if len(key) == 2 and _THEIR_TOPIC.fullmatch(key[0]) and not info.configured else info.node)


def find_metrics(here: Room, device: str) -> list[Metric]:
    """The metrics of a device, sorted by name; none where there is no such device."""
    wanted = _plain(device)
    series = here.store.list_series([each.name for each in here.store.glances() if _plain(device_of(each)) == wanted])
    found: dict[str, Metric] = {}
    for info in series:
        for column in info.columns:
            name = metric_name(info, column)
            if name in found:  # two places of a document can have one name here
                name = info.name if len(info.columns) == 1 else f"{info.name}-{column.name}"
            found[name] = Metric(name, info, column)
    return [found[name] for name in sorted(found)]


def metric_name(info: SeriesInfo, column: Column) -> str:
    """What clients know a column by: uuid and index, or the path in the message, joined by hyphens."""
    if info.configured:
        return text(f"{info.name}-{column.name}")
    if len(column.key) == 3 and is_hadd(column.key[0]):
        return text(f"{column.key[1]}-{column.key[2]}")
    path = column.key[-1] if len(column.key) > 1 else ""
    return text(path.removeprefix(_THEIR_ROOT).replace(".", "-")) or info.name


def _plain(name: str) -> str:
    """A name without regard to how its slashes came through a URL."""
    return "/".join(part for part in name.replace(SLASH, "/").split("/") if part)


def _read_rows(here: Room, metric: Metric, start: int) -> list[tuple[int, float]]:
    """Rows of a metric from a time on, the youngest first.

    Raises:
        BadRequestError: they are too many.
    """
    info = here.flushed_series(metric.series.name)
    if not info.path.exists():
        return []
    shape = read_shape(info.path)
    cf = next((each for each in CONSOLIDATIONS if shape.has(each)), CONSOLIDATIONS[0])
    end = int(here.services.clock())
    start = max(start, shape.last_update - max((each.kept_s for each in shape.archives), default=0))
    if start >= end or metric.column.name not in shape.columns:
        return []
    if shape.most_rows(cf, end - start, shape.last_update - start, shape.step) * len(shape.columns) > MAX_CELLS:
        raise BadRequestError("from_ts", f"That would be more than {MAX_CELLS} numbers: ask from a later time on.")
    return list(_known(here.store.fetch(info.name, str(start), str(end), cf), metric.column.name, start, end))[::-1]


def _known(result: FetchResult, column: str, start: int, end: int) -> Iterable[tuple[int, float]]:
    at = result.columns.index(column)
    for index, row in enumerate(result.rows, 1):
        time, value = result.start + index * result.step, number(row[at])
        if value is not None and start <= time <= end + result.step:
            yield time, value


def _page(items: list[Any]) -> list[Any]:
    given = arguments()
    return items[given["offset"] : given["offset"] + given["limit"]]
