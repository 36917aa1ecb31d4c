"""What Graphite clients ask beside metrics and numbers: version, functions, and what there is none of here, tags and events."""

from __future__ import annotations

from typing import Any

from flask import Response
from werkzeug.exceptions import NotFound

from ..api.answers import json_response
from ..params import Param
from ..routes import Route, arguments
from .declare import graphite_route
from .evaluate import Function
from .functions import all_functions
from .given import Argument

VERSION = "1.1.10"
"""The version of Graphite whose API this is."""
_LIST = {"type": "array", "maxItems": 0}
_FUNCTION = {
    "type": "object",
    "required": ["name", "function", "description", "group", "params"],
    "properties": {
        "name": {"type": "string"},
        "function": {"type": "string"},
        "description": {"type": "string"},
        "group": {"type": "string"},
        "params": {"type": "array", "items": {"type": "object", "required": ["name", "type"]}},
    },
}
_GROUPED = (Param(name="group", told="Only those of this group.", default=None),)

_NAME = Param(name="name", told="Name of a function.", example="alias")
_TAG = Param(name="tag", told="Name of a tag.", example="name")


def extra_routes() -> list[Route]:
    """The routes that clients ask beside metrics and numbers."""
    only_get = ("GET",)
    return [
        graphite_route("/version", version, {}, answers={"text/plain": {}}, methods=only_get),
        graphite_route(
            "/functions", functions, {"type": "object", "additionalProperties": _FUNCTION}, params=_GROUPED, methods=only_get
        ),
        graphite_route("/functions/<name>", one_function, _FUNCTION, variables=(_NAME,), methods=only_get),
        graphite_route("/tags", tags, _LIST, methods=only_get),
        graphite_route(
            "/tags/<tag>", one_tag, {"type": "object", "required": ["tag", "values"]}, variables=(_TAG,), methods=only_get
        ),
        graphite_route("/tags/findSeries", tagged_series, _LIST),
        graphite_route("/tags/autoComplete/tags", tag_completions, _LIST),
        graphite_route("/tags/autoComplete/values", value_completions, _LIST),
        graphite_route("/events/get_data", events, _LIST),
    ]


def version() -> Response:
    """Version of the Graphite whose API this is."""
    return Response(VERSION, content_type="text/plain; charset=utf-8")


def functions() -> Response:
    """Functions that targets may call."""
    group = arguments()["group"]
    return json_response(
        {name: function_json(each) for name, each in all_functions().items() if group is None or each.group == group}
    )


def one_function(name: str) -> Response:
    """One function that targets may call."""
    function = all_functions().get(name)
    if function is None:
        raise NotFound(f"There is no function {name[:80]!r}.")
    return json_response(function_json(function))


def function_json(function: Function) -> dict[str, Any]:
    """A function, as Grafana reads it."""
    names = ", ".join(f"*{each.name}" if each.multiple else each.name for each in function.arguments)
    return {
        "name": function.name,
        "function": f"{function.name}({names})",
        "description": function.told,
        "module": "janitoo_datalog_rrd",
        "group": function.group,
        "params": [_argument_json(each) for each in function.arguments],
    }


def _argument_json(argument: Argument) -> dict[str, Any]:
    document: dict[str, Any] = {"name": argument.name, "type": argument.type, "required": argument.required}
    if argument.multiple:
        document["multiple"] = True
    if argument.default is not None:
        document["default"] = argument.default
    if argument.suggestions:
        document["options" if argument.type == "aggFunc" else "suggestions"] = argument.suggestions
    return document


def tags() -> Response:
    """Tags; there are none."""
    return json_response([])


def one_tag(tag: str) -> Response:
    """Values of a tag; there are none."""
    return json_response({"tag": tag.encode("utf-8", "replace").decode()[:200], "values": []})


def tagged_series() -> Response:
    """Metrics by their tags; there are none."""
    return json_response([])


def tag_completions() -> Response:
    """Tags that begin with something; there are none."""
    return json_response([])


def value_completions() -> Response:
    """Values of a tag that begin with something; there are none."""
    return json_response([])


def events() -> Response:
    """Events, for annotations; there are none."""
    return json_response([])
