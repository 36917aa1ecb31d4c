"""What is in files, ours and the peers': whether a point arrived, and how many did."""

from __future__ import annotations

import struct
from pathlib import Path

import rrdtool

from ..load import Plan
from ..processes import BenchError


def holds(path: Path, value: float, start: int, end: int) -> bool:
    """Whether the finest archive of a whisper file has a number between two times, seconds since the epoch UTC.

    The format, big endian: aggregation, longest retention, xff, archives; per archive offset, seconds per point, points;
    a point is its time and a double. The first point of an archive says where the others are.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(28)
            if len(head) < 28:
                return False
            offset, seconds, points = struct.unpack("!3L", head[16:])
            stream.seek(offset)
            base, _ = struct.unpack("!Ld", stream.read(12))
            for slot in range(start // seconds, end // seconds + 1):
                stream.seek(offset + (slot - base // seconds) % points * 12)
                if struct.unpack("!Ld", stream.read(12)) == (slot * seconds, value):
                    return True
    except (FileNotFoundError, struct.error):
        pass
    return False


def last_update(path: Path) -> int:
    """Time of the last update of an RRD file, seconds since the epoch UTC; 0 where there is none.

    Read from the header as rrd_format.h has it on machines of 64 bits, since librrd would lock the file against its writer: 128
    bytes with the numbers of data sources and archives at 24 and 32, 120 bytes for each of both, then the time.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(128)
            sources, archives = struct.unpack_from("@LL", head, 24)
            stream.seek(128 + 120 * (sources + archives))
            return int(struct.unpack("@q", stream.read(8))[0])
    except (FileNotFoundError, struct.error):
        return 0


def count_rows(path: Path, plan: Plan, series: int) -> int:
    """How many points of a plan an RRD file has: rows of its step with the very number that was sent for that time."""
    if not path.exists():
        return 0
    end = plan.last_time(series)
    step = plan.spacing_s
    (first, _, found_step), _, rows = rrdtool.fetch(
        str(path), "AVERAGE", "-r", str(step), "-s", str(plan.begin - step), "-e", str(end - step)
    )
    if found_step != step:
        raise BenchError(f"{path} has a step of {found_step} s: expected {step}")
    wanted = {
        plan.begin + index * step: plan.first + series + index * plan.topics for index in range((end - plan.begin) // step + 1)
    }
    return sum(row[0] == wanted.get(first + (index + 1) * step, object()) for index, row in enumerate(rows))
