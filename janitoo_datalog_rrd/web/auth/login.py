"""Logging in and out with a browser, and who one is."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..api.answers import PREFIX, json_response
from ..escape import clean
from ..room import room
from ..routes import Role, Route
from ..serving.binding import is_loopback
from .access import Access
from .guard import FIELD, LOGIN, cookie_name, who
from .names import MAX_NAME, name_key, role_word
from .passwords import BusyError
from .records import AccessFileError
from .sessions import LIFE_S, session_digest
from .users import User

logger = logging.getLogger(__name__)

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f-\x9f]{0,2000}")
_WRONG = "Name or password are wrong."
_STALE = "The form was too old, or the browser takes no cookies. Try again."
_DAMAGED = "Nobody can log in now: the server's log tells why."
_SESSION_ANSWER: dict[str, Any] = {
    "title": "Session",
    "type": "object",
    "required": ["user", "role", "auth", "csrf"],
    "properties": {
        "user": {"type": ["string", "null"]},
        "role": {"type": "string", "enum": [role_word(role) for role in Role]},
        "auth": {"type": "boolean"},
        "csrf": {"type": "string"},
    },
}


def auth_routes() -> list[Route]:
    """The routes of log-in, log-out, and who one is."""
    return [
        Route(path=LOGIN, view=login_page, role=Role.NOBODY, params=None, hidden=True),
        Route(path=LOGIN, view=log_in, role=Role.NOBODY, methods=("POST",), params=None, hidden=True),
        Route(path="/logout", view=log_out, role=Role.NOBODY, methods=("POST",), params=None, hidden=True),
        Route(
            path=f"{PREFIX}/session",
            view=get_session,
            role=Role.NOBODY,
            answers={"application/json": _SESSION_ANSWER},
            tag="server",
        ),
    ]


def get_session() -> Response:
    """Who asks, and the token that unsafe requests of a browser must carry."""
    found = who()
    return json_response(
        {
            "user": found.name or None,
            "role": role_word(found.role),
            "auth": room().access.required,
            "csrf": found.csrf,
        }
    )


def login_page() -> ResponseReturnValue:
    """The form; who is logged in already goes on."""
    if who().role > Role.NOBODY:
        return redirect(own_path(request.args.get("next", "")), 303)
    return _form(200)


def log_in() -> ResponseReturnValue:
    """Check name and password, and begin a session."""
    access = room().access
    if not access.required:
        return redirect(own_path(request.form.get("next", "")), 303)
    if not _is_ours(access):
        return _form(400, _STALE)
    name, password = request.form.get("name", "")[: MAX_NAME * 4], request.form.get("password", "")
    address = request.remote_addr or ""
    tried = access.throttle.begin(address, name_key(name))
    if tried.wait_s:
        logger.info("log-in from %s: too many failed, %d s to wait", address, tried.wait_s)
        return _form(429, f"Too many log-ins have failed. Try again in {_told(tried.wait_s)}.", tried.wait_s)
    try:
        user = access.log_in(name, password)
    except BusyError as error:
        access.throttle.cancel(tried)
        return _form(429, str(error), 1)
    except AccessFileError as error:
        access.throttle.cancel(tried)
        access.tell(error)
        return _form(503, _DAMAGED)
    if user is None:
        logger.warning("log-in from %s as %s failed", address, _loggable(access, name))
        return _form(403, _WRONG)
    access.throttle.succeed(tried)
    logger.info("%s has logged in from %s", clean(user.name, MAX_NAME), address)
    return _begin(access, user)


def log_out() -> ResponseReturnValue:
    """End the session; without one there is nothing to end."""
    access, found = room().access, who()
    response = make_response(redirect(LOGIN, 303))
    if found.by == "session":
        access.sessions.end(found.proof)
        logger.info("%s has logged out from %s", clean(found.name, MAX_NAME), request.remote_addr)
        _set_cookie(response, cookie_name(access, request.is_secure), "", 0)
    return response


def own_path(wanted: str) -> str:
    """Where to go after the log-in: a path of this server, or the first page."""
    if _OWN_PATH.fullmatch(wanted) is None or wanted.partition("?")[0] in (LOGIN, "/logout"):
        return "/"
    return wanted


def _begin(access: Access, user: User) -> Response:
    """Begin a session, whatever cookies the browser came with."""
    name = cookie_name(access, request.is_secure)
    earlier = request.cookies.get(name)
    if earlier:
        access.sessions.end(session_digest(earlier))
    response = make_response(redirect(own_path(request.form.get("next", "")), 303))
    _set_cookie(response, name, access.sessions.begin(user), int(LIFE_S))
    _set_cookie(response, cookie_name(access, request.is_secure, "form"), "", 0)
    return response


def _form(status: int, problem: str = "", retry_s: int = 0) -> Response:
    """The page with the form, which is bound to the browser by a cookie."""
    access = room().access
    name = cookie_name(access, request.is_secure, "form")
    bound = request.cookies.get(name, "")
    if not 20 <= len(bound) <= 64:
        bound = secrets.token_urlsafe(24)
    page = render_template(
        "login.html",
        field=FIELD,
        token=access.keys.prove("form", bound),
        problem=problem,
        name=clean(request.form.get("name", ""), MAX_NAME),
        next=own_path(request.values.get("next", "")),
        plain=not request.is_secure and not is_loopback(request.remote_addr or ""),
    )
    response = make_response(page, status)
    _set_cookie(response, name, bound, None)
    if retry_s:
        response.headers["Retry-After"] = str(retry_s)
    return response


def _is_ours(access: Access) -> bool:
    """Tell whether the form that was sent is one that this browser was given."""
    bound = request.cookies.get(cookie_name(access, request.is_secure, "form"), "")
    return bool(bound) and access.keys.is_proof(request.form.get(FIELD, ""), "form", bound)


def _set_cookie(response: Response, name: str, value: str, max_age: int | None) -> None:
    """Set a cookie that scripts cannot read; of no length, for as long as the browser runs."""
    response.set_cookie(name, value, max_age=max_age, path="/", secure=request.is_secure, httponly=True, samesite="Lax")


def _loggable(access: Access, name: str) -> str:
    """A user's name for the log; what is none may be a password in the wrong field."""
    try:
        user = access.users.get(name)
    except AccessFileError:
        user = None
    return clean(user.name, MAX_NAME) if user is not None else "an unknown user"


def _told(wait_s: int) -> str:
    return f"{wait_s} s" if wait_s < 120 else f"{-(-wait_s // 60)} minutes"
