"""One scheduler per server, for polls, heartbeats, flushes, snapshots and every other thing done in time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent import futures
from datetime import datetime, timezone
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.util import undefined

logger = logging.getLogger(__name__)

_WATCH_S = 2.0
_JUMP_S = 2.0


class Scheduler:
    """Calls functions at intervals; a late call is made once, never in a burst."""

    def __init__(self, workers: int = 4) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(workers)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

        # not APScheduler's one-shot jobs: one that is due while the scheduler stops ends its thread with a traceback
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watch_clock, name="clock-watch", daemon=True)
        self._queued: set[str] = set()
        self._soon = futures.ThreadPoolExecutor(workers, thread_name_prefix="soon")

    def start(self) -> None:
        """Begin to call."""
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Call no more, and wait for the calls under way."""
        self._ended.set()
        if self._scheduler.running:
            self._watch.join()
            self._scheduler.shutdown(wait=True)
        self._soon.shutdown(wait=True)

    def clock_was_set(self) -> None:
        """Let every job begin its interval anew: APScheduler goes by the wall clock, and one set back would stop it as long."""
        for job in self._scheduler.get_jobs():
            interval = job.trigger
            try:
                job.reschedule("interval", seconds=interval.interval.total_seconds(), jitter=interval.jitter)
            except JobLookupError:
                logger.debug("job %s has gone", job.id)

    def _watch_clock(self) -> None:
        """Compare the wall clock with one that never jumps."""
        before = time.time() - time.monotonic()
        while not self._ended.wait(_WATCH_S):
            now = time.time() - time.monotonic()
            if abs(now - before) > _JUMP_S:
                logger.warning("the clock was set by %+.0f s; what is done in time goes on", now - before)
                self.clock_was_set()
                before = now

    def every(
        self, seconds: float, call: Callable[..., Any], *args: Any, name: str, jitter: float = 0.0, at_once: bool = False
    ) -> None:
        """Call a function every so many seconds; a job of the same name is replaced.

        Args:
            seconds: the interval.
            call: the function.
            args: its arguments.
            name: the job's name.
            jitter: at most so many seconds are added or taken away at each call.
            at_once: make the first call now, not after one interval.
        """
        first: Any = datetime.now(timezone.utc) if at_once else undefined
        self._scheduler.add_job(
            call,
            "interval",
            args=args,
            seconds=max(seconds, 0.05),
            jitter=jitter or None,
            id=name,
            name=name,
            replace_existing=True,
            next_run_time=first,
        )

    def once(self, call: Callable[..., Any], *args: Any, name: str) -> None:
        """Call a function once, now, in a worker thread; while a call of the same name has not begun, it stands for both.

        Args:
            call: the function; what it raises is logged.
            args: its arguments.
            name: what it is called in the log.
        """
        with self._lock:
            if name in self._queued:
                return
            self._queued.add(name)
        try:
            self._soon.submit(self._call_logged, call, args, name)
        except RuntimeError:
            logger.debug("%s is not called: the scheduler has stopped", name)

    def _call_logged(self, call: Callable[..., Any], args: tuple[Any, ...], name: str) -> None:
        with self._lock:
            self._queued.discard(name)
        try:
            call(*args)
        except Exception:  # nobody waits for the result, so this is where it is told
            logger.exception("%s failed", name)

    def cancel(self, name: str) -> None:
        """Take a job back; without effect when there is none of that name."""
        try:
            self._scheduler.remove_job(name)
        except JobLookupError:
            logger.debug("no job %s to cancel", name)

    def names(self) -> list[str]:
        """Names of the jobs, sorted."""
        return sorted(str(job.id) for job in self._scheduler.get_jobs())
