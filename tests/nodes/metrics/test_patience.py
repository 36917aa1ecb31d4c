"""Calls that hang hold up nothing but themselves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
from support import wait_until

from janitoo_datalog_rrd.nodes.patience import Patience

TIMEOUT_S = 0.5
"""Long enough for what does not hang, on a busy machine too."""


@pytest.fixture(name="gate")
def gate_fixture() -> Iterator[threading.Event]:
    """What hanging calls wait for; opened at the end of the test at the latest."""
    gate = threading.Event()
    yield gate
    gate.set()
    wait_until(lambda: not any(thread.name == "patience" for thread in threading.enumerate()), what="the threads' end")


def fail() -> int:
    raise OSError("gone")


def test_results_come_by_name_and_failures_are_left_out() -> None:
    assert Patience[int]().ask({"a": lambda: 1, "b": fail, "c": lambda: 3}) == {"a": 1, "c": 3}


def test_one_that_hangs_is_left_out_and_the_others_are_asked(gate: threading.Event, caplog: pytest.LogCaptureFixture) -> None:
    patience = Patience[object](TIMEOUT_S)
    calls = {"a": lambda: 1, "dead": gate.wait, "z": lambda: 3}
    assert patience.ask(calls) == {"a": 1, "z": 3}
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "dead does not answer within 0.5 s; it is left out until it does"
    ]


def test_one_that_hangs_is_not_asked_again_before_it_is_back(gate: threading.Event) -> None:
    patience = Patience[object](TIMEOUT_S)
    asked = []

    def dead() -> object:
        asked.append(threading.current_thread())
        return gate.wait()

    for _ in range(3):
        assert patience.ask({"dead": dead, "z": lambda: 3}) == {"z": 3}
    assert len(asked) == 1
    gate.set()
    asked[0].join()
    assert patience.ask({"dead": dead}) == {"dead": True}


def test_many_that_hang_are_not_waited_for_one_by_one(gate: threading.Event) -> None:
    patience = Patience[object](TIMEOUT_S)
    calls = {str(number): gate.wait for number in range(30)}
    patience.ask(calls)
    assert sum(thread.name == "patience" for thread in threading.enumerate()) <= 4


def test_a_call_that_comes_back_late_does_no_harm(gate: threading.Event) -> None:
    patience = Patience[object](TIMEOUT_S)
    calls = {"dead": gate.wait, "z": lambda: 3}
    found = patience.ask(calls)
    gate.set()
    wait_until(lambda: not any(thread.name == "patience" for thread in threading.enumerate()))
    assert found == {"z": 3}
