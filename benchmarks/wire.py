"""MQTT by hand, for whoever publishes more than a client library can: packets made beforehand, and one socket that sends them.

Numbers in parentheses are sections of OASIS, MQTT Version 3.1.1 (2014).
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable, Iterator
from itertools import islice

from janitoo_datalog_rrd.core import packets

from .processes import HOST

PUBACK_SIZE = 4
IDENTIFIERS = 65535
"""How many packet identifiers there are: from 1 to this one."""
_PINGRESP = b"\xd0\x00"
_CHUNK = 200
_PATIENCE_S = 120.0

Message = tuple[str, bytes]
"""(topic, payload)."""


def remaining_length(length: int) -> bytes:
    """A length as a packet's head has it (2.2.3): seven bits a byte, the lowest first."""
    found = bytearray()
    while True:
        length, digit = divmod(length, 128)
        found.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(found)


def publish(topic: bytes, payload: bytes, mid: int = 0, *, retain: bool = False) -> bytes:
    """PUBLISH (3.3).

    Args:
        topic, payload: the message.
        mid: packet identifier, for QoS 1; 0 for QoS 0, which has none.
        retain: have the broker keep it for those who come later.
    """
    body = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if mid else b"") + payload
    first = 0x30 | (0x02 if mid else 0) | (0x01 if retain else 0)
    return bytes((first,)) + remaining_length(len(body)) + body


def again(packet: bytes) -> bytes:
    """A PUBLISH that is sent once more (3.3.1.1)."""
    return bytes((packet[0] | 0x08,)) + packet[1:]


class Wire:
    """A connection that only publishes: all that it hears is acknowledgements.

    Args:
        port: of the broker, on the loopback.
        client_id: its name at the broker.
        window: with QoS 1, how many messages may be unacknowledged.

    Attributes:
        sent: how many messages went out with QoS 1.
        acknowledged: how many of them the broker has.

    Raises:
        OSError: the broker is not there, or does not take us.
    """

    def __init__(self, port: int, client_id: str, window: int = 2000) -> None:
        self.sent = 0
        self.acknowledged = 0
        self.window = min(window, IDENTIFIERS)
        self._rest = b""
        self._socket = socket.create_connection((HOST, port), timeout=_PATIENCE_S)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(_connect(client_id))
            if self._read_exactly(4)[3]:
                raise ConnectionRefusedError(f"the broker on port {port} refuses {client_id}")
        except BaseException:
            self._socket.close()
            raise

    def send(self, content: bytes, count: int = 0) -> None:
        """Send packets, as soon as the window lets them go.

        Args:
            content: the packets.
            count: how many of them are messages with QoS 1.
        """
        # a portion that is longer than the window goes out alone
        while count and self.sent > self.acknowledged and self.sent + count - self.acknowledged > self.window:
            self._await_acknowledgement()
        self._socket.sendall(content)
        self.sent += count

    def publish(self, messages: Iterable[Message], *, retain: bool = False) -> None:
        """Send messages with QoS 1, in their order, as fast as the window lets them go."""
        waiting = iter(messages)
        while chunk := list(islice(waiting, min(_CHUNK, self.window))):
            mids = (number % IDENTIFIERS + 1 for number in range(self.sent, self.sent + len(chunk)))
            content = [publish(topic.encode(), text, mid, retain=retain) for mid, (topic, text) in zip(mids, chunk, strict=True)]
            self.send(b"".join(content), len(chunk))

    def hear(self, patience_s: float) -> bytes:
        """PUBACK packets that came, whole ones; empty where none came in so many seconds."""
        if not select.select([self._socket], [], [], patience_s)[0]:
            return b""
        came = self._rest + self._receive(1 << 16)
        whole = len(came) // PUBACK_SIZE * PUBACK_SIZE
        self._rest = came[whole:]
        self.acknowledged += whole // PUBACK_SIZE
        return came[:whole]

    def finish(self) -> None:
        """Wait until the broker has everything: every acknowledgement, or where there are none its answer to a sign of life."""
        while self.acknowledged < self.sent:
            self._await_acknowledgement()
        self._socket.sendall(packets.PING)
        if self._read_exactly(2) != _PINGRESP:
            raise ConnectionError("the broker answers something else than PINGRESP")

    def close(self) -> None:
        """Leave the broker."""
        with self._socket:
            self._socket.sendall(packets.GOODBYE)

    def abandon(self) -> None:
        """Close the socket without a word, as one does whose connection is gone."""
        self._socket.close()

    def _await_acknowledgement(self) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not self.hear(max(0.0, end - time.monotonic())):
            if time.monotonic() > end:
                raise TimeoutError(f"the broker acknowledges nothing for {_PATIENCE_S:g} s")

    def _read_exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            content += self._receive(count - len(content))
        return content

    def _receive(self, most: int) -> bytes:
        came = self._socket.recv(most)
        if not came:
            raise ConnectionError("the broker hangs up")
        return came


def read_acknowledgements(content: bytes) -> Iterator[int]:
    """Packet identifiers of whole PUBACKs (3.4). Raises ValueError where something else came."""
    for at in range(0, len(content), PUBACK_SIZE):
        if content[at : at + 2] != b"\x40\x02":
            raise ValueError(f"the broker says what it must not: {content[at : at + PUBACK_SIZE]!r}")
        yield int.from_bytes(content[at + 2 : at + PUBACK_SIZE], "big")


def _connect(client_id: str) -> bytes:
    """CONNECT of MQTT 3.1.1, a clean session, without signs of life."""
    return packets.connect(
        client_id,
        v5=False,
        clean=True,
        keepalive=0,
        user="",
        password="",
        session_expiry=0,
        receive_maximum=0,
        maximum_packet=0,
    )
