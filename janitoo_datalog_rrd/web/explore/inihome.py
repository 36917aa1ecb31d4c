"""The ini as a file: read, and replaced as a whole with its owner, its permissions and a copy of what it was."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ...core.errors import JanitooError
from ...core.files import write_atomically

BACKUP = ".previous"
"""What the name of the copy ends with."""


class IniFileError(JanitooError):
    """The ini cannot be read or written."""


@dataclass(frozen=True, slots=True)
class IniFile:
    """The ini of a server.

    Attributes:
        path: as the server reads it; may be a link.
    """

    path: Path

    @property
    def target(self) -> Path:
        """The file itself, where links lead."""
        return self.path.resolve()

    @property
    def backup(self) -> Path:
        """Where the copy of what it was goes."""
        return self.target.with_name(self.target.name + BACKUP)

    def read(self) -> tuple[bytes, str]:
        """Its bytes, and its text with line ends and mark as they are. Raises IniFileError."""
        try:
            content = self.target.read_bytes()
            return content, content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise IniFileError(f"{self.path} cannot be read: {reason}.") from error

    def obstacle(self) -> str:
        """Why it cannot be written; empty where it can."""
        target = self.target
        if _is_packaged(target):
            return (
                f"The server reads {target}, which belongs to the package and is lost with its next update: copy it to "
                "/etc/janitoo, or to a folder config where the server is started, and start the server again."
            )
        try:
            state = target.stat()
        except OSError as error:
            return f"{target} cannot be looked at: {error.strerror}."
        if not os.access(target, os.W_OK):
            return f"{target} may not be written by the user that the server runs as."
        if not os.access(target.parent, os.W_OK | os.X_OK):
            return f"The folder {target.parent} may not be written by the user that the server runs as; {target.name} is there."
        if state.st_uid != os.geteuid() and os.geteuid() != 0:
            return f"{target} belongs to another user than the server runs as, and would not any more."
        return ""

    def write(self, old: bytes, new: bytes) -> None:
        """Replace it, and keep a copy of what it was beside it.

        Args:
            old: what it holds; it is looked at again.
            new: what it is to hold.

        Raises:
            IniFileError: it cannot be written, or holds something else by now; it is untouched.
        """
        target = self.target
        try:
            state = target.stat()
            if target.read_bytes() != old:
                raise IniFileError(f"{self.path} was changed meanwhile: look at the change again.")
            write_atomically(self.backup, old, like=state)
            write_atomically(target, new, like=state)
        except OSError as error:
            raise IniFileError(f"{error.filename or target} cannot be written: {error.strerror}. Nothing was changed.") from error


def plain(text: str) -> str:
    """The text of an ini as the server reads it: one kind of line end, and no mark before it."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _is_packaged(target: Path) -> bool:
    ours = Path(str(resources.files("janitoo_datalog_rrd.config"))).resolve()
    return target.parent == ours and any(part in ("site-packages", "dist-packages") for part in target.parts)
