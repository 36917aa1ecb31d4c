"""Forwarding, its text: samples as lines of InfluxDB's line protocol.

The form is that of https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/, and what InfluxDB 1 takes: in
names and tags, commas, equals signs and spaces stand behind a backslash. A backslash of the text itself is read in one way by
InfluxDB and in another by QuestDB, and no tag can have a line break: these are written as a slash and as a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import isfinite

from ..core.contracts import Origin, Sample

ONLY_COLUMN = "value"
"""What the column of a series is called that has one value and was made by itself: it needs no tag."""
_MARKS = re.compile(r"[,= ]")
_MAX_TAG = 200
_MAX_HEADS = 50_000
_PER_SECOND = 1e6


class LineWriter:
    """Writes samples as lines; equal samples become equal lines, so that one which is sent twice is stored once.

    Args:
        measurement: name of all of them.
        tags: further tags of all of them, as `name=value`.
        describe: which of `node` and `units` become tags.
        chosen: series whose names match are written, others are not.
    """

    def __init__(self, measurement: str, tags: Iterable[str], describe: Iterable[str], chosen: re.Pattern[str]) -> None:
        self._measurement = measurement
        self._tags = {name: text for name, _, text in (tag.partition("=") for tag in tags)}
        self._describe = frozenset(describe)
        self._chosen = chosen
        self._heads: dict[int, tuple[Origin, bytes]] = {}

    def write(self, samples: Sequence[Sample]) -> tuple[list[bytes], int]:
        """The lines of samples, each with its end, in their order.

        Times are in microseconds: a float holds no more of a time of today, and rounding to them gives the time that a device
        has written back, digit by digit.

        Returns:
            The lines, and how many samples no line can hold, because they are unknown or infinite.
        """
        lines: list[bytes] = []
        unknown = 0
        heads = self._heads
        for sample in samples:
            origin = sample.origin
            known = heads.get(id(origin))
            head = self._begin(origin) if known is None else known[1]
            if not head:
                continue
            if not isfinite(sample.value):
                unknown += 1
                continue
            lines.append(b"%s%r %d\n" % (head, sample.value, round(sample.time * _PER_SECOND)))
        return lines, unknown

    def _begin(self, origin: Origin) -> bytes:
        """What the lines of a column begin with; empty where its series is not chosen."""
        head = b""
        if self._chosen.fullmatch(origin.series):
            tags = {"series": origin.series, **self._tags}
            if origin.column != ONLY_COLUMN:
                tags["column"] = origin.column
            tags |= {name: text for name, text in (("node", origin.node), ("units", origin.units)) if name in self._describe}
            written = [(escape(name), escape(text)) for name, text in sorted(tags.items())]
            parts = [escape_measurement(self._measurement), *(f"{name}={text}" for name, text in written if text)]
            head = f"{','.join(parts)} value=".encode()
        if len(self._heads) >= _MAX_HEADS:
            self._heads.clear()
        self._heads[id(origin)] = (origin, head)  # it is kept, so that no other one gets its number
        return head


def escape(text: str) -> str:
    """A tag's name or value as it is written; empty where there is nothing of it to be written."""
    plain = "".join(each if each.isprintable() else " " for each in text[:_MAX_TAG].replace("\\", "/")).strip()
    return _MARKS.sub(r"\\\g<0>", plain)


def escape_measurement(name: str) -> str:
    """The name of a measurement as it is written: there an equals sign needs no protection."""
    return escape(name).replace("\\=", "=")
