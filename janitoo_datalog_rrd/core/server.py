"""JNTServer: builds the threads of the installed plugins, starts them in order, reloads and stops them."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from .broker import EmbeddedBroker, choose_broker
from .errors import BrokerError, ConfigError, JanitooError, StartError
from .files import LockFile
from .nodes import REMOTE_OPTIONS
from .options import Options
from .parsers import Parser
from .plugins import THREADS
from .services import Services
from .thread import RETRY_S, JNTBusThread

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 600.0
STOP_TIMEOUT_S = 5.0


class JNTServer:
    """A server of the installed threads.

    Args:
        options: the configuration.
        services: what the threads share; built from the options where none is given.

    Attributes:
        first: names of the threads that start before all others, in order.
        remote_options: options that may be set over the bus, and how they are parsed.
        threads: the running threads, in the order of their start.
    """

    first: tuple[str, ...] = ()
    remote_options: Mapping[str, Parser] = REMOTE_OPTIONS

    def __init__(self, options: Options, services: Services | None = None) -> None:
        self.options = options
        self.services = services or Services.build(options)
        self.threads: list[JNTBusThread] = []
        self.services.threads = self.threads
        self._locks: list[LockFile] = []
        self._broker: EmbeddedBroker | None = None
        self._failed: set[str] = set()
        self._threads_lock = threading.RLock()

    def start(self) -> None:
        """Start the broker where one is wanted, and every thread.

        Raises:
            StartError: the server cannot start; whatever was started is stopped again.
        """
        try:
            self._prepare_home()
            self._apply_remote(self.options)
            self._start_broker()
            self.services.scheduler.start()
            if self.options.system["gc_delay"]:
                self.services.scheduler.every(self.options.system["gc_delay"], gc.collect, name="server.gc")
            for name in self._thread_names():
                self._start_thread(name)
            self.services.scheduler.every(RETRY_S, self._retry_threads, name="server.threads")
        except BaseException:
            self.stop()
            raise
        logger.info(
            "%s is up, with %s", self.options.service, ", ".join(thread.section for thread in self.threads) or "no thread"
        )

    def reload(self, options: Options | None = None) -> None:
        """Go on with a new configuration; no sample is lost, and the session at the broker stays.

        Args:
            options: the new configuration; None to read the file again.

        Raises:
            ConfigError: the new configuration has faults; the old one stays in force.
        """
        if options is None:
            options = self.load_options()
        for fixed in ("home_dir", "service", "pid_dir"):
            if options.system[fixed] != self.options.system[fixed]:
                logger.warning("[system] %s cannot change while the server runs: restart it", fixed)
                options.system.values[fixed] = self.options.system[fixed]
        self._apply_remote(options)
        old, self.options = self.options, options
        if _broker_of(old) != _broker_of(options):
            self._stop_broker()
            try:
                self._start_broker()
            except StartError:
                self.options = old
                self._start_broker()
                raise
        self.services.options = options
        self.services.nodes.timeout = options.system["heartbeat_timeout"]
        self.services.nodes.count = options.system["heartbeat_count"]
        with self._threads_lock:
            for thread in list(self.threads):
                if self._make_thread(thread.section) is None and thread.section not in self._failed:
                    self._stop_threads([thread])
                else:
                    thread.reload(options)
            running = {thread.section for thread in self.threads}
            for name in self._thread_names():
                if name not in running:
                    self._try_thread(name)
        gc.collect()  # what the threads built before may hold sockets and memory in circles
        logger.info("%s was read again", options.path)

    def load_options(self) -> Options:
        """Read the ini again, and check it. Raises ConfigError."""
        return Options.load(self.options.path, self.services.plugins, os.environ)

    def stop(self) -> None:
        """Stop every thread in reverse order, then the broker; everything is on disk when this returns."""
        self.services.scheduler.cancel("server.threads")
        with self._threads_lock:
            self._failed.clear()
            self._stop_threads(list(self.threads))
        self.services.scheduler.stop()
        self._stop_broker()
        for lock in self._locks:  # the pid file last: it says that the server has ended
            lock.release()
        self._locks.clear()

    def get_thread(self, name: str) -> JNTBusThread | None:
        """The running thread of a name, or None."""
        return next((thread for thread in self.threads if thread.section == name), None)

    # -- starting ------------------------------------------------------------------------------------

    def _prepare_home(self) -> None:
        make_folders(self.options)
        self._take("home_dir", LockFile(self.options.home_dir / ".lock"))
        self._take("pid_dir", pid_lock(self.options))

    def _take(self, option: str, lock: LockFile) -> None:
        try:
            lock.acquire()
        except StartError as error:
            directory = getattr(self.options, option)
            raise StartError(
                f"{self.options.path}: [system] {option} = {directory} is in use by another server ({error}); "
                f"stop that one, or give this one a {option} of its own"
            ) from error
        self._locks.append(lock)

    def _apply_remote(self, options: Options) -> None:
        for note in options.apply_remote(self.remote_options):
            logger.warning("%s", note)

    def _start_broker(self) -> None:
        system = self.options.system
        mode, host, port = system["broker_mode"], system["broker_ip"], system["broker_port"]
        try:
            if not choose_broker(mode, host, port, self.options.home_dir):
                return
            self._broker = EmbeddedBroker(
                self.options.home_dir, host, port, system["broker_user"], system["broker_password"], self._on_broker
            )
            self._broker.start()
        except BrokerError as error:
            self._broker = None
            if mode == "embedded":
                raise StartError(f"{self.options.path}: [system] broker_mode = embedded: {error}") from error
            logger.error("no broker could be started: %s", error)
            self.services.health.fail("embedded broker", str(error))

    def _stop_broker(self) -> None:
        if self._broker is not None:
            self._broker.stop()
            self._broker = None
        self.services.health.ok("embedded broker")

    def _on_broker(self, problem: str | None) -> None:
        if problem is None:
            self.services.health.ok("embedded broker")
        else:
            self.services.health.fail("embedded broker", problem)

    def _thread_names(self) -> list[str]:
        names = self.services.plugins.names(THREADS)
        return sorted(names, key=lambda name: (self.first.index(name) if name in self.first else len(self.first), name))

    def _start_thread(self, name: str) -> None:
        """Build and start a thread; one that cannot be built is named and tried again, the rest goes on."""
        thread = self._make_thread(name)
        if thread is None:
            return
        thread.bind(self.services)
        self.threads.append(thread)
        thread.start()
        thread.wait_settled(START_TIMEOUT_S)
        if isinstance(thread.failure, (StartError, ConfigError)):
            self._stop_threads([thread])
            raise thread.failure

    def _make_thread(self, name: str) -> JNTBusThread | None:
        """Build a thread; None where it is not wanted, or cannot be built now."""
        part = f"thread {name}"
        try:
            thread: JNTBusThread | None = self.services.plugins.load(THREADS, name)(self.options)
        except Exception as error:  # a factory may come from any package and fail in any way
            if not isinstance(error, JanitooError) and name not in self._failed:
                logger.exception("thread %s could not be made; it is tried again", name)
            self.services.health.fail(part, f"it could not be made: {error}; it is tried again")
            self._failed.add(name)
            return None
        if name in self._failed:
            self._failed.discard(name)
            self.services.health.ok(part)
        return thread

    def _retry_threads(self) -> None:
        with self._threads_lock:
            for name in sorted(self._failed):
                self._try_thread(name)

    def _try_thread(self, name: str) -> None:
        """Start a thread while the others run; where it cannot start, it is named and tried again."""
        try:
            self._start_thread(name)
        except JanitooError as error:
            if name not in self._failed:
                logger.error("thread %s cannot be started: %s; it is tried again", name, error)
            self._failed.add(name)
            self.services.health.fail(f"thread {name}", f"{error}; it is tried again")

    def _stop_threads(self, threads: list[JNTBusThread]) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for thread in reversed(threads):
            thread.stop()
            # the threads that only publish get a share of the time; the store, stopped last, is waited for until it is done
            thread.join(None if thread.section in self.first else max(0.5, deadline - time.monotonic()))
            if thread.is_alive():
                logger.error("thread %s does not stop; the server ends without it", thread.section)
            self.threads.remove(thread)
            self.services.health.ok(f"thread {thread.section}")


def pid_lock(options: Options) -> LockFile:
    """The pid file of a service."""
    return LockFile(options.pid_dir / f"{options.service}.pid")


def make_folders(options: Options) -> None:
    """Make the folders of the server where they are not there.

    Raises:
        StartError: one cannot be made or written; it names the option.
    """
    for option in ("home_dir", "log_dir", "pid_dir", "conf_dir"):
        directory: Path = getattr(options, option)
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(_not_writable(options, option, directory, error.strerror or str(error))) from error
        if not os.access(directory, os.W_OK | os.X_OK):
            raise StartError(_not_writable(options, option, directory, "it is not writable"))


def _broker_of(options: Options) -> list[object]:
    """What of a configuration the broker of our own depends on."""
    return [options.system[f"broker_{name}"] for name in ("mode", "ip", "port", "user", "password")]


def _not_writable(options: Options, option: str, directory: Path, why: str) -> str:
    place = options.system.places.get(option, str(options.path))
    return f"{place}: [system] {option}: {directory} cannot be used: {why}; choose a folder that this user may write"
