"""What can still be read of an outbox that is damaged."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any


def salvage(damaged: sqlite3.Connection, fresh: sqlite3.Connection, last: int, dropped: int) -> int:
    """Copy what can be read, from the oldest on up to the damage, and from the newest back to it.

    Args:
        damaged: what is read.
        fresh: gets it; its tables are there, and empty.
        last: the last number that is known to be given.
        dropped: how many entries are known to be dropped because there was no room.

    Returns:
        How many entries could be read.

    Raises:
        sqlite3.Error: the fresh one cannot be written.
    """
    damaged.text_factory = bytes  # what is no text may stand where one should
    count = 0
    for order in ("ASC", "DESC"):
        for row in _rows(damaged, f"SELECT number, time_s, topic, content FROM entries ORDER BY number {order}"):  # noqa: S608
            if _is_whole(row):
                entry = (*row[:2], row[2].decode(), row[3])
                count += fresh.execute("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?)", entry).rowcount
    last = max(last, _number(damaged, "SELECT seq FROM sqlite_sequence WHERE name = 'entries'"))
    known = _number(fresh, "SELECT max(number) FROM entries")
    fresh.execute("DELETE FROM sqlite_sequence")
    fresh.execute("INSERT INTO sqlite_sequence VALUES ('entries', ?)", (max(last, known),))  # no number is given twice
    dropped = max(dropped, _number(damaged, "SELECT number FROM counts WHERE name = 'dropped'"))
    fresh.execute("INSERT INTO counts VALUES ('dropped', ?)", (dropped,))
    return count


def _rows(database: sqlite3.Connection, question: str) -> Iterator[Sequence[Any]]:
    """The rows up to where the damage begins."""
    try:
        yield from database.execute(question)
    except sqlite3.Error:
        return


def _number(database: sqlite3.Connection, question: str) -> int:
    with contextlib.suppress(sqlite3.Error):
        row = database.execute(question).fetchone()
        if row is not None and isinstance(row[0], int):
            return row[0]
    return 0


def _is_whole(row: Sequence[Any]) -> bool:
    """Whether a row is as it was written, as far as can be told."""
    number, time_s, topic, content = row
    if not (isinstance(number, int) and isinstance(time_s, float) and isinstance(topic, bytes) and isinstance(content, bytes)):
        return False
    try:
        return number > 0 and math.isfinite(time_s) and (not topic or topic.decode().isprintable())
    except UnicodeDecodeError:
        return False
