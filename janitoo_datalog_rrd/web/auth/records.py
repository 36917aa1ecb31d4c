"""Files of users and tokens: private, written whole, changed by one process at a time, and read again when they change."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import orjson

from ...core.errors import BadRequestError, JanitooError
from ...core.files import write_atomically

_MAX_BYTES = 4_194_304
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class AccessError(JanitooError):
    """Users or tokens cannot be read, or not be changed as asked."""


class AccessFileError(AccessError):
    """A file of users or tokens cannot be used; nobody gets in by it."""


class Record(Protocol):
    """One entry of a file."""

    @property
    def key(self) -> str:
        """What it is found by; no two have the same."""


R = TypeVar("R", bound=Record)


class RecordFile(Generic[R]):
    """A JSON file of records, `{"WHAT": [{..}, ..]}`; one that is not there has none.

    Args:
        path: the file; its folder must be there when it is written.
        what: what the records are, such as `users`.
        parse: makes a record of an entry, raising ValueError, TypeError, KeyError or BadRequestError where it is none.
        dump: makes the entry of a record.
    """

    def __init__(self, path: Path, what: str, parse: Callable[[dict[str, Any]], R], dump: Callable[[R], dict[str, Any]]) -> None:
        self.path = path
        self._what = what
        self._parse = parse
        self._dump = dump
        self._lock = threading.Lock()
        self._mark: object = object()
        self._found: dict[str, R] = {}
        self._fault = ""

    def all(self) -> dict[str, R]:
        """The records by key, which are not to be changed; read anew when the file is another one.

        Raises:
            AccessFileError: it cannot be read, is damaged, or others may write it.
        """
        with self._lock:
            mark = self._look()
            if mark != self._mark:
                self._mark = mark
                self._found, self._fault = {}, ""
                try:
                    self._found = self._read()
                except (OSError, ValueError) as error:
                    self._fault = self._told(error)
            if self._fault:
                raise AccessFileError(self._fault)
            return self._found

    @contextmanager
    def changing(self) -> Iterator[dict[str, R]]:
        """Change the records: what the block makes of them is written at its end, unless it raises.

        Other processes and threads wait meanwhile.

        Raises:
            AccessFileError: they cannot be read, so that nothing is written over them.
            AccessError: they cannot be written.
        """
        folder = -1
        try:
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(folder, fcntl.LOCK_EX)
            records = dict(self.all())
            before = dict(records)
            yield records
            if records != before:
                self._write(records)
        except OSError as error:
            raise AccessError(f"{self.path} cannot be written: {error.strerror or error}") from error
        finally:
            if folder >= 0:
                os.close(folder)

    def _look(self) -> object:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return error.errno
        return (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size, found.st_mode)

    def _read(self) -> dict[str, R]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ValueError("it is no file")
            if found.st_mode & _OTHERS_MAY_WRITE:
                raise ValueError("other users may write it; take that from them with chmod 600")
            raw = stream.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
        records: dict[str, R] = {}
        for number, entry in enumerate(_entries(orjson.loads(raw), self._what), 1):
            try:
                record = self._parse(entry)
            except KeyError as error:
                raise ValueError(f"number {number} of its {self._what} is none: it has no {error}") from None
            except (ValueError, TypeError, BadRequestError) as error:
                raise ValueError(f"number {number} of its {self._what} is none: {error}") from None
            if record.key in records:
                raise ValueError(f"number {number} of its {self._what} stands twice")
            records[record.key] = record
        return records

    def _told(self, error: Exception) -> str:
        why = error.strerror if isinstance(error, OSError) else f"it is no JSON ({error})" if _is_no_json(error) else str(error)
        return (
            f"{self.path} cannot be used: {why}. Nobody gets in by it until it is mended, or moved away and "
            f"made anew with jnt_datalog_rrd {self._what.removesuffix('s')} add."
        )

    def _write(self, records: dict[str, R]) -> None:
        entries = [self._dump(records[key]) for key in sorted(records)]
        write_atomically(self.path, orjson.dumps({self._what: entries}, option=orjson.OPT_INDENT_2) + b"\n")
        if os.geteuid() == 0:  # the server runs as the owner of its home, and must be able to read it
            owner = self.path.parent.stat()
            os.chown(self.path, owner.st_uid, owner.st_gid)


def _entries(document: object, what: str) -> list[dict[str, Any]]:
    entries = document.get(what) if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f'it has not the form {{"{what}": [..]}}')
    return entries


def _is_no_json(error: Exception) -> bool:
    return isinstance(error, orjson.JSONDecodeError)


def text_of(entry: dict[str, Any], name: str, longest: int = 300) -> str:
    """A text of an entry that may not be empty. Raises ValueError, KeyError."""
    value = entry[name]
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise ValueError(f"its {name} is no text of 1 to {longest} characters")
    return value


def time_of(entry: dict[str, Any], name: str) -> float:
    """A time of an entry, seconds since the epoch UTC. Raises ValueError, KeyError."""
    value = entry[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"its {name} is no time")
    return float(value)
