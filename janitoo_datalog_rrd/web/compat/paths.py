"""The paths of other servers, all of them."""

from __future__ import annotations

from ..routes import Route
from .devices import device_routes
from .usage import usage_routes


def compat_routes() -> list[Route]:
    """The routes of other servers."""
    return [*device_routes(), *usage_routes()]
