"""A tap on the wire between broker and server, which knows what the server has acknowledged.

What is lost when the broker itself is killed may be the broker's fault. The server's own promise is what it has
acknowledged, and that is seen here only.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Hashable
from functools import partial

from janitoo_datalog_rrd.core import packets

_PUBACK = 4
_READ = 1 << 16

_Look = Callable[[list[packets.Publish], list[packets.Other]], None]
Reading = Callable[[bytes, bytes], "Hashable | None"]
"""Tells what a message is by its topic and its payload; None for one that is of no interest."""


def read_numbered(topic: bytes, payload: bytes) -> int | None:
    """The value of a sample as `Publisher` makes it: its payload ends in its value and a brace."""
    return int(payload[payload.rindex(b":") + 1 : -1]) if topic.startswith(b"numbered/") else None


class Wiretap:
    """Takes the server's connections on a port of its own and hands everything on, both ways.

    MQTT 5 is spoken.

    Args:
        host, port: the broker.
        read: tells what a message is.

    Attributes:
        port: where the server is to connect.
        acknowledged: what the server acknowledged, and how often.
    """

    def __init__(self, host: str, port: int, read: Reading = read_numbered) -> None:
        self.acknowledged: Counter[Hashable] = Counter()
        self._read = read
        self._broker = (host, port)
        self._listener = socket.create_server((host, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="wiretap", daemon=True).start()

    def close(self) -> None:
        """Take no further connection; those that are there end with the server or the broker."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    # -- inside, in threads of its own ---------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                server, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                broker = socket.create_connection(self._broker)
            except OSError:
                server.close()  # the broker is away, and so are we
                continue
            threading.Thread(target=self._connection, args=(server, broker), name="wiretap-down", daemon=True).start()

    def _connection(self, server: socket.socket, broker: socket.socket) -> None:
        """Hand on what the broker says, while another thread does it with what the server says."""
        under_way: dict[bytes, Hashable] = {}
        up = threading.Thread(
            target=_pump, args=(server, broker, partial(self._from_server, under_way)), name="wiretap-up", daemon=True
        )
        up.start()
        _pump(broker, server, partial(self._from_broker, under_way))
        up.join()
        server.close()
        broker.close()

    def _from_server(
        self, under_way: dict[bytes, Hashable], _messages: list[packets.Publish], others: list[packets.Other]
    ) -> None:
        """Note what is acknowledged."""
        for first, body in others:
            if first >> 4 == _PUBACK and body[:2] in under_way:
                self.acknowledged[under_way.pop(body[:2])] += 1

    def _from_broker(self, under_way: dict[bytes, Hashable], messages: list[packets.Publish], _: list[packets.Other]) -> None:
        """Note what a packet identifier stands for."""
        for topic, payload, mid in messages:
            found = self._read(topic, payload) if mid else None
            if found is not None:
                under_way[mid] = found


def _pump(source: socket.socket, target: socket.socket, look: _Look) -> None:
    """Hand everything on until one of the two ends, then end both; each packet is looked at before it goes."""
    rest = b""
    with contextlib.suppress(OSError):
        while came := source.recv(_READ):
            rest += came
            messages, others, taken = packets.split(rest, v5=True)
            look(messages, others)
            rest = rest[taken:]
            target.sendall(came)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
