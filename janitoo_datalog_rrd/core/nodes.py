"""The node manager: our nodes on the bus. It answers requests, publishes values on their delays, and heartbeats."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from . import topics
from .component import JNTComponent
from .errors import JanitooError
from .mqtt import Message, MqttClient
from .options import Options
from .parsers import Parser, duration, line
from .requests import check_request, discover, reply_to
from .scheduler import Scheduler
from .values import (
    CLASS_CONFIGURATION,
    CLASS_DISCOVERY,
    GENRE_BASIC,
    GENRE_COMMAND,
    GENRE_CONFIG,
    GENRE_NAMES,
    GENRE_SYSTEM,
    GENRE_USER,
    TYPE_STRING,
    NodeValue,
)

logger = logging.getLogger(__name__)

_NODE_CONFIGS: dict[str, Parser] = {"name": line, "location": line, "heartbeat": duration(1)}
REMOTE_OPTIONS: dict[str, Parser] = {"name": line, "location": line, "heartbeat": duration(1)}
"""Options of every node that may be set over the bus, for `Options.apply_remote`."""


class NodeManager:
    """The nodes of one controller.

    Args:
        client: their connection to the broker.
        scheduler: calls polls and heartbeats.
        options: where configuration set over the bus is kept.
        prefix: put before the names of the jobs, so that no two managers share one.
        on_described: called with a node whose name or location was set over the bus.
        on_state: called with the address of a node and how it is, at each heartbeat, whether the broker is there or not; with
            an empty text when it has gone.
    """

    def __init__(
        self,
        client: MqttClient,
        scheduler: Scheduler,
        options: Options,
        prefix: str,
        on_described: Callable[[JNTComponent], None] = lambda _node: None,
        on_state: Callable[[str, str], None] = lambda _hadd, _state: None,
    ) -> None:
        self.client = client
        self.scheduler = scheduler
        self.options = options
        self.prefix = prefix
        self._on_described = on_described
        self._on_state = on_state
        self.nodes: dict[str, JNTComponent] = {}
        self._jobs: dict[str, list[str]] = {}
        self._failing: set[tuple[str, str]] = set()

    def start(self) -> None:
        """Listen to what is asked of all nodes."""
        self.client.subscribe(topics.BROADCAST_REQUEST, self._on_broadcast)

    def stop(self) -> None:
        """Say OFFLINE for every node and stop its jobs."""
        for hadd in list(self.nodes):
            # the broker takes messages in their order: when it has the last one, it has them all
            self.remove(hadd, wait_s=0.0 if len(self.nodes) > 1 else 0.5)
        self.client.unsubscribe(topics.BROADCAST_REQUEST)

    def add(self, node: JNTComponent) -> None:
        """Bring a node onto the bus."""
        for name in _NODE_CONFIGS:
            node.values.setdefault(name, self._node_config(node, name))
        node.values.setdefault("hadd", _system_value(node, "hadd"))
        node.values.setdefault("uuid", _system_value(node, "uuid"))
        self.nodes[node.hadd] = node
        self.client.subscribe(topics.request_topic(node.hadd), self._on_request)
        jobs = [self._every(node.heartbeat, self._heartbeat, node, f"heartbeat.{node.hadd}")]
        by_delay: dict[float, list[NodeValue]] = {}
        for value in node.polled():
            by_delay.setdefault(value.poll_delay or 0.0, []).append(value)
        for delay, values in by_delay.items():
            name = f"{self.prefix}.poll.{node.hadd}.{delay:g}"
            self.scheduler.every(delay, self._poll, node, tuple(values), name=name, at_once=True)
            jobs.append(name)
        self._jobs[node.hadd] = jobs

    def remove(self, hadd: str, wait_s: float = 0.5) -> None:
        """Take a node off the bus, and wait so many seconds at most until the broker knows."""
        node = self.nodes.pop(hadd, None)
        if node is None:
            return
        for name in self._jobs.pop(hadd, ()):
            self.scheduler.cancel(name)
        self.client.unsubscribe(topics.request_topic(hadd))
        self._on_state(hadd, "")
        self.client.publish(topics.heartbeat_topic(hadd), b"OFFLINE", wait_s=wait_s)

    def announce(self) -> None:
        """Publish heartbeats and polled values at once, as after a connection came up."""
        for node in list(self.nodes.values()):
            self._heartbeat(node)
            self._poll(node, tuple(node.polled()))

    def publish(self, node: JNTComponent, value: NodeValue) -> bool:
        """Publish what a value holds now on its own topic; False when the broker is away."""
        data = value.wire_all(node.hadd, node.uuid)
        return self._publish_value(node, value, data)

    # -- in time -------------------------------------------------------------------------------------

    def _every(self, seconds: float, call: Any, node: JNTComponent, name: str) -> str:
        self.scheduler.every(seconds, call, node, name=f"{self.prefix}.{name}", at_once=True)
        return f"{self.prefix}.{name}"

    def _heartbeat(self, node: JNTComponent) -> None:
        state = "ONLINE" if node.check_heartbeat() else "OFFLINE"
        if node.hadd in self.nodes:  # it may have been taken away meanwhile
            self._on_state(node.hadd, state)
        if self.client.connected:
            self.client.publish(topics.heartbeat_topic(node.hadd), state.encode())

    def _poll(self, node: JNTComponent, values: Iterable[NodeValue]) -> None:
        if not self.client.connected:
            return  # messages carry no time: a reading sent later would be logged at the wrong one
        for value in values:
            self._publish_value(node, value, self._read(node, value))

    def _read(self, node: JNTComponent, value: NodeValue) -> dict[str, Any]:
        """The value objects of a value by index; none while it cannot be read, which is told in the log when it begins."""
        try:
            data = value.wire_all(node.hadd, node.uuid)
            orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)
        except Exception:  # a sensor may fail in any way; its neighbours are still read
            if (node.hadd, value.uuid) not in self._failing:
                logger.exception("%s (%s): %s could not be read; it is tried again", node.hadd, node.name, value.uuid)
            self._failing.add((node.hadd, value.uuid))
            return {}
        self._failing.discard((node.hadd, value.uuid))
        return data

    # -- requests ------------------------------------------------------------------------------------

    def _on_broadcast(self, message: Message) -> None:
        self._answer(message, list(self.nodes.values()), broadcast=True)

    def _on_request(self, message: Message) -> None:
        hadd = message.topic.removeprefix("/nodes/").removesuffix("/request")
        node = self.nodes.get(hadd)
        if node is not None:
            self._answer(message, [node], broadcast=False)

    def _answer(self, message: Message, nodes: list[JNTComponent], *, broadcast: bool) -> None:
        try:
            self._dispatch(check_request(orjson.loads(message.payload)), nodes, broadcast=broadcast)
        except (ValueError, TypeError, JanitooError) as error:
            logger.warning("a request on %.200s cannot be answered: %.300s", message.topic, error)

    def _dispatch(self, request: dict[str, Any], nodes: list[JNTComponent], *, broadcast: bool) -> None:
        if request.get("cmd_class") == CLASS_DISCOVERY:
            data = discover(str(request.get("uuid")), nodes, self._read)
            if data is not None:
                self._reply(request, data, broadcast=broadcast)
            return
        asked = request.get("hadd")
        for node in nodes:
            value = node.values.get(str(request.get("uuid")))
            if value is None or (asked not in (None, node.hadd)):
                continue
            if request.get("cmd_class") == CLASS_CONFIGURATION and value.genre not in (GENRE_CONFIG, GENRE_SYSTEM):
                continue
            self._read_or_write(request, node, value, broadcast=broadcast)

    def _read_or_write(self, request: dict[str, Any], node: JNTComponent, value: NodeValue, *, broadcast: bool) -> None:
        writes = request.get("is_writeonly") is True or (value.genre == GENRE_BASIC and request.get("data") is not None)
        error = ""
        if writes and request.get("is_readonly") is not True:
            error = "a write to everybody has to name its node: set hadd"
            if not broadcast or request.get("hadd") == node.hadd:
                error = self._write(request, node, value)
        data = self._read(node, value)
        self._publish_value(node, value, data)
        if (error or value.genre in (GENRE_BASIC, GENRE_USER, GENRE_COMMAND)) and request.get("reply_hadd"):
            first = next(iter(data), "0")
            answer = data.get(str(request.get("index", first)), {})
            self._reply({**request, **({"error": error} if error else {})}, answer.get("data"), broadcast=broadcast)

    def _write(self, request: dict[str, Any], node: JNTComponent, value: NodeValue) -> str:
        """Write a value; the sentence that says why it could not be is empty when it was."""
        index = request.get("index", 0)
        if value.write is None:
            error = "it can only be read"
        elif not isinstance(index, (int, str)):
            error = "its index is neither a number nor a text"
        else:
            try:
                value.write(index, request.get("data"))
            except (ValueError, TypeError, OSError, JanitooError) as reason:
                error = str(reason)
            else:
                logger.info("%s (%s): %s was set over the bus", node.hadd, node.name, value.uuid)
                return ""
        logger.warning("%s (%s): %s was not set over the bus: %.300s", node.hadd, node.name, value.uuid, error)
        return error

    def _publish_value(self, node: JNTComponent, value: NodeValue, data: dict[str, Any]) -> bool:
        if not data:
            return True
        topic = topics.value_topic(GENRE_NAMES[value.genre], node.hadd, value.uuid)
        return self.client.publish(topic, orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS))

    def _reply(self, request: dict[str, Any], data: Any, *, broadcast: bool) -> None:
        reply = reply_to(request, data, broadcast=broadcast)
        if reply is not None:
            self.client.publish(reply[0], orjson.dumps(reply[1], option=orjson.OPT_NON_STR_KEYS))

    # -- what every node can be told over the bus ----------------------------------------------------

    def _node_config(self, node: JNTComponent, name: str) -> NodeValue:

        def write(_index: int | str, data: Any) -> None:
            if not isinstance(data, (str, int, float)) or isinstance(data, bool):
                raise ValueError(f"{name} is a text, not {data!r}")
            taken = self.options.set_option(node.section.name, name, str(data)[:200], _NODE_CONFIGS[name])
            setattr(node, name, taken)
            self._on_described(node)
            if name == "heartbeat":
                self._every(node.heartbeat, self._heartbeat, node, f"heartbeat.{node.hadd}")

        return NodeValue(
            uuid=name,
            read=lambda: getattr(node, name),
            write=write,
            genre=GENRE_CONFIG,
            type=TYPE_STRING,
            label=name.capitalize(),
            cmd_class=CLASS_CONFIGURATION,
            units="s" if name == "heartbeat" else None,
        )


def _system_value(node: JNTComponent, name: str) -> NodeValue:
    return NodeValue(
        uuid=name,
        read=lambda: getattr(node, name),
        genre=GENRE_SYSTEM,
        type=TYPE_STRING,
        label=name.upper(),
        cmd_class=CLASS_CONFIGURATION,
    )
