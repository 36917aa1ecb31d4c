"""Killed at each of its seams, a store has what it took, and has it once: counts would show what is stored twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from store.conftest import START, abandon, open_in, rows
from store.doomed import MESSAGES, SERIES

from benchmarks.kill.killing import SEAMS
from janitoo_datalog_rrd.core.seams import EVENT, reached

DOOMED = Path(__file__).with_name("doomed.py")


def live_and_die(root: Path, folder: Path, seam: str, count: int, prefix: str) -> int:
    """Run a store until it is killed, and return how many messages it has taken."""
    done = subprocess.run(
        [sys.executable, DOOMED, folder, seam, str(count), prefix],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, f"{seam} was not reached: {done.stderr}"
    return len(done.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2])
def test_a_store_killed_at_each_seam_has_everything_once(root: Path, tmp_path: Path, count: int) -> None:
    taken = {}
    for life, seam in enumerate(SEAMS):
        taken[life] = live_and_die(root, tmp_path, seam, count, f"life{life}")
    store = open_in(tmp_path)
    store.flush_all(everything=True)
    for life, seam in enumerate(SEAMS):
        for each in range(SERIES):
            name = f"life{life}-{each}"
            found = {} if not taken[life] and name not in store.cache.series else counts(store.path_of(name))
            # what was under way may have got to the journal: it would come again
            assert [found.get(number) for number in range(taken[life])] == [1.0] * taken[life], seam
            assert found.get(taken[life]) in (None, 1.0), seam
            assert len(found) <= taken[life] + 1, seam
    abandon(store)


def counts(path: Path) -> dict[int, float]:
    """What a file counts for each message."""
    found = rows(path, START - 1, START + MESSAGES)
    return {int(second - START): row[0] for second, row in found.items() if row[0] is not None}


def test_a_seam_is_told_to_audit_hooks_and_does_nothing_else() -> None:
    program = f"""
import sys
from janitoo_datalog_rrd.core.seams import reached
sys.addaudithook(lambda event, arguments: print(*arguments) if event == {EVENT!r} else None)
reached("rrd-updated")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "rrd-updated\n"
    reached("rrd-updated")  # nobody listens in this process
