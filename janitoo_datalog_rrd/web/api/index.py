"""Where everything is: the first thing that a program asks."""

from __future__ import annotations

from flask import Response

from ... import __version__
from ..routes import Role, Route, declared
from .answers import JSON, PREFIX, json_response, with_etag
from .schemas import INDEX


def index_routes() -> list[Route]:
    """The route of the index."""
    return [Route(path=PREFIX, view=get_index, role=Role.VIEWER, answers={JSON: INDEX}, statuses={304: {}}, tag="server")]


def get_index() -> Response:
    """Where everything is.

    Paths of the API that need no more to be asked, and of its description.
    """
    paths = sorted(
        route.path
        for route in declared().values()
        if route.path.startswith(f"{PREFIX}/") and "GET" in route.methods and "<" not in route.path and not route.hidden
    )
    links = {path.removeprefix(f"{PREFIX}/").removesuffix(".json"): path for path in paths}
    links |= {"docs": "/api/docs", "health": "/healthz", "metrics": "/metrics"}
    return with_etag(json_response({"name": "janitoo_datalog_rrd", "version": __version__, "links": links}))
