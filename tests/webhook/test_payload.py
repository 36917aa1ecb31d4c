"""The payload: the sample's keys, in its order and of its kinds, with numbers that are right on Linux."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest
from webhook.sample import SAMPLE, shape

from janitoo_datalog_rrd.webhook.forwarder import encode
from janitoo_datalog_rrd.webhook.payload import Machine


def meminfo() -> dict[str, int]:
    """Bytes by the name of the row."""
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines() if line.endswith(" kB"))
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}


def test_it_has_the_keys_of_the_sample_in_its_order_and_of_its_kinds() -> None:
    payload = Machine().payload("web01", emergency=False, cpu_percentage=4.9)
    assert shape(json.loads(encode(payload))) == shape(SAMPLE)
    assert (payload["device_id"], payload["emergency"], payload["cpu_percentage"]) == ("web01", False, 4.9)


def test_the_share_of_all_memory_is_that_of_the_sample() -> None:
    memory = SAMPLE["virtual_memory"]
    expected = memory["available"] * 100 / memory["total"]
    assert SAMPLE["percentage_all_memory"] == pytest.approx(expected, abs=0.01)  # it was measured a moment later there
    payload = Machine().payload("web01", emergency=True, cpu_percentage=99.0)
    found = payload["virtual_memory"]
    assert payload["percentage_all_memory"] == found["available"] * 100 / found["total"]
    assert payload["percentage_all_memory"] + found["percent"] == pytest.approx(100, abs=0.06)


def test_memory_is_what_the_kernel_says() -> None:
    found, kernel = Machine().payload("a", emergency=False, cpu_percentage=0.0)["virtual_memory"], meminfo()
    assert found["total"] == kernel["MemTotal"]
    assert found["available"] == pytest.approx(kernel["MemAvailable"], rel=0.2)
    assert 0 < found["wired"] < found["total"] - found["free"]


def test_wired_is_what_cannot_leave_memory(tmp_path: Path) -> None:
    rows = {
        "MemTotal": 9000,
        "Unevictable": 1,
        "Mlocked": 1,
        "Slab": 500,
        "SUnreclaim": 20,
        "KernelStack": 300,
        "PageTables": 4000,
    }
    (tmp_path / "meminfo").write_text("".join(f"{name}:   {size} kB\n" for name, size in rows.items()) + "HugePages_Total:   7\n")
    found = Machine(proc_root=tmp_path).payload("a", emergency=False, cpu_percentage=0.0)
    assert found["virtual_memory"]["wired"] == 4321 * 1024
    missing = Machine(proc_root=tmp_path / "none").payload("a", emergency=False, cpu_percentage=0.0)
    assert missing["virtual_memory"]["wired"] is None


def test_disks_are_counted_once(tmp_path: Path) -> None:
    names = list(psutil.disk_io_counters(perdisk=True) or {})
    none = Machine(sys_root=tmp_path).payload("a", emergency=False, cpu_percentage=0.0)["disk_io"]
    assert set(none.values()) == {0}, "what is no disk of its own adds nothing"
    for name in names[:1]:
        (tmp_path / "block" / name / "device").mkdir(parents=True)
        before = psutil.disk_io_counters(perdisk=True, nowrap=False)[name]
        one = Machine(sys_root=tmp_path).payload("a", emergency=False, cpu_percentage=0.0)["disk_io"]
        after = psutil.disk_io_counters(perdisk=True, nowrap=False)[name]
        for key, number in one.items():
            assert getattr(before, key) <= number <= getattr(after, key)


def test_swap_is_what_the_kernel_says() -> None:
    found, kernel = Machine().payload("a", emergency=False, cpu_percentage=0.0)["swap"], meminfo()
    assert found["total"] == kernel["SwapTotal"]
    assert found["used"] + found["free"] == found["total"]
