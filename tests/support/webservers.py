"""A web server that takes what it is sent, and misbehaves as a test asks."""

from __future__ import annotations

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from .waiting import free_port, wait_until


class Request(NamedTuple):
    """What was asked.

    Attributes:
        method, path, headers, body: of the request; names of headers are in lower case.
        status: how it was answered.
        time_s: when it came, seconds on a clock that never falls.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    time_s: float


class WebServer:
    """A web server on the loopback, which comes and goes on the same port.

    Attributes:
        port: where it listens.
        status: how it answers from now on.
        retry_after: the header that goes with it; empty for none.
        hangs: it does not answer until this is cleared.
        asked: every request that it answered.
        authority: who must have signed the certificates of those that it lets in, from the next start on; None for everybody.

    Args:
        certificate: of the server, and its key; None for plain HTTP.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self.port = free_port()
        self.status = 200
        self.retry_after = ""
        self.hangs = threading.Event()
        self.hanging = 0
        self.asked: list[Request] = []
        self.authority: Path | None = None
        self._certificate = certificate
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Of a path on it that has a token."""
        return f"http{'s' if self._certificate else ''}://127.0.0.1:{self.port}/hook?token=s3cret"

    @property
    def taken(self) -> list[Request]:
        """The requests that it took."""
        return [each for each in self.asked if each.status < 300]

    @property
    def bodies(self) -> list[bytes]:
        """What it took."""
        return [each.body for each in self.taken]

    def start(self) -> None:
        """Begin to listen."""
        self._server = _Server(self)
        if self._certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self._certificate)
            if self.authority:
                context.load_verify_locations(self.authority)
                context.verify_mode = ssl.CERT_REQUIRED
            self._server.tls = context
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Go away, with every connection."""
        self.hangs.clear()
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.cut()
        self._server.server_close()
        self._server = self._thread = None

    def answer(self, request: Request) -> tuple[int, bytes]:
        """How a request is answered: status and body; the status in the request is the one that it would have."""
        return request.status, b""

    def wait_taken(self, count: int, timeout: float = 20.0) -> list[Request]:
        """Wait until it took so many requests, and return all that it took."""
        wait_until(lambda: len(self.taken) >= count, timeout, what=f"{count} requests to be taken")
        return self.taken


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, owner: WebServer) -> None:
        self.owner = owner
        self.tls: ssl.SSLContext | None = None
        self._open: set[object] = set()
        super().__init__(("127.0.0.1", owner.port), _Handler)

    def finish_request(self, request: object, client_address: object) -> None:
        if self.tls is not None:
            try:
                request = self.tls.wrap_socket(request, server_side=True)  # type: ignore[arg-type]
            except OSError:
                return  # the other side does not trust us
        self._open.add(request)
        try:
            super().finish_request(request, client_address)  # type: ignore[arg-type]
        finally:
            self._open.discard(request)
            request.close()  # type: ignore[attr-defined]

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a connection that was cut

    def cut(self) -> None:
        """Cut every connection."""
        for each in list(self._open):
            try:
                each.shutdown(2)  # type: ignore[attr-defined]
            except OSError:
                continue  # it is gone


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        owner = self.server.owner
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # whoever sent it was killed meanwhile
            return
        came = time.monotonic()
        if owner.hangs.is_set():
            owner.hanging += 1
            wait_until(lambda: not owner.hangs.is_set(), 60)
        status = owner.status
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body, status, came)
        status, told = owner.answer(request)
        owner.asked.append(request._replace(status=status))
        self.send_response(status)
        if owner.retry_after:
            self.send_header("Retry-After", owner.retry_after)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_PUT = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass
