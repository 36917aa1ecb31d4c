"""Nodes a page at a time, and one node with its series."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response
from werkzeug.exceptions import NotFound

from ...core.contracts import SeriesInfo
from ...core.topics import is_hadd
from ..escape import clean
from ..params import Param
from ..room import Room, room
from ..routes import Role, Route, arguments
from ..view import NodeView, group_by_node, no_node, series_json
from .answers import CSV, FORMAT_PARAM, JSON, PREFIX, Cell, csv_response, iso_time, json_response, negotiated, wants_csv
from .paging import PAGE_PARAMS, cut_page, page_links
from .schemas import NODE_PAGE, NODE_WITH_SERIES

_CSV_HEADER = ("hadd", "name", "location", "state", "online", "since", "since_epoch", "last_seen", "last_seen_epoch", "series")


def node_routes() -> list[Route]:
    """The routes of nodes."""
    return [
        Route(
            path=f"{PREFIX}/nodes",
            view=list_nodes,
            role=Role.VIEWER,
            params=(*PAGE_PARAMS, FORMAT_PARAM),
            answers={JSON: NODE_PAGE, CSV: {}},
            statuses={406: {}},
            tag="nodes",
        ),
        Route(
            path=f"{PREFIX}/nodes/<controller>/<node>",
            view=get_node,
            role=Role.VIEWER,
            answers={JSON: NODE_WITH_SERIES},
            variables=(
                Param(name="controller", told="The first four digits of the node's address.", longest=4, example="0048"),
                Param(name="node", told="The last four digits of the node's address.", longest=4, example="0002"),
            ),
            tag="nodes",
        ),
        Route(
            path=f"{PREFIX}/nodes/device",
            view=get_device,
            role=Role.VIEWER,
            params=(
                Param(name="address", told="Its address, as the list has it.", longest=1000, required=True, example="0048/0002"),
            ),
            answers={JSON: NODE_WITH_SERIES},
            statuses={404: {}},
            tag="nodes",
        ),
    ]


def list_nodes() -> Response:
    """Every node, a page at a time.

    What has an address: nodes whose heartbeats were heard, those that series come from, and devices that dialects know.
    """
    given = arguments()
    as_csv = wants_csv(given["format"])
    views = _nodes(room())
    page, cursor = cut_page(given, [(view.address, view) for view in views])
    if as_csv:
        response = csv_response(_CSV_HEADER, map(_row, page))
    else:
        response = json_response({"nodes": [view.json() for view in page], "total": len(views), "next_cursor": cursor})
    return negotiated(page_links(response, cursor))


def get_node(controller: str, node: str) -> Response:
    """One node with its series."""
    wanted = f"{controller}/{node}"
    here = room()
    heard = here.services.nodes.get(wanted)
    series = _series_of(here, wanted) if heard is not None or is_hadd(wanted) else []
    if heard is None and not series:
        raise NotFound(no_node(wanted))
    return _answer(NodeView(wanted, heard, series), series)


def get_device() -> Response:
    """One device of any dialect, with its series; its address may hold any character."""
    here, wanted = room(), arguments()["address"]
    heard = here.services.nodes.get(wanted)
    series = _series_of(here, wanted)
    if heard is None and not series:
        raise NotFound(f"There is no device {clean(wanted, 80)!r}: nothing is known of such an address, and no series has it.")
    return _answer(NodeView(wanted, heard, series), series)


def _series_of(here: Room, node: str) -> list[SeriesInfo]:
    return here.store.list_series([each.name for each in here.store.glances() if each.node == node])


def _answer(view: NodeView, series: Iterable[SeriesInfo]) -> Response:
    return json_response({**view.json(), "series": [series_json(info) for info in series]})


def _row(view: NodeView) -> tuple[Cell, ...]:
    told = view.json()
    times = (cell for name in ("since", "last_seen") for cell in (iso_time(told[name]), told[name]))
    return (view.address, told["name"], told["location"], told["state"], told["online"], *times, told["series"])


def _nodes(here: Room) -> list[NodeView]:
    """What has an address: nodes that were heard, those that series come from, and devices."""
    heard = here.services.nodes.all()
    known = {state.hadd for state in heard}
    views = group_by_node(here.store.glances(), heard)
    return [view for view in views if view.address in known or is_hadd(view.address)]
