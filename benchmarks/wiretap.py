"""A tap on the wire between broker and server, which knows what the server has acknowledged.

What is lost when the broker itself is killed may be the broker's fault. The server's own promise is what it has
acknowledged, and that is seen here only.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

_PUBLISH, _PUBACK = 3, 4
_READ = 1 << 16


class Wiretap:
    """Takes the server's connections on a port of its own and hands everything on, both ways.

    MQTT 5 is spoken, and every sample's payload ends in its value and a brace, as `Publisher` makes it.

    Args:
        host, port: the broker.

    Attributes:
        port: where the server is to connect.
        acknowledged: values of the samples that the server acknowledged.
    """

    def __init__(self, host: str, port: int) -> None:
        self.acknowledged: set[int] = set()
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
        under_way: dict[int, int] = {}
        arguments = (server, broker, lambda packet: self._from_server(packet, under_way))
        up = threading.Thread(target=_pump, args=arguments, name="wiretap-up", daemon=True)
        up.start()
        _pump(broker, server, lambda packet: _from_broker(packet, under_way))
        up.join()
        server.close()
        broker.close()

    def _from_server(self, packet: bytes, under_way: dict[int, int]) -> None:
        if packet[0] >> 4 == _PUBACK:
            value = under_way.pop(int.from_bytes(packet[2:4], "big"), None)
            if value is not None:
                self.acknowledged.add(value)


def _from_broker(packet: bytes, under_way: dict[int, int]) -> None:
    """Note which value a packet identifier stands for."""
    if packet[0] >> 4 == _PUBLISH and packet[0] & 0x06:
        start = 2 if packet[1] < 0x80 else 3
        topic_end = start + 2 + int.from_bytes(packet[start : start + 2], "big")
        if packet[start + 2 : topic_end].startswith(b"numbered/"):
            mid = int.from_bytes(packet[topic_end : topic_end + 2], "big")
            under_way[mid] = int(packet[packet.rindex(b":") + 1 : -1])


def _pump(source: socket.socket, target: socket.socket, look: Callable[[bytes], None]) -> None:
    """Hand everything on until one of the two ends, then end both; each packet is looked at before it goes."""
    rest = b""
    with contextlib.suppress(OSError):
        while came := source.recv(_READ):
            rest += came
            end = 0
            for begin, end in _packets(rest):
                look(rest[begin:end])
            rest = rest[end:]
            target.sendall(came)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _packets(content: bytes) -> Iterator[tuple[int, int]]:
    """Where each whole packet begins and ends."""
    begin = 0
    while True:
        length, shift, at = 0, 0, begin + 1
        while at < len(content):
            length |= (content[at] & 0x7F) << shift
            shift += 7
            at += 1
            if content[at - 1] < 0x80:
                break
        else:
            return
        if at + length > len(content):
            return
        yield begin, at + length
        begin = at + length
