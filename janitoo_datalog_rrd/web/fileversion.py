"""Which state of an RRD file one has seen, so that a copy of it can be told from an older one."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from ..core.errors import StoreError

_HEAD_BYTES = 65536


def version_of(path: Path) -> str | None:
    """A text that is another one after every update of a file; None where there is no file.

    The time of modification does not do: librrd writes through a mapping of the file, after which a tmpfs leaves that time
    alone, and another disk tells it to some milliseconds only. The file's head has the time of the last update.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            stat = os.fstat(stream.fileno())
            head = zlib.crc32(stream.read(_HEAD_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"The RRD file {path.name} cannot be read: {error.strerror}.") from error
    return f"{stat.st_ino:x}-{stat.st_size:x}-{stat.st_mtime_ns:x}-{head:08x}"
