"""`/render`: the numbers of some targets, as JSON."""

from __future__ import annotations

import zoneinfo
from datetime import tzinfo
from typing import Any

from flask import Response

from ...core.errors import BadRequestError
from ..api.answers import json_response
from ..params import ChoiceParam, IntegerParam, Param
from ..room import room
from ..routes import Route, arguments
from .attime import parse_time
from .declare import graphite_route
from .evaluate import Evaluation
from .expression import MAX_LENGTH
from .functions import all_functions
from .lines import Line, thin_out
from .source import StoreSource

MAX_TARGETS = 100
MAX_ANSWER = 300_000
"""How many points one answer may have."""
PARAMS = (
    Param(
        name="target",
        told="What is drawn: a metric path with or without globs, or a function of it.",
        many=MAX_TARGETS,
        longest=MAX_LENGTH,
    ),
    Param(name="from", told="Numbers later than this, as Graphite takes a time.", default="-24h", longest=64),
    Param(name="until", told="Numbers up to this.", default="now", longest=64),
    ChoiceParam(name="format", told="Form of the answer.", default="json", words=("json",)),
    IntegerParam(name="maxDataPoints", told="More numbers than this are put together.", default=0, low=0, high=1_000_000),
    Param(name="tz", told="Name of the zone in which days begin; by default the one of the server.", longest=64),
)
_POINT = {
    "type": "array",
    "items": {"type": ["number", "null"]},
    "description": "The number, or null where it is unknown, and its time.",
    "minItems": 2,
    "maxItems": 2,
}
ANSWER: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["target", "tags", "datapoints"],
        "properties": {
            "target": {"type": "string"},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}},
            "datapoints": {"type": "array", "items": _POINT},
        },
    },
}


def render_routes() -> list[Route]:
    """The route of numbers."""
    return [graphite_route("/render", render, ANSWER, params=PARAMS)]


def render() -> Response:
    """Numbers of Graphite targets.

    A number stands at the time at which its step begins, and is a mean of that step.
    """
    given = arguments()
    here = room()
    now = here.services.clock()
    zone = read_zone(given["tz"])
    times = (parse_time("from", given["from"], now, zone), parse_time("until", given["until"], now, zone))
    start, end = min(times), max(times)
    if start == end:
        raise BadRequestError("from", f"from is {given['from'][:40]!r}, the same time as until, {given['until'][:40]!r}.")
    evaluation = Evaluation(StoreSource(here), all_functions(), start, end)
    lines = [line for target in given["target"] if target.strip() for line in evaluation.target(target)]
    if given["maxDataPoints"]:
        lines = thin_out(lines, given["maxDataPoints"])
    if sum(len(line.values) for line in lines) > MAX_ANSWER:
        raise BadRequestError("maxDataPoints", f"That would be more than {MAX_ANSWER} points: give a smaller maxDataPoints.")
    return json_response([line_json(line) for line in lines])


def line_json(line: Line) -> dict[str, Any]:
    """A line for the answer."""
    points = [[value, line.start + at * line.step] for at, value in enumerate(line.values)]
    return {"target": line.name, "tags": line.tags, "datapoints": points}


def read_zone(name: str) -> tzinfo | None:
    """A zone by its name; None, for the one of this machine, where it has none or is not known, as in Graphite."""
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
