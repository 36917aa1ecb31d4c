"""How a path of Graphite's API is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..routes import Role, Route

BOTH = ("GET", "POST")


def graphite_route(
    path: str, view: Callable[..., Any], answer: dict[str, Any], *, methods: tuple[str, ...] = BOTH, **more: Any
) -> Route:
    """A path that only reads; where it takes a POST, its parameters may come as a form.

    Args:
        path: as Flask takes it.
        view: the handler.
        answer: the JSON Schema of what it answers.
        methods: those that it takes.
        more: of `Route`; `answers` stands instead of `answer` where that is no JSON.
    """
    declared: dict[str, Any] = {"answers": {"application/json": answer}, **more}
    return Route(
        path=path,
        view=view,
        role=Role.VIEWER,
        methods=methods,
        tag="graphite",
        form="POST" in methods,
        loose=True,
        safe=True,
        programs=True,
        **declared,
    )
