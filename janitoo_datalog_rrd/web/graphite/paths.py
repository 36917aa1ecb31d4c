"""The paths of Graphite's API, all of them."""

from __future__ import annotations

from ..routes import Route
from .extras import extra_routes
from .find import find_routes
from .render import render_routes


def graphite_routes() -> list[Route]:
    """The routes of Graphite's API."""
    return [*find_routes(), *render_routes(), *extra_routes()]
