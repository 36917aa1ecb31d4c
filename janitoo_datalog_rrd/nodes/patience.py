"""Calls that may hang, as a look at a file system whose server is gone: they are waited for only so long."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from .indexes import readable

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class Patience(Generic[Result]):
    """Makes calls one after the other in a thread of their own, and goes on without the one that hangs.

    A thread that hangs in the kernel cannot be ended: it is left behind, and its call is not made again before it is back.
    So there are never more threads than calls.

    Args:
        timeout_s: how long one round of calls is waited for, in seconds; a round with calls that hang is begun anew once.
    """

    def __init__(self, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._hanging: dict[str, threading.Thread] = {}

    def ask(self, calls: Mapping[str, Callable[[], Result]]) -> dict[str, Result]:
        """Results by name, without those that hang or failed with OSError."""
        self._hanging = {name: thread for name, thread in self._hanging.items() if thread.is_alive()}
        todo = {name: call for name, call in calls.items() if name not in self._hanging}
        results: dict[str, Result] = {}
        until = time.monotonic() + 2 * self._timeout_s
        while todo and time.monotonic() < until:
            worker = _Round(dict(todo))
            worker.start()
            worker.join(self._timeout_s)
            hung = worker.leave()
            results.update(worker.results)
            todo = {name: call for name, call in todo.items() if name not in worker.done}
            if hung is not None:
                self._hanging[hung] = worker
                logger.warning("%s does not answer within %g s; it is left out until it does", readable(hung), self._timeout_s)
                todo.pop(hung, None)
        return results


class _Round(threading.Thread, Generic[Result]):
    """One thread that makes calls until it is left."""

    def __init__(self, calls: Mapping[str, Callable[[], Result]]) -> None:
        super().__init__(name="patience", daemon=True)  # one that hangs must not hold up the end of the process
        self._calls = calls
        self._lock = threading.Lock()
        self._left = False
        self._current: str | None = None
        self.results: dict[str, Result] = {}
        self.done: set[str] = set()

    def run(self) -> None:
        for name, call in self._calls.items():
            with self._lock:
                if self._left:
                    return
                self._current = name
            found: list[Result] = []
            try:
                found.append(call())
            except OSError as error:
                logger.debug("%s: %s", readable(name), error)
            with self._lock:
                if self._left:
                    return
                self.done.add(name)
                self._current = None
                self.results.update(dict.fromkeys([name], found[0]) if found else {})

    def leave(self) -> str | None:
        """Have it end after its present call, whose name this returns; None where it has made all of them."""
        with self._lock:
            self._left = True
            return self._current
