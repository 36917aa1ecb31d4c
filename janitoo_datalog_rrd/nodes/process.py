"""What the server's own process takes of the machine: the part of the host node that watches the watcher.

Each call asks for the process anew, so that a server that went to the background is still the one that is measured.
"""

from __future__ import annotations

import psutil


def read_memory() -> int:
    """Bytes of physical memory (RSS)."""
    return int(psutil.Process().memory_info().rss)


def read_threads() -> int:
    """Number of threads."""
    return int(psutil.Process().num_threads())


def read_files() -> int:
    """Number of open file descriptors, sockets and pipes included, as `ulimit -n` limits them."""
    return int(psutil.Process().num_fds())


def read_connections() -> int:
    """Number of internet sockets, TCP and UDP, listening ones included."""
    process = psutil.Process()
    # psutil 6.0 gave the method its new name and warns at the old one.
    name = "net_connections" if hasattr(process, "net_connections") else "connections"
    return len(getattr(process, name)(kind="inet"))
