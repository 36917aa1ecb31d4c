"""Sessions: who has logged in with a browser; the server keeps them, so that it can end them."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .names import name_key
from .records import AccessError, RecordFile, text_of, time_of
from .users import User, Users

logger = logging.getLogger(__name__)

FILE = "sessions.json"
IDLE_S = 7 * 86400.0
"""A session ends when its browser has asked nothing for so long."""
LIFE_S = 30 * 86400.0
"""It ends when so much time has gone by since the log-in."""
MOST = 500
MOST_OF_ONE = 50
_SEEN_S = 60.0
_NOTED_S = 3600.0
_CLOCK_S = 86400.0


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in that goes on.

    Attributes:
        digest: SHA-256 of its id, in hexadecimal; only the cookie has the id.
        user: the user's name.
        stamp: that of the user at the log-in.
        created: when that was, seconds since the epoch UTC.
        seen: when it was last used, seconds since the epoch UTC.
    """

    digest: str
    user: str
    stamp: str
    created: float
    seen: float

    @property
    def key(self) -> str:
        """What it is found by."""
        return self.digest

    def is_over(self, now: float) -> bool:
        """Tell whether it has ended by itself."""
        return now - self.created > LIFE_S or now - self.seen > IDLE_S

    def is_valid(self, now: float) -> bool:
        """Tell whether it may be used; not while the clock is wrong by more than a day, but afterwards again."""
        return not self.is_over(now) and self.created <= now + _CLOCK_S


class Sessions:
    """The sessions of a server; kept in memory, and in a file over a restart.

    Args:
        home: the home directory.
        users: who there is; a session of somebody who has gone, or has another password or role by now, is none.
        clock: seconds since the epoch UTC.
    """

    def __init__(self, home: Path, users: Users, clock: Callable[[], float]) -> None:
        self._file = RecordFile(home / FILE, "sessions", _parse, _dump)
        self._users = users
        self._clock = clock
        self._lock = threading.Lock()
        self._noted = clock()
        self._sessions: dict[str, Session] = {}
        try:
            self._sessions.update(self._file.all())
        except AccessError as error:
            logger.warning("everybody has to log in again: %s", error)
            self._file.path.unlink(missing_ok=True)

    def begin(self, user: User) -> str:
        """Let a user in, and return the new session's id for the cookie."""
        secret = secrets.token_urlsafe(32)
        now = self._clock()
        session = Session(session_digest(secret), user.name, user.stamp, now, now)
        with self._lock:
            self._make_room(user)
            self._sessions[session.digest] = session
            self._save()
        return secret

    def end(self, digest: str) -> None:
        """End a session; without effect where there is none."""
        with self._lock:
            if self._sessions.pop(digest, None) is not None:
                self._save()

    def check(self, digest: str) -> User | None:
        """Who a session stands for, and note that it is used. Raises AccessFileError where the users cannot be read."""
        session = self._sessions.get(digest)
        now = self._clock()
        if session is None or not session.is_valid(now):
            return None
        user = self._users.get(session.user)
        if user is None or user.stamp != session.stamp:
            self.end(digest)
            return None
        if now - session.seen > _SEEN_S:
            self._note_use(session, now)
        return user

    def close(self) -> None:
        """Keep when each was last used over a restart."""
        with self._lock:
            self._save()

    def _note_use(self, session: Session, now: float) -> None:
        with self._lock:
            if session.digest in self._sessions:
                self._sessions[session.digest] = replace(session, seen=now)
                if abs(now - self._noted) > _NOTED_S:
                    self._save()

    def _make_room(self, user: User) -> None:
        """Forget sessions that are over, and beyond the most that are kept, those that were not used for longest."""
        now = self._clock()
        kept = [session for session in self._sessions.values() if not session.is_over(now)]
        kept.sort(key=lambda session: session.seen, reverse=True)
        mine = [session for session in kept if name_key(session.user) == user.key]
        gone = {session.digest for session in (*mine[MOST_OF_ONE - 1 :], *kept[MOST - 1 :])}
        self._sessions = {session.digest: session for session in kept if session.digest not in gone}

    def _save(self) -> None:
        self._noted = self._clock()
        try:
            with self._file.changing() as kept:
                kept.clear()
                kept.update(self._sessions)
        except AccessError as error:
            logger.warning("who is logged in will not outlive a restart: %s", error)


def session_digest(secret: str) -> str:
    """What is kept of a session's id."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _parse(entry: dict[str, Any]) -> Session:
    digest, user, stamp = (text_of(entry, name) for name in ("sha256", "user", "stamp"))
    return Session(digest, user, stamp, time_of(entry, "created"), time_of(entry, "seen"))


def _dump(session: Session) -> dict[str, Any]:
    return {
        "sha256": session.digest,
        "user": session.user,
        "stamp": session.stamp,
        "created": session.created,
        "seen": session.seen,
    }
