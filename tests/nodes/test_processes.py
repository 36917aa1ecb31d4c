"""The process node: real processes of this machine, by name."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
from support import wait_until

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import COMPONENTS, Plugins
from janitoo_datalog_rrd.core.processes import CPU, MEMORY, address_in, process_label
from janitoo_datalog_rrd.core.sections import Section
from janitoo_datalog_rrd.nodes.processes import ProcessesComponent, make_processes, own_address
from janitoo_datalog_rrd.nodes.processtable import Process, ProcessScan, ProcessTable, clean_name

Start = Callable[..., "subprocess.Popen[bytes]"]
BUSY = "while True: pass"
IDLE = "import time; time.sleep(600)"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts processes of a name of their own, which are ended at the end of the test."""
    running: list[subprocess.Popen[bytes]] = []

    def run(name: str, work: str = IDLE) -> subprocess.Popen[bytes]:
        program = tmp_path / name
        if not program.exists():
            program.symlink_to(Path(sys.executable).resolve())
        running.append(subprocess.Popen([program, "-S", "-E", "-c", work]))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()


def table(top: int = 10_000, **more: Any) -> ProcessTable:
    """A table that measures anew at each call."""
    return ProcessTable(top, 0.0, **more)


def test_the_node_is_installed_under_its_key_and_off_in_the_shipped_ini(root: Path) -> None:
    assert Plugins().load(COMPONENTS, "hostsensor.processes") is make_processes
    shipped = root / "config" / "janitoo_datalog_rrd.conf"
    assert ";components.processes = hostsensor.processes" in shipped.read_text()
    assert "processes" not in Options.load(shipped, Plugins(), {}).components("hostsensor")


def test_a_process_is_told_by_its_name_with_its_memory(start: Start) -> None:
    process = start("jnt-idle")
    measured = table()
    wait_until(lambda: "jnt-idle" in measured.usage().memory, what="the process")

    def is_its_share() -> bool:  # it grows until it has started
        share = 100.0 * psutil.Process(process.pid).memory_info().rss / psutil.virtual_memory().total
        return bool(measured.usage().memory["jnt-idle"] == pytest.approx(share, rel=0.02))

    wait_until(is_its_share, what="its share of the memory")


def test_processes_of_one_name_are_summed_up(start: Start) -> None:
    start("jnt-twin")
    measured = table()
    one = wait_until(lambda: measured.usage().memory.get("jnt-twin"))
    start("jnt-twin")
    wait_until(lambda: (measured.usage().memory["jnt-twin"] or 0) > 1.5 * one, what="the memory of both")


def test_a_busy_process_takes_processor_time_and_an_idle_one_none(start: Start) -> None:
    start("jnt-idle")
    start("jnt-busy", BUSY)
    measured = table()
    assert measured.usage().cpu == {}  # nothing to compare with yet
    busy = wait_until(lambda: [each for each in [measured.usage().cpu] if (each.get("jnt-busy") or 0) > 2])[0]
    assert (busy["jnt-idle"] or 0.0) < (busy["jnt-busy"] or 0.0)


def test_a_process_that_is_gone_is_told_as_unknown_once_and_then_no_more(start: Start) -> None:
    process = start("jnt-gone")
    measured = table()
    wait_until(lambda: "jnt-gone" in measured.usage().memory)
    process.kill()
    process.wait()
    assert measured.usage().memory["jnt-gone"] is None
    assert "jnt-gone" not in measured.usage().memory


def test_threads_of_the_kernel_are_no_processes() -> None:
    assert {process.identity[0] for process in ProcessScan().read()}
    assert all(process.memory > 0 for process in ProcessScan().read())


def test_only_those_that_take_most_are_told() -> None:
    given = [Process((number, 0.0), f"p{number}", number * 1000, 0.0) for number in range(1, 50)]
    assert list(table(3, read=lambda: given).usage().memory) == ["p49", "p48", "p47"]


def test_one_that_takes_little_memory_and_much_time_is_told_too() -> None:
    ticks = itertools.count()
    given = [
        [Process((1, 0.0), "large", 10**9, float(second)), Process((2, 0.0), "quick", 1, second * 0.5)] for second in range(2)
    ]
    rows = iter(given)
    measured = table(1, read=lambda: next(rows), clock=lambda: float(next(ticks)))
    assert list(measured.usage().memory) == ["large"]
    assert measured.usage().cpu == {"large": 100.0}
    ticks, rows = itertools.count(), iter([given[0], [given[0][0], given[1][1]]])
    measured = table(1, read=lambda: next(rows), clock=lambda: float(next(ticks)))
    measured.usage()
    assert measured.usage().cpu == {"large": 0.0, "quick": 50.0}


def test_a_number_that_is_used_again_is_another_process() -> None:
    ticks = itertools.count()
    rows = iter([[Process((7, 1.0), "p", 1, 500.0)], [Process((7, 2.0), "p", 1, 0.25)]])
    measured = table(read=lambda: next(rows), clock=lambda: float(next(ticks)))
    measured.usage()
    assert measured.usage().cpu == {"p": 25.0}


def test_names_that_come_and_go_do_not_make_series_without_end() -> None:
    numbers = itertools.count()
    measured = table(read=lambda: [Process((number, 0.0), f"p{number}", 1, 0.0) for number in [next(numbers)]], limit=5)
    told = {name for _ in range(20) for name in measured.usage().memory}
    assert told == {f"p{number}" for number in range(5)}


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Web Content", "Web Content"),
        ("a\nb\tc", "a?b?c"),
        ("", "?"),
        ("x" * 500, "x" * 40),
        ("\u202eevil\ud800", "?evil?"),
        ("  ", "?"),
    ],
)
def test_names_are_clean_and_short(name: str, clean: str) -> None:
    assert clean_name(name) == clean
    orjson.dumps(clean_name(name))


def make(**options: Any) -> ProcessesComponent:
    given = [Process((1, 0.0), "Web Content", 10**7, 1.0)]
    return make_processes(section=Section("hostsensor__p", {"hadd": "0110/0003", **options}), table=table(read=lambda: given))


def test_values_carry_the_name_as_index_and_the_address_in_the_label() -> None:
    node = make(address="192.0.2.7", poll_delay=2.0)
    assert {(uuid, value.units, value.poll_delay) for uuid, value in node.values.items()} == {(MEMORY, "%", 2.0), (CPU, "%", 2.0)}
    wire = orjson.loads(orjson.dumps(node.values[MEMORY].wire_all(node.hadd, node.uuid)))
    assert wire["Web Content"]["index"] == "Web Content"
    assert wire["Web Content"]["label"] == "Web Content memory, 192.0.2.7"
    assert node.values[CPU].wire_all(node.hadd, node.uuid)["Web Content"]["label"] == "Web Content CPU, 192.0.2.7"


def test_the_address_is_read_out_of_the_label_and_out_of_no_other() -> None:
    for address in ("192.0.2.7", "2001:db8::1"):
        assert address_in(process_label(MEMORY, "a, 10.0.0.1", address)) == address
    assert address_in("firefox memory") == ""
    assert address_in("memory, or what is left, of it") == ""


def test_without_an_option_it_is_an_address_of_this_machine() -> None:
    here = {each.address for addresses in psutil.net_if_addrs().values() for each in addresses}
    assert ip_address(own_address()).version == 4
    assert own_address() in here | {"127.0.0.1"}


def test_two_readings_of_one_poll_are_of_one_moment(start: Start) -> None:
    process = start("jnt-pair")
    node = make_processes(section=Section("hostsensor__p", {"hadd": "0110/0003", "poll_delay": 3600.0, "top": 10_000}))
    wait_until(lambda: any(each.name == "jnt-pair" for each in ProcessScan().read()))
    before = node.values[MEMORY].read_all()
    process.kill()
    process.wait()
    assert node.values[MEMORY].read_all() == before


@pytest.mark.parametrize(("option", "text"), [("address", "house"), ("top", "0"), ("top", "101"), ("poll_delay", "0s")])
def test_a_wrong_option_is_refused(option: str, text: str, tmp_path: Path) -> None:
    ini = tmp_path / "house.conf"
    ini.write_text(
        "[hostsensor]\nhadd = 0110/0000\ncomponents.p = hostsensor.processes\n\n"
        f"[hostsensor__p]\nhadd = 0110/0003\n{option} = {text}\n"
    )
    with pytest.raises(Exception, match=option):
        Options.load(ini, Plugins(), {})
