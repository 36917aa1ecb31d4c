"""The agent's processors: against counts made by the test, and against the kernel's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.trees import flat, section

from janitoo_datalog_rrd.core.metrics import AbsentError
from janitoo_datalog_rrd.nodes.metrics.cpu import CpuMetrics, make_cpu

STAT = """cpu  {0} 0 {1} {2} {3} 0 0 0 0 0
cpu0 {0} 0 0 {2} {3} 0 0 0 0 0
{more}intr 12345 0 9 0
ctxt 777
btime 1795282989
processes 4242
procs_running 2
softirq 5 0 1
"""


class Machine:
    """A machine whose counts, clock and clocks are the test's."""

    def __init__(self, folder: Path) -> None:
        self.stat = folder / "stat"
        self.cpufreq = folder / "cpufreq"
        self.seconds = 0.0
        self.count(0, 0, 0, 0)

    def count(self, user: int, system: int, idle: int, iowait: int, more: str = "") -> None:
        self.stat.write_text(STAT.format(user, system, idle, iowait, more=more), encoding="ascii")

    def metrics(self, **options: bool) -> CpuMetrics:
        return make_cpu(
            section("cpu", **{"detail": True, **options}), stat=self.stat, cpufreq=self.cpufreq, clock=lambda: self.seconds
        )


@pytest.fixture(name="machine")
def machine_fixture(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_shares_are_of_the_time_between_two_readings(machine: Machine) -> None:
    metrics = machine.metrics()
    assert flat(metrics.read()) == {"interrupts": 12345, "context_switches": 777, "forks": 4242}
    machine.seconds = 10.0
    machine.count(100, 50, 800, 50)
    numbers = flat(metrics.read())
    assert (numbers["percent"], numbers["core.0.percent"]) == (15.0, 10.53)
    assert {name: number for name, number in numbers.items() if name.startswith("time.") and number} == {
        "time.user": 10.0,
        "time.system": 5.0,
        "time.idle": 80.0,
        "time.iowait": 5.0,
    }


def test_a_reading_just_after_another_tells_the_same_shares(machine: Machine) -> None:
    metrics = machine.metrics()
    machine.seconds = 10.0
    machine.count(100, 0, 900, 0)
    first = metrics.read()
    machine.seconds = 10.1
    machine.count(101, 0, 900, 0)
    assert metrics.read() == first


def test_a_core_that_is_taken_out_ends_its_line_and_comes_back_without_a_spike(machine: Machine) -> None:
    metrics = machine.metrics()
    second = "cpu1 {} 0 0 {} 0 0 0 0 0 0\n"
    told: list[float | int | None] = []
    for tick, more in enumerate(
        [second.format(5000, 100), second.format(5001, 109), "", "", second.format(1, 1), second.format(2, 4)], 1
    ):
        machine.seconds = 10.0 * tick
        machine.count(tick, 0, tick * 9, 0, more)
        told.append(flat(metrics.read()).get("core.1.percent", -1.0))
    assert told == [-1.0, 10.0, None, -1.0, -1.0, 25.0]


def test_cores_can_be_left_out(machine: Machine) -> None:
    metrics = machine.metrics(cores=False)
    machine.seconds = 10.0
    machine.count(1, 0, 1, 0)
    assert flat(metrics.read())["percent"] == 50.0
    assert not [name for name in flat(metrics.read()) if name.startswith("core")]


def test_the_frequency_is_the_average_of_the_clocks(machine: Machine) -> None:
    for number, kilohertz in enumerate((800_000, 3_200_000)):
        (machine.cpufreq / f"policy{number}").mkdir(parents=True)
        (machine.cpufreq / f"policy{number}" / "scaling_cur_freq").write_text(f"{kilohertz}\n")
    metrics = machine.metrics()
    assert flat(metrics.read())["frequency"] == 2000.0
    (machine.cpufreq / "policy1" / "scaling_cur_freq").write_text("<unknown>\n")
    assert flat(metrics.read())["frequency"] == 800.0
    (machine.cpufreq / "policy0" / "scaling_cur_freq").unlink()
    assert flat(metrics.read())["frequency"] is None


def test_without_counts_it_is_absent(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="there is no"):
        make_cpu(section("cpu"), stat=tmp_path / "none")


def spend(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def busy_and_all(read: Callable[[], str]) -> tuple[int, int]:
    """Busy ticks and all ticks of the kernel's first line, by hand."""
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, read().split("\n", 1)[0].split()[1:9])
    return user + nice + system + irq + softirq + steal, user + nice + system + irq + softirq + steal + idle + iowait


def test_this_machine_is_as_busy_as_the_kernel_counts() -> None:
    stat = Path("/proc/stat")
    metrics = make_cpu(section("cpu"))
    busy_before, all_before = busy_and_all(stat.read_text)
    spend(0.7)
    numbers = flat(metrics.read())
    busy, everything = busy_and_all(stat.read_text)
    assert numbers["percent"] == pytest.approx(100.0 * (busy - busy_before) / (everything - all_before), abs=10.0)
    assert sum(number or 0.0 for name, number in numbers.items() if name.startswith("time.")) == pytest.approx(100.0, abs=0.1)
    there = [line.split()[0] for line in stat.read_text().splitlines() if line.startswith("cpu") and line[3] != " "]
    assert {f"core.{name.removeprefix('cpu')}.percent" for name in there} == {
        name for name in numbers if name.startswith("core.")
    }
