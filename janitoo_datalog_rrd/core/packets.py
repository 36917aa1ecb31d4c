"""MQTT packets: those that a client needs that only listens, in MQTT 3.1.1 and 5.

Source: OASIS, MQTT Version 3.1.1 (2014) and MQTT Version 5.0 (2019), chapters 2 and 3.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from .errors import JanitooError

CONNACK, PUBLISH, SUBACK, PINGRESP, DISCONNECT = 0x20, 0x30, 0x90, 0xD0, 0xE0
PING = b"\xc0\x00"
GOODBYE = b"\xe0\x00"

Publish = tuple[bytes, bytes, bytes]
"""A message: topic, payload, and the packet identifier with which it is acknowledged, empty for QoS 0."""
Other = tuple[int, bytes]
"""Any other packet: its first byte, and what follows its length."""

_SESSION_EXPIRY, _RECEIVE_MAXIMUM, _MAXIMUM_PACKET, _SERVER_KEEPALIVE = 0x11, 0x21, 0x27, 0x13
_SIZES = {0x01: 1, 0x17: 1, 0x19: 1, 0x24: 1, 0x25: 1, 0x28: 1, 0x29: 1, 0x2A: 1}
_SIZES.update({0x13: 2, 0x21: 2, 0x22: 2, 0x23: 2, 0x02: 4, 0x11: 4, 0x18: 4, 0x27: 4})
_TEXTS = {0x03: 1, 0x08: 1, 0x09: 1, 0x12: 1, 0x15: 1, 0x16: 1, 0x1A: 1, 0x1C: 1, 0x1F: 1, 0x26: 2}
_RETAINED = {"always": 0x00, "new": 0x10, "never": 0x20}
# 3.1.1's return codes of CONNACK, as 5's reason codes
_REASONS_311 = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
_REASONS = {
    0x00: "normal disconnection",
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x84: "unsupported protocol version",
    0x85: "client identifier not valid",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "server shutting down",
    0x8D: "keep alive timeout",
    0x8E: "session taken over by another client with the same identifier",
    0x95: "packet too large",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x9C: "use another server",
    0x9D: "server moved",
    0x9F: "connection rate exceeded",
}


class MalformedPacketError(JanitooError):
    """What came from the broker is not MQTT."""


class ConnectAnswer(NamedTuple):
    """What the broker says to our CONNECT.

    Attributes:
        session_present: True when it has kept the session of an earlier connection.
        reason: 0 when it takes us, else a reason code of MQTT 5, also where it speaks 3.1.1.
        keepalive: seconds between two signs of life that it asks for, or None for those that we have offered.
    """

    session_present: bool
    reason: int
    keepalive: int | None


def reason_text(reason: int) -> str:
    """A reason code in words."""
    return _REASONS.get(reason, f"reason code 0x{reason:02X}")


def connect(
    client_id: str,
    *,
    v5: bool,
    clean: bool,
    keepalive: int,
    user: str,
    password: str,
    session_expiry: int,
    receive_maximum: int,
    maximum_packet: int,
) -> bytes:
    """CONNECT.

    Args:
        client_id: our name at the broker.
        v5: MQTT 5, not 3.1.1.
        clean: begin a new session.
        keepalive: seconds between two signs of life.
        user, password: credentials; an empty user means none.
        session_expiry: seconds that the broker keeps the session while we are away (MQTT 5).
        receive_maximum: how many messages may be on their way without an acknowledgement (MQTT 5).
        maximum_packet: bytes of the longest packet that we take (MQTT 5).
    """
    flags = (0x02 if clean else 0) | (0xC0 if user else 0)
    properties = b""
    if v5:
        properties = struct.pack(
            ">BIBHBI",
            *(_SESSION_EXPIRY, session_expiry),
            *(_RECEIVE_MAXIMUM, receive_maximum),
            *(_MAXIMUM_PACKET, maximum_packet),
        )
        properties = _length(len(properties)) + properties
    credentials = _text(user) + _text(password) if user else b""
    head = _text("MQTT") + struct.pack(">BBH", 5 if v5 else 4, flags, keepalive)
    return _packet(0x10, head + properties + _text(client_id) + credentials)


def subscribe(mid: int, filters: Sequence[str], *, v5: bool, qos: int = 1, retained: str = "new") -> bytes:
    """SUBSCRIBE.

    Args:
        mid: packet identifier.
        filters: what to subscribe.
        v5: whether the packet is of MQTT 5.
        qos: the highest that messages are wanted with.
        retained: when the broker sends what it has retained: `always`, `never`, or for a subscription that is `new`; with
            MQTT 3.1.1 it does so always.
    """
    options = bytes([qos | (_RETAINED[retained] if v5 else 0)])
    return _packet(0x82, mid.to_bytes(2, "big") + (b"\0" if v5 else b"") + b"".join(_text(each) + options for each in filters))


def unsubscribe(mid: int, filters: Sequence[str], *, v5: bool) -> bytes:
    """UNSUBSCRIBE."""
    return _packet(0xA2, mid.to_bytes(2, "big") + (b"\0" if v5 else b"") + b"".join(_text(each) for each in filters))


def acknowledgements(mids: Sequence[bytes]) -> bytes:
    """A PUBACK for each packet identifier."""
    return b"\x40\x02" + b"\x40\x02".join(mids)


def read_connack(body: bytes, *, v5: bool) -> ConnectAnswer:
    """Read a CONNACK. Raises MalformedPacketError."""
    if len(body) < 2:
        raise MalformedPacketError("the broker's CONNACK is too short")
    reason = _REASONS_311.get(body[1], body[1])  # a broker that knows only 3.1.1 says in its own words that it knows no 5
    if not v5:
        return ConnectAnswer(bool(body[0] & 1), reason, None)
    properties = _read_properties(body, 2) if len(body) > 2 else {}
    return ConnectAnswer(bool(body[0] & 1), reason, properties.get(_SERVER_KEEPALIVE))


def read_suback(body: bytes, *, v5: bool) -> list[int]:
    """The answers of a SUBACK, one per filter: the QoS granted, or a reason of 0x80 and more. Raises MalformedPacketError."""
    at = 2
    if v5:
        try:
            size, at = _read_length(body, at)
        except IndexError:
            raise MalformedPacketError("the broker's SUBACK is too short") from None
        at += size
    return list(body[at:])


def length_of(buffer: bytes) -> int:
    """How many bytes the packet has that begins a buffer, its head included; 0 where that has not come yet."""
    if len(buffer) < 5 and min(buffer[1:], default=128) > 127:
        return 0
    size, start = _read_length(buffer, 1)
    return start + size


def split(buffer: bytes, *, v5: bool, retained: list[int] | None = None) -> tuple[list[Publish], list[Other], int]:
    """Split what came from a socket into packets.

    Args:
        buffer: what came, beginning with a packet.
        v5: MQTT 5, whose messages have properties; they are passed over.
        retained: gets the positions of those messages that the broker had kept from earlier.

    Returns:
        The messages, all other packets, and how many bytes they took; the rest is the beginning of a packet.

    Raises:
        MalformedPacketError: this is not MQTT.
    """
    messages: list[Publish] = []
    others: list[Other] = []
    add = messages.append
    at, end = 0, len(buffer)
    try:
        while at + 2 <= end:
            first = buffer[at]
            size = buffer[at + 1]
            start = at + 2
            if size > 127:
                if end < at + 5 and min(buffer[at + 1 : end]) > 127:
                    break  # the length itself is not all there yet
                size, start = _read_length(buffer, at + 1)
            stop = start + size
            if stop > end:
                break
            if first & 0xF0 != PUBLISH:
                others.append((first, buffer[start:stop]))
                at = stop
                continue
            place = start + 2 + (buffer[start] << 8 | buffer[start + 1])
            topic = buffer[start + 2 : place]
            if first & 7:
                if first & 1 and retained is not None:
                    retained.append(len(messages))
                mid = b""
                if first & 6:
                    mid = buffer[place : place + 2]
                    place += 2
                if first & 4:
                    raise MalformedPacketError("the broker sends QoS 2, which was not asked for")
            else:
                mid = b""
            if v5:
                extra = buffer[place]
                place += 1 + extra
                if extra > 127:
                    extra, place = _read_length(buffer, place - 1 - extra)
                    place += extra
            if place > stop:
                raise MalformedPacketError("a message is longer than its packet")
            add((topic, buffer[place:stop], mid))
            at = stop
    except IndexError:
        raise MalformedPacketError("a packet is longer than what came") from None
    return messages, others, at


def _read_length(buffer: bytes, at: int) -> tuple[int, int]:
    """Read a variable byte integer; the answer has it and the place behind it."""
    value = 0
    for shift in (0, 7, 14, 21):
        byte = buffer[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise MalformedPacketError("the length of a packet has more than four bytes")


def _read_properties(body: bytes, at: int) -> dict[int, int]:
    """The properties whose value is a number of fixed size."""
    found: dict[int, int] = {}
    try:
        size, at = _read_length(body, at)
        end = at + size
        while at < end:
            kind = body[at]
            at += 1
            if kind in _SIZES:
                found[kind] = int.from_bytes(body[at : at + _SIZES[kind]], "big")
                at += _SIZES[kind]
            elif kind in _TEXTS:
                for _ in range(_TEXTS[kind]):
                    at += 2 + int.from_bytes(body[at : at + 2], "big")
            else:
                raise MalformedPacketError(f"the broker sends a property 0x{kind:02X} that is not known here")
    except IndexError:
        raise MalformedPacketError("the broker's properties are cut off") from None
    if at != end or end > len(body):
        raise MalformedPacketError("the broker's properties have another length than they say")
    return found


def _length(value: int) -> bytes:
    """A variable byte integer."""
    found = bytearray()
    while True:
        value, byte = value >> 7, value & 127
        found.append(byte | (128 if value else 0))
        if not value:
            return bytes(found)


def _text(text: str) -> bytes:
    content = text.encode()
    return len(content).to_bytes(2, "big") + content


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + _length(len(body)) + body
