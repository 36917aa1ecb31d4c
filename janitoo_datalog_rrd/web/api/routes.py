"""Every route of the API that shows what the store has, in the order of its documentation."""

from __future__ import annotations

from ..routes import Route
from .data import data_routes
from .docs import docs_routes
from .index import index_routes
from .nodes import node_routes
from .openapi import openapi_routes
from .series import series_routes
from .values import value_routes


def api_routes() -> list[Route]:
    """The routes of values, data, series, nodes and flushing, and of what tells of the API."""
    tables = (value_routes, data_routes, series_routes, node_routes, index_routes, openapi_routes, docs_routes)
    return [route for routes in tables for route in routes()]
