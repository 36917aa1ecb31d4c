"""The functions of targets that give lines other names.

The pattern of `aliasSub` comes from whoever may ask: it is matched by the library `regex`, which stops in time, because a
pattern can be made that takes for ever. Grafana puts every target into an `aliasSub`.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace

import regex

from ...core.errors import BadRequestError
from .evaluate import Function
from .expression import Call, Literal, Node, parse
from .given import Argument, Given
from .lines import MAX_NAME, Line

SERIES = Argument("seriesList", "seriesList", "Metrics.", required=True)
MAX_PATTERN = 200
"""Characters of a pattern, and of what is put in its place."""
MAX_NODES = 32
"""How many parts one name may be made of."""
_MAX_PUT = 100
"""How often something is put in the place of what a pattern matches in one name; what matches later stays."""
_RECURSION = re.compile(r"\(\?(?:R|[+-]?[0-9]+|&\w+|P>\w+)\)")
"""What the library takes and Python's own does not: it can fill the memory before the time is over."""
_MATCH_S = 0.5
"""Seconds that the matching of one call may take; the interpreter lock is released meanwhile."""


def alias(given: Given) -> list[Line]:
    """Give every line one name."""
    return [replace(line, name=given.values["newName"]) for line in given.lines]


def alias_sub(given: Given) -> list[Line]:
    """Replace what a pattern matches in each name."""
    search, put = given.values["search"], given.values["replace"]
    if max(len(search), len(put)) > MAX_PATTERN:
        raise BadRequestError("target", f"target calls aliasSub with a text of more than {MAX_PATTERN} characters.")
    if _RECURSION.search(search) is not None:
        raise BadRequestError("target", f"target calls aliasSub with {search[:40]!r}: a pattern that calls itself is not taken.")
    until = min(given.until, time.monotonic() + _MATCH_S)
    try:
        pattern = regex.compile(search)
        names = {
            name: pattern.sub(put, name, _MAX_PUT, timeout=max(until - time.monotonic(), 0.001), concurrent=True)[:MAX_NAME]
            for name in {line.name for line in given.lines}
        }
    except TimeoutError:
        raise BadRequestError("target", f"target calls aliasSub with {search[:40]!r}, which takes too long to match.") from None
    except (regex.error, IndexError, OverflowError, RecursionError, ValueError) as error:
        raise BadRequestError("target", f"target calls aliasSub with {search[:40]!r} and {put[:40]!r}: {error}.") from None
    return [replace(line, name=names[line.name]) for line in given.lines]


def alias_by_node(given: Given) -> list[Line]:
    """Make each name of some of the parts of its path."""
    nodes = given.values["nodes"]
    if len(nodes) > MAX_NODES:
        raise BadRequestError("target", f"target calls aliasByNode with {len(nodes)} parts: name at most {MAX_NODES}.")
    # A name can be a long expression, which is read once however many lines have it.
    parts = {name: _parts(name) for name in {line.name for line in given.lines}}
    return [replace(line, name=".".join(_part(line, parts[line.name], node) for node in nodes)) for line in given.lines]


def alias_by_metric(given: Given) -> list[Line]:
    """Make each name of the last part of its path."""
    parts = {name: _parts(name) for name in {line.name for line in given.lines}}
    return [replace(line, name=parts[line.name][-1]) for line in given.lines]


def _part(line: Line, parts: list[str], node: int | str) -> str:
    if isinstance(node, int) and -len(parts) <= node < len(parts):
        return parts[node]
    return line.tags.get(str(node), "")


def _parts(name: str) -> list[str]:
    """The parts of a name; of the first path in it, where it is the name of a call."""
    if name.endswith(")"):
        try:
            node: Node = parse(name)
        except BadRequestError:
            return name.split(".")
        while isinstance(node, Call) and node.arguments:
            node = node.arguments[0]
        if not isinstance(node, Call | Literal):
            return node.text.split(".")
    return name.split(".")


NAMING = (
    Function("alias", "Alias", "Gives it a name.", (SERIES, Argument("newName", "string", "The name.", required=True)), alias),
    Function("aliasByMetric", "Alias", "Names it by the last part of its path.", (SERIES,), alias_by_metric),
    Function(
        "aliasByNode",
        "Alias",
        "Names it by parts of its path.",
        (SERIES, Argument("nodes", "nodeOrTag", "Which parts, counted from 0.", required=True, multiple=True)),
        alias_by_node,
    ),
    Function(
        "aliasSub",
        "Alias",
        "Replaces what a regular expression matches in its name.",
        (
            SERIES,
            Argument("search", "string", "The regular expression.", required=True),
            Argument("replace", "string", "What is put in its place; \\1 is the first group.", required=True),
        ),
        alias_sub,
    ),
)
