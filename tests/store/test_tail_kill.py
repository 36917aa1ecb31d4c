"""Killed at any moment, a store and the reader of its journal lose nothing: each sample that was taken is handed on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from store.conftest import START, abandon, open_in, rows
from store.doomed_tail import MESSAGES

from janitoo_datalog_rrd.core.contracts import Reading

DOOMED = Path(__file__).with_name("doomed_tail.py")
SEAMS = {
    "journal-rotated": 3,
    "journal-appended": 90,
    "snapshot-begun": 3,
    "snapshot-written": 3,
    "snapshot-renamed": 3,
    "segment-kept": 2,
    "segment-removed": 3,
    "position-written": 20,
    "file-written": 3,
    "position-written>segment-kept": 2,
    "position-written>snapshot-renamed": 2,
}
"""Where a kill is aimed, and at how manieth time; see `benchmarks/kill/aimed.py`."""
PLENTY, LITTLE = 1 << 30, 600


@dataclass
class Log:
    """What all lives have told."""

    taken: list[int] = field(default_factory=list)
    handed: list[int] = field(default_factory=list)
    given_up: int = 0

    def add(self, text: str) -> None:
        complete = text[: text.rfind("\n") + 1].splitlines()
        for line in complete:
            number = int(line[1:])
            if line[0] == "g":
                self.given_up = number
            else:
                (self.taken if line[0] == "a" else self.handed).append(number)


def begin(root: Path, folder: Path, seam: str, count: int, first: int, limit: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, DOOMED, folder, seam, str(count), str(first), str(limit)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def live(root: Path, folder: Path, log: Log, seam: str, count: int, first: int, limit: int = PLENTY) -> int:
    """Run a store to its end, and return how it ended."""
    with begin(root, folder, seam, count, first, limit) as process:
        try:
            said, wrong = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode in (0, -signal.SIGKILL), wrong
    log.add(said)
    return process.returncode


def check(log: Log, folder: Path, first: int) -> None:
    """See that everything was handed on, in order within each life, and that everything is in the RRD files."""
    assert log.given_up == 0
    assert sorted(set(log.taken) - set(log.handed)) == []
    assert set(log.handed) <= set(range(first))
    store = open_in(folder)
    store.flush_all(everything=True)
    for series in range(3):
        found = rows(store.path_of(f"t{series}"), START - 1, START + first)
        numbers = [number for number in log.taken if number % 3 == series]
        assert [found[int(START) + number] for number in numbers] == [(float(number),) for number in numbers]
    assert store.state().journal_kept_bytes == 0
    abandon(store)


@pytest.mark.slow
def test_a_kill_aimed_at_each_seam_loses_nothing_for_a_reader_of_the_journal(root: Path, tmp_path: Path) -> None:
    log = Log()
    first = 0
    for seam, count in SEAMS.items():
        assert live(root, tmp_path, log, seam, count, first) == -signal.SIGKILL, f"{seam} was not reached"
        first += MESSAGES
    assert live(root, tmp_path, log, "", 0, first) == 0
    assert len(log.handed) - len(set(log.handed)) <= 6 * len(SEAMS)  # of each life, what was on its way
    check(log, tmp_path, first + MESSAGES)


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing_for_a_reader_of_the_journal(root: Path, tmp_path: Path) -> None:
    log = Log()
    chance = random.Random(20261122)
    rounds = int(os.environ.get("KILL_ROUNDS", "8"))
    for life in range(rounds):
        with begin(root, tmp_path, "", 0, life * MESSAGES, PLENTY) as process:
            assert process.stdout is not None
            lines = chance.randrange(5, 2 * MESSAGES)
            log.add("".join(process.stdout.readline() for _ in range(lines)))
            process.kill()
            log.add(process.stdout.read())
    assert live(root, tmp_path, log, "", 0, rounds * MESSAGES) == 0
    check(log, tmp_path, (rounds + 1) * MESSAGES)


@pytest.mark.slow
def test_what_is_given_up_over_kills_is_counted_to_the_last_sample(root: Path, tmp_path: Path) -> None:
    """A reader with little room, killed: what it has not got was counted, save for what it got and could not confirm."""
    log = Log()
    first = 0
    for seam, count in SEAMS.items():
        if ">" not in seam:  # a position moves by both threads here
            live(root, tmp_path, log, seam, count, first, LITTLE)
            first += MESSAGES
    assert live(root, tmp_path, log, "", 0, first, LITTLE) == 0
    missing = set(log.taken) - set(log.handed)
    unknown = 6 * len(SEAMS)
    assert len(missing) <= log.given_up <= len(missing) + unknown


def test_a_file_system_that_gets_full_is_the_loggers(small_disk: Path) -> None:
    """A dead reader with no limit to speak of: what is kept for it goes, and nothing that comes in is refused for it."""
    store = open_in(small_disk)
    dead, alive = store.tail("dead", PLENTY), store.tail("alive", PLENTY)
    accepted, read = 0, 0
    for number in range(2500):
        for part in range(8):
            time_s = START + 8 * number + part
            accepted += store.accept([Reading((f"t{each}", ""), float(number), time_s) for each in range(6)])
        if number % 10 == 0:
            read += len(alive.read(PLENTY))
            alive.done()
            store.dump()
        store.tick()
        if number % 50 == 0:
            store.flush_all(everything=True)
    assert dead.dropped > 0
    assert 0 < store.state().journal_kept_bytes < 2 << 20
    assert (read + len(alive.read(PLENTY)), alive.dropped) == (accepted, 0)
    assert len(dead.read(PLENTY)) + dead.dropped == accepted
    assert list(store.health.problems()) == []
    abandon(store)
