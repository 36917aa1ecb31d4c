"""Decoders, the messages of Sparkplug B: protobuf becomes plain metrics.

Only what says something of a number is read; protobuf passes over the rest, such as data sets and templates, without looking
into it. This module is imported with the first message of the dialect, since protobuf takes some MiB of memory.

Source: numbers and types of the fields are those of the Sparkplug specification 3.0, section 6.4.1.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from ..core.errors import DecodeError
from .times import EARLIEST, LATEST

MAX_METRICS = 20_000
"""How many metrics one message may have."""
MAX_NAME = 600
"""Characters that are kept of a metric's name; one that has so many is too long for a path, and not logged."""
MAX_PROPERTIES = 100
"""How many properties of a metric are looked at."""

_Field = descriptor_pb2.FieldDescriptorProto
_ONE, _MANY = _Field.LABEL_OPTIONAL, _Field.LABEL_REPEATED
# message → (name, number, type, how many, whether it is one of the fields of which only one is there).
# Texts are read as bytes, which are the same on the wire: one that is not UTF-8 spoils its own metric only.
_SCHEMA: Final = {
    "PropertyValue": (
        ("int_value", 3, _Field.TYPE_UINT32, _ONE, True),
        ("long_value", 4, _Field.TYPE_UINT64, _ONE, True),
        ("string_value", 8, _Field.TYPE_BYTES, _ONE, True),
    ),
    "PropertySet": (
        ("keys", 1, _Field.TYPE_BYTES, _MANY, False),
        ("values", 2, "PropertyValue", _MANY, False),
    ),
    "Metric": (
        ("name", 1, _Field.TYPE_BYTES, _ONE, False),
        ("alias", 2, _Field.TYPE_UINT64, _ONE, False),
        ("timestamp", 3, _Field.TYPE_UINT64, _ONE, False),
        ("datatype", 4, _Field.TYPE_UINT32, _ONE, False),
        ("is_historical", 5, _Field.TYPE_BOOL, _ONE, False),
        ("is_transient", 6, _Field.TYPE_BOOL, _ONE, False),
        ("is_null", 7, _Field.TYPE_BOOL, _ONE, False),
        ("properties", 9, "PropertySet", _ONE, False),
        ("int_value", 10, _Field.TYPE_UINT32, _ONE, True),
        ("long_value", 11, _Field.TYPE_UINT64, _ONE, True),
        ("float_value", 12, _Field.TYPE_FLOAT, _ONE, True),
        ("double_value", 13, _Field.TYPE_DOUBLE, _ONE, True),
        ("boolean_value", 14, _Field.TYPE_BOOL, _ONE, True),
    ),
    "Payload": (
        ("timestamp", 1, _Field.TYPE_UINT64, _ONE, False),
        ("metrics", 2, "Metric", _MANY, False),
        ("seq", 3, _Field.TYPE_UINT64, _ONE, False),
    ),
}
_UNIT_KEYS = frozenset(("engunit", "engunits", "engineeringunit", "engineeringunits", "unit", "units", "uom"))


class Metric(NamedTuple):
    """A metric as it stands in a message.

    Attributes:
        name: empty where only the alias is sent.
        alias: None where there is none.
        time: seconds since the epoch UTC; None where it has none that can be used.
        datatype: number of the data type; 0 where none is sent.
        historical, transient, null: its flags.
        value: what it holds, where that is a number or a boolean.
        units: of its properties; None where they do not say.
        quality: of its properties: 0 bad, 192 good, 500 stale; None where they do not say.
    """

    name: str
    alias: int | None
    time: float | None
    datatype: int
    historical: bool
    transient: bool
    null: bool
    value: float | bool | None
    units: str | None
    quality: int | None


class Payload(NamedTuple):
    """A message.

    Attributes:
        time: when it was sent, seconds since the epoch UTC; None where it has no time that can be used.
        seq: its number in the sequence of its edge node; None where it has none.
        metrics: in their order; those whose name is not UTF-8 are left out.
    """

    time: float | None
    seq: int | None
    metrics: list[Metric]


class Messages:
    """Reads messages of Sparkplug B."""

    def __init__(self) -> None:
        self._payload = _payload_type()

    def read(self, payload: bytes) -> Payload:
        """Read a message.

        Raises:
            DecodeError: `not_protobuf`, or `too_many` metrics.
        """
        found = self._payload()
        try:
            found.ParseFromString(payload)
        except message.DecodeError as error:
            raise DecodeError("not_protobuf", f"the payload is not a message of Sparkplug B: {error}"[:300]) from error
        if len(found.metrics) > MAX_METRICS:
            raise DecodeError("too_many", f"the message has {len(found.metrics)} metrics: at most {MAX_METRICS} are taken")
        metrics = [metric for metric in map(_metric, found.metrics) if metric is not None]
        return Payload(_seconds(found.timestamp), found.seq if found.HasField("seq") else None, metrics)


def _metric(found: Any) -> Metric | None:
    try:
        whole = len(found.name) <= 4 * MAX_NAME
        name = found.name[: 4 * MAX_NAME].decode("utf-8", "strict" if whole else "ignore")[:MAX_NAME]
    except UnicodeDecodeError:
        return None
    kind = found.WhichOneof("value")
    units, quality = _properties(found.properties) if found.HasField("properties") else (None, None)
    return Metric(
        name,
        found.alias if found.HasField("alias") else None,
        _seconds(found.timestamp),
        found.datatype,
        found.is_historical,
        found.is_transient,
        found.is_null,
        getattr(found, kind) if kind is not None else None,
        units,
        quality,
    )


def _properties(found: Any) -> tuple[str | None, int | None]:
    """Units and quality out of a metric's properties."""
    units = quality = None
    for key, value in zip(found.keys[:MAX_PROPERTIES], found.values[:MAX_PROPERTIES], strict=False):
        word = key[:40].decode("ascii", "replace").replace(" ", "").replace("_", "").lower()
        kind = value.WhichOneof("value")
        if word in _UNIT_KEYS and kind == "string_value":
            units = value.string_value[:200].decode("utf-8", "replace")
        elif word == "quality" and kind in ("int_value", "long_value"):
            quality = getattr(value, kind)
    return units, quality


def _seconds(milliseconds: int) -> float | None:
    """A time; None before 1980, which is an edge node without a clock, and after 2099, which is none in milliseconds."""
    seconds = milliseconds / 1000.0
    return seconds if EARLIEST <= seconds < LATEST else None


def _payload_type() -> type[Any]:
    """Make the type of messages; it is in a pool of its own, so that a program with the same schema is not in the way."""
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package="sparkplug", syntax="proto2")
    for name, fields in _SCHEMA.items():
        described = file.message_type.add(name=name)
        if any(field[4] for field in fields):
            described.oneof_decl.add(name="value")
        for field_name, number, kind, label, alternative in fields:
            field = described.field.add(name=field_name, number=number, label=label)
            if isinstance(kind, str):
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".sparkplug.{kind}"
            else:
                field.type = kind
            if alternative:
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("sparkplug.Payload"))
