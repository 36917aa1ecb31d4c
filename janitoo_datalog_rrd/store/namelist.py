"""The file `index.txt`: names of the series, joined by `|`, for those who read the files themselves."""

from __future__ import annotations

import threading

from ..core.files import write_atomically
from .settings import StoreSettings


class NameList:
    """Names in the order in which they came, and the file that has them.

    Args:
        settings: says where the file is.

    Attributes:
        dirty: True while the file has other names.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._names: dict[str, None] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self.dirty = False

    def add(self, name: str) -> None:
        """Put a name on the list."""
        with self._lock:
            if name not in self._names:
                self._names[name] = None
                self.dirty = True

    def remove(self, name: str) -> None:
        """Take a name off the list."""
        with self._lock:
            if name in self._names:
                del self._names[name]
                self.dirty = True

    def write(self) -> None:
        """Write the file. Raises OSError."""
        with self._writing:  # there is one temporary file
            with self._lock:
                self.dirty = False
                content = "|".join(self._names).encode("ascii")
            try:
                write_atomically(self._settings.list_path, content, mode=0o644, sync=False)
            except OSError:
                self.dirty = True
                raise
