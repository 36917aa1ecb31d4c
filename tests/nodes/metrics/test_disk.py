"""File systems and disks: against `df` and the kernel's files, and with mounts of the test."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from support import wait_until
from support.mounts import run_with_own_mounts
from support.trees import flat, section

from janitoo_datalog_rrd.nodes.metrics import disk as module
from janitoo_datalog_rrd.nodes.metrics.disk import DiskMetrics, make_disk
from janitoo_datalog_rrd.nodes.mounts import Mount, Usage, group_mounts, measure, read_kinds, read_mounts

ON_DISK = frozenset(("ext4", "xfs", "btrfs", "vfat", "fuseblk", "squashfs", "iso9660"))


def line(point: str, kind: str, device: str = "8:1", root: str = "/") -> str:
    return f"27 1 {device} {root} {point} rw,relatime shared:1 master:2 - {kind} /dev/x rw\n"


def told(tmp_path: Path, *lines: str, network: bool = True) -> list[str]:
    """Mount points that are told of a mountinfo."""
    (tmp_path / "mountinfo").write_text("".join(lines))
    return [group[0].point for group in group_mounts(read_mounts(tmp_path / "mountinfo"), ON_DISK, network=network)]


def test_real_file_systems_are_told_and_others_are_not(tmp_path: Path) -> None:
    kinds = [
        "ext4",
        "xfs",
        "btrfs",
        "vfat",
        "fuseblk",
        "zfs",
        "tmpfs",
        "proc",
        "overlay",
        "squashfs",
        "iso9660",
        "autofs",
        "fuse.portal",
    ]
    lines = [line(f"/{kind}", kind, device=f"8:{number}") for number, kind in enumerate(kinds)]
    (tmp_path / "mountinfo").write_text("".join(lines))
    found = group_mounts(read_mounts(tmp_path / "mountinfo"), ON_DISK, network=True)
    assert {group[0].kind for group in found} == {"ext4", "xfs", "btrfs", "vfat", "fuseblk", "zfs"}


def test_a_name_that_would_end_a_line_elsewhere_hides_no_file_system(tmp_path: Path) -> None:
    points = ["/a\x0bb", "/c\x85d", "/e\u2028f\x1c"]
    lines = [line(point, "ext4", device=f"8:{number}") for number, point in enumerate(points)]
    assert told(tmp_path, *lines) == points


def test_those_of_other_machines_can_be_left_out(tmp_path: Path) -> None:
    lines = [line("/", "ext4"), line("/nas", "nfs4", "0:50"), line("/web", "fuse.sshfs", "0:51"), line("/win", "cifs", "0:52")]
    assert told(tmp_path, *lines) == ["/", "/nas", "/web", "/win"]
    assert told(tmp_path, *lines, network=False) == ["/"]


def test_the_root_of_a_container_is_told_and_those_of_a_hosts_containers_are_not(tmp_path: Path) -> None:
    assert told(tmp_path, line("/", "overlay", "0:90")) == ["/"]
    assert told(tmp_path, line("/", "ext4"), line("/var/lib/docker/overlay2/x/merged", "overlay", "0:91")) == ["/"]


def test_a_file_system_is_told_once_however_often_it_is_mounted(tmp_path: Path) -> None:
    lines = [line("/b", "ext4", root="/some"), line("/data/disk", "ext4"), line("/srv/data/disk", "ext4")]
    assert told(tmp_path, *lines) == ["/data/disk"]
    subvolumes = [line("/home", "btrfs", "0:42", "/@home"), line("/", "btrfs", "0:42", "/@")]
    assert told(tmp_path, *subvolumes) == ["/"]


def test_a_mount_hides_what_was_mounted_there_before(tmp_path: Path) -> None:
    assert told(tmp_path, line("/mnt", "ext4", "8:1"), line("/mnt", "tmpfs", "0:9")) == []


def test_points_with_blanks_are_read(tmp_path: Path) -> None:
    assert told(tmp_path, line(r"/media/My\040Disk\134x", "ext4")) == ["/media/My Disk\\x"]


def test_broken_lines_are_passed_over(tmp_path: Path) -> None:
    assert told(tmp_path, "\n", "27 1\n", "27 1 8:1 / /x rw\n", line("/", "ext4")) == ["/"]


def test_files_that_are_mounted_into_a_container_are_no_folders(tmp_path: Path) -> None:
    (tmp_path / "hosts").touch()
    files = [Mount("8:1", "/var/lib/hosts", str(tmp_path / "hosts"), "ext4")]
    assert measure(files) is None
    assert measure([*files, Mount("8:1", "/volume", str(tmp_path), "ext4")]) is not None


@pytest.mark.skipif(shutil.which("df") is None, reason="there is no df")
def test_usage_is_what_df_tells() -> None:
    columns = "target,size,used,avail,pcent,itotal,iused"

    def is_near() -> bool:  # others write meanwhile
        done = subprocess.run(["df", "-B1", f"--output={columns}", "/"], capture_output=True, text=True, check=True)
        _, size, used, avail, percent, itotal, iused = done.stdout.splitlines()[1].split()
        numbers = flat(make_disk(section("disk", detail=True)).read())
        root = {name.removeprefix("usage.root."): number for name, number in numbers.items() if name.startswith("usage.root.")}
        near = [root["used"], root["free"], root.get("inodes.used", 0)] == pytest.approx(
            [int(used), int(avail), int(iused)], rel=1e-3
        )
        assert root["total"] == int(size)
        assert root.get("inodes.total", 0) == int(itotal)
        assert root["percent"] == pytest.approx(float(percent.rstrip("%")), abs=1.1)  # df rounds up
        return near

    wait_until(is_near, what="df to agree")


def test_every_file_system_of_df_without_duplicates_is_told() -> None:
    kinds = read_kinds(Path("/proc/filesystems"))
    assert "ext4" in kinds or "xfs" in kinds or "btrfs" in kinds
    assert "proc" not in kinds
    groups = group_mounts(read_mounts(Path("/proc/self/mountinfo")), kinds, network=False)
    there = {Path(group[0].point).stat().st_dev for group in groups}
    assert Path("/").stat().st_dev in there
    assert len(there) == len(groups)


class Machine:
    """File systems and disks of the test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.gate = threading.Event()
        self.dead: set[str] = set()
        (folder / "self").mkdir()
        (folder / "filesystems").write_text("nodev\ttmpfs\n\text4\n")
        self.mount("/", "/home", "/mnt/a b", "/mnt/a/b")
        monkeypatch.setattr(module, "measure", self.measure)

    def mount(self, *points: str) -> None:
        lines = [line(point.replace(" ", r"\040"), "ext4", f"8:{number}") for number, point in enumerate(points)]
        (self.folder / "self" / "mountinfo").write_text("".join(lines))

    def measure(self, mounts: list[Mount]) -> Usage:
        if mounts[0].point in self.dead:
            self.gate.wait()
        return Usage(100, 60, 20, 10, 1)

    def metrics(self, **more: Any) -> DiskMetrics:
        return DiskMetrics(proc_root=self.folder, timeout_s=0.5, **more)


@pytest.fixture(name="machine")
def machine_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    machine = Machine(tmp_path, monkeypatch)
    yield machine
    machine.gate.set()


def points(metrics: DiskMetrics) -> dict[str, float | int | None]:
    numbers = flat(metrics.read())
    return {name.split(".")[1]: number for name, number in numbers.items() if name.startswith("usage.") and name.count(".") == 2
            and name.endswith(".percent")}  # fmt: skip


def test_a_file_system_is_named_by_where_it_is_mounted(machine: Machine) -> None:
    found = points(machine.metrics())
    assert {"root": 75.0, "home": 75.0, "mnt_a_b": 75.0}.items() <= found.items()
    assert len(found) == 4


def test_a_server_that_is_gone_holds_up_nothing_and_its_line_ends(machine: Machine) -> None:
    metrics = machine.metrics()
    assert points(metrics)["home"] == 75.0
    machine.dead = {"/home"}
    assert points(metrics)["home"] is None
    assert "home" not in points(metrics)
    assert points(metrics)["root"] == 75.0
    machine.dead = set()
    machine.gate.set()
    wait_until(lambda: points(metrics).get("home") == 75.0, what="the server that is back")


HANGING = """
import ctypes, os, sys, threading
from janitoo_datalog_rrd.nodes.metrics.disk import DiskMetrics

def tell(what):
    print(what, sorted(metrics.read()["usage"]), sum(thread.name == "patience" for thread in threading.enumerate()), flush=True)

metrics = DiskMetrics(timeout_s=1)
tell("before")
server = os.open("/dev/fuse", os.O_RDWR)  # which nobody will read
options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
failed = ctypes.CDLL(None, use_errno=True).mount(b"nobody", sys.argv[1].encode(), b"fuse.sshfs", 0, options)
assert not failed, os.strerror(ctypes.get_errno())
tell("first")
tell("again")
"""


@pytest.mark.skipif(not Path("/dev/fuse").exists(), reason="there is no FUSE")
def test_a_file_system_that_really_hangs_holds_up_neither_a_reading_nor_the_end(tmp_path: Path) -> None:
    """It is one of FUSE whose server never answers, mounted where only the process of the test sees it."""
    (tmp_path / "hangs").mkdir()
    done = run_with_own_mounts(HANGING, tmp_path / "hangs")
    assert done.returncode == 0, done.stderr
    before, first, again = (text.partition(" ")[2] for text in done.stdout.splitlines())
    assert "'root'" in before
    assert before.endswith(" 0")
    assert first == again == before[:-1] + "1"  # the same file systems, and one thread that is left behind
    assert "hangs does not answer within 1 s" in done.stderr


def test_a_file_system_that_is_unmounted_ends_its_line(machine: Machine) -> None:
    metrics = machine.metrics()
    metrics.read()
    machine.mount("/")
    assert points(metrics)["home"] is None
    assert set(points(metrics)) == {"root"}


def test_disks_count_what_the_kernel_counts() -> None:
    def kernel() -> dict[str, list[int]]:
        rows = [row.split() for row in Path("/proc/diskstats").read_text().splitlines()]
        return {row[2]: [int(each) for each in row[3:14]] for row in rows}

    before = kernel()
    numbers = flat(make_disk(section("disk", detail=True)).read())
    after = kernel()
    names = {name.split(".")[1] for name in numbers if name.startswith("io.")}
    assert all((Path("/sys/block") / name / "device").exists() for name in names)
    for name in names:
        # their order is that of Documentation/admin-guide/iostats.rst of the kernel
        for field, at, factor in [("read_count", 0, 1), ("read_bytes", 2, 512), ("write_bytes", 6, 512), ("busy_time", 9, 1)]:
            number = numbers[f"io.{name}.{field}"] or 0
            assert before[name][at] * factor <= number <= after[name][at] * factor, field
