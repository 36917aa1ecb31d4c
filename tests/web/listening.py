"""A client of server-sent events, by hand over a real connection, so that a test sees every byte."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from support import wait_until


@dataclass
class Listening:
    """One who listens to `/api/v1/events`.

    Attributes:
        port: of the server.
        query: with its question mark.
        version: of HTTP.
        tls: how to encrypt; None for not at all.
        events: what has come so far.
        comments: how many comments have come.
        ended: whether the server has closed the connection, or said that it is the end.
    """

    port: int
    query: str = ""
    version: str = "1.1"
    tls: ssl.SSLContext | None = None
    address: str = "127.0.0.1"
    lines: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    comments: int = 0
    ended: bool = False
    raw: bytes = b""
    _text: bytes = b""

    def __post_init__(self) -> None:
        plain = socket.create_connection((self.address, self.port), timeout=20)
        self.socket = plain if self.tls is None else self.tls.wrap_socket(plain, server_hostname="localhost")
        self.socket.sendall(f"GET /api/v1/events{self.query} HTTP/{self.version}\r\nHost: localhost\r\n{self.lines}\r\n".encode())
        while b"\r\n\r\n" not in self.raw:
            self._receive()
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        first, *others = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in others)}
        self._read()

    def wait_for(self, count: int) -> dict[str, Any]:
        """Wait until so many events have come, and return the last of them."""
        while len(self.events) < count and not self.ended:
            self._receive()
            self._read()
        assert len(self.events) >= count, f"the server has ended it after {len(self.events)} events"
        return self.events[count - 1]

    def wait_for_value(self, series: str, value: float | None) -> None:
        """Wait until an event says that a series has a value."""
        while not any((each["series"], each["value"]) == (series, value) for event in self.events for each in event["values"]):
            self.wait_for(len(self.events) + 1)

    def wait_for_comment(self) -> None:
        """Wait until one more comment has come."""
        before = self.comments
        while self.comments == before:
            assert not self.ended
            self._receive()
            self._read()

    def wait_for_more(self) -> None:
        """Wait until anything comes, or the server ends it."""
        self._receive()
        self._read()

    def wait_for_end(self) -> None:
        """Wait until the server ends it."""
        while not self.ended:
            self._receive()
            self._read()

    def close(self) -> None:
        self.socket.close()

    def _receive(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.raw += data
        self.ended = self.ended or not data
        assert data or self.status, "the server has closed without an answer"

    def _read(self) -> None:
        if self.headers.get("transfer-encoding") == "chunked":
            self._read_chunks()
        else:
            self._text, self.raw = self._text + self.raw, b""
        while b"\n\n" in self._text:
            block, _, self._text = self._text.partition(b"\n\n")
            self._note(block.decode())

    def _read_chunks(self) -> None:
        while b"\r\n" in self.raw:
            size, _, rest = self.raw.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            assert rest[length : length + 2] == b"\r\n"
            self._text, self.raw = self._text + rest[:length], rest[length + 2 :]
            self.ended = self.ended or not length

    def _note(self, block: str) -> None:
        if block.startswith(":"):
            self.comments += 1
            assert json.loads(block.partition("\nevent: alive\ndata: ")[2])["time"] > 0
        elif block.startswith("event: values\ndata: "):
            self.events.append(json.loads(block.removeprefix("event: values\ndata: ")))
        else:
            assert block.startswith("retry: "), block

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def wait_for_listeners(hub: Any, count: int) -> None:
    """Wait until so many listen."""
    wait_until(lambda: hub.listeners == count, what=f"{count} listeners")
