"""DatalogServer: the datalogger as a whole, built from the options."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType

from .bus import REMOTE_OPTIONS as STORE_REMOTE_OPTIONS
from .core.errors import JanitooError
from .core.logs import configure_logging
from .core.nodes import REMOTE_OPTIONS
from .core.options import Options
from .core.server import JNTServer
from .ingest import build_routes

logger = logging.getLogger(__name__)


class DatalogServer(JNTServer):
    """The data logger server: the store first, so that it listens before anything is published, then all others."""

    first = ("datarrd", "http")
    remote_options = {**REMOTE_OPTIONS, **STORE_REMOTE_OPTIONS}  # noqa: RUF012

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Start, and run in the foreground until SIGTERM or SIGINT; SIGHUP reads the ini again, the log's sections too.

        Args:
            on_ready: called once the server is up.

        Raises:
            StartError: the server cannot start.
        """
        stop, wake, again = threading.Event(), threading.Event(), threading.Event()

        def on_signal(number: int, _frame: FrameType | None) -> None:
            (again if number == signal.SIGHUP else stop).set()
            wake.set()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, on_signal)
        self.start()
        try:
            on_ready()
            while not stop.is_set():
                wake.wait()
                wake.clear()
                if again.is_set() and not stop.is_set():
                    again.clear()
                    self._reload_safely()
        finally:
            self.stop()

    def load_options(self) -> Options:
        """Read the ini again, and check it with its decoders. Raises ConfigError."""
        options = super().load_options()
        build_routes(options, self.services.plugins)
        return options

    def _reload_safely(self) -> None:
        old = self.options
        try:
            options = self.load_options()
            try:
                configure_logging(options, console=True)
            except JanitooError:
                configure_logging(old, console=True)
                raise
            self.reload(options)
        except JanitooError as error:
            logger.error("the ini was not taken over, the old one stays in force:\n%s", error)
            self.services.health.note("reload", f"the ini was not taken over: {error}")
        else:
            self.services.health.forget("reload")
