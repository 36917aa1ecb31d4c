"""Requests to Janitoo nodes: what is asked, what a discovery is answered with, and where a reply goes.

Needs nothing but the standard library: the server's nodes answer by it, and the agent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from . import topics
from .values import GENRE_BASIC, GENRE_COMMAND, GENRE_CONFIG, GENRE_SYSTEM, GENRE_USER, NodeValue

REQUEST_NODES = "request_info_nodes"
# What a discovery request asks for, and which values answer it.
_GENRES = {
    "request_info_users": GENRE_USER,
    "request_info_configs": GENRE_CONFIG,
    "request_info_systems": GENRE_SYSTEM,
    "request_info_basics": GENRE_BASIC,
    "request_info_commands": GENRE_COMMAND,
}
_FLAT_GENRES = (GENRE_SYSTEM, GENRE_COMMAND)


class Node(Protocol):
    """A node as its answers need it.

    Attributes:
        hadd, uuid: its addresses.
        oid: what kind of node it is.
        name, location: text for people.
        heartbeat: seconds between two heartbeats.
        values: its values by uuid.
    """

    hadd: str
    uuid: str
    oid: str
    name: str
    location: str
    heartbeat: float

    @property
    def values(self) -> Mapping[str, NodeValue]: ...

    def check_heartbeat(self) -> bool:
        """Tell whether it is there."""
        ...


def check_request(given: object) -> dict[str, Any]:
    """A request as it was parsed. Raises ValueError where it is none."""
    if not isinstance(given, dict):
        raise ValueError("a request is a JSON object")
    reply_hadd = given.get("reply_hadd")
    if reply_hadd is not None:
        topics.parse_hadd(str(reply_hadd))
    return given


def reply_to(request: Mapping[str, Any], data: Any, *, broadcast: bool) -> tuple[str, dict[str, Any]] | None:
    """Topic and document of the reply to a request; None where nobody asks for one."""
    reply_hadd = request.get("reply_hadd")
    if reply_hadd is None:
        return None
    return topics.reply_topic(str(reply_hadd), broadcast=broadcast), {**request, "data": data}


def discover(what: str, nodes: Iterable[Node], read: Callable[[Any, NodeValue], dict[str, Any]]) -> dict[str, Any] | None:
    """What a discovery is answered with; None where nobody knows what it asks for.

    Args:
        what: the request's uuid.
        nodes: those that are asked.
        read: gives the value objects of a node's value by index; none while it cannot be read.
    """
    if what == REQUEST_NODES:
        return {node.hadd: describe_node(node) for node in nodes}
    genre = _GENRES.get(what)
    if genre is None:
        return None
    found: dict[str, Any] = {}
    for node in nodes:
        for value in list(node.values.values()):
            if value.genre == genre:
                wire = read(node, value)
                answer = next(iter(wire.values()), None) if genre in _FLAT_GENRES else wire
                if answer:
                    found.setdefault(node.hadd, {})[value.uuid] = answer
    return found


def describe_node(node: Node) -> dict[str, Any]:
    """A node object, as discovery replies have it."""
    return {
        "hadd": node.hadd,
        "uuid": node.uuid,
        "name": node.name,
        "location": node.location,
        "product_name": type(node).__name__,
        "product_type": node.oid,
        "heartbeat": node.heartbeat,
        "cmd_classes": sorted({value.cmd_class for value in node.values.values()}),
        "state": "ONLINE" if node.check_heartbeat() else "OFFLINE",
    }
