"""Access: finds out who asks, by session, token or local key; what a web application shares for that."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ...core.options import Options
from ...core.status import Health
from ..routes import Role
from .keys import Keys
from .local import LocalKey
from .passwords import Passwords
from .policy import is_required
from .records import AccessFileError
from .sessions import Sessions, session_digest
from .throttle import Throttle
from .tokens import MAX_TOKEN, Tokens, digest_of
from .users import User, Users

logger = logging.getLogger(__name__)

Found = TypeVar("Found")
PART = "access"
"""What the files of users and tokens are called where the server tells its health."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks.

    Attributes:
        name: of the user or the token; empty where nobody has said.
        role: what they may do.
        by: `session`, `token` or `local`; empty where nobody has said; `open` where authentication is off.
        csrf: what an unsafe request of a session must bring along.
        proof: what they were known by; for `Access.knows_still`.
    """

    name: str = ""
    role: Role = Role.NOBODY
    by: str = ""
    csrf: str = ""
    proof: str = ""

    def may(self, role: str) -> bool:
        """Tell whether they may do what a role may, for templates: `g.who.may("operator")`."""
        return self.role.may(Role[role.upper()])


NOBODY = Who()
ANYBODY = Who(role=Role.ADMIN, by="open")
"""Whoever asks while authentication is off."""


class Access:
    """Who gets in.

    Args:
        options: the configuration.
        clock: seconds since the epoch UTC.
        health: told of damaged files.

    Raises:
        StartError: the secret key cannot be read or written.

    Attributes:
        required: whether authentication is on; everything else is there only then.
    """

    def __init__(self, options: Options, clock: Callable[[], float], health: Health) -> None:
        self.required = is_required(options)
        self._health = health
        self.throttle = Throttle()
        if self.required:
            home = options.home_dir
            self.keys = Keys.of_home(home)
            self.users = Users(home, Passwords(), clock)
            self.tokens = Tokens(home, clock)
            self.sessions = Sessions(home, self.users, clock)
            self.local = LocalKey(home)

    def open(self, port: int) -> None:
        """Say where the server listens, once it does."""
        if self.required:
            self.local.open(port)

    def close(self) -> None:
        """Keep what a restart needs."""
        if self.required:
            self.local.close()
            self.sessions.close()
        self._health.ok(PART)

    def by_session(self, secret: str) -> Who:
        """Who a session cookie stands for."""
        return self._by_session(session_digest(secret[:MAX_TOKEN]))

    def by_token(self, secret: str) -> Who:
        """Who a bearer token stands for."""
        if len(secret) > MAX_TOKEN:
            return NOBODY
        if self.local.fits(secret):
            return Who("local", Role.OPERATOR, "local")
        return self._by_token(digest_of(secret))

    def knows_still(self, who: Who) -> bool:
        """Tell whether somebody who was known earlier still is, with the same role; for answers that take long."""
        if who.by == "session":
            return self._by_session(who.proof).role == who.role
        if who.by == "token":
            return self._by_token(who.proof).role == who.role
        return True

    def log_in(self, name: str, password: str) -> User | None:
        """The user whose name and password these are. Raises AccessFileError, BusyError."""
        return self.users.check(name, password)

    def _by_session(self, digest: str) -> Who:
        user = self._reading(lambda: self.sessions.check(digest))
        if user is None:
            return NOBODY
        return Who(user.name, user.role, "session", self.keys.token("session", digest), digest)

    def _by_token(self, digest: str) -> Who:
        token = self._reading(lambda: self.tokens.check(digest))
        return NOBODY if token is None else Who(token.name, token.role, "token", proof=digest)

    def _reading(self, look: Callable[[], Found | None]) -> Found | None:
        """Look something up; where its file is damaged, nobody is found, and the server's health tells it."""
        try:
            return look()
        except AccessFileError as error:
            self.tell(error)
            return None

    def refresh(self) -> None:
        """Look whether a file that was damaged is well again."""
        if PART in self._health.problems():
            try:
                self.users.list()
                self.tokens.list()
            except AccessFileError as error:
                self.tell(error)
            else:
                self._health.ok(PART)

    def tell(self, error: AccessFileError) -> None:
        """Tell of a damaged file."""
        if self._health.problems().get(PART) != str(error):
            logger.error("%s", error)
            self._health.fail(PART, str(error))
