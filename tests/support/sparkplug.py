"""Messages of Sparkplug B as edge nodes write them, byte by byte and without the decoder's own schema."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

TYPES = {
    "Int8": 1, "Int16": 2, "Int32": 3, "Int64": 4, "UInt8": 5, "UInt16": 6, "UInt32": 7, "UInt64": 8, "Float": 9, "Double": 10,
    "Boolean": 11, "String": 12, "DateTime": 13, "Text": 14, "UUID": 15, "DataSet": 16, "Bytes": 17, "File": 18, "Template": 19,
}  # fmt: skip
_LONG = ("Int64", "UInt64", "DateTime")


def varint(number: int) -> bytes:
    """A whole number as protobuf writes it."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes | int) -> bytes:
    """A field of bytes, or of a whole number."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def metric(
    name: str | bytes | None = None,
    kind: str = "",
    value: Any = None,
    *,
    alias: int | None = None,
    time: int | None = None,
    null: bool = False,
    historical: bool = False,
    transient: bool = False,
    typed: bool = True,
    properties: dict[str, str | int] | None = None,
) -> bytes:
    """A metric.

    Args:
        name: None where only the alias is sent.
        kind: name of its data type.
        value: a number, boolean or text; bytes are the whole field.
        alias: its alias.
        time: milliseconds since the epoch.
        null, historical, transient: its flags.
        typed: whether the data type is sent.
        properties: texts and whole numbers.
    """
    out = b""
    if name is not None:
        out += field(1, name.encode() if isinstance(name, str) else name)
    out += b"".join(field(number, given) for number, given in ((2, alias), (3, time)) if given is not None)
    if kind and typed:
        out += field(4, TYPES[kind])
    out += b"".join(field(number, 1) for number, given in ((5, historical), (6, transient), (7, null)) if given)
    if properties:
        values = [
            field(1, 12) + field(8, each.encode()) if isinstance(each, str) else field(1, 3) + field(3, each)
            for each in properties.values()
        ]
        out += field(9, b"".join([*(field(1, key.encode()) for key in properties), *(field(2, each) for each in values)]))
    return out + _value(kind, value)


def _value(kind: str, value: Any) -> bytes:
    if value is None or isinstance(value, bytes):
        return value or b""
    if kind == "Float":
        return varint(12 << 3 | 5) + struct.pack("<f", value)
    if kind == "Double":
        return varint(13 << 3 | 1) + struct.pack("<d", value)
    if kind == "Boolean":
        return field(14, int(value))
    if isinstance(value, str):
        return field(15, value.encode())
    return field(11, value) if kind in _LONG else field(10, value & 0xFFFFFFFF)


def payload(metrics: Iterable[bytes] = (), *, time: int | None = None, seq: int | None = None) -> bytes:
    """A message; the time is in milliseconds since the epoch."""
    ends = b"" if seq is None else field(3, seq)
    begins = b"" if time is None else field(1, time)
    return begins + b"".join(field(2, each) for each in metrics) + ends
