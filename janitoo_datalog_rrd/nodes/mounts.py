"""Which file systems this machine has mounted, and how full they are."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_ESCAPE = re.compile(r"\\([0-7]{3})")
# Kinds that the kernel lists as `nodev`, and that hold files of their own nevertheless (/proc/filesystems).
_LOCAL = frozenset(("zfs", "ubifs", "virtiofs"))
_NETWORK = frozenset(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "lustre", "afs", "beegfs", "glusterfs", "orangefs"))
_NETWORK_FUSE = re.compile(r"fuse\.(sshfs|glusterfs|ceph|cephfs|rclone|s3fs|curlftpfs|davfs|moosefs|mfs|seaweedfs|juicefs).*")
# Images that can only be read are always full.
_IMAGES = frozenset(("squashfs", "erofs", "iso9660", "udf", "cramfs", "romfs"))


class Mount(NamedTuple):
    """One line of mountinfo.

    Attributes:
        device: major and minor number of the file system.
        root: which folder of the file system is mounted; `/` for all of it.
        point: where it is mounted.
        kind: such as `ext4`.
    """

    device: str
    root: str
    point: str
    kind: str


class Usage(NamedTuple):
    """How full a file system is, as `df` counts: `free` is what users may take, bytes; files are inodes, 0 where it has none."""

    total: int
    used: int
    free: int
    files: int
    files_used: int

    @property
    def percent(self) -> float:
        """The used share of what users may take."""
        return _percent(self.used, self.used + self.free)

    @property
    def files_percent(self) -> float:
        """The used share of the inodes."""
        return _percent(self.files_used, self.files)


def read_mounts(mountinfo: Path) -> list[Mount]:
    """Read `/proc/self/mountinfo`; its form is in proc(5)."""
    found: dict[str, Mount] = {}
    for line in mountinfo.read_bytes().decode("utf-8", "surrogateescape").split("\n"):  # names may have what else ends a line
        left, dash, right = line.partition(" - ")
        parts = left.split(" ")
        if dash and len(parts) >= 5:
            point = _unescape(parts[4])
            found.pop(point, None)
            found[point] = Mount(parts[2], _unescape(parts[3]), point, right.split(" ")[0])  # the last one hides the others
    return list(found.values())


def read_kinds(filesystems: Path) -> frozenset[str]:
    """Kinds of file systems that lie on a disk, by `/proc/filesystems`."""
    lines = filesystems.read_text(encoding="ascii", errors="replace").splitlines()
    return frozenset(line.strip() for line in lines if line.startswith("\t"))


def group_mounts(mounts: Iterable[Mount], on_disk: frozenset[str], *, network: bool) -> list[list[Mount]]:
    """Where each file system that is worth a look is mounted, the place that people know it by first.

    Args:
        mounts: all of them.
        on_disk: kinds that lie on a disk.
        network: those of other machines too.
    """
    groups: dict[str, list[Mount]] = {}
    for mount in mounts:
        if _is_real(mount, on_disk, network):
            groups.setdefault(mount.device, []).append(mount)
    for group in groups.values():
        group.sort(key=lambda mount: (mount.root != "/", len(mount.point), mount.point))
    return sorted(groups.values(), key=lambda group: group[0].point)


def _is_real(mount: Mount, on_disk: frozenset[str], network: bool) -> bool:
    kind = mount.kind
    if kind in _NETWORK or _NETWORK_FUSE.fullmatch(kind):
        return network
    if kind == "overlay":
        return mount.point == "/"  # all that a container has; those of a host's containers lie on its own disks
    return kind in _LOCAL or (kind in on_disk and kind not in _IMAGES)


def measure(mounts: Iterable[Mount]) -> Usage | None:
    """How full a file system is, seen from the first of its mounts that is a folder; None where there is none of any size.

    Raises:
        OSError: it cannot be looked at.
    """
    for mount in mounts:
        # Containers have files mounted, as /etc/hosts is.
        if mount.root != "/" and not stat.S_ISDIR(os.stat(mount.point).st_mode):  # noqa: PTH116 - names that are no UTF-8
            continue
        found = os.statvfs(mount.point)
        if not found.f_blocks:
            return None
        size = found.f_frsize
        used = (found.f_blocks - found.f_bfree) * size
        return Usage(found.f_blocks * size, used, found.f_bavail * size, found.f_files, found.f_files - found.f_ffree)
    return None


def _unescape(text: str) -> str:
    """A path of mountinfo, in which spaces and the like are octal."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text) if "\\" in text else text


def _percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 2) if whole else 0.0
