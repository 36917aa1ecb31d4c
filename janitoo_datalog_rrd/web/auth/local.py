"""The key that a running server lays into its home directory, by which the command line of the same user may ask it."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
from pathlib import Path

from ...core.files import write_atomically

logger = logging.getLogger(__name__)

FILE = "local_key.json"


class LocalKey:
    """The key of one run of a server.

    Args:
        home: the home directory.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._key = ""

    def open(self, port: int) -> None:
        """Make a key, and lay it where the command line finds it.

        Args:
            port: where the server listens; the key is shown to no other server.
        """
        self._key = secrets.token_urlsafe(32)
        try:
            write_atomically(self._path, json.dumps({"port": port, "key": self._key}).encode(), sync=False)
        except OSError as error:
            logger.warning("%s cannot be written: %s; commands cannot ask this server", self._path, error.strerror)

    def close(self) -> None:
        """Take the key back."""
        if self._key:
            self._key = ""
            with contextlib.suppress(OSError):
                self._path.unlink()

    def fits(self, secret: str) -> bool:
        """Tell whether it is the key."""
        return bool(self._key) and secrets.compare_digest(secret.encode("utf-8", "surrogatepass"), self._key.encode())


def read_local_key(home: Path, port: int) -> str | None:
    """The key of the server that listens on a port; None where it asks for none, or this user may not read it."""
    try:
        found = json.loads((home / FILE).read_bytes())
        return str(found["key"]) if found["port"] == port else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
