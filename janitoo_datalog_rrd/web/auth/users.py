"""Users: who may log in with a password; kept in `users.json` of the home directory."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..routes import Role
from .names import check_name, name_key, role_of, role_word
from .passwords import Passwords, check_hash, check_new
from .records import AccessError, RecordFile, text_of, time_of

logger = logging.getLogger(__name__)

FILE = "users.json"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in.

    Attributes:
        name: as it was given.
        role: what they may do.
        hash: argon2id, of their password.
        stamp: random; another one with each password and role, so that older sessions end.
        changed: when the password was set, seconds since the epoch UTC.
    """

    name: str
    role: Role
    hash: str
    stamp: str
    changed: float

    @property
    def key(self) -> str:
        """What it is found by."""
        return name_key(self.name)


class Users:
    """The users of a home directory; changed by the command line, and seen at once by a running server.

    Args:
        home: the home directory.
        passwords: makes and checks hashes.
        clock: seconds since the epoch UTC.
    """

    def __init__(self, home: Path, passwords: Passwords, clock: Callable[[], float]) -> None:
        self._file = RecordFile(home / FILE, "users", _parse, _dump)
        self._passwords = passwords
        self._clock = clock

    def list(self) -> list[User]:
        """Every user, by name. Raises AccessFileError."""
        return [user for _, user in sorted(self._file.all().items())]

    def get(self, name: str) -> User | None:
        """One user. Raises AccessFileError."""
        return self._file.all().get(name_key(name))

    def add(self, name: str, password: str, role: Role) -> User:
        """Let somebody in.

        Raises:
            BadRequestError: name or password are refused.
            AccessError: there is one of that name, or the file cannot be used.
        """
        shown = check_name(name)
        check_new(password, shown)
        user = User(shown, role, self._passwords.make(password), _stamp(), self._clock())
        with self._file.changing() as users:
            if user.key in users:
                raise AccessError(f"there is a user {users[user.key].name!a} already: change its password with user passwd")
            users[user.key] = user
        return user

    def set_password(self, name: str, password: str) -> User:
        """Give a user another password, which ends their sessions. Raises BadRequestError, AccessError."""
        self.known(name)
        check_new(password, name)
        made = self._passwords.make(password)
        return self._change(name, lambda user: replace(user, hash=made, stamp=_stamp(), changed=self._clock()))

    def set_role(self, name: str, role: Role) -> User:
        """Give a user another role, which ends their sessions. Raises AccessError."""
        return self._change(name, lambda user: replace(user, role=role, stamp=_stamp()))

    def remove(self, name: str) -> User:
        """Let somebody in no more, which ends their sessions. Raises AccessError."""
        with self._file.changing() as users:
            user = users.pop(name_key(name), None)
            if user is None:
                raise _unknown(name)
            return user

    def known(self, name: str) -> User:
        """One user. Raises AccessError where there is none of that name."""
        user = self.get(name)
        if user is None:
            raise _unknown(name)
        return user

    def check(self, name: str, password: str) -> User | None:
        """The user whose name and password these are; takes as long where there is none.

        Raises:
            AccessFileError: the file cannot be used.
            BusyError: others log in already.
        """
        user = self.get(name)
        if not self._passwords.fits(password, user.hash if user else None) or user is None:
            return None
        if self._passwords.is_outdated(user.hash):
            self._hash_again(user, password)
        return user

    def _hash_again(self, user: User, password: str) -> None:
        """Keep a password with today's parameters; sessions go on."""
        made = self._passwords.make(password)

        def exchange(found: User) -> User:
            return replace(found, hash=made) if found.hash == user.hash else found

        try:
            self._change(user.name, exchange)
        except AccessError as error:
            logger.warning("a hash is kept as it was made earlier: %s", error)

    def _change(self, name: str, change: Callable[[User], User]) -> User:
        with self._file.changing() as users:
            user = users.get(name_key(name))
            if user is None:
                raise _unknown(name)
            users[user.key] = changed = change(user)
            return changed


def _unknown(name: str) -> AccessError:
    return AccessError(f"there is no user {name[:80]!a}: jnt_datalog_rrd user list tells who is there")


def _stamp() -> str:
    return secrets.token_hex(16)


def _parse(entry: dict[str, Any]) -> User:
    return User(
        check_name(text_of(entry, "name")),
        role_of(entry["role"]),
        check_hash(text_of(entry, "hash")),
        text_of(entry, "stamp"),
        time_of(entry, "changed"),
    )


def _dump(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": role_word(user.role),
        "hash": user.hash,
        "stamp": user.stamp,
        "changed": user.changed,
    }
