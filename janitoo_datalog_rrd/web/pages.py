"""The pages for people: dashboard, every series with its graph, and one series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..core.contracts import Glance, SeriesInfo
from ..core.heartbeats import NodeState
from .escape import clean
from .metrics import problems
from .overview import make_overview
from .room import Room, room
from .routes import Role, Route
from .view import AT_SPANS, DEFAULT_SPAN, SPAN_SECONDS, SPANS, NodeView, group_by_node

PAGE_SIZE = 1500


def page_routes() -> list[Route]:
    """The routes of the pages."""
    pages: tuple[tuple[str, Callable[..., ResponseReturnValue]], ...] = (
        ("/", dashboard),
        ("/rrd/", graphs),
        ("/series/<name>", series_page),
        ("/rrd/series/<name>", old_series_page),
    )
    return [Route(path=path, view=view, role=Role.VIEWER, params=None, hidden=True) for path, view in pages]


def dashboard() -> str:
    """Nodes with their state and last values, those that fail first."""
    here = room()
    every = _series(here)
    wanted = clean(request.args.get("q", ""), 100)
    found = _matching(here, every, wanted)
    heard = here.services.nodes.all()
    if wanted:
        addresses = {info.node for info in found}
        heard = [state for state in heard if state.hadd in addresses]
    return render_template(
        "dashboard.html",
        overview=make_overview(group_by_node(found, heard), _tell(here), here.services.clock()),
        total=len(every),
        found=len(found),
        q=wanted,
        **_frame(here),
    )


def graphs() -> str:
    """Every series with its graph, by node."""
    here = room()
    span = request.args.get("span", DEFAULT_SPAN)
    if span not in SPANS:
        span = DEFAULT_SPAN
    wanted = clean(request.args.get("q", ""), 100)
    every = _series(here)
    found = _matching(here, every, wanted)
    last_page = max((len(found) - 1) // PAGE_SIZE, 0)
    page = _page_number(request.args.get("page", "1"), last_page + 1)
    shown = _tell(here)([each.name for each in found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]])
    heard = {state.hadd: state for state in here.services.nodes.all()}
    nodes = group_by_node(shown, (heard[address] for address in {info.node for info in shown} if address in heard))
    return render_template(
        "graphs.html",
        nodes=nodes,
        total=len(every),
        found=len(found),
        shown=len(shown),
        q=wanted,
        span=span,
        page=page,
        pages=last_page + 1,
        **_frame(here),
    )


def series_page(name: str) -> str:
    """One series over every span."""
    here = room()
    info = here.flushed_series(name)
    state = here.services.nodes.get(info.node)
    return render_template(
        "series.html",
        info=info,
        node=NodeView(info.node, state),
        span_seconds=SPAN_SECONDS,
        default_span=DEFAULT_SPAN,
        **_frame(here),
    )


def old_series_page(name: str) -> ResponseReturnValue:
    """Where the page of a series stood before; its address lives on in bookmarks."""
    room().series(name)
    query = request.query_string.decode("ascii", "replace")
    return redirect(f"/series/{quote(name, safe='')}{'?' + query if query else ''}", 301)


def matches(info: Glance, wanted: str, heard: NodeState | None = None) -> bool:
    """Tell whether every word of a filter stands somewhere in a series' names, labels and units, or in its node's name."""
    words = dict.fromkeys(wanted.lower().split())
    if not words:
        return True
    looked_in = search_text(info, heard)
    return all(word in looked_in for word in words)


def search_text(info: Glance, heard: NodeState | None = None) -> str:
    """What the filter looks in, in small letters."""
    parts = [info.name, info.node, info.label]
    if heard is not None:
        parts += [heard.name, heard.location]
    for column in info.columns:
        parts += [column.name, column.label, column.units]
    return clean(" ".join(dict.fromkeys(parts)), 400).lower()


def _frame(here: Room) -> dict[str, object]:
    """What every page needs."""
    return {
        "problems": problems(here),
        "ready": here.services.store is not None,
        "spans": SPANS,
        "at_spans": AT_SPANS,
        "search_text": search_text,
    }


def _series(here: Room) -> Sequence[Glance]:
    store = here.services.store
    return [] if store is None else store.glances()


def _matching(here: Room, every: Sequence[Glance], wanted: str) -> Sequence[Glance]:
    """The series that a filter stands for; all of them where it is empty."""
    if not wanted:
        return every
    nodes = here.services.nodes
    return [each for each in every if matches(each, wanted, nodes.get(each.node))]


def _tell(here: Room) -> Callable[[Iterable[str]], list[SeriesInfo]]:
    """What is known of the series of some names, nothing where the store is not up."""
    store = here.services.store
    return (lambda _: []) if store is None else store.list_series


def _page_number(raw: str, last: int) -> int:
    return min(max(int(raw), 1), last) if raw.isascii() and raw.isdigit() and len(raw) < 7 else 1
