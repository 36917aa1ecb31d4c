"""Every route of the API that shows what the store has, in the order of its documentation."""

from __future__ import annotations

from ..routes import Route
from .data import data_routes
from .nodes import node_routes
from .series import series_routes
from .values import value_routes


def api_routes() -> list[Route]:
    """The routes of values, data, series, nodes and flushing."""
    return [*value_routes(), *data_routes(), *series_routes(), *node_routes()]
