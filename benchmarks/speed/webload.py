"""The load of a browser: GET requests over connections that are kept, from several clients in one helper process.

A helper process. Its argument: `port`; `clients`; `names` of series; `end`, seconds since the epoch UTC; `span`, seconds; `count`
of requests in all, 0 to go on until it is told to halt; `same`, true to ask for the first graph again and again with its ETag.
"""

from __future__ import annotations

import itertools
import os
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..helper import serve
from ..processes import HOST, BenchError

_LENGTH = re.compile(rb"(?im)^content-length: *(\d+)")
_CLOSE = re.compile(rb"(?im)^connection: *close")
_ETAG = re.compile(rb"(?im)^etag: *([^\r\n]+)")


def graph_path(name: str, end: int, span: int, number: int) -> str:
    """Path of the graph with a number: no two with different numbers are alike, since each starts a second earlier."""
    return f"/rrd/graph/{name}.png?start={end - span - number}&end={end}"


class Client:
    """A connection that is kept for as long as the server keeps it.

    Args:
        port: of the server, on the loopback.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self.connections = 0

    def get(self, path: str, etag: bytes = b"") -> tuple[int, bytes, int]:
        """Ask for a path; (status, ETag, bytes of the body)."""
        condition = b"If-None-Match: %b\r\n" % etag if etag else b""
        connection = self._socket or self._connect()
        connection.sendall(b"GET %b HTTP/1.1\r\nHost: localhost:%d\r\n%b\r\n" % (path.encode(), self._port, condition))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more(connection)
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = _LENGTH.search(head)
        wanted = int(length.group(1)) if length and status != 304 else 0
        size = len(body)
        while size < wanted:
            size += len(self._more(connection))
        if _CLOSE.search(head):
            self.close()
        found = _ETAG.search(head)
        return status, found.group(1) if found else b"", size

    def close(self) -> None:
        """End it; the next question opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        self._socket = socket.create_connection((HOST, self._port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        return self._socket

    @staticmethod
    def _more(connection: socket.socket) -> bytes:
        part = connection.recv(1 << 18)
        if not part:
            raise BenchError("the server has closed the connection")
        return part


@dataclass
class Crowd:
    """Several clients that ask at once.

    Attributes:
        argument: see the module.
        halted: when it is set they ask no more.
        statuses: of the answers, with how many.
        latencies: seconds of each answer.
    """

    argument: dict[str, Any]
    halted: threading.Event = field(default_factory=threading.Event)
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    _faults: list[str] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        """Ask, and tell what came of it."""
        self._numbers = itertools.count()
        etag = b""
        if self.argument.get("same"):
            first = Client(self.argument["port"])
            etag = first.get(self._path(0))[1]
            first.close()
        clients = [Client(self.argument["port"]) for _ in range(self.argument["clients"])]
        threads = [threading.Thread(target=self._work, args=(client, etag)) for client in clients]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - begun
        for client in clients:
            client.close()
        if self._faults:
            raise BenchError(self._faults[0])
        latencies = sorted(self.latencies) or [0.0]
        return {
            "seconds": seconds,
            "count": len(self.latencies),
            "per_s": len(self.latencies) / seconds,
            "connections": sum(client.connections for client in clients),
            "statuses": dict(self.statuses),
            "latency_median_s": latencies[len(latencies) // 2],
            "latency_p99_s": latencies[len(latencies) * 99 // 100],
        }

    def _path(self, number: int) -> str:
        names = self.argument["names"]
        return graph_path(names[number % len(names)], self.argument["end"], self.argument["span"], number)

    def _work(self, client: Client, etag: bytes) -> None:
        total = self.argument["count"]
        try:
            while not self.halted.is_set():
                number = next(self._numbers)
                if total and number >= total:
                    break
                begun = time.monotonic()
                status, _, _ = client.get(self._path(0 if etag else number), etag)
                self.latencies.append(time.monotonic() - begun)
                self.statuses[status] += 1
        except (OSError, BenchError) as error:
            self._faults.append(str(error))


def halt_on_word(halted: threading.Event) -> None:
    """Set an event as soon as the helper is told to halt."""

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)  # not by the stream, whose lock a thread may not hold at the end of the process
        halted.set()

    threading.Thread(target=wait, daemon=True).start()


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Make the clients; what is returned lets them ask."""
    crowd = Crowd(argument)

    def run() -> dict[str, Any]:
        halt_on_word(crowd.halted)
        return crowd.run()

    return run


if __name__ == "__main__":
    serve(prepare)
