"""Things done in time: at their interval, once, and no more after the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from support import wait_until

from janitoo_datalog_rrd.core.scheduler import Scheduler


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler()
    made.start()
    yield made
    made.stop()


def test_a_job_is_called_at_once_and_again_and_again(scheduler: Scheduler) -> None:
    calls: list[str] = []
    scheduler.every(0.05, calls.append, "x", name="poll", at_once=True)
    wait_until(lambda: len(calls) >= 3)
    assert set(calls) == {"x"}


def test_a_job_of_the_same_name_takes_the_place_of_the_first(scheduler: Scheduler) -> None:
    calls: list[str] = []
    scheduler.every(3600, calls.append, "old", name="poll")
    scheduler.every(0.05, calls.append, "new", name="poll", jitter=0.01)
    wait_until(lambda: len(calls) >= 2)
    assert set(calls) == {"new"}
    assert scheduler.names() == ["poll"]


def test_a_job_that_is_taken_back_is_called_no_more(scheduler: Scheduler) -> None:
    scheduler.every(3600, print, name="poll")
    scheduler.cancel("poll")
    scheduler.cancel("poll")
    assert scheduler.names() == []


def test_a_job_that_fails_is_told_and_called_again(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise OSError("the disk is full")

    with caplog.at_level(logging.ERROR):
        scheduler.every(0.05, fail, name="dump", at_once=True)
        wait_until(lambda: len(calls) >= 2)
        scheduler.cancel("dump")
    assert "dump" in caplog.text
    assert "the disk is full" in caplog.text


def test_what_is_asked_for_while_it_runs_is_done_once_more(scheduler: Scheduler) -> None:
    """A flush that is asked for during a flush must also write what came in between."""
    go, calls = threading.Event(), []

    def flush() -> None:
        calls.append(1)
        go.wait(10)

    scheduler.once(flush, name="flush")
    wait_until(lambda: len(calls) == 1)
    scheduler.once(flush, name="flush")
    wait_until(lambda: len(calls) == 2)
    go.set()


def test_stopping_waits_for_what_is_under_way() -> None:
    scheduler = Scheduler()
    scheduler.start()
    begun, ended, stopping = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        begun.set()
        assert stopping.wait(10)
        ended.set()

    scheduler.once(write, name="write")
    assert begun.wait(10)
    stopper = threading.Thread(target=scheduler.stop)
    stopper.start()
    assert not ended.is_set()
    stopping.set()
    stopper.join()
    assert ended.is_set()
    scheduler.stop()


def test_a_clock_that_is_set_back_does_not_stop_what_is_done_in_time(scheduler: Scheduler) -> None:
    calls: list[str] = []
    scheduler.every(0.05, calls.append, "x", name="poll")
    # what is left of a clock that was an hour ahead when the job was made
    ahead = datetime.now(timezone.utc) + timedelta(hours=1)
    (job,) = scheduler._scheduler.get_jobs()
    job.trigger.start_date = ahead
    job.modify(next_run_time=ahead)
    calls.clear()
    scheduler.clock_was_set()
    wait_until(lambda: len(calls) >= 2)


def test_calls_of_one_name_that_have_not_begun_are_one(scheduler: Scheduler) -> None:
    calls: list[int] = []
    gate = threading.Event()
    for worker in range(4):
        scheduler.once(gate.wait, name=f"busy {worker}")
    for number in range(100):
        scheduler.once(calls.append, number, name="flush")
    gate.set()
    wait_until(lambda: calls)
    scheduler.stop()
    assert calls == [0]
