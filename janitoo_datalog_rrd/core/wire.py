"""The wire: a socket to the broker that hands over whole MQTT packets, many at once."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading

from . import packets
from .connection import BrokerSettings

_CHUNK = 1 << 16
_LARGE_CHUNK = 1 << 20
_CONNECT_S, _SEND_S = 5.0, 30.0


class Wire:
    """A socket to the broker, and what came from it that is not a whole packet yet.

    Args:
        settings: where the broker is.
        wake: a file descriptor that becomes readable when `read` is to return early.
        retained: after each read it has the positions of the messages that the broker had kept; None where nobody asks.
        longest: bytes of the longest packet that is taken, longer ones are passed over; None takes any.

    Raises:
        OSError: there is no connection.
    """

    def __init__(
        self, settings: BrokerSettings, wake: int, retained: list[int] | None = None, longest: int | None = None
    ) -> None:
        self._v5 = settings.protocol == "5"
        self._rest = b""
        self._retained = retained
        self._longest = longest
        self._too_long = 0
        connection = socket.create_connection((settings.host, settings.port), timeout=_CONNECT_S)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if settings.tls is not None:
                connection = settings.tls.wrap_socket(connection, server_hostname=settings.host)
                connection.settimeout(_SEND_S)
            else:
                # the kernel's own time-out spares the calls that Python would make to wait for each of ours
                connection.settimeout(None)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(_SEND_S), 0))
        except BaseException:
            connection.close()
            raise
        self._socket = connection
        self._pending = getattr(connection, "pending", lambda: 0)
        self._sending = threading.Lock()
        # a TLS connection is one state for both directions, which two threads must not change at once
        self._receiving = self._sending if settings.tls is not None else contextlib.nullcontext()
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._poll.register(wake, select.POLLIN)
        self._wake = wake

    def read(self, seconds: float, *, hurry: bool = False) -> tuple[list[packets.Publish], list[packets.Other]]:
        """Read what there is; the answer may be empty.

        Args:
            seconds: how long to wait for something.
            hurry: take as much as there is.

        Raises:
            OSError: the connection is gone.
            packets.MalformedPacketError: what comes is not MQTT.
        """
        with self._receiving:
            pending = self._pending()
        if not pending and not any(each != self._wake for each, _ in self._poll.poll(max(seconds, 0.0) * 1000)):
            return [], []
        with self._receiving:
            came = self._socket.recv(max(_LARGE_CHUNK if hurry else _CHUNK, len(self._rest)))
        if not came:
            raise ConnectionError("it has closed the connection")
        if self._too_long:
            came, self._too_long = came[self._too_long :], max(self._too_long - len(came), 0)
        if self._retained is not None:
            self._retained.clear()
        buffer = self._rest + came if self._rest else came
        messages, others, taken = packets.split(buffer, v5=self._v5, retained=self._retained)
        self._rest = buffer[taken:]
        if self._longest is not None and self._rest and (size := packets.length_of(self._rest)) > self._longest:
            self._rest, self._too_long = b"", size - len(self._rest)
        return messages, others

    def has_part_of(self, kind: int) -> bool:
        """Tell whether a packet whose first byte is this one has come in part."""
        return self._rest.startswith(bytes([kind]))

    def send(self, content: bytes) -> None:
        """Send all of it. Raises OSError; the connection is then of no use any more."""
        with self._sending:
            try:
                self._socket.sendall(content)
            except OSError:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)  # a packet may be half sent: wake the reader, who begins anew
                raise

    def wake_no_more(self) -> None:
        """Let `read` wait as long as it was told."""
        self._poll.unregister(self._wake)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
