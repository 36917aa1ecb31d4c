"""Memory, swap, load and uptime: against `free` and the kernel's files."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support import wait_until
from support.trees import flat, section

from janitoo_datalog_rrd.nodes.metrics.load import make_load
from janitoo_datalog_rrd.nodes.metrics.memory import make_memory
from janitoo_datalog_rrd.nodes.metrics.uptime import make_uptime
from janitoo_datalog_rrd.nodes.uptime import read_uptime


def kernel() -> dict[str, int]:
    """`/proc/meminfo` in bytes."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}


def test_memory_is_what_the_kernel_counts() -> None:
    def is_near() -> bool:  # others take and give memory between two looks
        before, numbers, after = kernel(), flat(make_memory(section("memory")).read()), kernel()
        told = {"free": "MemFree", "available": "MemAvailable", "active": "Active", "inactive": "Inactive", "buffers": "Buffers"}
        slack = 4 << 20
        return numbers["total"] == before["MemTotal"] and all(
            min(before[name], after[name]) - slack <= (numbers[path] or 0) <= max(before[name], after[name]) + slack
            for path, name in told.items()
        )

    wait_until(is_near, what="a moment without much coming and going")


@pytest.mark.skipif(shutil.which("free") is None, reason="there is no free")
def test_memory_is_what_free_tells() -> None:
    done = subprocess.run(["free", "-b"], capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    rows = {line.split(":")[0]: [int(each) for each in line.split(":")[1].split()] for line in done.stdout.splitlines()[1:]}
    numbers = flat(make_memory(section("memory")).read())
    assert numbers["total"] == rows["Mem"][0]
    assert numbers["available"] == pytest.approx(rows["Mem"][5], rel=0.2)
    assert numbers.get("swap.total", 0) == rows["Swap"][0]


def test_there_are_numbers_of_swap_only_where_there_is_some() -> None:
    names = {name.partition(".")[2] for name in flat(make_memory(section("memory")).read()) if name.startswith("swap.")}
    assert names == ({"total", "used", "free", "percent", "sin", "sout"} if kernel()["SwapTotal"] else set())


def test_the_load_is_the_kernels() -> None:
    def is_near() -> bool:
        read = [float(each) for each in Path("/proc/loadavg").read_text().split()[:3]]
        tree = flat(make_load(section("load")).read())
        return [tree["1"], tree["5"], tree["15"]] == pytest.approx(read, abs=0.011)

    wait_until(is_near, what="the same load twice")


def test_the_uptime_is_the_kernels() -> None:
    assert flat(make_uptime(section("uptime")).read())["seconds"] == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=2)


def test_the_uptime_is_a_whole_number_whatever_the_clock_says(tmp_path: Path) -> None:
    path = tmp_path / "uptime"
    path.write_text("12345.67 99999.00\n")
    assert read_uptime(path) == 12345
