"""`script/bench agent`: what is looked at, and a short run of ours, beside whatever peers are installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.agent.command import ROWS
from benchmarks.agent.footprint import watch
from benchmarks.processes import BenchError, Child

# a process that takes 64 MiB and has a child that works
HUNGRY = """
import subprocess, sys
held = bytearray(64 << 20)
held[::4096] = b"x" * len(held[::4096])
child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
child.wait()
"""


def test_memory_and_processor_of_a_process_and_its_children_are_seen(tmp_path: Path) -> None:
    with Child([sys.executable, "-c", HUNGRY], tmp_path / "hungry", "hungry") as hungry, Child(["sleep", "60"], tmp_path) as idle:
        try:
            hungry.wait_ready(lambda: hungry.rss() > 70 << 20)
            busy, still = watch([hungry, idle], 0.5)
        finally:
            hungry.kill()  # with its child
    assert busy.processes == 2
    assert busy.rss > 64 << 20
    assert still.pss <= still.rss < busy.pss
    assert busy.cpu_percent > still.cpu_percent >= 0


def test_who_has_ended_is_not_measured(tmp_path: Path) -> None:
    with Child(["true"], tmp_path) as ended:
        ended.wait(20)
        with pytest.raises(BenchError, match="has ended"):
            watch([ended], 0.1)


@pytest.mark.slow
def test_every_row_works(bench: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    path = tmp_path / "agent.json"
    done = bench("agent", "--quick", "--rows", "1s", "--json", str(path))
    assert done.returncode == 0, done.stderr
    document = json.loads(path.read_text())
    assert document["faults"] == {}
    lines = {line["name"]: line for line in document["lines"]}
    assert {"rss-1s", "pss-1s", "cpu-1s", "cpu-1s-netdata", "cpu-1s-collectd"} <= set(lines)
    assert all(line["ours"]["median"] > 0 for line in lines.values())


def test_what_is_inside_the_clock_is_told(bench: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = bench("agent", "--explain")
    assert done.returncode == 0
    assert done.stdout.count("nside the clock") == len(ROWS)
