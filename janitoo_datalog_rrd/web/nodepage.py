"""The page of one node: how it is, since when, and its values with their graphs."""

from __future__ import annotations

from flask import render_template, request
from werkzeug.exceptions import NotFound

from ..core.topics import format_hadd, is_hadd, parse_hadd
from .escape import clean
from .metrics import problems
from .overview import TILES_PER_NODE
from .room import Room, room
from .routes import Role, Route
from .telling import summary_first
from .view import AT_SPANS, DEFAULT_SPAN, SPANS, NodeView, no_node, node_path

MOST_SERIES = 500
"""Graphs on one page; the page of all graphs has the others."""


def node_routes() -> list[Route]:
    """The routes of nodes: by address, and by device or topic for what is none of Janitoo's."""
    return [
        Route(path=path, view=view, role=Role.VIEWER, params=None, hidden=True)
        for path, view in (("/nodes/<controller>/<node>", node_page), ("/nodes/topic", topic_page))
    ]


def node_page(controller: str, node: str) -> str:
    """A node of Janitoo, by its address."""
    address = f"{controller}/{node}"
    return _page(address, no_node(address))


def topic_page() -> str:
    """A device by its address in its dialect, or what publishes on a topic by that topic."""
    topic = request.args.get("name", "")
    return _page(
        topic, f"There is no node {clean(topic, 80)!r}: no device has that address, and no series comes from such a topic."
    )


def _page(address: str, unknown: str) -> str:
    here = room()
    store = here.services.store
    series = [] if store is None else [each for each in store.glances() if each.node == address]
    heard = here.services.nodes.get(address)
    if heard is None and not series:
        raise NotFound(unknown)
    shown = [each.name for each in summary_first(series, TILES_PER_NODE)[:MOST_SERIES]]
    span = request.args.get("span", DEFAULT_SPAN)
    return render_template(
        "node.html",
        node=NodeView(address, heard, [] if store is None else store.list_series(shown)),
        total=len(series),
        path=node_path(address),
        controller=_controller_of(here, address),
        below=_below(here, address),
        span=span if span in SPANS else DEFAULT_SPAN,
        spans=SPANS,
        at_spans=AT_SPANS,
        problems=problems(here),
        ready=here.services.store is not None,
    )


def _controller_of(here: Room, address: str) -> NodeView | None:
    """The controller that a node belongs to, where it was heard of; None for a controller itself."""
    try:
        controller, number = parse_hadd(address)
    except ValueError:
        return None
    hadd = format_hadd(controller, 0)
    heard = here.services.nodes.get(hadd) if number else None
    return None if heard is None else NodeView(hadd, heard)


def _below(here: Room, address: str) -> list[NodeView]:
    """The nodes of a controller that were heard of."""
    if not is_hadd(address) or not address.endswith("/0000"):
        return []
    prefix = address[:5]
    return [
        NodeView(each.hadd, each) for each in here.services.nodes.all() if each.hadd.startswith(prefix) and each.hadd != address
    ]
