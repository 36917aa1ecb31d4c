"""DatalogServer: the datalogger as a whole, built from the options."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator

from .bus import REMOTE_OPTIONS as STORE_REMOTE_OPTIONS
from .core.errors import JanitooError
from .core.logs import configure_logging
from .core.nodes import REMOTE_OPTIONS
from .core.server import JNTServer

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
        with _signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as (came, note):
            self.services.ask_reload = lambda: note(signal.SIGHUP)
            self.start()
            try:
                on_ready()
                while came() <= {signal.SIGHUP}:
                    self.reload_safely()
            finally:
                self.services.ask_reload = None
                self.stop()

    def reload_safely(self) -> None:
        """Read the ini again, its log's sections too; one with faults is told of, and the old one stays."""
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


@contextlib.contextmanager
def _signals(*wanted: signal.Signals) -> Iterator[tuple[Callable[[], set[int]], Callable[[int], None]]]:
    """Catch signals for as long as the block lasts; give a function that waits for the next ones, and one that makes one up.

    The interpreter writes their numbers into a socket: nothing of ours runs in a handler, where it could wait for a lock
    that the interrupted code holds. Another thread may write one there as well, and never waits.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        before = {number: signal.signal(number, _note) for number in wanted}
        descriptor = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)

        def wait() -> set[int]:
            while not (numbers := set(ours.recv(4096)) & set(wanted)):
                pass
            return numbers

        def note(number: int) -> None:
            with contextlib.suppress(OSError):  # it is full of signals, or the server has ended
                theirs.send(bytes([number]))

        try:
            yield wait, note
        finally:
            signal.set_wakeup_fd(descriptor)
            for number, handler in before.items():
                signal.signal(number, handler)


def _note(_number: int, _frame: object) -> None:
    """A handler that does nothing: the number is in the socket already."""
