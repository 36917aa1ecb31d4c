"""WebServer: serves one application on loopback, in threads of its own, until it is told to stop."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher, WSGITask

from ..core.errors import StartError
from .room import room
from .security import is_loopback

logger = logging.getLogger(__name__)

_STOP_S = 1.5
_PORT_TRIES = 20
_NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class WebServer:
    """An HTTP server for one application.

    `localhost` means 127.0.0.1, and ::1 as well where the machine has IPv6.

    Args:
        app: the application.
        host: `localhost` or a loopback address.
        port: TCP port; 0 takes a free one.
        threads: how many requests are handled at once.
    """

    def __init__(self, app: Flask, host: str, port: int, threads: int = 4) -> None:
        self._app = app
        self._host = host
        self._wanted_port = port
        self._threads = threads
        self._map: dict[int, Any] = {}
        self._stopping = threading.Event()
        self._pulling = threading.Lock()
        self._thread: threading.Thread | None = None
        self._dispatcher: ThreadedTaskDispatcher | None = None
        self._port = port

    @property
    def port(self) -> int:
        """The port that it is bound to, once it is started."""
        return self._port

    def start(self) -> None:
        """Bind and serve.

        Raises:
            StartError: the host is not loopback, or the port cannot be had.
        """
        addresses = _addresses(self._host)
        sockets = self._bind(addresses)
        self._port = sockets[0].getsockname()[1]
        self._stopping.clear()
        room(self._app).artists.open()
        self._dispatcher = ThreadedTaskDispatcher()
        # A browser that asks for a page of graphs at once is no reason for a warning.
        self._dispatcher.queue_logger = _quiet_logger()
        self._dispatcher.set_thread_count(self._threads)
        create_server(
            self._app,
            map=self._map,
            _dispatcher=self._dispatcher,
            sockets=sockets,
            threads=self._threads,
            ident=None,
            max_request_body_size=65536,
            max_request_header_size=65536,
            outbuf_overflow=16_777_216,  # a page of many series goes through memory, not through a file on an SD card
            channel_timeout=60,
            connection_limit=200,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            expose_tracebacks=False,
            log_socket_errors=False,
        )
        for part in self._map.values():
            if getattr(part, "accepting", False):
                part.channel_class = _Channel
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()
        logger.info("serving on %s", ", ".join(f"http://{_in_url(address)}:{self._port}/" for address in addresses))

    def stop(self) -> None:
        """Close everything, connections included, within 2 s; without effect when it is not running."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        # The thread may see the event at once; it closes the trigger, whose descriptor may be another file then, only after
        # it was pulled.
        with self._pulling:
            self._trigger().pull_trigger(self._stopping.set)
        thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=30, use_poll=True, map=self._map, count=1)
        with self._pulling:
            self._close()

    def _close(self) -> None:
        """Close the listening sockets, let requests under way end, close the connections."""
        parts = list(self._map.values())
        listening = [part for part in parts if getattr(part, "accepting", False)]
        for server in listening:
            wasyncore.dispatcher.close(server)
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            dispatcher.shutdown(cancel_pending=True, timeout=_STOP_S)
        room(self._app).artists.close()
        for part in parts:
            if part in listening:
                continue
            if hasattr(part, "pull_trigger"):
                # A request that outlives the stop still pulls its trigger, whose descriptor may be another file by then.
                part.pull_trigger = _pull_nothing
            part.handle_close()
        self._map.clear()

    def _trigger(self) -> Any:
        return next(part for part in list(self._map.values()) if hasattr(part, "thunks"))

    def _bind(self, addresses: list[str]) -> list[socket.socket]:
        tries = 1 if self._wanted_port else _PORT_TRIES
        for attempt in range(1, tries + 1):
            try:
                return self._bind_once(addresses)
            except StartError:
                # A free port of one family may be taken in the other one.
                if attempt == tries:
                    raise
        raise AssertionError("the loop returns or raises")

    def _bind_once(self, addresses: list[str]) -> list[socket.socket]:
        sockets: list[socket.socket] = []
        port = self._wanted_port
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                sockets.append(_listen(family, address, port))
            except OSError as error:
                if sockets and error.errno in _NO_SUCH_FAMILY:
                    continue
                for each in sockets:
                    each.close()
                raise self._why_not(address, port, error) from error
            port = sockets[0].getsockname()[1]
        return sockets

    def _why_not(self, address: str, port: int, error: OSError) -> StartError:
        if error.errno == errno.EADDRINUSE:
            return StartError(
                f"[http] http_port_0 = {port}: another program serves on port {port} of {address}; "
                "stop it, or set http_port_0 to a free port."
            )
        if error.errno == errno.EACCES:
            return StartError(
                f"[http] http_port_0 = {port}: this user may not serve on port {port}; set http_port_0 to a port above 1023."
            )
        if error.errno in _NO_SUCH_FAMILY:
            return StartError(
                f"[http] http_host_0 = {self._host}: this machine has no address {address}; set http_host_0 to localhost."
            )
        why = error.strerror or error
        return StartError(f"[http] http_host_0 = {self._host}, http_port_0 = {port}: cannot be served on: {why}.")


class _Task(WSGITask):  # type: ignore[misc] # waitress has no types
    """A request; waitress closes its connection after every answer without a Content-Length, even where there may be none."""

    def set_close_on_finish(self) -> None:
        keeps = self.version == "1.1" and self.request.headers.get("CONNECTION", "").lower() != "close"
        if self.has_body or not keeps:
            super().set_close_on_finish()


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that stays open after a 304 and a 204."""

    task_class = _Task


def _addresses(host: str) -> list[str]:
    """The addresses that a host option stands for.

    Raises:
        StartError: it is not loopback.
    """
    name = host.strip().strip("[]").lower()
    if name == "localhost":
        return ["127.0.0.1", "::1"]
    if is_loopback(name) and "%" not in name:
        return [name]
    raise StartError(
        f"[http] http_host_0 = {host}: without authentication, which this version does not have, pages are served to "
        "this machine only; set http_host_0 to localhost, and let a reverse proxy or an SSH tunnel bring others in."
    )


def parse_host(raw: str) -> str:
    """The host to serve on, for the ini: loopback only. Raises ValueError."""
    try:
        _addresses(raw)
    except StartError as error:
        raise ValueError(str(error).partition(": ")[2]) from None
    return raw


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        # A second server on the port is refused here, not at its first connection.
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _pull_nothing(thunk: object = None) -> None:
    """Stands for a closed trigger."""


def _quiet_logger() -> logging.Logger:
    quiet = logging.getLogger(f"{__name__}.queue")
    quiet.setLevel(logging.ERROR)
    return quiet
