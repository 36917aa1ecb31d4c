"""The outbox: what waits is on disk, bounded, and comes out in its order."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.outbox import Entry, Outbox, OutboxError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox" / "agent.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    made = Outbox(path)
    yield made
    made.close()


def test_the_oldest_come_first_and_stay_until_they_are_taken_out(outbox: Outbox) -> None:
    first, second = outbox.put(b"a", 10.0, "t"), outbox.put(b"b", 5.5)
    assert outbox.peek(10) == [Entry(first, 10.0, "t", b"a"), Entry(second, 5.5, "", b"b")]
    assert outbox.peek(1) == outbox.peek(1)
    assert outbox.peek(10, after=first) == [Entry(second, 5.5, "", b"b")]
    outbox.remove([first, 999])
    assert [each.content for each in outbox.peek(10)] == [b"b"]
    assert outbox.waiting == 1


def test_what_waits_survives_the_end_of_the_process_at_any_moment(path: Path) -> None:
    program = f"""
        import sys
        from pathlib import Path
        from janitoo_datalog_rrd.core.outbox import Outbox
        outbox = Outbox(Path({str(path)!r}))
        for number in range(100000):
            outbox.put(str(number).encode(), number)
            print(number, flush=True)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = -1
        for line in process.stdout:
            told = int(line)
            if told == 50:
                os.kill(process.pid, signal.SIGKILL)
    outbox = Outbox(path)
    contents = [each.content for each in outbox.peek(1_000_000)]
    outbox.close()
    assert contents == [str(number).encode() for number in range(len(contents))]
    assert len(contents) > told


def test_the_oldest_go_when_it_is_full_and_are_counted_for_good(path: Path) -> None:
    outbox = Outbox(path, max_bytes=10_000)
    for number in range(100):
        outbox.put(b"%03d" % number + b"x" * 500, number)
    left = [int(each.content[:3]) for each in outbox.peek(1000)]
    assert left == list(range(100 - len(left), 100))
    assert 10 < len(left) == outbox.waiting
    assert outbox.dropped == 100 - len(left)
    assert outbox.waiting_bytes <= 10_000
    measured = outbox.waiting_bytes
    outbox.close()
    again = Outbox(path)
    assert (again.dropped, again.waiting, again.waiting_bytes) == (100 - len(left), len(left), measured)
    again.remove([each.number for each in again.peek(1000)])
    assert (again.waiting, again.waiting_bytes) == (0, 0)
    again.close()


def test_a_clock_that_was_set_moves_the_times(outbox: Outbox) -> None:
    outbox.put(b"before", 100.0)
    first = outbox.put(b"after", 101.0)
    outbox.shift(50.0, first)
    assert [each.time_s for each in outbox.peek(10)] == [100.0, 151.0]


def test_a_damaged_file_is_kept_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1000)
    outbox = Outbox(path)
    outbox.put(b"a", 1.0)
    assert outbox.waiting == 1
    outbox.close()
    assert "is damaged" in caplog.text
    kept = list(path.parent.glob("*.corrupt-*"))
    assert [each.read_bytes()[:5] for each in kept] == [b"no da"]


def _spoil(path: Path, begin: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(b"\xff" * size)


def _fill(outbox: Outbox, count: int = 3000) -> None:
    for number in range(count):
        outbox.put(b"%d" % number * 100, float(number), "devices/x/monitoring")


def test_damage_while_it_is_used_costs_what_cannot_be_read(outbox: Outbox, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _fill(outbox)
    assert outbox._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    _spoil(path, path.stat().st_size // 2, 64 << 10)

    with pytest.raises(OutboxError, match="malformed"):
        outbox.peek(4000)
    found = outbox.peek(4000)
    assert "is damaged" in caplog.text
    assert (outbox.waiting, outbox.dropped) == (len(found), 0)
    assert 2500 < len(found) < 3000
    assert all(each.content == b"%d" % each.time_s * 100 and each.number == each.time_s + 1 for each in found)
    assert (found[0].number, found[-1].number) == (1, 3000)
    assert outbox.put(b"new", 3000.0) == 3001
    outbox.remove([each.number for each in found])
    assert [each.content for each in outbox.peek(10)] == [b"new"]
    outbox.close()
    again = Outbox(path)
    assert (again.waiting, again.next_number) == (1, 3002)
    again.close()
    assert sorted(each.name.partition(".corrupt-")[0] for each in path.parent.iterdir()) == [path.name, path.name]


def test_what_can_be_read_of_a_damaged_file_is_read_at_the_start(path: Path) -> None:
    outbox = Outbox(path)
    _fill(outbox)
    outbox.remove(range(1, 11))
    outbox.close()
    _spoil(path, path.stat().st_size // 3, 4096)
    outbox = Outbox(path)
    found = outbox.peek(4000)
    assert (found[0].number, found[-1].number) == (11, 3000)
    assert outbox.waiting == len(found) < 2990
    outbox.close()


def test_a_damaged_file_is_used_while_the_disk_takes_no_other(
    outbox: Outbox, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(outbox)
    outbox._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    _spoil(path, path.stat().st_size // 2, 64 << 10)

    def salvage(damaged: sqlite3.Connection, *_: object) -> int:
        damaged.text_factory = bytes
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("janitoo_datalog_rrd.core.outbox.salvage", salvage)
        with pytest.raises(OutboxError, match="full"):
            outbox.peek(4000)
        assert [each.topic for each in outbox.peek(2)] == ["devices/x/monitoring"] * 2
    with pytest.raises(OutboxError, match="malformed"):
        outbox.peek(4000)
    assert len(outbox.peek(4000)) > 2500


def test_a_file_that_became_no_database_is_begun_anew(outbox: Outbox, path: Path) -> None:
    _fill(outbox)
    outbox._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    outbox._database.execute("PRAGMA shrink_memory")
    _spoil(path, 0, path.stat().st_size)
    with pytest.raises(OutboxError):
        outbox.remove(range(5000))
    assert outbox.put(b"new", 1.0) > 3000
    assert outbox.peek(5000)[-1].content == b"new"


def test_one_process_at_a_time_has_it(outbox: Outbox, path: Path) -> None:
    with pytest.raises(StartError, match="another process has it"):
        Outbox(path)


def test_a_disk_that_takes_nothing_is_told_and_nothing_changes(outbox: Outbox) -> None:
    outbox.put(b"a", 1.0)
    database = outbox._database
    database.execute(f"PRAGMA max_page_count = {next(database.execute('PRAGMA page_count'))[0]}")  # the disk is full
    with pytest.raises(OutboxError, match="full"):
        outbox.put(b"x" * 100_000, 2.0)
    assert outbox.waiting == 1
    assert [each.content for each in outbox.peek(10)] == [b"a"]


def test_only_its_owner_may_read_it(outbox: Outbox, path: Path) -> None:
    outbox.put(b"a", 1.0)
    assert {each.name: oct(each.stat().st_mode & 0o077) for each in path.parent.iterdir()} == {
        each.name: "0o0" for each in path.parent.iterdir()
    }
    assert sqlite3.sqlite_version_info >= (3, 35)
