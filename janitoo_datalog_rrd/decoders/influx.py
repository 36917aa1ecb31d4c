"""Decoder `influx`: InfluxDB's line protocol and Telegraf's JSON, as Telegraf publishes them."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..core.contracts import Decoder, Key, Meta, Reading
from ..core.directory import Directory
from ..core.errors import DecodeError
from ..core.plugins import speaks
from .documents import MAX_PAYLOAD, check_topic, load_document
from .influx_lines import read_head, read_lines, seconds_of
from .numbers import number_of_int, number_of_text
from .paths import MAX_PATH, join_path, refuse_paths
from .units import with_rate

if TYPE_CHECKING:
    from ..core.sections import Section

MAX_NUMBERS = 1000
"""How many numbers one message may have."""
_MAX_KNOWN = 20_000
_MAX_HOSTS = 2000
_MAX_BARE = 64

# Telegraf's inputs whose manuals call these fields counters, and those that measure bytes.
_COUNTS = MappingProxyType(
    {
        "net": ("bytes_sent", "bytes_recv", "packets_sent", "packets_recv", "err_in", "err_out", "drop_in", "drop_out"),
        "diskio": (
            "reads", "writes", "read_bytes", "write_bytes", "read_time", "write_time", "io_time", "weighted_io_time",
            "merged_reads", "merged_writes",
        ),
    }
)  # fmt: skip
_BYTES = frozenset(("mem", "swap", "disk"))
_BYTE_FIELDS = frozenset(("total", "used", "free", "available", "active", "inactive", "cached", "buffered", "shared", "slab"))

Slots = list[tuple[Key, Meta]]


class _Head:
    """A measurement with its tags.

    Attributes:
        path: of its fields, without their names.
        label, node: what is told of each of them.
        slots: name of a field → where its number goes: its level, and for a count its rate too.
    """

    __slots__ = ("label", "measurement", "node", "path", "slots", "topic")

    def __init__(self, topic: str, measurement: str, tags: list[tuple[str, str]]) -> None:
        self.topic = topic
        self.measurement = measurement
        self.path = (measurement, *(value for _, value in tags))
        host = next((value for key, value in tags if key == "host"), "")
        self.node = f"influx/{host}"[:200] if host else ""
        words = [measurement, *(value for key, value in tags if key != "host")]
        self.label = " ".join(words)
        self.slots: dict[str, Slots] = {}

    def make(self, field: str) -> Slots:
        """Find where a field's number goes. Raises DecodeError: `path_too_long`."""
        path = join_path((*self.path, field))
        if len(path) > MAX_PATH:
            raise _path_too_long()
        label = self.label if field == "value" else f"{self.label} {field}"
        key, meta = (self.topic, path), Meta(label[:200], _units(self.measurement, field), self.node)
        if field not in _COUNTS.get(self.measurement, ()):
            return [(key, meta)]
        return [(each.key, each.meta) for each in with_rate(key, 0.0, None, meta)]


class InfluxDecoder:
    """Reads every field that is a number; the key is (topic, measurement, values of the tags, and field).

    The tags are in the order of their names, and their values alone stand in the path.
    """

    def __init__(self) -> None:
        self._heads: dict[tuple[str, object], _Head] = {}
        self._tags: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._slots = 0
        self._titled: set[str] = set()
        self._noted: set[str] = set()
        self._directory: Directory | None = None

    def join(self, directory: Directory) -> None:
        """Put the names of hosts there, and what could not be read."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        return [("hosts", len(self._titled)), ("values", self._slots)]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return a reading for each number of each line, and two for a count.

        A bare number, as Telegraf's layout `field` sends it, has the empty path. What is none of this gives nothing.

        Raises:
            DecodeError: `bad_line`, `bad_time`, `too_many`, `too_large`, `not_utf8`, `path_too_long`, `topic_too_long`, or
                what is wrong with its JSON. Where only some lines are bad, the others are read.
        """
        check_topic(topic)
        if payload[:1] in (b"{", b"["):
            return self._of_document(topic, load_document(payload))
        if len(payload) > MAX_PAYLOAD:
            raise DecodeError("too_large", f"the payload has {len(payload)} bytes: at most {MAX_PAYLOAD} are taken")
        if b"=" not in payload:
            return _bare(topic, payload)
        try:
            text = payload.decode()
        except UnicodeDecodeError as error:
            raise DecodeError("not_utf8", f"the payload is not UTF-8 text: {error.reason} at byte {error.start}") from error
        readings: list[Reading] = []
        bad: DecodeError | None = None
        for line in read_lines(text):
            if isinstance(line, DecodeError):
                bad = bad or line
                continue
            try:
                known = self._heads.get((topic, line.head))
                if known is None:
                    known = self._meet(topic, line.head, *read_head(line.head))
                if known is not None:
                    self._add(readings, known, line.fields.items(), line.timestamp)
            except DecodeError as error:
                if error.reason == "too_many":
                    raise
                bad = bad or error
        return self._answer(topic, readings, bad)

    def _of_document(self, topic: str, document: Any) -> list[Reading]:
        metrics = document.get("metrics", [document]) if isinstance(document, dict) else document
        readings: list[Reading] = []
        bad: DecodeError | None = None
        for metric in metrics if isinstance(metrics, list) else ():
            if not isinstance(metric, dict):
                continue
            name, tags, fields, moment = (metric.get(each) for each in ("name", "tags", "fields", "timestamp"))
            if not isinstance(name, str) or not name or not isinstance(fields, dict):
                continue
            try:
                self._add_metric(topic, readings, name, _texts(tags), fields, moment)
            except DecodeError as error:
                if error.reason == "too_many":
                    raise
                bad = bad or error
        return self._answer(topic, readings, bad)

    def _add_metric(
        self, topic: str, readings: list[Reading], name: str, tags: list[tuple[str, str]], fields: dict[str, Any], moment: object
    ) -> None:
        timestamp = None
        if isinstance(moment, (int, float)) and not isinstance(moment, bool):
            timestamp = seconds_of(number_of_int(moment) if isinstance(moment, int) else moment)
        identity = (name, *tags)
        known = self._heads.get((topic, identity)) or self._meet(topic, identity, name, tags)
        if known is not None:
            numbers = ((key, _number(datum)) for key, datum in fields.items())
            self._add(readings, known, ((key, each) for key, each in numbers if each is not None), timestamp)

    def _answer(self, topic: str, readings: list[Reading], bad: DecodeError | None) -> list[Reading]:
        if bad is None:
            if topic in self._noted and self._directory is not None:
                self._noted.discard(topic)
                self._directory.forget("influx", topic)
            return readings
        if not readings:
            raise bad
        if self._directory is not None and len(self._noted) < _MAX_HOSTS:
            self._noted.add(topic)
            self._directory.note("influx", topic, f"A line beside good ones is not logged: {bad}")
        return readings

    def _meet(self, topic: str, identity: object, measurement: str, tags: list[tuple[str, str]]) -> _Head | None:
        """Get to know a measurement with its tags; None where its path is that of other tags."""
        if len(self._heads) >= _MAX_KNOWN:
            self._forget()
        head = _Head(topic, measurement, tags)
        names = tuple(key for key, _ in tags)
        if sum(map(len, head.path)) > MAX_PATH or sum(map(len, names)) > MAX_PATH:
            raise _path_too_long()
        if self._tags.setdefault((topic, head.path), names) != names:
            if self._directory is not None:
                what = f"{measurement[:50]} comes with the same values under other tags, and only the first of them is logged"
                self._directory.note("influx", f"{topic} {measurement}", f"{what}: give the tags values that differ.")
            return None
        if head.node and head.node not in self._titled and self._directory is not None and len(self._titled) < _MAX_HOSTS:
            self._titled.add(head.node)
            self._directory.device(head.node, name=head.node.removeprefix("influx/")[:100])
        self._heads[topic, identity] = head
        return head

    def _forget(self) -> None:
        self._heads.clear()
        self._tags.clear()
        self._slots = 0

    def _add(self, readings: list[Reading], head: _Head, fields: Iterable[tuple[str, float]], timestamp: float | None) -> None:
        for field, number in fields:
            slots = head.slots.get(field)
            if slots is None:
                if self._slots >= _MAX_KNOWN:
                    self._forget()
                    head.slots.clear()
                slots = head.slots[field] = head.make(field)
                self._slots += 1
            if len(readings) + len(slots) > MAX_NUMBERS:
                raise DecodeError("too_many", f"the message has more than {MAX_NUMBERS} numbers")
            for key, meta in slots:
                readings.append(Reading(key, number, timestamp, meta))


@speaks("telegraf/#", "influx/#", loose=True)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `influx`.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, "influx", "value", "time", "label", "units")
    return InfluxDecoder()


def _path_too_long() -> DecodeError:
    return DecodeError("path_too_long", f"measurement, tags and field have more than {MAX_PATH} characters together")


def _bare(topic: str, payload: bytes) -> list[Reading]:
    if len(payload) > _MAX_BARE or not payload.isascii():
        return []
    number = number_of_text(payload.decode())
    return [] if number is None or not isfinite(number) else [Reading((topic, ""), number)]


def _number(datum: object) -> float | None:
    if isinstance(datum, int):
        datum = number_of_int(datum)
    return datum if isinstance(datum, float) and isfinite(datum) else None


def _texts(tags: object) -> list[tuple[str, str]]:
    found = tags.items() if isinstance(tags, dict) else ()
    return sorted((key, value) for key, value in found if isinstance(value, str) and value)


def _units(measurement: str, field: str) -> str:
    """Units by Telegraf's names of fields; empty where they do not say it."""
    if field.endswith("_percent") or (measurement == "cpu" and field.startswith("usage_")):
        return "%"
    if field.endswith("_bytes") or (measurement == "net" and field.startswith("bytes_")):
        return "B"
    if measurement in _BYTES and field in _BYTE_FIELDS:
        return "B"
    if measurement == "diskio" and field.endswith("_time"):
        return "ms"
    return "°C" if field in ("temp_c", "temperature_celsius") else ""
