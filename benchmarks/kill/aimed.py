"""The server, with a kill aimed at one of its seams: `python -m benchmarks.kill.aimed SEAM COUNT [arguments of jnt_datalog_rrd]`.

The COUNTth time that the code reaches the seam, the process ends itself with SIGKILL, there and then. `FIRST>SECOND` is
two threads in each other's way: the one that reaches the first seam the COUNTth time is held there, and the process ends
when another one reaches the second.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading

from janitoo_datalog_rrd.cli import main
from janitoo_datalog_rrd.core.seams import EVENT


def aim(seam: str, count: int) -> None:
    """End this process with SIGKILL when a seam is reached for the `count`th time."""
    first, _, second = seam.partition(">")
    reached = itertools.count(1)
    held = threading.Event()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event != EVENT:
            return
        if held.is_set() and arguments[0] == second:
            os.kill(os.getpid(), signal.SIGKILL)
        if arguments[0] == first and next(reached) == count:
            if not second:
                os.kill(os.getpid(), signal.SIGKILL)
            held.set()
            threading.Event().wait()

    sys.addaudithook(hook)


if __name__ == "__main__":
    aim(sys.argv[1], int(sys.argv[2]))
    main(sys.argv[3:], prog_name="jnt_datalog_rrd")
