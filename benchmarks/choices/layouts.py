"""Layouts of a journal frame: how a batch of samples becomes bytes, and samples again.

A helper process. Its argument: `layout`, a name of `LAYOUTS`; `samples`, how many go through each size of batch.
Each frame has a CRC-32 of its content, which is checked when it is read; each pickle is read by the unpickler that admits plain
data only, as the journal's are.
"""

from __future__ import annotations

import struct
import time
import zlib
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from janitoo_datalog_rrd.store import safepickle

from ..helper import serve
from ..processes import BenchError

BATCHES = (1, 20, 1000)
"""Samples in a frame: a message alone, a read of a few, and a flood."""
_HEAD = struct.Struct("<II")

Batch = tuple[list[int], list[float], list[float]]
"""Numbers of the series, times, values."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the content of a frame is written and read."""

    write: Callable[[Batch], bytes]
    read: Callable[[bytes], Batch]


def _write_flat(batch: Batch) -> bytes:
    return safepickle.dumps([each for sample in zip(*batch, strict=True) for each in sample])


def _read_flat(content: bytes) -> Batch:
    flat = safepickle.loads(content)
    return flat[::3], flat[1::3], flat[2::3]


def _write_arrays(batch: Batch) -> bytes:
    numbers, times, values = batch
    return safepickle.dumps([array("I", numbers).tobytes(), array("d", times).tobytes(), array("d", values).tobytes()])


def _read_arrays(content: bytes) -> Batch:
    numbers, times, values = safepickle.loads(content)
    return array("I", numbers).tolist(), array("d", times).tolist(), array("d", values).tolist()


def _write_struct(batch: Batch) -> bytes:
    count = len(batch[0])
    return struct.pack(f"<I{count}I{2 * count}d", count, *batch[0], *batch[1], *batch[2])


def _read_struct(content: bytes) -> Batch:
    (count,) = struct.unpack_from("<I", content)
    flat = struct.unpack_from(f"<{count}I{2 * count}d", content, 4)
    return list(flat[:count]), list(flat[count : 2 * count]), list(flat[2 * count :])


LAYOUTS = {
    "lists": Layout(lambda batch: safepickle.dumps(([], *batch)), lambda content: tuple(safepickle.loads(content)[1:])),
    "flat": Layout(_write_flat, _read_flat),
    "arrays": Layout(_write_arrays, _read_arrays),
    "struct": Layout(_write_struct, _read_struct),
}
"""`lists` is what the journal has: a pickle of three lists, and a list of definitions that is mostly empty."""


def make_batch(count: int) -> Batch:
    """Samples as they come: of several series, at the same time to the microsecond, with two decimals."""
    return (
        [number * 7 % 1000 for number in range(count)],
        [1_709_292_896.123456] * count,
        [n * 13 % 5000 / 100 for n in range(count)],
    )


def write(layout: Layout, batch: Batch) -> bytes:
    """Make a frame."""
    content = layout.write(batch)
    return b"".join((_HEAD.pack(zlib.crc32(content), len(content)), content))


def read(layout: Layout, frame: bytes) -> Batch:
    """Read a frame. Raises BenchError when its checksum is wrong."""
    checksum, size = _HEAD.unpack_from(frame)
    content = frame[_HEAD.size : _HEAD.size + size]
    if zlib.crc32(content) != checksum:
        raise BenchError("a checksum is wrong")
    return layout.read(content)


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, float]]:
    """Make the batches; what is returned tells, by size of batch, bytes and µs of processor time that a sample takes."""
    layout = LAYOUTS[argument["layout"]]
    batches = {size: make_batch(size) for size in BATCHES}

    def run() -> dict[str, float]:
        found: dict[str, float] = {}
        for size, batch in batches.items():
            frame = write(layout, batch)
            if read(layout, frame) != batch:
                raise BenchError(f"{argument['layout']} does not read what it writes")
            rounds = max(1, argument["samples"] // size)
            found[f"{size} write"] = _time(partial(write, layout, batch), rounds) / size
            found[f"{size} read"] = _time(partial(read, layout, frame), rounds) / size
            found[f"{size} bytes"] = len(frame) / size
        return found

    return run


def _time(work: Callable[[], Any], rounds: int) -> float:
    """µs of processor time for each round."""
    begun = time.process_time()
    for _ in range(rounds):
        work()
    return (time.process_time() - begun) / rounds * 1e6


if __name__ == "__main__":
    serve(prepare)
