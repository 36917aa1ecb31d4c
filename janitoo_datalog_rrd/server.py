"""DatalogServer: the datalogger as a whole, built from the options."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType

from .bus import REMOTE_OPTIONS as STORE_REMOTE_OPTIONS
from .core.errors import ConfigError
from .core.files import LockFile
from .core.nodes import REMOTE_OPTIONS
from .core.options import Options
from .core.server import JNTServer

logger = logging.getLogger(__name__)


class DatalogServer(JNTServer):
    """The data logger server: the store first, so that it listens before anything is published, then all others."""

    first = ("datarrd", "http")
    remote_options = {**REMOTE_OPTIONS, **STORE_REMOTE_OPTIONS}  # noqa: RUF012

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Start, and run in the foreground until SIGTERM or SIGINT; SIGHUP reads the ini again.

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
        pid = pid_lock(self.options)
        pid.acquire()
        try:
            self.start()
            on_ready()
            try:
                while not stop.is_set():
                    wake.wait()
                    wake.clear()
                    if again.is_set() and not stop.is_set():
                        again.clear()
                        self._reload_safely()
            finally:
                self.stop()
        finally:
            pid.release()

    def _reload_safely(self) -> None:
        try:
            self.reload()
        except ConfigError as error:
            logger.error("the ini was not taken over, the old one stays in force:\n%s", error)
            self.services.health.note("reload", f"the ini was not taken over: {error}")


def pid_lock(options: Options) -> LockFile:
    """The pid file of a service."""
    return LockFile(options.pid_dir / f"{options.service}.pid")
