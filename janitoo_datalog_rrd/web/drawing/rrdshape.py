"""What an RRD file holds: its data sources and archives, as far as reading needs to know them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import rrdtool

from ...core.errors import StoreError
from ...core.rrdcheck import find_fault
from ..escape import path_text

_DS_INDEX = re.compile(r"ds\[(.+)\]\.index")


@dataclass(frozen=True, slots=True)
class Archive:
    """One RRA: its consolidation function, seconds a row stands for, and seconds it is kept."""

    cf: str
    row_s: int
    kept_s: int

    def begins(self, last_update: int) -> int:
        """From when on it has rows, where its file was last updated at a time; seconds since the epoch UTC."""
        return last_update - last_update % self.row_s - self.kept_s


@dataclass(frozen=True, slots=True)
class RrdShape:
    """What an RRD file holds.

    Attributes:
        columns: DS names, in the file's order.
        archives: the RRAs.
        last_update: seconds since the epoch UTC.
    """

    columns: tuple[str, ...]
    archives: tuple[Archive, ...]
    step: int
    last_update: int

    def has(self, cf: str) -> bool:
        """Tell whether rows of a consolidation function can be read (unconsolidated rows serve every one)."""
        return any(archive.cf == cf or archive.row_s == self.step for archive in self.archives)

    def most_rows(self, cf: str, span_s: int, age_s: int, resolution: int) -> int:
        """The most rows that a fetch can bring.

        librrd prefers the archives that reach back to the start, and among them the one nearest to the resolution; where
        none reaches, the one that covers most.

        Args:
            cf: consolidation function.
            span_s: length of the span, seconds.
            age_s: seconds from the span's start to the file's last update.
            resolution: seconds between two rows that are asked for.
        """
        fitting = [each for each in self.archives if each.cf == cf or each.row_s == self.step]
        reaching = [each for each in fitting if each.kept_s >= age_s]
        if reaching:
            nearest = min(abs(each.row_s - resolution) for each in reaching)
            rows = [each.row_s for each in reaching if abs(each.row_s - resolution) == nearest]
        else:
            longest = max((each.kept_s for each in fitting), default=0)
            rows = [each.row_s for each in fitting if each.kept_s == longest] or [self.step]
        return span_s // min(rows) + 1


def read_shape(path: Path) -> RrdShape:
    """Read what a file holds.

    Raises:
        StoreError: it cannot be read, or is damaged, so that librrd, which believes a header, might crash on it.
    """
    try:
        fault = find_fault(path)
    except OSError as error:
        raise StoreError(f"The RRD file {path.name} cannot be read: {error.strerror}.") from error
    if fault:
        raise StoreError(f"The RRD file {path.name} is damaged: {fault}.")
    try:
        info = rrdtool.info(path_text(path))
    except rrdtool.OperationalError as error:
        raise StoreError(f"The RRD file {path.name} cannot be read: {error}.") from error
    step = int(info["step"])
    indexes = {match[1]: int(info[key]) for key in info if (match := _DS_INDEX.fullmatch(key)) is not None}
    archives = []
    number = 0
    while f"rra[{number}].cf" in info:
        row_s = step * int(info[f"rra[{number}].pdp_per_row"])
        archives.append(Archive(str(info[f"rra[{number}].cf"]), row_s, row_s * int(info[f"rra[{number}].rows"])))
        number += 1
    return RrdShape(tuple(sorted(indexes, key=indexes.__getitem__)), tuple(archives), step, int(info["last_update"]))
