"""A store in a process of its own, with a kill aimed at one of its seams; run by test_seams.py.

Arguments: folder, seam, at the how manieth time, prefix of its series. It writes the number of each message that it has
taken to its standard output, as a PUBACK would tell it.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from store.conftest import START, open_in

from benchmarks.kill.aimed import aim
from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.store.store import Store

SERIES = 3
MESSAGES = 400
_BETWEEN_FLUSHES, _BETWEEN_DUMPS = 7, 40


def message(prefix: str, number: int) -> list[Reading]:
    """A count of one for each series; what is stored twice counts two."""
    meta = Meta(ds_type="ABSOLUTE")
    return [Reading((f"{prefix}-{each}", ""), 1.0, START + number, meta) for each in range(SERIES)]


def write_files(store: Store, wanted: threading.Event) -> None:
    while wanted.wait():
        wanted.clear()
        store.flush_all()


def main(folder: Path, seam: str, count: int, prefix: str) -> None:
    store = open_in(folder)
    aim(seam, count)
    wanted = threading.Event()
    threading.Thread(target=write_files, args=(store, wanted), daemon=True).start()
    for number in range(MESSAGES):
        store.accept(message(prefix, number))
        os.write(1, b"%d\n" % number)
        if number % _BETWEEN_FLUSHES == _BETWEEN_FLUSHES - 1:
            wanted.set()
        if number % _BETWEEN_DUMPS == _BETWEEN_DUMPS - 1:
            store.dump()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
