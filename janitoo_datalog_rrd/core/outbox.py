"""The outbox: what waits to be sent somewhere, on disk, so that nothing is lost while the network or the other side is away."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .aside import keep_aside
from .errors import JanitooError, StartError
from .salvage import salvage

logger = logging.getLogger(__name__)

MAX_BYTES = 64 << 20
"""How much waits at most, unless told otherwise."""
_OVERHEAD = 64  # what a row takes beside its text and content, about
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, time_s REAL NOT NULL, topic TEXT NOT NULL, content BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""


class OutboxError(JanitooError):
    """The disk does not take what is to wait; the message says why."""


def state_file(name: str, environ: Mapping[str, str], instead: str) -> Path:
    """Where a command that has no home_dir keeps a file: systemd's folder for states, else the user's (XDG Base Directory).

    Args:
        name: of the file.
        environ: the environment.
        instead: the option or variable that names another file, for who has no home.

    Raises:
        StartError: this user has no home.
    """
    given = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given) / name
    states = Path(environ.get("XDG_STATE_HOME", ""))
    try:
        folder = states if states.is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise StartError(f"this user has no home to keep what waits in: set {instead} to the path of a file") from error
    return folder / "janitoo_datalog_rrd" / name


class Entry(NamedTuple):
    """One thing that waits.

    Attributes:
        number: its place; later ones have higher numbers, and none is given twice.
        time_s: when it was measured, seconds since the epoch UTC.
        topic: where it goes; may be empty.
        content: what is sent.
    """

    number: int
    time_s: float
    topic: str
    content: bytes


class Outbox:
    """Things that wait to be sent, oldest first, in an SQLite file of bounded size.

    What was put in is in the file when `put` returns, and survives the end of the process at any moment; a power cut may take the
    last seconds. When it is full, the oldest go, and are counted. One that is damaged, perhaps while it is used, is kept aside,
    and begun anew with what can be read of it.

    It may be used from several threads, by one process at a time.

    Args:
        path: the file; its folder is made.
        max_bytes: how much waits at most, as bytes of content and topics.

    Raises:
        StartError: it cannot be opened: the folder may not be written, or another process has it.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._last = self._dropped = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._open()
            self._waiting, self._bytes = self._measure()
            self._dropped = self._count("dropped")
        except (OSError, sqlite3.Error) as error:
            why = "another process has it" if "locked" in str(error) else error
            raise StartError(f"the outbox {path} cannot be opened: {why}") from error

    @property
    def waiting(self) -> int:
        """How many things wait."""
        return self._waiting

    @property
    def waiting_bytes(self) -> int:
        """How much they take."""
        return self._bytes

    @property
    def dropped(self) -> int:
        """How many were dropped because it was full, since the file was made."""
        return self._dropped

    @property
    def next_number(self) -> int:
        """The number that the next entry gets, at least. Raises OutboxError."""
        with self._lock:
            try:
                row = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
            except sqlite3.Error as error:
                raise self._trouble("read", error) from error
        return 1 if row is None else int(row[0]) + 1

    def put(self, content: bytes, time_s: float, topic: str = "") -> int:
        """Let something wait, and return its number.

        Raises:
            OutboxError: the disk does not take it; nothing has changed.
        """
        size = _size(topic, content)
        with self._lock:
            try:
                with self._database:
                    row = self._database.execute(
                        "INSERT INTO entries (time_s, topic, content) VALUES (?, ?, ?)", (time_s, topic, content)
                    )
                    gone, freed = self._make_room(size)
            except sqlite3.Error as error:
                raise self._trouble("written", error) from error
            self._waiting += 1 - gone
            self._bytes += size - freed
            self._tell_dropped(gone)
            self._last = int(row.lastrowid or 0)
            return self._last

    def peek(self, most: int, after: int = 0) -> list[Entry]:
        """The oldest entries, at most so many, with numbers above `after`; they stay. Raises OutboxError."""
        with self._lock:
            try:
                rows = self._database.execute(
                    "SELECT number, time_s, topic, content FROM entries WHERE number > ? ORDER BY number LIMIT ?", (after, most)
                ).fetchall()
            except sqlite3.Error as error:
                raise self._trouble("read", error) from error
        return [Entry(*row) for row in rows]

    def remove(self, numbers: Sequence[int]) -> None:
        """Take out what has arrived; numbers that are not there do not matter. Raises OutboxError: they are sent again."""
        gone = freed = 0
        with self._lock:
            try:
                with self._database:
                    for number in numbers:
                        found = self._database.execute(
                            "DELETE FROM entries WHERE number = ? RETURNING topic, length(content)", (number,)
                        ).fetchone()
                        if found is not None:
                            gone += 1
                            freed += len(found[0].encode()) + found[1] + _OVERHEAD
            except sqlite3.Error as error:
                raise self._trouble("written", error) from error
            self._waiting -= gone
            self._bytes -= freed

    def shift(self, seconds: float, first: int) -> None:
        """Move the times of the entries from number `first` on: the clock they are from has been set. Raises OutboxError."""
        with self._lock:
            try:
                with self._database:
                    self._database.execute("UPDATE entries SET time_s = time_s + ? WHERE number >= ?", (seconds, first))
            except sqlite3.Error as error:
                raise self._trouble("written", error) from error

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        with self._lock:
            self._database.close()

    # -- the file ------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        """Open the file; what is no good one is moved aside. Raises sqlite3.Error, OSError."""
        self.path.touch(mode=0o600)
        database = self._connect(self.path)
        try:
            damage = next(database.execute("PRAGMA quick_check(1)"))[0]
            version = next(database.execute("PRAGMA user_version"))[0]
            if damage == "ok" and version in (0, _VERSION):
                database.executescript(_SCHEMA)
                return database
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            damage = str(error)
        return self._begin_anew(database, damage)

    def _begin_anew(self, damaged: sqlite3.Connection, damage: str) -> sqlite3.Connection:
        """Keep a damaged file aside, and make one of what can be read of it. Raises sqlite3.Error, OSError."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        for path in _files(fresh):
            path.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        with contextlib.closing(self._connect(fresh)) as database:
            database.executescript(_SCHEMA)
            try:
                with database:
                    count = salvage(damaged, database, self._last, self._dropped)
            finally:
                damaged.text_factory = str  # where the disk takes no other one now, it is used still
        damaged.close()
        for path in _files(self.path)[1:]:
            path.unlink(missing_ok=True)
        aside = keep_aside(self.path)
        fresh.replace(self.path)
        logger.error("the outbox %s is damaged (%s): it is kept as %s; %d entries could be read", self.path, damage, aside, count)
        return self._connect(self.path)

    def _trouble(self, what: str, error: sqlite3.Error) -> OutboxError:
        """What to raise where something failed; a file that has turned out to be damaged is begun anew, for the next try."""
        if type(error) is sqlite3.DatabaseError:  # SQLITE_CORRUPT and SQLITE_NOTADB; others have classes of their own
            try:
                self._database = self._begin_anew(self._database, str(error))
                self._waiting, self._bytes = self._measure()
            except (OSError, sqlite3.Error) as another:
                return OutboxError(f"{self.path} cannot be {what}: {another}")
        return OutboxError(f"{self.path} cannot be {what}: {error}")

    def _connect(self, path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
        # one process at a time, so no memory is shared; the log is written in order, so that a kill loses nothing
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL", "cache_size = -256"):
            try:
                database.execute(f"PRAGMA {pragma}").fetchall()
            except sqlite3.OperationalError:
                database.close()
                raise
            except sqlite3.DatabaseError:
                break  # what is wrong with it is found next
        return database

    def _measure(self) -> tuple[int, int]:
        """How many entries there are, and how much they take."""
        count, size = self._database.execute(
            "SELECT count(*), coalesce(sum(length(CAST(topic AS BLOB)) + length(content)), 0) FROM entries"
        ).fetchone()
        return count, size + count * _OVERHEAD

    def _make_room(self, size: int) -> tuple[int, int]:
        """Drop the oldest until there is room for one of that size; the answer is how many went, and how much they took."""
        gone = freed = 0
        while self._bytes + size - freed > self.max_bytes and gone < self._waiting:
            found = self._database.execute(
                "DELETE FROM entries WHERE number = (SELECT min(number) FROM entries) RETURNING topic, length(content)"
            ).fetchone()
            if found is None:
                break  # less is there than was counted
            gone += 1
            freed += len(found[0].encode()) + found[1] + _OVERHEAD
        if gone:
            self._database.execute(
                "INSERT INTO counts VALUES ('dropped', ?) ON CONFLICT (name) DO UPDATE SET number = number + excluded.number",
                (gone,),
            )
        return gone, freed

    def _tell_dropped(self, gone: int) -> None:
        if gone:
            if not self._dropped:
                logger.error("the outbox %s is full (%d bytes): the oldest go from now on", self.path, self.max_bytes)
            self._dropped += gone

    def _count(self, name: str) -> int:
        row = self._database.execute("SELECT number FROM counts WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])


def _size(topic: str, content: bytes) -> int:
    return len(topic.encode()) + len(content) + _OVERHEAD


def _files(path: Path) -> list[Path]:
    """The files of a database: itself, its log, and the log's index."""
    return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
