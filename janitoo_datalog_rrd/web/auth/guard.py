"""The guard: before any handler runs, who asks is found out, and must have the role that the route declares."""

from __future__ import annotations

from urllib.parse import quote

from flask import Request, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from ..problems import is_api
from ..room import room
from ..routes import Role, declared, only_reads
from .access import ANYBODY, NOBODY, Access, Who
from .names import role_word

LOGIN = "/login"
FIELD = "csrf"
HEADER = "X-CSRF-Token"
_FORM = "application/x-www-form-urlencoded"
_REALM = "janitoo_datalog_rrd"


def check_access() -> ResponseReturnValue | None:
    """Find out who asks, for `who()`, and refuse who may not.

    Returns:
        None to go on, or the way to the log-in.

    Raises:
        Unauthorized: nobody has said who asks.
        Forbidden: who asks has not the role that is needed, or a page of another site may have made the browser ask.
    """
    access = room().access
    g.who = found = identify(request, access)
    needed = needed_role()
    if not found.role.may(needed):
        return _refuse(found, needed)
    if found.by == "session" and not only_reads() and request.path != LOGIN:
        _check_csrf(found)
    return None


def who() -> Who:
    """Who sends the current request; nobody where that was not found out."""
    found: Who = g.get("who", NOBODY)
    return found


def identify(asked: Request, access: Access) -> Who:
    """Who sends a request: a bearer token counts before a session, whatever the token is good for."""
    if not access.required:
        return ANYBODY
    access.refresh()
    scheme, _, secret = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return access.by_token(secret.strip())
    cookie = asked.cookies.get(cookie_name(access, asked.is_secure))
    return access.by_session(cookie) if cookie else NOBODY


def needed_role() -> Role:
    """The role that the current request needs; what no route declares is an administrator's."""
    if request.endpoint is None or request.endpoint == "static":  # there is no such path, or no such method
        return Role.NOBODY
    route = declared().get(request.endpoint)
    return Role.ADMIN if route is None else route.role


def open_paths() -> set[str]:
    """What who sends the current request may look at, as the routes have it: pages lead to nothing else."""
    role = who().role
    return {route.path for route in declared().values() if role.may(route.role) and "GET" in route.methods}


def cookie_name(access: Access, secure: bool, word: str = "session") -> str:
    """A cookie's name: browsers send those of one server of a host to the others too, so each has names of its own."""
    return f"{'__Host-' if secure else ''}jnt_{word}_{access.keys.prove('cookie', word)[:8]}"


def _refuse(found: Who, needed: Role) -> ResponseReturnValue:
    """Send people to the log-in, and tell programs. Raises Unauthorized, Forbidden."""
    if found.role > Role.NOBODY:
        raise Forbidden(
            f"This needs the role {role_word(needed)}; {found.name} has the role {role_word(found.role)}. "
            "An administrator of the server can change that."
        )
    if _asks_for_page(request):
        return redirect(f"{LOGIN}{_next()}", 303)
    if request.headers.get("Authorization", "").lower().startswith("bearer"):
        what, more = "The token is unknown, or has expired.", {"error": "invalid_token"}
    else:
        what, more = "Log in first, or send a token in the header Authorization: Bearer.", {}
    raise Unauthorized(what, www_authenticate=WWWAuthenticate("bearer", {"realm": _REALM, **more}))


def _asks_for_page(asked: Request) -> bool:
    """Tell whether a browser asks for something that it shows by itself, so that a log-in page can stand in its place."""
    if asked.method not in ("GET", "HEAD") or is_api(asked.path) or "Authorization" in asked.headers:
        return False
    if asked.headers.get("Sec-Fetch-Dest", "document") != "document":
        return False
    return any(kind == "text/html" for kind, _ in asked.accept_mimetypes)


def _next() -> str:
    """The query of the log-in that leads back to the current address."""
    if request.path == "/" and not request.query_string:
        return ""
    back = quote(request.path)
    if request.query_string:
        back += "?" + request.query_string.decode("latin-1")
    return f"?next={quote(back[:2000], safe='/')}"


def _check_csrf(found: Who) -> None:
    """Refuse what a session's browser may have been made to send. Raises Forbidden."""
    given = request.headers.get(HEADER)
    if given is None and request.mimetype == _FORM:
        given = request.form.get(FIELD)
    if given is None or not room().access.keys.is_token(given, "session", found.proof):
        raise Forbidden(
            f"The header {HEADER} is missing or wrong: load the page again. "
            "Programs have it from /api/v1/session, or use a token."
        )
