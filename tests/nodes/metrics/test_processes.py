"""Processes: real ones of this machine, against `ps`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import wait_until
from support.trees import flat, section

from janitoo_datalog_rrd.nodes.metrics.processes import ProcessMetrics, make_processes
from janitoo_datalog_rrd.nodes.processtable import ProcessScan

Start = Callable[[str], "subprocess.Popen[bytes]"]
ALL = {"top": 100, "names": 500}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process that sleeps, or is busy where its name says so; ended at the end of the test."""
    running: list[subprocess.Popen[bytes]] = []

    def run(name: str) -> subprocess.Popen[bytes]:
        program = tmp_path / name
        if not program.exists():
            program.symlink_to(Path(sys.executable).resolve())
        work = "while True: pass" if "busy" in name else "import time; x = b'x' * 30_000_000; time.sleep(600)"
        running.append(subprocess.Popen([program, "-S", "-E", "-c", work]))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()


def ps(*columns: str) -> list[list[str]]:
    done = subprocess.run(
        ["ps", "-e", "-o", "".join(f"{each}=,"[:-1] + "," for each in columns)[:-1]], capture_output=True, text=True
    )
    return [line.split() for line in done.stdout.splitlines()]


def state_of(process: subprocess.Popen[bytes]) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_memory_is_a_share_of_the_machines(start: Start) -> None:
    process = start("jnt-large")
    metrics = make_processes(section("processes", **ALL))

    def is_near() -> bool:
        total = int(Path("/proc/meminfo").read_text().split()[1])
        resident = next(
            int(line.split()[1]) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmRSS" in line
        )
        return flat(metrics.read()).get("memory.jnt-large") == pytest.approx(100.0 * resident / total, rel=0.02)

    wait_until(is_near, what="its share of the memory")


def test_processor_time_is_in_percent_of_one_processor(start: Start) -> None:
    start("jnt-busy")
    metrics = make_processes(section("processes", **ALL))
    assert not [name for name in flat(metrics.read()) if name.startswith("cpu.")]
    wait_until(lambda: (flat(metrics.read()).get("cpu.jnt-busy") or 0.0) > 2.0, what="its processor time")


def test_a_name_that_is_gone_is_unknown_once_and_then_no_more(start: Start) -> None:
    process = start("jnt-gone")
    metrics = make_processes(section("processes", **ALL))
    wait_until(lambda: {"memory.jnt-gone", "cpu.jnt-gone"} <= set(flat(metrics.read())))
    process.kill()
    process.wait()
    numbers = flat(metrics.read())
    assert (numbers["memory.jnt-gone"], numbers["cpu.jnt-gone"]) == (None, None)
    assert "memory.jnt-gone" not in flat(metrics.read())


def test_processes_are_counted_by_state(start: Start) -> None:
    stopped, ended = start("jnt-stopped"), start("jnt-ended")
    metrics = make_processes(section("processes", top=0, detail=True))
    before = flat(metrics.read())
    stopped.send_signal(signal.SIGSTOP)
    ended.kill()
    wait_until(lambda: state_of(stopped) == "T" and state_of(ended) == "Z")
    numbers = flat(metrics.read())
    assert (numbers["count.stopped"] or 0) >= 1
    assert (numbers["count.zombie"] or 0) >= 1
    assert not [name for name in before if name.startswith(("memory.", "cpu."))]
    states = [name for name in numbers if name.startswith("count.") and name != "count.total"]
    assert numbers["count.total"] == sum(numbers[name] or 0 for name in states)


def test_ps_counts_as_many_processes_and_threads() -> None:
    def is_near() -> bool:  # others come and go
        numbers = flat(make_processes(section("processes", detail=True)).read())
        listed = ps("nlwp", "stat")
        mine = 1  # ps itself
        return abs(len(listed) - mine - (numbers["count.total"] or 0)) <= 3 and (
            abs(sum(int(row[0]) for row in listed) - (numbers["threads"] or 0)) <= 20
        )

    wait_until(is_near, what="ps to agree")


def test_a_long_name_is_told_in_full_and_a_strange_one_is_made_safe(start: Start) -> None:
    start("jnt-with-a-rather-long-name")
    start("jnt odd.x")
    metrics = make_processes(section("processes", **ALL))
    wait_until(lambda: {"memory.jnt-with-a-rather-long-name", "memory.jnt_odd_x"} <= set(flat(metrics.read())))


class Proc:
    """Processes that are files of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, number: int, comm: str, *, state: str = "S", ticks: int = 0, pages: int = 1000, started: int = 5) -> None:
        (self.folder / str(number)).mkdir(exist_ok=True)
        flags = "4194304" if pages else "2097216"  # the second is a thread of the kernel
        fields = [state, *["0"] * 5, flags, *["0"] * 4, str(ticks), "0", *["0"] * 4, "2", "0", str(started), "0", "0", "0"]
        (self.folder / str(number) / "stat").write_text(f"{number} ({comm}) {' '.join(fields)}\n")
        (self.folder / str(number) / "statm").write_text(f"{pages + 500} {pages} 300 1 0 100 0\n")


@pytest.fixture(name="proc")
def proc_fixture(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


def test_names_with_brackets_and_blanks_are_read(proc: Proc) -> None:
    proc.put(1, "a) S 1 (b")
    proc.put(2, "kthread", pages=0, state="I")
    (proc.folder / "self").mkdir()
    (proc.folder / "3").mkdir()  # ended between two looks
    scan = ProcessScan(proc.folder)
    assert [(each.identity, each.name) for each in scan.read()] == [((1, 5.0), "a) S 1 (b")]
    assert (scan.states, scan.threads) == ({"S": 1, "I": 1}, 4)


def test_names_that_become_the_same_are_summed_up(proc: Proc) -> None:
    proc.put(1, "a b")
    proc.put(2, "a/b")
    alone = ProcessMetrics(proc_root=proc.folder).read()["memory"]
    proc.put(1, "c")
    single = ProcessMetrics(proc_root=proc.folder).read()["memory"]
    assert isinstance(alone, dict)
    assert isinstance(single, dict)
    assert set(alone) == {"a_b"}
    assert alone["a_b"] == pytest.approx(2 * single["a_b"], rel=0.01)


def test_only_so_many_names_are_told_apart(proc: Proc) -> None:
    metrics = ProcessMetrics(top=100, names=7, proc_root=proc.folder)
    seen: set[str] = set()
    for number in range(1, 60):
        proc.put(number, f"p{number}", pages=number * 100)
        seen.update(name for name in flat(metrics.read()) if name.startswith("memory."))
    assert len(seen) == 7


def test_a_process_that_takes_another_name_is_told_by_it(proc: Proc) -> None:
    scan = ProcessScan(proc.folder)
    proc.put(1, "sh")
    scan.read()
    proc.put(1, "server")
    assert [each.name for each in scan.read()] == ["server"]


def test_this_process_is_found_by_its_number() -> None:
    assert os.getpid() in {each.identity[0] for each in ProcessScan().read()}
