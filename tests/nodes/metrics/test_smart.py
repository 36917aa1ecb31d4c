"""Health of disks, by a stand-in for smartctl: machines that run tests have no disks that tell it.

Its answers have the form of smartmontools' JSON, version 1.0.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from support.trees import flat, section

from janitoo_datalog_rrd.core.metrics import AbsentError
from janitoo_datalog_rrd.nodes.metrics.smart import SmartMetrics, make_smart

ATA = {
    "smart_status": {"passed": True},
    "temperature": {"current": 36},
    "power_on_time": {"hours": 12345},
    "power_cycle_count": 77,
    "ata_smart_attributes": {
        "table": [
            {"id": 5, "name": "Reallocated_Sector_Ct", "raw": {"value": 8, "string": "8"}},
            {"id": 197, "name": "Current_Pending_Sector", "raw": {"value": 0, "string": "0"}},
            {"id": 194, "name": "Temperature_Celsius", "raw": {"value": 36, "string": "36"}},
        ]
    },
}
NVME = {
    "smart_status": {"passed": False},
    "temperature": {"current": 41},
    "power_on_time": {"hours": 9},
    "nvme_smart_health_information_log": {"percentage_used": 3, "available_spare": 100, "media_errors": 0},
}
SCSI = {"smart_status": {"passed": True}, "scsi_grown_defect_list": 2}
DENIED = {"smartctl": {"messages": [{"string": "Smartctl open device: /dev/sda failed: Permission denied", "severity": "error"}]}}
Disks = dict[str, tuple[str, int, Any]]


class Smartctl:
    """A program that answers as the test says, and writes down how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "smartctl"
        self.program.write_text(
            '#!/bin/sh\ncd "$(dirname "$0")"\necho "$*" >> calls\nfor last; do :; done\nname=${last#/dev/}\n'
            '[ -e "$name.sh" ] && . "./$name.sh"\ncat "./$name.json"\nexit "$(cat "./$name.status")"\n'
        )
        self.program.chmod(0o755)
        (folder / "sys").mkdir()
        self.has({})

    def has(self, disks: Disks, version: tuple[int, int] = (7, 3)) -> None:
        """Name → kind, exit status and answer."""
        devices = [{"name": f"/dev/{name}", "type": kind} for name, (kind, _, _) in disks.items()]
        self.answer("--scan", 0, {"smartctl": {"version": list(version)}, "devices": devices})
        for name, (_, status, answer) in disks.items():
            self.answer(name, status, answer)

    def answer(self, name: str, status: int, answer: Any) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / f"{name}.json").write_text(answer if isinstance(answer, str) else json.dumps(answer))
        (self.folder / f"{name}.status").write_text(str(status))

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def metrics(self, **more: Any) -> SmartMetrics:
        return make_smart(section("smart", smartctl=str(self.program)), sys_root=self.folder / "sys", **more)


@pytest.fixture(name="smartctl")
def smartctl_fixture(tmp_path: Path) -> Smartctl:
    return Smartctl(tmp_path)


def test_health_is_told_by_disk(smartctl: Smartctl) -> None:
    # 64: errors in the disk's log; 8: it is failing
    smartctl.has({"sda": ("sat", 64, ATA), "nvme0": ("nvme", 8, NVME), "sdb": ("scsi", 0, SCSI)})
    assert smartctl.metrics().read() == {
        "sda": {
            "passed": 1,
            "temperature": 36,
            "power_on_hours": 12345,
            "power_cycles": 77,
            "reallocated_sectors": 8,
            "pending_sectors": 0,
            "standby": 0,
        },
        "nvme0": {
            "passed": 0,
            "temperature": 41,
            "power_on_hours": 9,
            "percentage_used": 3,
            "available_spare": 100,
            "media_errors": 0,
            "standby": 0,
        },
        "sdb": {"passed": 1, "reallocated_sectors": 2, "standby": 0},
    }


def test_a_disk_that_sleeps_is_not_woken_and_its_numbers_are_unknown(smartctl: Smartctl) -> None:
    smartctl.has({"sda": ("sat", 0, ATA)})
    metrics = smartctl.metrics()
    metrics.read()
    smartctl.answer("sda", 3, {})
    numbers = flat(metrics.read())
    assert (numbers["sda.standby"], numbers["sda.temperature"]) == (1, None)
    assert flat(metrics.read()) == {"sda.standby": 1}
    assert all("-n standby,3" in call for call in smartctl.calls() if "--scan" not in call)


@pytest.mark.parametrize(("version", "standby"), [((7, 2), "standby,3 "), ((7, 3), "standby,3,3 "), ((8, 0), "standby,3,3 ")])
def test_one_that_does_not_tell_whether_it_sleeps_is_left_alone_where_smartctl_can(
    smartctl: Smartctl, version: tuple[int, int], standby: str
) -> None:
    smartctl.has({"sda": ("sat", 0, ATA)}, version)
    smartctl.metrics().read()
    assert f"-n {standby}" in smartctl.calls()[-1]


@pytest.mark.parametrize(("vendor", "kind"), [("ATA     ", "sat"), ("SEAGATE ", "auto"), (None, "auto")])
def test_smartctl_need_not_find_out_what_an_ata_disk_is_which_would_wake_it(
    smartctl: Smartctl, vendor: str | None, kind: str
) -> None:
    if vendor is not None:
        folder = smartctl.folder / "sys" / "block" / "sda" / "device"
        folder.mkdir(parents=True)
        (folder / "vendor").write_text(vendor + "\n")
    smartctl.has({"sda": ("scsi", 0, ATA)})
    smartctl.metrics().read()
    assert smartctl.calls()[-1].endswith(f"-d {kind} /dev/sda")


def test_without_the_rights_it_is_absent_and_says_so(smartctl: Smartctl, caplog: pytest.LogCaptureFixture) -> None:
    smartctl.has({"sda": ("sat", 2, DENIED)})
    with pytest.raises(AbsentError, match=r"needs the rights of root.*Permission denied"):
        smartctl.metrics().read()
    assert not caplog.records  # it would be said again each time that it is looked for


def test_one_disk_that_fails_does_not_keep_the_others_from_being_told(
    smartctl: Smartctl, caplog: pytest.LogCaptureFixture
) -> None:
    smartctl.has({"sda": ("sat", 2, DENIED), "sdb": ("sat", 0, ATA), "sdc": ("sat", 0, "no JSON"), "sdd": ("sat", 1, {})})
    metrics = smartctl.metrics()
    for _ in range(2):
        assert set(metrics.read()) == {"sdb"}
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [text.split(": ")[0] for text in told] == [f"smartctl tells nothing of {name}" for name in ("sda", "sdc", "sdd")]


def test_one_that_does_not_answer_is_given_up(smartctl: Smartctl) -> None:
    smartctl.has({"sda": ("sat", 0, ATA), "sdb": ("sat", 0, ATA)})
    (smartctl.folder / "sda.sh").write_text("exec sleep 600\n")
    assert set(smartctl.metrics(timeout_s=0.5).read()) == {"sdb"}


def test_a_disk_that_is_pulled_out_ends_its_lines_once(smartctl: Smartctl) -> None:
    smartctl.has({"sda": ("sat", 0, ATA), "sdb": ("sat", 0, ATA)})
    metrics = smartctl.metrics()
    metrics.read()
    smartctl.has({"sda": ("sat", 0, ATA)})
    assert flat(metrics.read())["sdb.passed"] is None
    assert set(metrics.read()) == {"sda"}


def test_disks_behind_a_raid_controller_are_told_apart(smartctl: Smartctl) -> None:
    devices = [{"name": "/dev/bus/0", "type": f"megaraid,{number}"} for number in (8, 9)]
    smartctl.answer("--scan", 0, {"devices": devices})
    smartctl.answer("bus/0", 0, ATA)
    assert set(smartctl.metrics().read()) == {"bus_0_megaraid_8", "bus_0_megaraid_9"}
    assert [call.partition("-d ")[2] for call in smartctl.calls()[1:]] == ["megaraid,8 /dev/bus/0", "megaraid,9 /dev/bus/0"]


def test_names_that_no_device_has_are_not_handed_on(smartctl: Smartctl) -> None:
    scan = {"devices": [{"name": "-x", "type": "ata"}, {"name": "/dev/sda", "type": "-x y"}, {"name": 5}, 7]}
    smartctl.answer("--scan", 0, scan)
    with pytest.raises(AbsentError, match="no disks"):
        smartctl.metrics().read()


@pytest.mark.parametrize(
    "answer", ["[]", "7", '{"smart_status": [], "temperature": {"current": "hot"}, "ata_smart_attributes": 3}']
)
def test_an_answer_of_another_form_gives_no_numbers(smartctl: Smartctl, answer: str) -> None:
    smartctl.has({"sda": ("sat", 0, answer)})
    assert {name for name in flat(smartctl.metrics().read()) if name != "sda.standby"} == set()


def test_an_old_smartctl_is_told(smartctl: Smartctl) -> None:
    smartctl.answer("--scan", 1, "=======> UNRECOGNIZED OPTION: json=c\n")
    with pytest.raises(ValueError, match=r"since version 7\.0"):
        smartctl.metrics().read()


def test_without_smartctl_it_is_absent() -> None:
    with pytest.raises(AbsentError, match="smartmontools"):
        make_smart(section("smart", smartctl="jnt-no-such-program"))


def test_no_shell_reads_what_smartctl_says(smartctl: Smartctl) -> None:
    mark = smartctl.folder / "mark"
    devices = [{"name": f"/dev/x;touch {mark}", "type": "sat"}, {"name": f"/dev/$(touch {mark})", "type": "sat"}]
    smartctl.answer("--scan", 0, {"devices": devices})
    smartctl.metrics().read()
    assert not mark.exists()
