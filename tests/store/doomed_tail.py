"""A store with a reader of its journal in a process of its own, with a kill aimed at a seam; run by test_tail_kill.py.

Arguments: folder, seam, at the how manieth time, first number, limit in bytes. It writes a line for each number that it has taken
(`a`), for each that its reader has handed on (`d`), which it does before it confirms, and for how many were given up (`g`).
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from store.conftest import START, open_in

from benchmarks.kill.aimed import aim
from janitoo_datalog_rrd.core.contracts import Reading
from janitoo_datalog_rrd.store.tail import Tail

MESSAGES = 300
_BETWEEN_DUMPS = 12
_BATCH = 5


def hand_on(tail: Tail, over: threading.Event) -> None:
    """Write what is read, and confirm it, until all is over and there is nothing more."""
    while True:
        last = over.is_set()
        if samples := tail.read(_BATCH):
            os.write(1, b"".join(b"d%d\n" % each.value for each in samples))
            tail.done()
        elif last:
            return
        else:
            tail.wait(0.05)


def main(folder: Path, seam: str, count: int, first: int, limit: int) -> None:
    store = open_in(folder)
    tail = store.tail("copy", limit)
    os.write(1, b"g%d\n" % tail.dropped)
    if seam:
        aim(seam, count)
    over = threading.Event()
    reader = threading.Thread(target=hand_on, args=(tail, over), daemon=True)
    reader.start()
    for number in range(first, first + MESSAGES):
        store.accept([Reading((f"t{number % 3}", ""), float(number), START + number)])
        os.write(1, b"a%d\n" % number)
        if number % _BETWEEN_DUMPS == 0:
            store.dump()
            store.tick()
    over.set()
    reader.join()
    os.write(1, b"g%d\n" % tail.dropped)
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
