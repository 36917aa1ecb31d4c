"""RRD files, the look before librrd is let at one: whether what a file's header says can be so, found out without librrd.

The layout is that of rrd_format.h, as librrd writes it on machines of 64 bits.
"""

from __future__ import annotations

import os
import re
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# the static header; the definitions of a data source and of an archive; the last reading of a source; the row of an archive
_STATIC = struct.Struct("@4s5sdLLL80s")
_DS, _RRA, _PDP, _POINTER = (struct.Struct(form) for form in ("@20s20sL72s", "@20sLL80s", "@30s82x", "@L"))
_PER_CDP, _LIVE = 80, 16
STATIC_SIZE = _STATIC.size
"""Bytes of the part of a header that says how long the rest of it is."""
_FLOAT_COOKIE = 8.642135e130
_MOST = 1000
_LONGEST_S = 100 * 366 * 86400
_LATEST = 2**32 - 1
_VERSION = re.compile(rb"[0-9]{4}\0")
_NAME = re.compile(rb"[A-Za-z0-9_-]{1,19}")
_TYPES = (b"GAUGE", b"COUNTER", b"DERIVE", b"ABSOLUTE", b"DCOUNTER", b"DDERIVE", b"COMPUTE")
_FUNCTIONS = (
    *(b"AVERAGE", b"MIN", b"MAX", b"LAST"),
    *(b"HWPREDICT", b"MHWPREDICT", b"SEASONAL", b"DEVPREDICT", b"DEVSEASONAL", b"FAILURES"),
)


class Layout(NamedTuple):
    """Where the parts of a file are, in bytes from its beginning.

    Attributes:
        archives: of each: its consolidation function, how many rows it has, and how many steps each of them stands for.
        live_at, live_size: the time of the last update, and behind it the last readings.
        cdp_at: the rows that are under way, 80 bytes for each archive and data source.
        pointers_at: the number of each archive's youngest row.
        rows_at: the rows.
    """

    archives: list[tuple[str, int, int]]
    live_at: int
    live_size: int
    cdp_at: int
    pointers_at: int
    rows_at: int


def read_layout(content: bytes | bytearray) -> Layout | None:
    """Where the parts of a file are that `find_fault` has nothing against; None where the layout is not known."""
    live_at, rows_at = definitions_size(content), header_size(content)
    if not rows_at:
        return None
    _, version, _, ds_count, rra_count, _, _ = _STATIC.unpack_from(content)
    live = _LIVE if int(version[:4]) >= 3 else _LIVE // 2
    definitions = content[_STATIC.size + ds_count * _DS.size : live_at]
    archives = [
        ((_word(function) or b"").decode("ascii", "replace"), rows, steps)
        for function, rows, steps, _ in _RRA.iter_unpack(definitions)
    ]
    pointers_at = rows_at - rra_count * _POINTER.size
    return Layout(archives, live_at, live, live_at + live + ds_count * _PDP.size, pointers_at, rows_at)


def find_fault(path: Path) -> str:
    """What is wrong with a file's header, in a few words; empty where it fits the file's size and itself.

    What is looked at is what librrd counts, divides or points with. A number that is another one, but could be one, is
    not noticed: the format has no checksum.

    Raises:
        OSError: it cannot be read.
    """
    if struct.calcsize("@L") != 8:
        return ""  # another layout, which librrd has to check by itself
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        head = stream.read(_STATIC.size)
        if len(head) < _STATIC.size:
            return "it ends within its header"
        cookie, version, float_cookie, ds_count, rra_count, step, _ = _STATIC.unpack(head)
        if cookie != b"RRD\0" or _VERSION.fullmatch(version) is None or float_cookie != _FLOAT_COOKIE:
            return "it is no RRD file: its header does not begin as one"
        if not (1 <= ds_count <= _MOST and 1 <= rra_count <= _MOST and 1 <= step <= _LONGEST_S):
            return f"its header tells of {ds_count} data sources, {rra_count} archives, step {step}"
        sources, archives = stream.read(ds_count * _DS.size), stream.read(rra_count * _RRA.size)
        if len(archives) < rra_count * _RRA.size:
            return "it ends within its header"
        live = _LIVE if int(version[:4]) >= 3 else _LIVE // 2  # without the microseconds
        rows = [row_count for _, row_count, _, _ in _RRA.iter_unpack(archives)]
        begin = _STATIC.size + len(sources) + len(archives)
        header = begin + live + ds_count * _PDP.size + rra_count * (_POINTER.size + ds_count * _PER_CDP)
        if size != header + sum(rows) * ds_count * 8:
            return f"it has {size} bytes, and its header asks for {header + sum(rows) * ds_count * 8}"
        prepared = stream.read(live + ds_count * _PDP.size)
        stream.seek(header - rra_count * _POINTER.size)
        pointers = stream.read(rra_count * _POINTER.size)
    return (
        _fault_of_sources(sources)
        or _fault_of_archives(archives, step, [row for (row,) in _POINTER.iter_unpack(pointers)])
        or _fault_of_state(prepared, live)
    )


def definitions_size(head: bytes | bytearray) -> int:
    """How long the part of a header is that no update changes; 0 where the layout is not known.

    Args:
        head: the beginning of a file.
    """
    if struct.calcsize("@L") != 8 or len(head) < _STATIC.size:
        return 0
    cookie, version, float_cookie, ds_count, rra_count, _, _ = _STATIC.unpack_from(head)
    known = cookie == b"RRD\0" and _VERSION.fullmatch(version) is not None and float_cookie == _FLOAT_COOKIE
    return _STATIC.size + ds_count * _DS.size + rra_count * _RRA.size if known else 0


def header_size(head: bytes | bytearray) -> int:
    """How many bytes of a file come before its rows; 0 where the layout is not known.

    Args:
        head: the beginning of the file.
    """
    definitions = definitions_size(head)
    if not definitions:
        return 0
    _, version, _, ds_count, rra_count, _, _ = _STATIC.unpack_from(head)
    live = _LIVE if int(version[:4]) >= 3 else _LIVE // 2
    return int(definitions + live + ds_count * _PDP.size + rra_count * (_POINTER.size + ds_count * _PER_CDP))


def _fault_of_sources(content: bytes) -> str:
    """What is wrong with the definitions of the data sources; empty where nothing is."""
    names = set()
    for padded_name, padded_type, heartbeat, _ in _DS.iter_unpack(content):
        name, ds_type = _word(padded_name), _word(padded_type)
        if name is None or _NAME.fullmatch(name) is None or name in names:
            return "a data source has no name of its own"
        names.add(name)
        if ds_type not in _TYPES or (ds_type != b"COMPUTE" and not 1 <= heartbeat <= _LATEST):
            return f"its data source {name.decode()} is of no type or heartbeat that there is"
    return ""


def _fault_of_archives(content: bytes, step: int, current: Sequence[int]) -> str:
    """What is wrong with the definitions of the archives, or with the rows they stand at; empty where nothing is."""
    for number, (padded_function, rows, steps, _) in enumerate(_RRA.iter_unpack(content)):
        if _word(padded_function) not in _FUNCTIONS or not 1 <= steps * step <= _LONGEST_S:
            return f"its archive {number} is of no kind that there is"
        if not 0 <= current[number] < rows:
            return f"its archive {number} stands at row {current[number]} of {rows}"
    return ""


def _fault_of_state(content: bytes, live: int) -> str:
    """What is wrong with the time of the last update, and the last readings; empty where nothing is."""
    seconds = int.from_bytes(content[:8], sys.byteorder, signed=True)
    microseconds = int.from_bytes(content[8:live], sys.byteorder, signed=True)
    if not (0 <= seconds <= _LATEST and 0 <= microseconds < 1_000_000):
        return f"its last update was at {seconds} s and {microseconds} microseconds"
    for (padded,) in _PDP.iter_unpack(content[live:]):
        reading = _word(padded)
        if reading is None or not reading.isascii():
            return "a last reading is no text"
    return ""


def _word(padded: bytes) -> bytes | None:
    """The text before the first NUL, or None where there is none."""
    text, end, _ = padded.partition(b"\0")
    return text if end else None
