"""Who knocks at a server that asks for a log-in: a browser with cookies, and programs with tokens."""

from __future__ import annotations

import http.client
import re
import ssl
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask
from web.sites import Reply, RrdStore

from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.web.auth.access import Access
from janitoo_datalog_rrd.web.auth.passwords import Passwords
from janitoo_datalog_rrd.web.auth.tokens import Tokens
from janitoo_datalog_rrd.web.auth.users import Users
from janitoo_datalog_rrd.web.room import room
from janitoo_datalog_rrd.web.routes import Role
from janitoo_datalog_rrd.web.server import WebServer

PASSWORD = "correct horse battery"
USERS = {"vera": Role.VIEWER, "oskar": Role.OPERATOR, "ada": Role.ADMIN}
DAY = 86400.0


@dataclass
class Browser:
    """Keeps cookies, and asks as a browser does that a person sits at."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    trusting: ssl.SSLContext | None = None

    def ask(self, path: str, method: str = "GET", form: dict[str, str] | None = None, **headers: str) -> Reply:
        """Send one request; header names are written with underscores."""
        sent = {"Accept": "text/html,*/*;q=0.8", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form).encode()
        reply = knock(self.port, method, path, sent, body, trusting=self.trusting)
        for line in reply.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if not morsel.value:
                    del self.cookies[name]
        return reply

    def log_in(self, name: str, password: str = PASSWORD, path: str = "/login") -> Reply:
        """Load the form, fill it in and send it."""
        page = self.ask(path)
        assert page.status == 200, page.text
        return self.ask("/login", "POST", {**hidden_fields(page.text), "name": name, "password": password})

    @property
    def session(self) -> str:
        """The name of its session cookie."""
        return next(name for name in self.cookies if "jnt_session" in name)

    def csrf(self) -> str:
        """The token for unsafe requests."""
        return str(self.ask("/api/v1/session").json["csrf"])


def knock(
    port: int,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None = None,
    *,
    read: bool = True,
    trusting: ssl.SSLContext | None = None,
) -> Reply:
    """Send one request over a connection of its own; what never ends is not to be read.

    Args:
        port: of the server.
        method, path, headers, body: of the request.
        read: whether the body of the answer is waited for.
        trusting: knows the server's authority, where it speaks TLS.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    if trusting is not None:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read() if read else b"")
    finally:
        connection.close()


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


@dataclass
class Gate:
    """A server that asks for a log-in, with a user of each role of people, and a token of each role.

    Attributes:
        services: what it shares.
        store: what it shows.
        home: its home directory.
        users, tokens: as the command line changes them.
        secrets: tokens by role.
        now: what its clock shows is ahead by, seconds.
    """

    services: Services
    store: RrdStore
    home: Path
    users: Users = field(init=False)
    tokens: Tokens = field(init=False)
    secrets: dict[Role, str] = field(default_factory=dict)
    ahead: float = 0.0
    server: WebServer | None = None

    def __post_init__(self) -> None:
        self.services.clock = lambda: time.time() + self.ahead
        self.users = Users(self.home, Passwords(), self.services.clock)
        self.tokens = Tokens(self.home, self.services.clock)
        for name, role in USERS.items():
            self.users.add(name, PASSWORD, role)
            self.secrets[role] = self.tokens.add(f"for {name}", role, 90 * DAY)[1]
        self.secrets[Role.AGENT] = self.tokens.add("rack", Role.AGENT, 90 * DAY)[1]

    @property
    def port(self) -> int:
        assert self.server is not None
        return self.server.port

    @property
    def app(self) -> Flask:
        assert self.server is not None
        return self.server._app

    @property
    def access(self) -> Access:
        return room(self.app).access

    def browser(self, name: str = "") -> Browser:
        """A browser, logged in where a name is given."""
        made = Browser(self.port)
        if name:
            reply = made.log_in(name)
            assert reply.status == 303, reply.text
        return made

    def program(self, secret: str, path: str, method: str = "GET", **headers: str) -> Reply:
        """What a program with a token is answered."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return knock(self.port, method, path, {"Authorization": f"Bearer {secret}", **sent})
