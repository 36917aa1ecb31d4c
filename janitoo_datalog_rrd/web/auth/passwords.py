"""Passwords: what is taken for one, and argon2id hashes, made one at a time."""

from __future__ import annotations

import base64
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from ...core.errors import BadRequestError, JanitooError

MIN_LENGTH = 8
MAX_BYTES = 1024
_MEMORY_KIB = 19_456
_PASSES = 2
_LANES = 1
"""The first choice of OWASP's password storage cheat sheet: 19 MiB, which a Raspberry Pi can spare."""
_MOST_MEMORY_KIB = 1_048_576
_IN_LINE = 3
_FEWEST_DIFFERENT = 4


class BusyError(JanitooError):
    """More log-ins come at once than are looked at."""

    def __init__(self) -> None:
        super().__init__("Too many log-ins come at once: try again in a moment.")


class Passwords:
    """Makes and checks hashes, one at a time in the process, so that log-ins fill neither the memory nor every worker.

    Args:
        memory_kib: what a hash takes, KiB.
        passes: over that memory.
    """

    def __init__(self, memory_kib: int = _MEMORY_KIB, passes: int = _PASSES) -> None:
        self._hasher = PasswordHasher(passes, memory_kib, _LANES)
        self._one = threading.Lock()
        self._line = threading.BoundedSemaphore(_IN_LINE)
        # Of no password: checking against it takes as long as against a user's.
        salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
        self._nobodys = f"$argon2id$v=19$m={memory_kib},t={passes},p={_LANES}${salt}${digest}"

    def make(self, password: str) -> str:
        """The hash of a password that `check_new` has let through. Raises BusyError."""
        with self._turn():
            return self._hasher.hash(_bytes(password) or b"")

    def fits(self, password: str, stored: str | None) -> bool:
        """Tell whether a hash was made of a password; takes as long where there is no hash.

        Raises:
            BusyError: others are in line already.
        """
        raw = _bytes(password)
        if raw is None:
            return False
        with self._turn():
            try:
                return self._hasher.verify(stored or self._nobodys, raw) and stored is not None
            except (Argon2Error, InvalidHashError):
                return False

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash should be made again, with today's parameters."""
        return self._hasher.check_needs_rehash(stored)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._line.acquire(blocking=False):
            raise BusyError
        try:
            with self._one:
                yield
        finally:
            self._line.release()


def check_new(password: str, name: str) -> None:
    """Refuse what everybody would guess.

    Args:
        password: the new one.
        name: of its user.

    Raises:
        BadRequestError: it is too short, too long or too simple; the message does not have it.
    """
    why = ""
    if len(unicodedata.normalize("NFC", password[: MAX_BYTES + 1])) < MIN_LENGTH:
        why = f"it is too short: expected at least {MIN_LENGTH} characters"
    elif _bytes(password) is None:
        why = f"it is longer than {MAX_BYTES} bytes, or no text"
    elif password.casefold() == name.casefold():
        why = "it is the name of the user"
    elif len(set(password)) < _FEWEST_DIFFERENT:
        why = f"it has fewer than {_FEWEST_DIFFERENT} different characters"
    if why:
        raise BadRequestError("password", f"The password is refused: {why}.")


def check_hash(stored: str) -> str:
    """A hash as it is kept. Raises ValueError where it is none of argon2id, or one that would fill the memory."""
    try:
        found = extract_parameters(stored)
    except InvalidHashError:
        found = None
    if found is None or not stored.startswith("$argon2id$") or found.memory_cost > _MOST_MEMORY_KIB:
        raise ValueError("its hash is none of argon2id")
    return stored


def _bytes(password: str) -> bytes | None:
    """What is hashed; None for what is no password. Bounded before any work is done on it."""
    if len(password) > MAX_BYTES:
        return None
    try:
        raw = unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return None
    return raw if len(raw) <= MAX_BYTES else None
