"""The JSON API under /api/v1: series, their data, nodes, and flushing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

import orjson
from flask import Response

from ...core.contracts import CONSOLIDATIONS, SeriesInfo
from ...core.errors import BadRequestError
from ...core.topics import parse_hadd
from ..drawing.rrdshape import read_shape
from ..drawing.timespan import Span
from ..params import ChoiceParam, IntegerParam, Param, TimeParam
from ..room import Room, room
from ..routes import Role, Route, arguments
from ..view import NodeView, group_by_node, number, series_json

PREFIX = "/api/v1"
MAX_CELLS = 1_000_000
_DEFAULT_LIMIT, _MAX_LIMIT = 100, 1000
Item = TypeVar("Item")


_PAGE_PARAMS = (
    IntegerParam(name="limit", told="How many at most.", default=_DEFAULT_LIMIT, low=1, high=_MAX_LIMIT),
    Param(name="cursor", told="The next_cursor of the page before; left out for the first page.", longest=500),
)
_DATA_PARAMS = (
    TimeParam(name="start", told="Where the rows begin.", default="-4h"),
    TimeParam(name="end", told="Where they end.", default="now"),
    ChoiceParam(name="cf", told="Consolidation function.", default="AVERAGE", words=CONSOLIDATIONS),
    IntegerParam(name="resolution", told="Seconds between two rows, at least.", default=0, low=1, high=31_622_400),
)


def api_routes() -> list[Route]:
    """The routes of series, nodes and flushing."""
    json: dict[str, dict[str, Any]] = {"application/json": {"type": "object"}}
    return [
        Route(path=f"{PREFIX}/series", view=list_series, role=Role.VIEWER, params=_PAGE_PARAMS, answers=json),
        Route(path=f"{PREFIX}/series/<name>", view=get_series, role=Role.VIEWER, answers=json),
        Route(path=f"{PREFIX}/series/<name>/data", view=get_data, role=Role.VIEWER, params=_DATA_PARAMS, answers=json),
        Route(path=f"{PREFIX}/nodes", view=list_nodes, role=Role.VIEWER, params=_PAGE_PARAMS, answers=json),
        Route(path=f"{PREFIX}/nodes/<controller>/<node>", view=get_node, role=Role.VIEWER, answers=json),
        Route(
            path=f"{PREFIX}/flush",
            view=flush,
            role=Role.OPERATOR,
            methods=("POST",),
            params=(Param(name="series", told="Only this one.", default=None),),
            answers=json,
        ),
    ]


def json_response(document: Any, status: int = 200) -> Response:
    """An answer in JSON; numbers that JSON does not have become null."""
    return Response(orjson.dumps(document), status, content_type="application/json")


def list_series() -> Response:
    """Every series, a page at a time."""
    given = arguments()
    every = room().store.list_series()
    page, cursor = _page(given, [(info.name, info) for info in every])
    return json_response(
        {
            "series": [series_json(info) for info in page],
            "total": len(every),
            "next_cursor": cursor,
            "time": number(room().services.clock()),
        }
    )


def get_series(name: str) -> Response:
    """One series."""
    return json_response(series_json(room().series(name)))


def get_data(name: str) -> Response:
    """Rows of one series, flushed first."""
    given = arguments()
    here = room()
    cf, resolution = given["cf"], given["resolution"]
    span = here.renderer.resolve(given["start"], given["end"])
    info = here.flushed_series(name)
    rows: list[list[float | None]] = []
    step, columns = info.step, tuple(column.name for column in info.columns)
    if info.path.exists():
        _check_size(info, span, cf, resolution)
        result = here.store.fetch(info.name, str(span.start), str(span.end), cf, resolution or None)
        step, columns = result.step, result.columns
        rows = [
            [result.start + (position + 1) * result.step, *(number(value) for value in row)]
            for position, row in enumerate(result.rows)
        ]
    return json_response(
        {"name": info.name, "cf": cf, "start": span.start, "end": span.end, "step": step, "columns": columns, "rows": rows}
    )


def list_nodes() -> Response:
    """Every node, a page at a time."""
    given = arguments()
    views = _nodes(room())
    page, cursor = _page(given, [(view.address, view) for view in views])
    return json_response({"nodes": [view.json() for view in page], "total": len(views), "next_cursor": cursor})


def get_node(controller: str, node: str) -> Response:
    """One node with its series."""
    from werkzeug.exceptions import NotFound

    wanted = f"{controller}/{node}"
    view = next((each for each in _nodes(room()) if each.address == wanted), None)
    if view is None:
        raise NotFound(f"There is no node {wanted[:40]!r}: expected an address such as 0014/0001.")
    return json_response({**view.json(), "series": [series_json(info) for info in view.series]})


def flush() -> Response:
    """Write what is cached, of one series or of all, to the files."""
    name = arguments()["series"]
    here = room()
    if name is None:
        return json_response({"flushed": here.store.flush_all()})
    return json_response({"flushed": here.store.flush(here.series(name).name)})


def _nodes(here: Room) -> list[NodeView]:
    """What has an address: nodes that were heard, and those that series come from."""
    series = [info for info in here.store.list_series() if _is_hadd(info.node)]
    return group_by_node(series, here.services.nodes.all())


def _is_hadd(address: str) -> bool:
    try:
        parse_hadd(address)
    except ValueError:
        return False
    return True


def _check_size(info: SeriesInfo, span: Span, cf: str, resolution: int) -> None:
    """Refuse what would fill the memory.

    Raises:
        BadRequestError: the file does not keep that consolidation, or there would be too many numbers.
    """
    shape = read_shape(info.path)
    if not shape.has(cf):
        have = ", ".join(sorted({archive.cf for archive in shape.archives}))
        raise BadRequestError("cf", f"cf is {cf}, which {info.name} does not keep: expected one of {have}.")
    rows = shape.most_rows(cf, span.seconds, shape.last_update - span.start, resolution or shape.step)
    cells = rows * max(len(shape.columns), 1)
    if cells > MAX_CELLS:
        raise BadRequestError(
            "resolution", f"That would be {cells} numbers, more than {MAX_CELLS}: ask for a coarser resolution or a shorter span."
        )


def _page(given: dict[str, Any], items: Sequence[tuple[str, Item]]) -> tuple[list[Item], str | None]:
    """Cut a page out of items sorted by key, and make the cursor of the next one."""
    limit = given["limit"]
    after = _read_cursor(given["cursor"])
    rest = [item for item in items if after is None or item[0] > after]
    page = rest[:limit]
    more = len(rest) > limit
    return [item for _, item in page], _write_cursor(page[-1][0]) if more else None


def _write_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(b"1" + key.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def _read_cursor(text: str) -> str | None:
    if not text:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if raw[:1] != b"1":
            raise ValueError("another version")
        return raw[1:].decode("utf-8", "surrogatepass")
    except (ValueError, binascii.Error):
        raise BadRequestError("cursor", "cursor is not one that this server gave: start again without it.") from None
