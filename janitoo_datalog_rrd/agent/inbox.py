"""What other threads and signals have the agent's thread do."""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable

Task = Callable[[], None]


class Inbox:
    """Tasks that wait to be done in one thread.

    Python's queues wait by the wall clock where the C library has no better, and hang when that is set back. This waits in the
    kernel's `poll`, which nobody's clock holds up; and a signal's handler may put something in at any moment.
    """

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def put(self, task: Task) -> None:
        """Let a task wait; may be called by any thread and any signal's handler, at any time."""
        self._tasks.append(task)
        os.eventfd_write(self._descriptor, 1)

    def take(self, wait_s: float) -> list[Task]:
        """What waits; where there is nothing, it is waited for so many seconds at most."""
        if self._poll.poll(0 if self._tasks else max(0.0, wait_s) * 1000.0):
            os.eventfd_read(self._descriptor)
        return [self._tasks.popleft() for _ in range(len(self._tasks))]

    def __del__(self) -> None:
        os.close(self._descriptor)  # not before: a thread that is held up may still put something in
