"""Tokens: what programs show instead of a password; kept as hashes in `tokens.json` of the home directory."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..routes import Role
from .names import TOKEN_ROLES, check_name, name_key, role_of, role_word
from .records import AccessError, RecordFile, text_of, time_of

logger = logging.getLogger(__name__)

FILE = "tokens.json"
PREFIX = "jnt_"
MAX_TOKEN = 200
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Token:
    """What a program may do.

    Attributes:
        name: as it was given.
        role: what it may do.
        digest: SHA-256 of the token, in hexadecimal.
        created: seconds since the epoch UTC.
        expires: seconds since the epoch UTC; None for never.
        used: when it was last used, to the day; None for not yet.
    """

    name: str
    role: Role
    digest: str
    created: float
    expires: float | None
    used: float | None = None

    @property
    def key(self) -> str:
        """What it is found by."""
        return name_key(self.name)

    def is_valid(self, now: float) -> bool:
        """Tell whether it may be used: not after its end, nor while the clock is wrong by more than a day."""
        return self.created <= now + _DAY_S and (self.expires is None or now < self.expires)


class Tokens:
    """The tokens of a home directory; changed by the command line, and seen at once by a running server.

    Args:
        home: the home directory.
        clock: seconds since the epoch UTC.
    """

    def __init__(self, home: Path, clock: Callable[[], float]) -> None:
        self._file = RecordFile(home / FILE, "tokens", _parse, _dump)
        self._clock = clock

    def list(self) -> list[Token]:
        """Every token, by name. Raises AccessFileError."""
        return [token for _, token in sorted(self._file.all().items())]

    def add(self, name: str, role: Role, lifetime: float | None) -> tuple[Token, str]:
        """Make a token.

        Args:
            name: what it is for.
            role: what it may do.
            lifetime: seconds; None for as long as it is not removed.

        Returns:
            What is kept, and the token itself, which is not.

        Raises:
            BadRequestError: the name is refused.
            AccessError: there is one of that name, or the file cannot be used.
        """
        secret = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        token = Token(check_name(name), role, digest_of(secret), now, None if lifetime is None else now + lifetime)
        with self._file.changing() as tokens:
            if token.key in tokens:
                raise AccessError(f"there is a token {tokens[token.key].name!a} already: remove it, or choose another name")
            tokens[token.key] = token
        return token, secret

    def remove(self, name: str) -> Token:
        """Let a token in no more. Raises AccessError."""
        with self._file.changing() as tokens:
            token = tokens.pop(name_key(name), None)
            if token is None:
                raise AccessError(f"there is no token {name[:80]!a}: jnt_datalog_rrd token list tells which are there")
            return token

    def check(self, digest: str) -> Token | None:
        """The valid token of a digest, whose use is noted once a day. Raises AccessFileError."""
        token = next((each for each in self._file.all().values() if each.digest == digest), None)
        now = self._clock()
        if token is None or not token.is_valid(now):
            return None
        if token.used is None or abs(now - token.used) > _DAY_S:
            self._note_use(token, now // _DAY_S * _DAY_S)
        return token

    def _note_use(self, token: Token, day: float) -> None:
        try:
            with self._file.changing() as tokens:
                found = tokens.get(token.key)
                if found is not None and found.digest == token.digest:
                    tokens[token.key] = replace(found, used=day)
        except AccessError as error:
            logger.warning("when a token was used cannot be noted: %s", error)


def digest_of(secret: str) -> str:
    """What is kept of a token; it is random and long, so one plain hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _parse(entry: dict[str, Any]) -> Token:
    digest = text_of(entry, "sha256", 64)
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError("its sha256 is none")
    expires, used = (None if entry[name] is None else time_of(entry, name) for name in ("expires", "used"))
    role = role_of(entry["role"], TOKEN_ROLES)
    return Token(check_name(text_of(entry, "name")), role, digest, time_of(entry, "created"), expires, used)


def _dump(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "role": role_word(token.role),
        "sha256": token.digest,
        "created": token.created,
        "expires": token.expires,
        "used": token.used,
    }
