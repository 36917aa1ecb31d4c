"""The boards of a house: in memory, and in one file in the home directory that is whole after a crash."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from werkzeug.exceptions import Conflict, NotFound, PreconditionFailed

from ...core.aside import Damage, keep_aside, move_aside
from ...core.errors import BadRequestError, StoreError
from ...core.files import write_atomically
from ...core.status import Health
from .board import Board, Draft, make_id, read_board

logger = logging.getLogger(__name__)

FILE = "boards.json"
MAX_BOARDS = 100
MAX_FILE_BYTES = 16 * 1024 * 1024
_PART = "boards"
_FORMAT = 1


class UnknownBoardError(NotFound):
    """No board of that id."""

    def __init__(self, board_id: str) -> None:
        super().__init__(f"There is no board {board_id[:60]!r}: it was deleted, or never there.")


class ChangedError(PreconditionFailed):
    """The board is not the one that the change was made for."""

    def __init__(self, board: Board | None) -> None:
        now = "it was deleted" if board is None else f"its version is {board.version} now"
        super().__init__(f"The board was changed by somebody else meanwhile: {now}. Look at it, then try again.")


class TooManyBoardsError(Conflict):
    """There is no room for one more."""

    def __init__(self) -> None:
        super().__init__(f"There are {MAX_BOARDS} boards, which is as many as there may be: delete one first.")


Fits = Callable[[Board | None], bool]
"""Tells whether a change was made for this state of a board; None where there is none."""


class Boards:
    """Every board, changed by any thread; a change is in the file before it is seen.

    Args:
        folder: the home directory; asked when the file is first needed.
        health: told of a file that is damaged, or cannot be read or written.
        clock: seconds since the epoch UTC.
    """

    def __init__(self, folder: Callable[[], Path], health: Health, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._health = health
        self._clock = clock
        self._lock = threading.Lock()
        self._boards: dict[str, Board] | None = None
        self._version = 0

    def open(self) -> None:
        """Read the file, so that what is wrong with it is told before anybody asks for a board."""
        with contextlib.suppress(StoreError), self._lock:  # told already, and tried again at each request
            self._loaded()

    def all(self) -> list[Board]:
        """Every board, sorted by title. Raises StoreError."""
        with self._lock:
            return sorted(self._loaded().values(), key=lambda board: (board.title.casefold(), board.id))

    def get(self, board_id: str) -> Board:
        """One board. Raises UnknownBoardError, StoreError."""
        with self._lock:
            return self._get(board_id)

    def add(self, draft: Draft) -> Board:
        """Make a board. Raises TooManyBoardsError, StoreError."""
        with self._lock:
            return self._put(make_id(draft.title, self._loaded()), draft)

    def change(self, board_id: str, draft: Draft, fits: Fits) -> tuple[Board, bool]:
        """Change a board, or put one back that was deleted.

        Returns:
            The board, and whether it was not there before.

        Raises:
            ChangedError, TooManyBoardsError, StoreError
        """
        with self._lock:
            old = self._loaded().get(board_id)
            _check_fit(old, fits)
            return self._put(board_id, draft), old is None

    def delete(self, board_id: str, fits: Fits) -> None:
        """Delete a board. Raises UnknownBoardError, ChangedError, StoreError."""
        with self._lock:
            _check_fit(self._get(board_id), fits)
            self._save({key: board for key, board in self._loaded().items() if key != board_id}, self._version)

    # -- all that follows runs with the lock held --------------------------------------------------------

    def _get(self, board_id: str) -> Board:
        board = self._loaded().get(board_id)
        if board is None:
            raise UnknownBoardError(board_id)
        return board

    def _put(self, board_id: str, draft: Draft) -> Board:
        boards = self._loaded()
        if board_id not in boards and len(boards) >= MAX_BOARDS:
            raise TooManyBoardsError
        now = self._clock()
        # From the clock on, so that no number is given twice where the file was lost.
        version = max(int(now), self._version, *(each.version for each in boards.values())) + 1
        board = Board(id=board_id, title=draft.title, note=draft.note, tiles=draft.tiles, version=version, changed=now)
        self._save({**boards, board_id: board}, version)
        return board

    def _save(self, boards: dict[str, Board], version: int) -> None:
        document = {"format": _FORMAT, "version": version, "boards": [board.json() for board in boards.values()]}
        path = self._folder() / FILE
        try:
            write_atomically(path, orjson.dumps(document, option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise self._failed(f"{path} cannot be written: {error.strerror}; the boards are as they were.") from error
        self._boards, self._version = boards, version
        self._health.ok(_PART)

    def _loaded(self) -> dict[str, Board]:
        if self._boards is None:
            path = self._folder() / FILE
            try:
                self._boards = self._load(path)
            except OSError as error:
                raise self._failed(f"{path} cannot be read: {error.strerror}.") from error
            self._health.ok(_PART)
        return self._boards

    def _failed(self, what: str) -> StoreError:
        self._health.fail(_PART, what)
        return StoreError(what)

    def _load(self, path: Path) -> dict[str, Board]:
        try:
            self._version, entries = _parse(_read(path))
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError) as error:
            self._tell(path, move_aside(path), str(error))
            return {}
        boards: dict[str, Board] = {}
        damage = Damage()
        for index, entry in enumerate(entries):
            try:
                board = read_board(entry)
            except BadRequestError as error:
                damage.note(f"board {index + 1}: {error}")
                continue
            if board.id in boards:
                damage.note(f"board {index + 1}: there are two {board.id}")
            boards.setdefault(board.id, board)
        if damage:
            self._tell(path, keep_aside(path), str(damage))
        return boards

    def _tell(self, path: Path, kept: Path, why: str) -> None:
        what = f"{path} was damaged ({why}); it is kept as {kept.name}, and the boards that could not be read are not shown."
        logger.error("%s", what)
        self._health.note(_PART, what)


def _check_fit(board: Board | None, fits: Fits) -> None:
    if not fits(board):
        raise ChangedError(board)


def _read(path: Path) -> bytes:
    """The file's content. Raises OSError; ValueError where it is no file, or too large to be one of ours."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no file")
        if status.st_size > MAX_FILE_BYTES:
            raise ValueError(f"it has {status.st_size} bytes")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(MAX_FILE_BYTES)
    finally:
        os.close(descriptor)


def _parse(content: bytes) -> tuple[int, list[Any]]:
    """The last version that was given, and the boards, in a file's content. Raises ValueError."""
    document = orjson.loads(content)
    if not isinstance(document, dict) or document.get("format") != _FORMAT or not isinstance(document.get("boards"), list):
        raise ValueError("it is not a list of boards")
    last = document.get("version")
    return last if isinstance(last, int) else 0, document["boards"]
