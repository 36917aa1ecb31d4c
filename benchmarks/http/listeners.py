"""Clients that listen to `/api/v1/events` until they are halted.

A helper process. Its argument: `port`; `clients`.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from ..helper import serve
from ..processes import HOST, BenchError
from ..speed.webload import halt_on_word

_REQUEST = b"GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n"
_EVENT = b"event: values\n"


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Connect, and wait for the first event of each; what is returned listens until it is halted."""
    connections = [socket.create_connection((HOST, argument["port"]), timeout=60) for _ in range(argument["clients"])]
    for each in connections:
        each.sendall(_REQUEST)
    for each in connections:
        received = b""
        while _EVENT not in received:
            received += _more(each)

    def run() -> dict[str, Any]:
        halted = threading.Event()
        halt_on_word(halted)
        return _listen(connections, halted)

    return run


def _listen(connections: list[socket.socket], halted: threading.Event) -> dict[str, Any]:
    events = size = 0
    begun = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each, selectors.EVENT_READ)
        while not halted.is_set():
            for key, _ in selector.select(0.2):
                part = _more(key.fileobj)
                events += part.count(_EVENT)
                size += len(part)
    seconds = time.monotonic() - begun
    for each in connections:
        each.close()
    return {"seconds": seconds, "events": events, "events_per_s": events / seconds, "bytes": size}


def _more(connection: Any) -> bytes:
    part = bytes(connection.recv(1 << 18))
    if not part:
        raise BenchError("the server has closed the connection")
    return part


if __name__ == "__main__":
    serve(prepare)
