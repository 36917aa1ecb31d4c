"""A publisher of numbered samples that knows which of them the broker has acknowledged.

It has a bare wire to the broker, and one thread: what it sends, sends again and counts is then exactly what it says, and it
costs little beside the server that it tries.
"""

from __future__ import annotations

import math
import threading
import time

from .. import wire

_PAUSE_S = 0.005
_MOST_UNDER_WAY = 20_000
_MOST_AT_ONCE = 1000
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
        port: of the broker, on the loopback.
        begin: time of the first sample of each series, seconds since the epoch UTC.
        series: how many series there are at first.
        rate: samples per second, all series together.

    Attributes:
        sent: how many samples of each series were sent at least once.
        again: how many were sent again.
    """

    def __init__(self, port: int, begin: int, series: int, rate: float) -> None:
        super().__init__(name="publisher", daemon=True)
        self.sent = [0] * series
        self.again = 0
        self._port = port
        self._begin = begin
        self._rate = rate
        self._next = 0
        self._mid = 0
        self._made = 0
        self._unacknowledged: dict[int, tuple[int, int, bytes]] = {}
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
                self._live(started)
            except ValueError as error:
                self._failure = str(error)
            except OSError:
                time.sleep(_PAUSE_S)  # the broker is away

    def _is_done(self) -> bool:
        finished = self._enough.is_set() and not self._unacknowledged
        return finished or bool(self._failure) or time.monotonic() > self._end

    def _live(self, started: float) -> None:
        """Live through one connection: first everything that is not acknowledged goes out again, in its order."""
        connection = wire.Wire(self._port, "numbered-publisher", window=wire.IDENTIFIERS)
        try:
            repeated = [wire.again(packet) for _, _, packet in self._unacknowledged.values()]
            self.again += len(repeated)
            connection.send(b"".join(repeated), len(repeated))
            while not self._is_done():
                due = 0 if self._enough.is_set() else int((time.monotonic() - started) * self._rate)
                fresh = self._make(due)
                connection.send(b"".join(fresh), len(fresh))
                for mid in wire.read_acknowledgements(connection.hear(_PAUSE_S)):
                    if self._unacknowledged.pop(mid, None) is None:
                        raise ValueError(f"the broker acknowledges {mid}, which was not sent")
        finally:
            connection.abandon()

    def _make(self, due: int) -> list[bytes]:
        """Packets of the samples that are due, or of as many as may be under way."""
        packets: list[bytes] = []
        while self._made < due and len(self._unacknowledged) < _MOST_UNDER_WAY and len(packets) < _MOST_AT_ONCE:
            series = self._next
            self._next = (series + 1) % len(self.sent)
            number = self.sent[series]
            self._mid = self._mid % wire.IDENTIFIERS + 1
            text = b'{"t":%d,"v":%d}' % (self._begin + number, value_of(series, number))
            packet = wire.publish(topic_of(series).encode(), text, self._mid)
            self._unacknowledged[self._mid] = (series, number, packet)
            packets.append(packet)
            self.sent[series] = number + 1
            self._made += 1
        return packets
