"""Files that are whole or not there, and locks that say who runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.files import LockFile, write_atomically

HOLD = """
import sys
from pathlib import Path
from janitoo_datalog_rrd.core.files import LockFile
lock = LockFile(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """A process that holds the lock until it is killed or its input ends."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_file_is_replaced_whole_and_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new", sync=False)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError, match="directory"):
        write_atomically(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_the_lock_tells_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "run" / "server.pid"
    with holder(path) as process:
        assert LockFile(path).holder() == process.pid
        with pytest.raises(StartError, match=rf"locked by another server \(pid {process.pid}\)"):
            LockFile(path).acquire()
        process.communicate()
    assert LockFile(path).holder() is None


def test_a_file_left_by_a_killed_server_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "server.pid"
    with holder(path) as process:
        process.kill()
        process.wait()
    assert path.read_text() == f"{process.pid}\n"
    lock = LockFile(path)
    assert lock.holder() is None
    lock.acquire()
    assert path.read_text() == f"{os.getpid()}\n"
    lock.release()
    lock.release()
    assert path.read_text() == ""


def test_asking_who_has_the_lock_never_keeps_a_server_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "server.pid"
    path.touch()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            LockFile(path).holder()

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for each in askers:
        each.start()
    try:
        for _ in range(30):
            lock = LockFile(path)
            lock.acquire()
            lock.release()
    finally:
        done.set()
        for each in askers:
            each.join()


def test_a_lock_that_cannot_be_written_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(StartError, match=r"server\.pid cannot be written"):
        LockFile(tmp_path / "run" / "server.pid").acquire()
    assert LockFile(tmp_path / "none.pid").holder() is None
