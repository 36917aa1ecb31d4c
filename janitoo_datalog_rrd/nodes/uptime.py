"""How long this machine is up: what the host node and the agent tell of it."""

from __future__ import annotations

from pathlib import Path


def read_uptime(path: Path = Path("/proc/uptime")) -> int:
    """Seconds since the boot, a sleep included; a clock that is set does not change them (proc(5), /proc/uptime)."""
    return int(float(path.read_bytes().split(maxsplit=1)[0]))
