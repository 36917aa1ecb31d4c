"""A disk that is full, fails or became read only loses nothing: not while it lasts, not by a kill, and it ends by itself."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

import pytest
from numbered import Numbered
from support import CommandLine, Mosquitto, wait_until
from support.faults import BROKEN, FULL, NAMES, READ_ONLY, Calls, Faults


@dataclass(frozen=True)
class Case:
    """What fails, and what is said of it.

    Attributes:
        number: what the calls fail with.
        calls: which calls fail.
        folder: of the home directory, on whose files.
        part: which part is told to be wrong.
        takes: whether messages are acknowledged meanwhile.
    """

    number: int
    calls: Calls
    folder: str
    part: str
    takes: bool = False


CASES = {
    "a full disk": Case(errno.ENOSPC, FULL, "", "store"),
    "a disk with errors": Case(errno.EIO, BROKEN, "", "store"),
    "a file system that became read only": Case(errno.EROFS, READ_ONLY, "", "store"),
    "a journal that is full": Case(errno.ENOSPC, FULL, "rrd/journal", "store"),
    "a journal with errors": Case(errno.EIO, BROKEN, "rrd/journal", "store"),
    "RRD files with errors": Case(errno.EIO, BROKEN, "public/rrd/rrds", "rrd files", takes=True),
    "RRD files that are read only": Case(errno.EROFS, READ_ONLY, "public/rrd/rrds", "rrd files", takes=True),
    "a journal that cannot be cut back": Case(errno.EIO, Calls.WRITE | Calls.SHORT | Calls.TRUNCATE, "rrd/journal", "store"),
    "a journal that cannot be synced": Case(errno.EIO, Calls.SYNC, "rrd/journal", "journal", takes=True),
}
MOST_LINES = 60
"""Lines of log that a fault may cause, however often it is met."""


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    return Faults(tmp_path / "faults")


@pytest.fixture
def numbered(mosquitto: Mosquitto, command_line: CommandLine, faults: Faults, tmp_path: Path) -> Numbered:
    return Numbered(tmp_path, mosquitto, command_line, environ=faults.environ())


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_disk_that_fails_loses_nothing_and_is_told_while_it_lasts(case: Case, numbered: Numbered, faults: Faults) -> None:
    numbered.start()
    numbered.publish(40)
    numbered.expect_everything()  # so that some files are there; those of what the server says of itself come meanwhile
    assert numbered.running is not None
    lines = len(numbered.running.stderr.splitlines())
    with faults.fail(case.number, case.calls, numbered.home / case.folder) as fault:
        numbered.publish(40)
        numbered.wait_for_problem(case.part, NAMES[case.number])
        if case.takes:
            numbered.wait_until_taken()
        else:
            assert numbered.taken() < numbered.published
        few = fault.hits
        wait_until(lambda: fault.hits >= few + 5, 60, "the fault to be met again and again")
    numbered.wait_well()
    numbered.wait_until_taken()
    assert len(numbered.running.stderr.splitlines()) < lines + MOST_LINES, numbered.running.stderr
    numbered.expect_everything()
    with faults.fail(case.number, case.calls, numbered.home / case.folder) as fault:
        numbered.publish(40)
        wait_until(lambda: fault.hits, what="the fault to be met")
        numbered.kill()
    numbered.start()
    numbered.publish(40)
    numbered.expect_everything()


def test_a_snapshot_that_cannot_be_put_in_its_place_keeps_the_journal(numbered: Numbered, faults: Faults) -> None:
    numbered.start()
    snapshot = numbered.data / "rrd_cache.pickle"
    with faults.fail(errno.EIO, Calls.RENAME, snapshot) as fault:
        numbered.publish(40)
        numbered.wait_until_taken()
        numbered.kill()
        numbered.start()  # a journal of two segments is due for a snapshot
        numbered.publish(40)
        numbered.wait_for_problem("snapshot", NAMES[errno.EIO])
        few = fault.hits
        wait_until(lambda: fault.hits > few, what="the snapshot to be tried again")
        numbered.kill()
        assert not snapshot.exists()
    numbered.start()
    numbered.expect_everything()
    wait_until(snapshot.exists, what="a snapshot")


def test_a_journal_that_cannot_be_read_at_the_start_is_kept_aside_and_told(numbered: Numbered, faults: Faults) -> None:
    numbered.start()
    numbered.publish(40)
    numbered.wait_until_taken()
    numbered.kill()
    (segment,) = (numbered.data / "journal").iterdir()
    content = segment.read_bytes()
    with faults.fail(errno.EIO, Calls.READ, segment):
        numbered.start()
        (note,) = (what for part, what in numbered.health()["notes"].items() if part.startswith("damage"))
        assert NAMES[errno.EIO] in note
        wait_until(lambda: not segment.exists(), what="the next snapshot")
    (aside,) = (numbered.data / "journal").glob("*.corrupt-*")
    assert aside.read_bytes() == content


def test_a_cache_that_is_full_since_no_rrd_file_can_be_written_makes_the_broker_wait(
    mosquitto: Mosquitto, command_line: CommandLine, faults: Faults, tmp_path: Path
) -> None:
    numbered = Numbered(tmp_path, mosquitto, command_line, environ=faults.environ(), datarrd="cache_max_samples = 1000")
    numbered.start()
    with faults.fail(errno.ENOSPC, FULL | Calls.MAP, numbered.rrds):
        numbered.publish(500)
        numbered.wait_for_problem("store", "the cache is full", "cache_max_samples")
        numbered.wait_for_problem("rrd files", "rrds")
        assert 900 < numbered.health()["cached_samples"] <= 1000
        assert numbered.taken() < numbered.published
    numbered.wait_well()
    numbered.wait_until_taken()
    numbered.expect_everything()
    assert numbered.count("jnt_messages_total", 'result="dropped"') == 0


def test_a_file_system_that_is_full_is_waited_for_and_everything_is_written(
    mosquitto: Mosquitto, command_line: CommandLine, tmp_path: Path, small_disk: Path
) -> None:
    numbered = Numbered(tmp_path, mosquitto, command_line, series=1, home=small_disk / "home")
    numbered.start()
    numbered.publish(40)
    numbered.expect_everything()
    fill(small_disk / "filler")
    numbered.publish(400)
    numbered.wait_for_problem("store", NAMES[errno.ENOSPC])
    assert numbered.taken() < numbered.published
    (small_disk / "filler").unlink()
    numbered.wait_well()
    numbered.wait_until_taken()
    numbered.expect_everything()
    fill(small_disk / "filler")
    numbered.publish(400)
    numbered.wait_for_problem("store", NAMES[errno.ENOSPC])
    numbered.kill()
    (small_disk / "filler").unlink()
    numbered.start()
    numbered.expect_everything()


def test_an_rrd_file_that_is_there_needs_no_more_room(
    mosquitto: Mosquitto, command_line: CommandLine, tmp_path: Path, small_disk: Path
) -> None:
    numbered = Numbered(tmp_path, mosquitto, command_line, series=1, home=small_disk / "home")
    numbered.start()
    numbered.publish(2)
    numbered.expect_everything()
    numbered.publish(1000)
    numbered.wait_until_taken()
    fill(small_disk / "filler")
    numbered.expect_everything()


def fill(path: Path) -> None:
    """Take all the room that there is."""
    with path.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
