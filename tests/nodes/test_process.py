"""What the server's process takes: the numbers move with what the process does."""

from __future__ import annotations

import gc
import mmap
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from janitoo_datalog_rrd.nodes import process

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def tidy_process() -> None:
    """What earlier tests forgot goes before anything is counted, and not in between."""
    gc.collect()


def test_memory_grows_with_what_the_process_keeps() -> None:
    before = process.read_memory()
    size = 64 * 1024 * 1024
    with mmap.mmap(-1, size) as memory:
        for offset in range(0, size, 4096):
            memory[offset] = 1
        assert process.read_memory() - before > size // 2


def test_a_thread_more_is_counted() -> None:
    before = process.read_threads()
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert process.read_threads() == before + 1
    finally:
        done.set()
        thread.join()


def test_an_open_file_is_counted(tmp_path: Path) -> None:
    before = process.read_files()
    with (tmp_path / "open").open("w"):
        assert process.read_files() == before + 1
    assert process.read_files() == before


def test_a_connection_is_counted_at_both_of_its_ends() -> None:
    before = process.read_connections()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            assert process.read_connections() == before + 3  # the one that listens, and two ends
