"""A publisher of numbered samples that knows which of them the broker has acknowledged.

It speaks MQTT 3.1.1 by itself, on one socket and in one thread: what it sends, sends again and counts is then exactly
what it says, and it costs little beside the server that it tries.
"""

from __future__ import annotations

import contextlib
import math
import select
import socket
import threading
import time

_CONNACK, _PUBLISH, _PUBACK, _AGAIN = 0x20, 0x32, 0x40, 0x08
_ANSWER = 4  # bytes of a CONNACK, and of a PUBACK
_PAUSE_S = 0.005
_MOST_UNDER_WAY = 20_000
_MOST_BUFFERED = 1 << 18
SPACING = 1_000_000
"""The numbers of a series begin at its position times this, so that a sample in a foreign file is seen."""


def topic_of(series: int) -> str:
    """Where the samples of a series are published."""
    return f"numbered/{series}"


def value_of(series: int, number: int) -> int:
    """The value of a series' sample."""
    return series * SPACING + number


class Publisher(threading.Thread):
    """Publishes with QoS 1 at a steady rate, to the series in turn, and sends again what is not acknowledged.

    The sample number N of a series has the time `begin + N`, whenever it is sent. While the broker is away nothing is
    sent; what was due meanwhile is sent when it is back.

    Args:
        host, port: the broker.
        begin: time of the first sample of each series, seconds since the epoch UTC.
        series: how many series there are at first.
        rate: samples per second, all series together.

    Attributes:
        sent: how many samples of each series were sent at least once.
        again: how many were sent again.
    """

    def __init__(self, host: str, port: int, begin: int, series: int, rate: float) -> None:
        super().__init__(name="publisher", daemon=True)
        self.sent = [0] * series
        self.again = 0
        self._address = (host, port)
        self._begin = begin
        self._rate = rate
        self._next = 0
        self._mid = 0
        self._made = 0
        self._unacknowledged: dict[int, tuple[int, int, bytes]] = {}
        self._out = bytearray()
        self._heard = bytearray()
        self._enough = threading.Event()
        self._end = math.inf
        self._failure = ""

    def add_series(self, count: int) -> None:
        """Publish to so many series more."""
        self.sent.extend([0] * count)

    def finish(self, patience_s: float) -> list[set[int]]:
        """Send nothing new, wait until everything is acknowledged, and end.

        Args:
            patience_s: how long to wait, seconds.

        Returns:
            For each series, the numbers that the broker has not acknowledged.

        Raises:
            RuntimeError: the broker said something that it must not.
        """
        self._end = time.monotonic() + patience_s
        self._enough.set()
        self.join()
        if self._failure:
            raise RuntimeError(self._failure)
        left: list[set[int]] = [set() for _ in self.sent]
        for series, number, _ in self._unacknowledged.values():
            left[series].add(number)
        return left

    @property
    def total(self) -> int:
        """How many samples were sent."""
        return self._made

    # -- inside, in its own thread -------------------------------------------------------------------

    def run(self) -> None:
        """Publish until `finish` is called."""
        started = time.monotonic()
        while not self._is_done():
            try:
                with self._connect() as connection:
                    while not self._is_done():
                        if not self._enough.is_set():
                            self._make(int((time.monotonic() - started) * self._rate))
                        self._exchange(connection)
            except OSError:
                select.select([], [], [], _PAUSE_S)  # the broker is away
            except ValueError as error:
                self._failure = str(error)

    def _is_done(self) -> bool:
        finished = self._enough.is_set() and not self._unacknowledged
        return finished or bool(self._failure) or time.monotonic() > self._end

    def _connect(self) -> socket.socket:
        """Connect, and have everything that is not acknowledged sent again, in its order."""
        connection = socket.create_connection(self._address, timeout=5)
        try:
            name = b"numbered-publisher"
            hello = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
            connection.sendall(b"\x10" + bytes([len(hello)]) + hello)
            answer = connection.recv(_ANSWER)
            if len(answer) < _ANSWER or answer[0] != _CONNACK or answer[3]:
                raise ConnectionError(f"the broker does not take us: {answer!r}")
            connection.setblocking(False)
        except BaseException:
            connection.close()
            raise
        self._heard.clear()
        self._out.clear()
        for _, _, packet in self._unacknowledged.values():
            self._out += bytes([packet[0] | _AGAIN]) + packet[1:]
            self.again += 1
        return connection

    def _make(self, due: int) -> None:
        """Make samples until so many were made, or as many are under way as may be."""
        while self._made < due and len(self._unacknowledged) < _MOST_UNDER_WAY and len(self._out) < _MOST_BUFFERED:
            series = self._next
            self._next = (series + 1) % len(self.sent)
            number = self.sent[series]
            self._mid = self._mid % 65535 + 1
            topic = topic_of(series).encode()
            text = b'{"t":%d,"v":%d}' % (self._begin + number, value_of(series, number))
            body = len(topic).to_bytes(2, "big") + topic + self._mid.to_bytes(2, "big") + text
            packet = bytes([_PUBLISH, len(body)]) + body  # shorter than 128 bytes
            self._unacknowledged[self._mid] = (series, number, packet)
            self._out += packet
            self.sent[series] = number + 1
            self._made += 1

    def _exchange(self, connection: socket.socket) -> None:
        """Send what can be sent, and take the acknowledgements that came."""
        readable, writable, _ = select.select([connection], [connection] if self._out else [], [], _PAUSE_S)
        if writable:
            with contextlib.suppress(BlockingIOError):
                del self._out[: connection.send(self._out)]
        if readable:
            came = connection.recv(1 << 16)
            if not came:
                raise ConnectionError("the broker is gone")
            self._heard += came
            self._take_answers()

    def _take_answers(self) -> None:
        whole = len(self._heard) // _ANSWER * _ANSWER
        for at in range(0, whole, _ANSWER):
            kind, length, mid = self._heard[at], self._heard[at + 1], int.from_bytes(self._heard[at + 2 : at + 4], "big")
            if kind != _PUBACK or length != 2 or self._unacknowledged.pop(mid, None) is None:
                raise ValueError(f"the broker says what it must not: {bytes(self._heard[at : at + _ANSWER])!r}")
        del self._heard[:whole]
