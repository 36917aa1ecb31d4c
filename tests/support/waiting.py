"""Waiting for what must come, and ports that nobody has."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(predicate: Callable[[], T | None], timeout: float = 20.0, what: str = "") -> T:
    """Ask until the answer is true, and return it.

    Args:
        predicate: asked every 20 ms; a false answer (None, 0, empty) says not yet.
        timeout: seconds after which the test fails.
        what: what is waited for, for the failure's text; may be left out.

    Raises:
        AssertionError: it did not come in time.
    """
    pause = threading.Event()
    deadline = time.monotonic() + timeout
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            name = what or getattr(predicate, "__name__", "what was waited for")
            raise AssertionError(f"{name}: not there after {timeout:g} s (last answer: {answer!r})")
        pause.wait(0.02)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
