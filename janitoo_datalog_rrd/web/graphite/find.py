"""`/metrics/find`, `/metrics/expand`, `/metrics/index.json`: what metrics there are."""

from __future__ import annotations

from typing import Any

from flask import Response

from ...core.errors import BadRequestError
from ..api.answers import json_response
from ..params import ChoiceParam, FlagParam, Param
from ..room import room
from ..routes import Route, arguments
from .declare import graphite_route
from .tree import Found, Tree, leaves_of

MAX_QUERIES = 20
_QUERY = Param(
    name="query", told="A path with or without globs, such as 0120.*.cpu_percent.", required=True, longest=2000, example="0048.*"
)
_FIND_PARAMS = (
    _QUERY,
    ChoiceParam(name="format", told="Form of the answer.", default="treejson", words=("treejson", "completer")),
    FlagParam(name="wildcards", told="1 adds a place * where there are several.", default=False),
    FlagParam(name="leavesOnly", told="1 leaves out what has no numbers.", default=False),
)
_EXPAND_PARAMS = (
    Param(name="query", told=_QUERY.told, required=True, many=MAX_QUERIES, longest=2000, example="0048.*"),
    FlagParam(name="groupByExpr", told="1 tells the paths of each query by itself.", default=False),
    FlagParam(name="leavesOnly", told="1 leaves out what has no numbers.", default=False),
)
_FLAG = {"type": "integer", "enum": [0, 1]}
_PLACE = {
    "type": "object",
    "required": ["text", "id", "expandable", "leaf", "allowChildren"],
    "properties": {
        "text": {"type": "string"},
        "id": {"type": "string"},
        "expandable": _FLAG,
        "leaf": _FLAG,
        "allowChildren": _FLAG,
    },
}
_COMPLETIONS = {
    "type": "object",
    "required": ["metrics"],
    "properties": {"metrics": {"type": "array", "items": {"type": "object", "required": ["name"]}}},
}
_PATHS = {"type": "array", "items": {"type": "string"}}
_EXPANDED = {
    "type": "object",
    "required": ["results"],
    "properties": {"results": {"anyOf": [_PATHS, {"type": "object", "additionalProperties": _PATHS}]}},
}


def find_routes() -> list[Route]:
    """The routes that tell what metrics there are."""
    return [
        graphite_route("/metrics/find", find, {"anyOf": [{"type": "array", "items": _PLACE}, _COMPLETIONS]}, params=_FIND_PARAMS),
        graphite_route("/metrics/expand", expand, _EXPANDED, params=_EXPAND_PARAMS),
        graphite_route("/metrics/index.json", index, _PATHS),
    ]


def find() -> Response:
    """Places of the tree of metrics that a query stands for."""
    given = arguments()
    query = _read_query(given["query"])
    if given["format"] == "completer":
        query = query.replace("..", "*.")
        query += "" if query.endswith("*") else "*"
    places = [place for place in Tree(room(), "query").places(query) if place.leaf or not given["leavesOnly"]]
    if given["format"] == "completer":
        return json_response({"metrics": _completions(places, wildcards=given["wildcards"])})
    return json_response(_tree(places, query.rpartition(".")[0], wildcards=given["wildcards"]))


def expand() -> Response:
    """Paths of the metrics and branches that some queries stand for."""
    given = arguments()
    tree = Tree(room(), "query")
    found = {}
    for query in given["query"]:
        places = tree.places(_read_query(query))
        found[query] = sorted(place.path for place in places if place.leaf or not given["leavesOnly"])
    if given["groupByExpr"]:
        return json_response({"results": found})
    return json_response({"results": sorted({path for paths in found.values() for path in paths})})


def index() -> Response:
    """Paths of all metrics."""
    return json_response(sorted(leaf.path for leaf in leaves_of(room().store.glances())))


def _read_query(query: str) -> str:
    if not query.strip():
        raise BadRequestError("query", f"query is empty: {_QUERY.told}")
    return query.strip()


def _tree(places: list[Found], base: str, *, wildcards: bool) -> list[dict[str, Any]]:
    """Places by name, what can be opened first; those of one name, at different branches, are one."""
    by_name: dict[str, Found] = {}
    for place in places:
        same = by_name.setdefault(place.name, Found(place.path))
        same.leaf, same.branch = same.leaf or place.leaf, same.branch or place.branch
    names = sorted(by_name, key=lambda name: (not by_name[name].branch, name))
    nodes = [_node(name, by_name[name], base) for name in names]
    if wildcards and len(nodes) > 1:
        every = Found("*", leaf=True, branch=any(place.branch for place in by_name.values()))
        nodes.insert(0, _node("*", every, base))
    return nodes


def _node(name: str, place: Found, base: str) -> dict[str, Any]:
    branch = int(place.branch)
    path = f"{base}.{name}" if base else name
    return {"text": name, "id": path, "expandable": branch, "leaf": int(place.leaf), "allowChildren": branch}


def _completions(places: list[Found], *, wildcards: bool) -> list[dict[str, str]]:
    found = [
        {"path": place.path + ("" if place.leaf else "."), "name": place.name, "is_leaf": str(int(place.leaf))}
        for place in places
    ]
    return [*found, {"name": "*"}] if wildcards and len(found) > 1 else found
