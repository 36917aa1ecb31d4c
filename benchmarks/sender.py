"""A fast publisher for runs that offer more than paho can: packets made beforehand, a bounded number unacknowledged."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Iterable
from itertools import islice

_CONNECT = b"\x00\x04MQTT\x04\x02\x00\x00"  # 3.1.1, a clean session, no keep-alive
_IDENTIFIERS = 60_000
_CHUNK = 200
_PATIENCE_S = 60.0

Message = tuple[str, bytes]
"""(topic, payload)."""


class Sender:
    """Publishes with QoS 1; at most `window` messages are unacknowledged by the broker at any time.

    Args:
        host, port: the broker.
        window: messages.
        name: client identifier.

    Attributes:
        sent: how many messages went out.
        acknowledged: how many of them the broker has.
    """

    def __init__(self, host: str, port: int, *, window: int = 5000, name: str = "sender") -> None:
        self.sent = 0
        self.acknowledged = 0
        self._window = min(window, _IDENTIFIERS)
        self._rest = b""
        self._socket = socket.create_connection((host, port), timeout=_PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        text = name.encode()
        content = _CONNECT + struct.pack("!H", len(text)) + text
        self._socket.sendall(b"\x10" + _length(len(content)) + content)
        if self._read_exactly(4)[3] != 0:
            raise ConnectionError(f"the broker at {host}:{port} refuses the publisher")

    def send(self, messages: Iterable[Message], *, retain: bool = False) -> None:
        """Send messages as fast as the window lets them go.

        Args:
            messages: in their order.
            retain: whether the broker keeps them for those who come later.
        """
        head = b"\x33" if retain else b"\x32"
        waiting = iter(messages)
        while chunk := list(islice(waiting, min(_CHUNK, self._window))):
            while self.sent + len(chunk) - self.acknowledged > self._window:
                self._take_acknowledgements(_PATIENCE_S)
            packets = []
            for topic, payload in chunk:
                name = topic.encode()
                packets += [head, _length(4 + len(name) + len(payload)), struct.pack("!H", len(name)), name]
                packets += [struct.pack("!H", self.sent % _IDENTIFIERS + 1), payload]
                self.sent += 1
            self._socket.sendall(b"".join(packets))
            self._take_acknowledgements(0.0)

    def finish(self) -> None:
        """Wait until the broker has everything. Raises TimeoutError."""
        while self.acknowledged < self.sent:
            self._take_acknowledgements(_PATIENCE_S)

    def close(self) -> None:
        """Leave the broker."""
        with self._socket:
            self._socket.sendall(b"\xe0\x00")

    def _take_acknowledgements(self, patience_s: float) -> None:
        """Count PUBACKs, of 4 bytes each; waits for the first one so many seconds at most. Raises TimeoutError."""
        if not select.select([self._socket], [], [], patience_s)[0]:
            if patience_s:
                raise TimeoutError(f"the broker acknowledges nothing for {patience_s:g} s")
            return
        came = self._socket.recv(1 << 16)
        if not came:
            raise ConnectionError("the broker hangs up")
        self._rest += came
        self.acknowledged += len(self._rest) // 4
        self._rest = self._rest[len(self._rest) // 4 * 4 :]

    def _read_exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            came = self._socket.recv(count - len(content))
            if not came:
                raise ConnectionError("the broker hangs up")
            content += came
        return content


class Pace:
    """Keeps a loop at a rate.

    Args:
        rate: so many a second.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._begun = time.monotonic()

    def due(self) -> int:
        """How many should have been done by now."""
        return int((time.monotonic() - self._begun) * self._rate)


def _length(number: int) -> bytes:
    """MQTT's remaining length: seven bits a byte, the lowest first."""
    found = bytearray()
    while True:
        number, low = divmod(number, 128)
        found.append(low | (128 if number else 0))
        if not number:
            return bytes(found)
