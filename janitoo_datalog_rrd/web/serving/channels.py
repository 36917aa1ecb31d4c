"""Connections on waitress: kept open after answers without a body, handed over to the hub, bounded in time."""

from __future__ import annotations

import contextlib
import logging
import math
import socket
import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Protocol

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from .refusals import LARGEST, Refusal

logger = logging.getLogger(__name__)

HAND_OVER = "janitoo_datalog_rrd.hand_over"
"""Key of the environment: takes a stream, to which the connection is handed over once the answer's beginning is out."""
REQUEST_S = 30.0
"""Seconds in which a request has to come, from its first byte to its last."""
IDLE_S = 60.0
"""Seconds after which a connection is closed on which nothing moves."""
LOOK_EVERY_S = 5.0
"""Seconds between two looks at who takes too long."""
_STREAM_BUFFER = 65536  # what the system keeps for one who reads slowly: the rest is told later, and fresher


class Stream(Protocol):
    """Somebody who goes on with an answer after its handler has ended."""

    def start(self, outlet: Outlet) -> None:
        """Go on there."""
        ...


class Outlet:
    """A connection that was handed over.

    Args:
        channel: the connection.
        chunked: whether what is sent has to be framed as chunks.
    """

    def __init__(self, channel: Channel, *, chunked: bool) -> None:
        self._channel = channel
        self._chunked = chunked

    @property
    def unsent(self) -> int:
        """Bytes that the other end has not taken yet."""
        return int(self._channel.total_outbufs_len)

    @property
    def gone(self) -> bool:
        """Whether the connection is closed."""
        return not self._channel.connected

    def send(self, data: bytes) -> None:
        """Send bytes; what the socket does not take now is sent by the loop of the server."""
        self._write(b"%X\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """Send that it is the end, and close."""
        if self._chunked:
            self._write(b"0\r\n\r\n")
        self._channel.close_when_flushed = True
        self._channel.server.pull_trigger()

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(ClientDisconnected):
            self._channel.write_soon(data)


class Task(WSGITask):  # type: ignore[misc] # waitress has no types
    """A request; waitress closes its connection after every answer without a Content-Length, even where there may be none."""

    stream: Stream | None = None

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[HAND_OVER] = self.hand_over
        return environ

    def hand_over(self, stream: Stream) -> None:
        """Let somebody else go on with the answer."""
        self.stream = stream

    def set_close_on_finish(self) -> None:
        keeps = self.version == "1.1" and self.request.headers.get("CONNECTION", "").lower() != "close"
        if self.has_body or not keeps:
            super().set_close_on_finish()

    def finish(self) -> None:
        if self.stream is None:
            super().finish()
            return
        self.close_on_finish = False
        self.channel.hand_over(self.stream, Outlet(self.channel, chunked=self.chunked_response))


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """A request as it comes in; how large its body may be depends on its path."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        self.adj: Any = self.adj.of_path.get(self.path, self.adj)


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection.

    Attributes:
        handed_over: whether somebody else sends on it; what still comes in is not heard any more.
        begun: when the first byte of an unfinished request came, by the wall clock, or None.
    """

    parser_class = Parser
    task_class = Task
    error_task_class = Refusal
    handed_over = False
    begun: float | None = None

    def hand_over(self, stream: Stream, outlet: Outlet) -> None:
        """Hand the connection over; called by the thread that has handled the request."""
        with self.requests_lock:
            for request in self.requests[1:]:
                request.close()
            del self.requests[1:]
            self.request = None
            self.begun = None
            self.handed_over = True
        with contextlib.suppress(OSError, AttributeError):  # it may be closed already
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _STREAM_BUFFER)
        stream.start(outlet)

    def readable(self) -> bool:
        # Of one that was handed over it is seen that way when the other end leaves.
        if self.handed_over:
            return not (self.will_close or self.close_when_flushed)
        return bool(super().readable())

    def received(self, data: bytes) -> bool:
        if self.handed_over:
            self.will_close = True  # a listener has nothing more to say
            return False
        taken = bool(super().received(data))
        self.begun = None if self.request is None else self.begun or time.time()
        return taken

    def is_overdue(self, now: float) -> bool:
        """Tell whether the other end has taken too long."""
        stuck = self.total_outbufs_len and self.last_activity < now - IDLE_S
        return bool(stuck or (self.begun is not None and self.begun < now - REQUEST_S))

    @property
    def idle(self) -> bool:
        """Whether nobody works for it: no whole request has come that is not answered, and nothing is to be sent."""
        return not (self.requests or self.total_outbufs_len or self.handed_over)

    def _flush_some(self, do_close: bool = True) -> bool:
        # The loop leaves the lock out where no request is under way; the hub may be writing then.
        with self.outbuf_lock:
            if self.socket is None:  # the server is being stopped, and has closed it
                return False
            return bool(super()._flush_some(do_close))


class Server(TcpWSGIServer):  # type: ignore[misc]
    """A listening socket."""

    channel_class: Callable[..., Channel | None] = Channel

    def handle_accept(self) -> None:
        most = self.adj.connection_limit - 1  # with one more, waitress lets nobody in until one leaves
        idle = self._idle() if len(self._map) + 1 >= most else []
        try:
            super().handle_accept()
        except OSError as error:  # it has left already; raised further, it would close the listening socket
            logger.debug("a connection was lost before it began: %s", error)
        if idle and len(self._map) >= most:
            # Who only holds many connections open keeps nobody out.
            min(idle, key=lambda channel: channel.last_activity).handle_close()

    def _idle(self) -> list[Channel]:
        return [part for part in list(self._map.values()) if isinstance(part, Channel) and part.idle]

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now):
                # whoever does not read is never writable, which waitress waits for before it closes
                self.trigger.pull_trigger(channel.handle_close)


def make_servers(
    app: Callable[..., Any],
    sockets: list[socket.socket],
    dispatcher: ThreadedTaskDispatcher,
    connections: dict[int, Any],
    channel_class: Callable[..., Channel | None] = Channel,
    *,
    scheme: str,
    most_connections: int,
    larger_bodies: Mapping[str, int] | None = None,
) -> None:
    """Serve on sockets that listen.

    Args:
        app: the application.
        sockets: bound and listening.
        dispatcher: its threads handle the requests.
        connections: where waitress keeps all that it waits for; filled here.
        channel_class: makes a connection.
        scheme: `http` or `https`.
        most_connections: that are open at once.
        larger_bodies: path → bytes of a body, where more are taken than elsewhere.
    """
    settings = Adjustments(
        sockets=sockets,
        ident=None,
        url_scheme=scheme,
        recv_bytes=65536,  # more than a TLS record has, so that none of it is left where poll cannot see it
        max_request_body_size=LARGEST,
        max_request_header_size=LARGEST,
        inbuf_overflow=LARGEST,  # what is larger waits in a file: many who send slowly take no memory
        outbuf_overflow=16_777_216,  # a page of many series goes through memory, not through a file on an SD card
        channel_timeout=math.ceil(IDLE_S),
        cleanup_interval=int(LOOK_EVERY_S),
        connection_limit=most_connections,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=False,  # serving/proxies.py does
        expose_tracebacks=False,
        log_socket_errors=False,
    )
    settings.of_path = {}
    for path, most in (larger_bodies or {}).items():
        settings.of_path[path] = own = copy(settings)
        own.max_request_body_size = most
    for each in sockets:
        server = Server(
            app,
            connections,
            True,
            each,
            dispatcher=dispatcher,
            adj=settings,
            bind_socket=False,
            sockinfo=(each.family, each.type, each.proto, each.getsockname()),
        )
        server.channel_class = channel_class


def run_once(connections: dict[int, Any]) -> None:
    """Wait for what comes on any connection, and deal with it."""
    idle = not any(isinstance(part, Channel) for part in list(connections.values()))
    wasyncore.loop(timeout=30.0 if idle else LOOK_EVERY_S, use_poll=True, map=connections, count=1)
