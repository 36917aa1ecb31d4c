"""The agent as a Janitoo node: it heartbeats, and answers what is asked of it; its numbers go out by its readings alone."""

from __future__ import annotations

import json
import logging
import math
import uuid as uuids
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ..core.errors import JanitooError
from ..core.metrics import Described
from ..core.mqtt import Message
from ..core.requests import check_request, discover, reply_to
from ..core.topics import BROADCAST_REQUEST, heartbeat_topic, request_topic
from ..core.values import (
    CLASS_CONFIGURATION,
    CLASS_DISCOVERY,
    GENRE_CONFIG,
    GENRE_SYSTEM,
    TYPE_STRING,
    NodeValue,
)
from .numbers import Number, Numbers, Part, descriptions
from .settings import AgentSettings

logger = logging.getLogger(__name__)

MAX_REPLY = 256 << 10
"""Longest reply, in bytes; values that have no room in it are left out."""
_REQUEST_MAX = 16 << 10
_BURST = 20
_PER_S = 2.0
_BYTES = 32 << 10  # a reply counts once more for so many bytes: a request of a hundred may have thousands of times as many


class Client(Protocol):
    """What is published by."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Publish a message; False where there is no connection."""
        ...


class AgentNode:
    """The agent as its answers see it.

    Args:
        settings: what the agent is told.
        numbers: its numbers.
    """

    oid = "agent"

    def __init__(self, settings: AgentSettings, numbers: Numbers) -> None:
        self.hadd = settings.hadd
        self.uuid = str(uuids.uuid5(uuids.NAMESPACE_URL, f"janitoo:{settings.hadd}"))
        self.name = settings.name
        self.location = settings.location
        self.heartbeat = settings.heartbeat
        self._numbers = numbers

    def check_heartbeat(self) -> bool:
        """Tell that it is there."""
        return True

    @property
    def values(self) -> Mapping[str, NodeValue]:
        """Its values by uuid, as they are now."""
        found = {each.uuid: each for each in self._own()}
        by_uuid: dict[str, list[tuple[int | str, Number]]] = {}
        for number in self._numbers:
            uuid, index = self._place(number)
            if uuid not in found:
                by_uuid.setdefault(uuid, []).append((index, number))
        return {**found, **{uuid: _value(uuid, numbers) for uuid, numbers in by_uuid.items()}}

    def _own(self) -> Iterator[NodeValue]:
        for name in ("name", "location", "heartbeat"):
            units = "s" if name == "heartbeat" else None
            yield _text(name, name.capitalize(), getattr(self, name), GENRE_CONFIG, units)
        for name in ("hadd", "uuid"):
            yield _text(name, name.upper(), getattr(self, name), GENRE_SYSTEM, None)

    def _place(self, number: Number) -> tuple[str, int | str]:
        """uuid and index of a number: what stands where its description has `*` is the index."""
        levels = number.path.split(".")
        part = next(each for each in self._numbers.parts if each.name == number.part)
        pattern = _pattern(part, levels)
        stars = [level for level, each in zip(levels, pattern, strict=True) if each == "*"]
        uuid = "_".join([number.part, *(each for each in pattern if each != "*")])
        return uuid, ".".join(stars) if stars else 0


class Janitoo:
    """Heartbeats and answers of the agent.

    Args:
        settings: what the agent is told.
        numbers: its numbers.
    """

    def __init__(self, settings: AgentSettings, numbers: Numbers) -> None:
        self._node = AgentNode(settings, numbers)
        self._every = settings.heartbeat
        self._due_at = -math.inf
        self._left = float(_BURST)
        self._counted_at = 0.0
        self._told = False

    @property
    def filters(self) -> tuple[str, str]:
        """What it listens to: requests to it, and to everybody."""
        return request_topic(self._node.hadd), BROADCAST_REQUEST

    def due(self, now: float, client: Client) -> float:
        """Heartbeat where it is time; returns when it is time again.

        Args:
            now: seconds on a clock that never falls.
            client: the connection.
        """
        if now >= self._due_at:
            self._beat(client, "ONLINE", qos=0)  # the next one comes soon: no broker need keep it for who is away
            self._due_at = now + self._every
        return self._due_at

    def begin(self) -> None:
        """The connection is there: heartbeat soon."""
        self._due_at = -math.inf

    def goodbye(self, client: Client) -> None:
        """Say that the device goes."""
        self._beat(client, "OFFLINE")

    def _beat(self, client: Client, state: str, qos: int = 1) -> None:
        client.publish(heartbeat_topic(self._node.hadd), state.encode(), qos=qos)

    # -- requests --------------------------------------------------------------------------------------

    def answer(self, message: Message, client: Client, now: float) -> None:
        """Answer a request; of a flood most are left out.

        Args:
            message: the request.
            client: the connection.
            now: seconds on a clock that never falls.
        """
        if not self._may_answer(now):
            return
        try:
            if len(message.payload) > _REQUEST_MAX:
                raise ValueError(f"it has {len(message.payload)} bytes")
            request = check_request(json.loads(message.payload))
            found = self._look_up(request)
        except (ValueError, TypeError, RecursionError, JanitooError) as error:
            logger.warning("a request on %.200s cannot be answered: %.300s", message.topic, error)
            return
        if found is not None:
            reply = reply_to({**request, **found}, found.get("data"), broadcast=message.topic == BROADCAST_REQUEST)
            if reply is not None:
                content = _bounded(reply[1])
                self._left -= len(content) / _BYTES
                client.publish(reply[0], content)

    def _may_answer(self, now: float) -> bool:
        self._left = min(float(_BURST), self._left + (now - self._counted_at) * _PER_S)
        self._counted_at = now
        if self._left >= 1.0:
            self._left -= 1.0
            self._told = False
            return True
        if not self._told:
            self._told = True
            logger.warning("there are more than %g requests a second: not all of them are answered", _PER_S)
        return False

    def _look_up(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """What is added to a request to answer it: `data`, and an `error`; None where it is not for this node."""
        node = self._node
        what = str(request.get("uuid"))
        if request.get("cmd_class") == CLASS_DISCOVERY:
            data = discover(what, [node], lambda owner, value: value.wire_all(owner.hadd, owner.uuid))
            return None if data is None else {"data": data}
        value = node.values.get(what)
        if value is None or request.get("hadd") not in (None, node.hadd):
            return None
        if request.get("cmd_class") == CLASS_CONFIGURATION and value.genre not in (GENRE_CONFIG, GENRE_SYSTEM):
            return None
        held = value.wire_all(node.hadd, node.uuid)
        answer = held.get(str(request.get("index", next(iter(held), "0"))), {})
        writes = request.get("is_writeonly") is True and request.get("is_readonly") is not True
        return {"data": answer.get("data"), **({"error": "it can only be read"} if writes else {})}


def _pattern(part: Part, levels: list[str]) -> list[str]:
    """The path that describes a number; its own where none does."""
    for path in descriptions(part):
        pattern = path.split(".")
        if len(pattern) == len(levels) and all(each in ("*", level) for each, level in zip(pattern, levels, strict=True)):
            return pattern
    return levels


def _value(uuid: str, numbers: list[tuple[int | str, Number]]) -> NodeValue:
    """A value with its indexes."""
    described: Described = numbers[0][1].described
    return NodeValue(
        uuid=uuid,
        read=lambda: {index: number.value for index, number in numbers},
        label=described.label,
        labels={index: number.described.label for index, number in numbers},
        units=described.units or None,
        poll_delay=numbers[0][1].every,
        rrd_type="DERIVE" if described.counter else "GAUGE",
    )


def _text(uuid: str, label: str, held: object, genre: int, units: str | None) -> NodeValue:
    return NodeValue(
        uuid=uuid,
        read=lambda: held,
        genre=genre,
        type=TYPE_STRING,
        label=label,
        cmd_class=CLASS_CONFIGURATION,
        units=units,
    )


def _bounded(reply: dict[str, Any]) -> bytes:
    """A reply as JSON; values that have no room are left out."""
    content = _dump(reply)
    found = reply["data"]
    while len(content) > MAX_REPLY and isinstance(found, dict):
        for inner in found.values():
            if isinstance(inner, dict):
                for name in list(inner)[len(inner) // 2 :]:
                    del inner[name]
        logger.debug("a reply of %d bytes is too long: half of its values are left out", len(content))
        content = _dump(reply)
        if not any(found.values()):
            break
    return content


def _dump(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
