"""The thread of the server's own host nodes."""

from __future__ import annotations

from ..core.options import Options
from ..core.plugins import takes_options
from ..core.thread import JNTBusThread

SECTION = "hostsensor"


class HostSensorThread(JNTBusThread):
    """Publishes what this machine measures of itself, as nodes on the bus."""

    section = SECTION


@takes_options()
def make_thread(options: Options, force: bool = False) -> HostSensorThread | None:
    """Make the thread where the ini has its section with `auto_start` on, or with force; else None."""
    if force or (SECTION in options.given and options.get_option(SECTION, "auto_start")):
        return HostSensorThread(options)
    return None
