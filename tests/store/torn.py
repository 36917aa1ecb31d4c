"""Writes an RRD file as the flusher does, without end; run and killed by test_undo.py. Arguments: folder, first second."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from janitoo_datalog_rrd.store import rrdfile
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.undo import Undo

POINTS, AT_ONCE = 20_000, 20


def settings_in(folder: Path) -> StoreSettings:
    """A store whose files are all in one folder."""
    return StoreSettings(folder, folder, Schemas([]))


def main(folder: Path, begin: int) -> None:
    undo = Undo(settings_in(folder), 1)
    undo.open()
    path = str(folder / "torn.rrd")
    os.write(1, b"ready\n")
    for first in range(0, POINTS, AT_ONCE):
        undo.begin(0, path)
        rrdfile.update(path, ["value"], [f"{begin + number}:{number}" for number in range(first, first + AT_ONCE)])
        undo.end(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
