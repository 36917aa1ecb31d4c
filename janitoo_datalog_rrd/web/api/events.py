"""Server-sent events: the last values as they change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, request

from ..auth.guard import who
from ..live.hub import OPENING, Listener
from ..params import Param
from ..room import room
from ..routes import Role, Route, arguments
from ..serving.channels import HAND_OVER
from .answers import PREFIX

MOST_SERIES = 1000
"""Series that one listener may name; whoever wants more asks for all."""


def event_routes() -> list[Route]:
    """The route of the events."""
    return [
        Route(
            path=f"{PREFIX}/events",
            view=events,
            role=Role.VIEWER,
            params=(Param(name="series", told="Only this one; may stand several times.", many=MOST_SERIES),),
            answers={"text/event-stream": {}},
            statuses={404: {}},
            tag="values",
        )
    ]


def events() -> Response:
    """The last values as they change, in server-sent events; the connection stays open."""
    here = room()
    names: list[str] = arguments()["series"]
    known = frozenset(here.series(name).name for name in names) if names else None
    body: Any = b""
    if request.method == "GET":
        asker = who()
        listener = here.live.enter(known, lambda: here.access.knows_still(asker))
        body = EventStream(listener, request.environ.get(HAND_OVER))
    response = Response(body, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


class EventStream:
    """The body of the answer: its beginning; the rest is sent by the hub, to whom the connection is handed over.

    Args:
        listener: who listens.
        hand_over: takes the listener; None where the server cannot do that, and the first event is all there is.
    """

    def __init__(self, listener: Listener, hand_over: Callable[[Listener], None] | None) -> None:
        self._listener = listener
        self._hand_over = hand_over
        self._handed = False

    def __iter__(self) -> Iterator[bytes]:
        yield OPENING
        if self._hand_over is None:
            yield self._listener.first()
        else:
            self._hand_over(self._listener)
            self._handed = True

    def close(self) -> None:
        """Called at the end of the answer, whatever came of it."""
        if not self._handed:
            self._listener.leave()
