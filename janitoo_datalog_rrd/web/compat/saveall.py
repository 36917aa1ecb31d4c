"""`PUT /ressources-usage/save-all`: what processes took on a machine, handed in by programs that have no MQTT."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from ...core.contracts import Outcome
from ...core.errors import BadRequestError
from ..api.answers import json_response
from ..bodies import read_json
from ..room import room
from ..routes import Role, Route
from .usageform import BODY, MOST_BYTES, read_usage

_COUNT = {"type": "integer", "minimum": 0}
_ANSWER: dict[str, Any] = {
    "title": "HandedIn",
    "description": "What became of the numbers that were sent.",
    "type": "object",
    "required": ["Response", "accepted", "late", "dropped"],
    "properties": {
        "Response": {"type": "string", "enum": ["Ok"]},
        "accepted": {**_COUNT, "description": "Numbers that are in the journal."},
        "late": {**_COUNT, "description": "Numbers that are older than the last one in their file, which may have them."},
        "dropped": {"type": "object", "additionalProperties": _COUNT, "description": "Numbers that were dropped, by reason."},
    },
}


def save_all_route(prefix: str) -> Route:
    """The route, below the prefix of its server."""
    return Route(
        path=f"{prefix}/save-all",
        view=save_all,
        role=Role.AGENT,
        methods=("PUT",),
        body=BODY,
        most_bytes=MOST_BYTES,
        answers={"application/json": _ANSWER},
        tag="clients",
        programs=True,
    )


def save_all() -> Response:
    """Hand in what the processes of a machine take, at one moment or at many.

    Numbers that are counted as accepted are in the journal when the answer comes. A body may have 512 KiB. With 503 nothing was
    taken: send it again later.
    """
    here = room()
    readings = read_usage(read_json(), request.remote_addr or "")
    outcome = here.taker.take(readings)
    if readings and outcome.dropped.get("bad_time") == len(readings):
        now = here.services.clock()
        raise BadRequestError(
            "timestamp",
            f"Every timestamp, such as {readings[0].timestamp:.15g}, is before 1980 or more than a minute ahead of this server's "
            f"clock, which says {now:.0f}: set the clock of that machine.",
        )
    return json_response(_document(outcome))


def _document(outcome: Outcome) -> dict[str, object]:
    return {"Response": "Ok", "accepted": outcome.accepted, "late": outcome.late, "dropped": dict(outcome.dropped)}
