"""WebServer: serves one application, in threads of its own, until it is told to stop."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

from ..core.errors import StartError
from ..core.sections import Section
from .auth.policy import check_exposed
from .room import room
from .routes import declared
from .serving.binding import addresses_of, in_url, listen
from .serving.channels import Channel, make_servers, run_once
from .serving.proxies import TrustedProxies
from .serving.tls import Tls

logger = logging.getLogger(__name__)

MOST_CONNECTIONS = 600
_STOP_S = 1.2


class WebServer:
    """An HTTP server for one application.

    Args:
        app: the application.
        host: `localhost` (127.0.0.1, and ::1 as well where the machine has IPv6), an address, `::` for all of the machine, or a
            name.
        port: TCP port; 0 takes a free one.
        threads: how many requests are handled at once.
        section: the section of the ini, for certificate, key and trusted proxies; None for none of them.
    """

    def __init__(self, app: Flask, host: str, port: int, threads: int = 4, section: Section | None = None) -> None:
        self._app = app
        self._host = host
        self._wanted_port = port
        self._threads = threads
        self._section = section or Section("http")
        self._tls: Tls | None = None
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

    @property
    def scheme(self) -> str:
        """`https` where it has a certificate, else `http`."""
        return "https" if self._section.get("http_tls_cert") else "http"

    def start(self) -> None:
        """Bind and serve.

        Raises:
            StartError: the port cannot be had, the certificate cannot be used, or everybody would be let in.
        """
        here = room(self._app)
        check_exposed(self._host, here.services.options)
        self._tls = make_tls(self._section)
        sockets = listen(self._host, self._wanted_port)
        self._port = sockets[0].getsockname()[1]
        self._stopping.clear()
        here.artists.open()
        here.live.open()
        self._dispatcher = ThreadedTaskDispatcher()
        # A browser that asks for a page of graphs at once is no reason for a warning.
        self._dispatcher.queue_logger = _quiet_logger()
        self._dispatcher.set_thread_count(self._threads)
        make_servers(
            TrustedProxies(self._app, self._section.get("trusted_proxies") or ()),
            sockets,
            self._dispatcher,
            self._map,
            self._tls.make_channel if self._tls is not None else Channel,
            scheme=self.scheme,
            most_connections=MOST_CONNECTIONS,
            larger_bodies={route.path: route.most_bytes for route in declared(self._app).values() if route.most_bytes},
        )
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()
        where = (f"{self.scheme}://{in_url(address)}:{self._port}/" for address in addresses_of(self._host))
        logger.info("serving on %s", ", ".join(where))

    def renew_certificate(self) -> None:
        """Take a certificate over that was renewed on disk, for connections to come; one that cannot be used is told."""
        if self._tls is None:
            return
        health = room(self._app).services.health
        try:
            if self._tls.renew():
                logger.info("the renewed certificate is taken over")
        except StartError as error:
            logger.error("%s The certificate from before stays in use.", error)
            health.fail("certificate", f"{error} The one from before stays in use.")
        else:
            health.ok("certificate")

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
            run_once(self._map)
        with self._pulling:
            self._close()

    def _close(self) -> None:
        """Close the listening sockets, let requests under way end, close the connections."""
        parts = list(self._map.values())
        listening = [part for part in parts if getattr(part, "accepting", False)]
        for server in listening:
            wasyncore.dispatcher.close(server)
        here = room(self._app)
        here.live.close()
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            dispatcher.shutdown(cancel_pending=True, timeout=_STOP_S)
        here.artists.close()
        here.desk.close()
        for part in parts:
            if part in listening:
                continue
            if hasattr(part, "pull_trigger"):
                # A request that outlives the stop still pulls its trigger, whose descriptor may be another file by then.
                part.pull_trigger = _pull_nothing
            part.handle_close()
        self._map.clear()
        here.services.health.ok("certificate")

    def _trigger(self) -> Any:
        return next(part for part in list(self._map.values()) if hasattr(part, "thunks"))


def make_tls(section: Section) -> Tls | None:
    """Certificate and key of a section, or None where it has none. Raises StartError."""
    cert, key = section.get("http_tls_cert") or "", section.get("http_tls_key") or ""
    if not cert and not key:
        return None
    if not (cert and key):
        given, missing = ("http_tls_cert", "http_tls_key") if cert else ("http_tls_key", "http_tls_cert")
        raise StartError(f"[http] {given} is set, and {missing} is not: set both, or none to serve without TLS.")
    return Tls(Path(cert), Path(key))


def _pull_nothing(thunk: object = None) -> None:
    """Stands for a closed trigger."""


def _quiet_logger() -> logging.Logger:
    quiet = logging.getLogger(f"{__name__}.queue")
    quiet.setLevel(logging.ERROR)
    return quiet
