"""TLS: certificate and key from files, and connections that never wait for the other end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import stat
import threading
from pathlib import Path
from typing import Any

from ...core.errors import StartError
from .channels import Channel

HANDSHAKE_S = 20.0
"""Seconds in which a client has to begin a request, from the connection on."""
_RECORD = 16384  # what a TLS record has at most
_NOT_YET = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Tls:
    """Certificate and key of a server.

    Args:
        cert: PEM file of the certificate, with those between it and its authority behind it.
        key: PEM file of its key.

    Raises:
        StartError: they cannot be used; it names the option.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert = cert
        self._key = key
        self._stamp = self._look()
        self._context = self._load()

    def renew(self) -> bool:
        """Take the files over where they have changed, for connections to come; tells whether they had.

        Raises:
            StartError: they cannot be used; the old ones stay.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._context = self._load()
        self._stamp = stamp
        return True

    def make_channel(self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: dict[int, Any]) -> Channel | None:  # noqa: A002 - waitress calls it so
        """Make an encrypted connection of one that was accepted."""
        try:
            wrapped = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError:
            sock.close()  # it has left already
            return None
        return TlsChannel(server, TlsSocket(wrapped), addr, adj, map=map)

    def _look(self) -> list[object]:
        """What changes when the files do."""
        found: list[object] = []
        for path in (self._cert, self._key):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return found

    def _load(self) -> ssl.SSLContext:
        for option, path in (("http_tls_cert", self._cert), ("http_tls_key", self._key)):
            try:
                with path.open("rb") as file:
                    file.read(1)
            except OSError as error:
                raise _fault(option, path, f"it cannot be read: {error.strerror or error}") from error
        if stat.S_IMODE(self._key.stat().st_mode) & (stat.S_IROTH | stat.S_IWOTH):
            raise _fault("http_tls_key", self._key, f"everybody on this machine can read or write it; chmod o-rw {self._key}")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        asked: list[bool] = []

        def password() -> str:
            asked.append(True)  # without this, OpenSSL would ask at the terminal
            return ""

        try:
            context.load_cert_chain(self._cert, self._key, password)
        except (OSError, ValueError) as error:
            if asked:
                why = "the key is protected by a password; write it without one, and let nobody but the server read it"
            elif getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
                why = f"it is not the key of the certificate {self._cert}"
            else:
                why = f"they are no certificate and key in PEM form: {getattr(error, 'reason', None) or error}"
            raise _fault("http_tls_key", self._key, why) from error
        return context


def _fault(option: str, path: Path, why: str) -> StartError:
    return StartError(f"[http] {option} = {path}: {why}.")


class TlsSocket:
    """A TLS socket that never waits, used by one thread at a time: two at once would break OpenSSL's state."""

    def __init__(self, wrapped: ssl.SSLSocket) -> None:
        self._wrapped = wrapped
        self._lock = threading.Lock()
        self.wants_write = False

    def recv(self, size: int) -> bytes:
        """Read what there is, with the handshake where that is not done yet. Raises SSLWantReadError, SSLWantWriteError."""
        with self._lock:
            try:
                self.wants_write = False
                data = self._wrapped.recv(size)
                while data and self._wrapped.pending():  # poll cannot see what OpenSSL has decrypted
                    data += self._wrapped.recv(size)
            except ssl.SSLWantWriteError:
                self.wants_write = True
                raise
            return data

    def send(self, data: bytes) -> int:
        """Write what fits; 0 where nothing does now."""
        with self._lock:
            try:
                return self._wrapped.send(data)
            except _NOT_YET:
                return 0

    def close(self) -> None:
        """Say goodbye where that can be done at once, and close."""
        with self._lock:
            with contextlib.suppress(OSError, ValueError):
                self._wrapped.unwrap()
            self._wrapped.close()

    def fileno(self) -> int:
        return self._wrapped.fileno()

    def setblocking(self, flag: bool) -> None:
        self._wrapped.setblocking(flag)

    def setsockopt(self, *what: int) -> None:
        self._wrapped.setsockopt(*what)

    def getsockopt(self, *what: int) -> Any:
        return self._wrapped.getsockopt(*what)


class _NotYet(Exception):  # noqa: N818 - no error
    """Nothing can be read now, and the connection lives."""


class TlsChannel(Channel):
    """An encrypted connection; the handshake is done by its reads, whenever something comes."""

    def __init__(self, server: Any, sock: TlsSocket, addr: Any, adj: Any, map: dict[int, Any] | None = None) -> None:  # noqa: A002
        super().__init__(server, sock, addr, adj, map=map)
        self.sendbuf_len = _RECORD  # more would be copied for nothing: a write takes a record
        self._tls = sock
        self._spoken = False

    def writable(self) -> bool:
        return bool(super().writable()) or (self._tls.wants_write and self.readable())

    def handle_read(self) -> None:
        with contextlib.suppress(_NotYet):
            super().handle_read()

    def handle_write(self) -> None:
        if self._tls.wants_write and self.readable():
            self.handle_read()
        if super().writable():
            super().handle_write()

    def recv(self, size: int) -> bytes:
        try:
            return bytes(super().recv(size))
        except _NOT_YET:
            raise _NotYet from None

    def received(self, data: bytes) -> bool:
        self._spoken = True
        return super().received(data)

    def is_overdue(self, now: float) -> bool:
        return super().is_overdue(now) or (not self._spoken and self.creation_time < now - HANDSHAKE_S)
