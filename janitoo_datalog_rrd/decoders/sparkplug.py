"""Decoder `sparkplug`: Sparkplug B, by which industrial gateways publish metrics as protobuf, explained by birth messages.

Source: the Sparkplug specification 3.0, https://sparkplug.eclipse.org/specification/.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.contracts import Decoder, Reading
from ..core.directory import Directory
from ..core.errors import DecodeError
from ..core.plugins import speaks
from .documents import MAX_PAYLOAD, MAX_TOPIC, check_topic
from .sparkplug_tags import TEMPLATE, Edge, Tag, Unit

if TYPE_CHECKING:
    from ..core.sections import Section
    from .sparkplug_messages import Messages, Metric, Payload

KIND = "sparkplug"
NAMESPACE = "spBv1.0"
TOPICS = (f"{NAMESPACE}/#",)
CERTIFICATES = "$sparkplug/certificates/"
"""Below it, brokers that know Sparkplug keep births; asked for in a section only: some brokers close the connection then."""
BIRTHS = tuple(f"{where}{NAMESPACE}/+/{which}" for where in ("", CERTIFICATES) for which in ("NBIRTH/+", "DBIRTH/+/+"))
CERTIFICATE = "CERTIFICATE"
MAX_UNITS = 10_000
"""How many edge nodes and devices are remembered."""
MAX_TAGS = 100_000
"""How many metrics of all of them together are remembered."""

_MAX_AHEAD_S = 60.0  # so far an edge node's clock may be ahead of ours


class SparkplugDecoder:
    """Reads metrics of edge nodes and their devices; the key is (topic without the kind of message, name of the metric).

    Args:
        filters: topic filters.
        clock: seconds since the epoch UTC.
    """

    def __init__(self, filters: tuple[str, ...] = TOPICS, clock: Callable[[], float] = time.time) -> None:
        self.announcements = tuple(dict.fromkeys(both for each in filters for birth in BIRTHS if (both := _common(each, birth))))
        self._clock = clock
        self._directory: Directory | None = None
        self._messages: Messages | None = None
        self._edges: dict[str, Edge] = {}
        self._units = self._tags = self._gaps = self._unexplained = 0

    def join(self, directory: Directory) -> None:
        """Take the directory where devices are told of."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        return [
            ("edge nodes", len(self._edges)),
            ("edge nodes and devices", self._units),
            ("metrics", self._tags),
            ("gaps in the sequence of messages", self._gaps),
            ("values without a birth", self._unexplained),
        ]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the numbers of a message; a death makes the values of its node or device unknown.

        Raises:
            DecodeError: `not_protobuf`, `too_large`, `too_many`, `topic_too_long`, or `no_birth`: nothing in the message can be
                read without a birth that was not heard.
        """
        if len(topic) > MAX_TOPIC:
            check_topic(topic)
        certificate = topic.startswith(CERTIFICATES)
        levels = topic.removeprefix(CERTIFICATES).split("/")
        if NAMESPACE not in levels or not payload:
            return []
        start = levels.index(NAMESPACE) + 1
        match levels[start:]:
            case [group, "NBIRTH" | "NDATA" | "NDEATH" as verb, edge]:
                device = ""
            case [group, "DBIRTH" | "DDATA" | "DDEATH" as verb, edge, device] if device:
                pass
            case _:
                return []  # commands, and the state of host applications
        kind = CERTIFICATE if certificate else verb[1:]
        if len(payload) > MAX_PAYLOAD:
            raise DecodeError("too_large", f"the payload has {len(payload)} bytes: at most {MAX_PAYLOAD} are taken")
        message = self._read(payload)
        base = "/".join([*levels[:start], group, edge])
        found = self._edges.get(base)
        if found is None:
            if verb == "DDEATH":
                return []
            if self._units >= MAX_UNITS:
                return self._no_room(base)
            found = self._edges[base] = Edge(f"{group}/{edge}")
        return self._take(found, base, kind, device, message)

    def _take(self, edge: Edge, base: str, kind: str, device: str, message: Payload) -> list[Reading]:
        unit = edge.units.get(device)
        if unit is None:
            if kind == "DEATH" and device:
                return []
            if self._units >= MAX_UNITS:
                return self._no_room(base)
            self._units += 1
            address = f"{KIND}/{edge.name}/{device}" if device else f"{KIND}/{edge.name}"
            unit = edge.units[device] = Unit(f"{base}/{device}" if device else base, address)
        if kind == CERTIFICATE:
            # it does not say that the node is there; what was heard of its life since is newer
            return self._birth(edge, unit, device, message) if unit.born < (message.time or 0.0) else []
        if kind == "DEATH":
            return self._death(edge, unit, device, message)
        if kind == "BIRTH" and not device:
            edge.seq = None  # its next messages may be some of another time: births are heard again after a start
        else:
            self._count(edge, message.seq, begins=kind == "DATA")
        self._is_online(unit, device, edge, told=kind == "BIRTH")
        edge.latest = max(edge.latest, message.time or 0.0)
        return self._birth(edge, unit, device, message) if kind == "BIRTH" else self._data(unit, message)

    # -- births --------------------------------------------------------------------------------------

    def _birth(self, edge: Edge, unit: Unit, device: str, message: Payload) -> list[Reading]:
        """Learn metrics; their values are those at the time of the birth, whenever they changed last."""
        if not device:
            self._begin(edge, message)
        before, unit.tags, unit.aliases = unit.tags, {}, {}
        self._tags -= len(before)
        unit.born = message.time or 0.0
        readings: list[Reading] = []
        templates = 0
        for metric in message.metrics:
            templates += metric.datatype == TEMPLATE
            if not metric.name or metric.name in unit.tags or self._tags >= MAX_TAGS:
                continue
            tag = before.pop(metric.name, None)
            if tag is None:
                tag = unit.make(metric)
            unit.tags[metric.name] = tag
            self._tags += 1
            tag.reborn(metric)
            if metric.alias is not None:
                unit.aliases[metric.alias] = tag
            readings += tag.read(metric, metric.time if metric.historical else message.time)
        for tag in before.values():
            readings += tag.gone(message.time)
        self._tell_birth(unit, templates)
        return readings

    def _begin(self, edge: Edge, message: Payload) -> None:
        """A life of an edge node begins: what births before it have said of its devices is no more."""
        edge.death = _death_number(message.metrics)
        for unit in edge.units.values():
            if unit.born < (message.time or 0.0):
                unit.aliases = {}
        self._forget(edge.name)

    def _tell_birth(self, unit: Unit, templates: int) -> None:
        self._forget(f"{unit.topic} births")
        if self._tags >= MAX_TAGS:
            self._note(
                f"{unit.topic} metrics", f"there are more than {MAX_TAGS} metrics: those of {unit.topic} are not all logged"
            )
        if templates:
            what = f"{unit.topic} has {templates} metrics of the type Template, and numbers inside of those are not logged"
            self._note(f"{unit.topic} templates", f"{what}: have them published as metrics of their own")
        else:
            self._forget(f"{unit.topic} templates")

    # -- data ----------------------------------------------------------------------------------------

    def _data(self, unit: Unit, message: Payload) -> list[Reading]:
        readings: list[Reading] = []
        unexplained = 0
        for metric in message.metrics:
            tag = self._tag(unit, metric)
            if tag is None or (tag.datatype == 0 and tag.logged and type(metric.value) is int):
                unexplained += 1
            else:
                readings += tag.read(metric, metric.time or message.time)
        if unexplained:
            self._unexplained += unexplained
            what = f"{unexplained} values of the last message of {unit.topic} came under an alias or without a type"
            what = f"{what} that only its birth message tells, and none was heard: have it published again (Node Control/Rebirth)"
            self._note(f"{unit.topic} births", what)
            if not readings:
                raise DecodeError("no_birth", what)
        return readings

    def _tag(self, unit: Unit, metric: Metric) -> Tag | None:
        """The tag of a metric in a data message; None where it is not known which one it is."""
        if not metric.name:
            return unit.aliases.get(metric.alias) if metric.alias is not None else None
        tag = unit.tags.get(metric.name)
        if tag is None:
            if self._tags >= MAX_TAGS:
                return None
            self._tags += 1
            tag = unit.make(metric)
        tag.learn(metric)
        return tag

    def _count(self, edge: Edge, seq: int | None, *, begins: bool) -> None:
        """Look whether messages are missing before this one; the count begins with data, since births may be old ones."""
        if seq is None or (edge.seq is None and not begins):
            return
        if edge.seq is not None and seq not in (edge.seq, (edge.seq + 1) % 256):
            self._gaps += 1
            what = f"messages of {edge.name} were lost: number {seq} came after {edge.seq}"
            self._note(edge.name, f"{what}; what was in them is missing until it changes again or the node is born anew")
        edge.seq = seq

    # -- deaths --------------------------------------------------------------------------------------

    def _death(self, edge: Edge, unit: Unit, device: str, message: Payload) -> list[Reading]:
        if device:
            self._count(edge, message.seq, begins=False)
            return self._gone(edge, unit, message.time)
        death = _death_number(message.metrics)
        if death is not None and edge.death is not None and death != edge.death:
            return []  # of an earlier life; the node has been born since
        edge.seq = None
        # the time in it is that of the connection, not of the death
        ahead = edge.latest - self._clock()
        after = edge.latest + 0.001 if 0.0 <= ahead < _MAX_AHEAD_S else None
        return [reading for each in edge.units.values() for reading in self._gone(edge, each, after)]

    def _gone(self, edge: Edge, unit: Unit, timestamp: float | None) -> list[Reading]:
        unit.online = False
        if self._directory is not None:
            self._directory.device(unit.address, online=False)
        return list(unit.gone(timestamp))

    # -- what is told --------------------------------------------------------------------------------

    def _is_online(self, unit: Unit, device: str, edge: Edge, *, told: bool) -> None:
        if self._directory is None or (unit.online and not told):
            return
        unit.online = True
        group, _, name = edge.name.partition("/")
        self._directory.device(unit.address, name=device or name, location=edge.name if device else group, online=True)

    def _no_room(self, place: str) -> list[Reading]:
        self._note("edge nodes and devices", f"there are more than {MAX_UNITS} of them: {place} is not logged")
        return []

    def _note(self, place: str, what: str) -> None:
        if self._directory is not None:
            self._directory.note(KIND, place, what)

    def _forget(self, place: str) -> None:
        if self._directory is not None:
            self._directory.forget(KIND, place)

    def _read(self, payload: bytes) -> Payload:
        if self._messages is None:
            from .sparkplug_messages import Messages  # protobuf takes memory that only those pay who have Sparkplug

            self._messages = Messages()
        return self._messages.read(payload)


@speaks(*TOPICS)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `sparkplug`."""
    return SparkplugDecoder(tuple(section.get("topics") or TOPICS))


def _death_number(metrics: list[Metric]) -> int | None:
    return next((int(each.value) for each in metrics if each.name == "bdSeq" and isinstance(each.value, int)), None)


def _common(one: str, other: str) -> str:
    """The topic filter of what matches both of two; empty where there is none."""
    levels: list[str] = []
    left, right = one.split("/"), other.split("/")
    while left and right:
        mine, theirs = left.pop(0), right.pop(0)
        if mine == "#":
            return "/".join([*levels, theirs, *right])
        if mine != theirs and "+" not in (mine, theirs):
            return ""
        levels.append(theirs if mine == "+" else mine)
    return "" if left or right else "/".join(levels)
