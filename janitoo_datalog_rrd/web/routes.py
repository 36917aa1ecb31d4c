"""Routes: each path with who may ask it, what it takes, and what it answers; the one table that the application is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, cast

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import CombinedMultiDict
from werkzeug.exceptions import HTTPException

from .params import Param, read_params

KEY = "janitoo_datalog_rrd.routes"


class Role(IntEnum):
    """What somebody may do; each role may do what those below it may, but for that of agents, which stands by itself.

    Its number is below the viewer's, so that whoever compares numbers shows an agent nothing.
    """

    NOBODY = 0
    AGENT = 1
    VIEWER = 2
    OPERATOR = 3
    ADMIN = 4

    def may(self, needed: Role) -> bool:
        """Tell whether this role is enough where one is needed: an agent only hands in, and a viewer only looks."""
        if needed is Role.AGENT and self is Role.VIEWER:
            return False
        return self >= needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path with one handler.

    Attributes:
        path: as Flask takes it; its variables are the handler's arguments.
        view: answers the request. Its docstring, up to the first section, is told in the OpenAPI document.
        role: who asks must have at least this one.
        methods: of HTTP; HEAD comes with GET.
        params: what its query may have, checked before the handler runs, which has them from `arguments()`. None for a
            page for people, which shows what it can whatever its address says, and for what takes any query.
        answers: content type → JSON Schema of a good answer; the schema is empty where it is not JSON. A schema with a
            `title` becomes a component of the OpenAPI document under that name, at whatever depth it stands.
        status: of a good answer.
        statuses: further statuses → content of such an answer as in `answers`; empty where it is a problem document. Those that
            come with parameters, path variables, a body and a role are known without being listed; see `api/openapi.py`.
        body: JSON Schema of what is sent; None where nothing is.
        body_type: content type of what is sent.
        most_bytes: of a body; 0 for as many as elsewhere.
        variables: what the variables of the path stand for; told, not checked: a handler answers 404 to what it does not know.
        tag: heading in the documentation; by default the name of the handler's module.
        hidden: whether the OpenAPI document leaves it out: pages, and what is not for programs.
        form: whether the parameters may as well come in a form in the body (`application/x-www-form-urlencoded`).
        loose: whether parameters that are not declared are passed over, for clients of other servers that send more.
        safe: whether it only reads, whatever its method: then neither Origin nor CSRF token is asked for.
        programs: whether errors are problem documents for programs, as they always are under `/api`.
    """

    path: str
    view: Callable[..., ResponseReturnValue]
    role: Role
    methods: tuple[str, ...] = ("GET",)
    params: tuple[Param, ...] | None = ()
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: int = 200
    statuses: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    body_type: str = "application/json"
    most_bytes: int = 0
    variables: tuple[Param, ...] = ()
    tag: str = ""
    hidden: bool = False
    form: bool = False
    loose: bool = False
    safe: bool = False
    programs: bool = False

    @property
    def endpoint(self) -> str:
        """Its name in Flask."""
        return f"{self.view.__module__.rpartition('.')[2]}-{self.view.__name__}"


def declare(app: Flask, routes: Iterable[Route]) -> None:
    """Put routes into an application.

    Raises:
        ValueError: two of them have one handler.
    """
    table = app.extensions.setdefault(KEY, {})
    for route in routes:
        if route.endpoint in table:
            raise ValueError(f"{route.path}: {route.endpoint} already serves {table[route.endpoint].path}")
        table[route.endpoint] = route
        app.add_url_rule(route.path, route.endpoint, route.view, methods=list(route.methods))


def declared(app: Flask | None = None) -> dict[str, Route]:
    """The routes of an application, by endpoint; by default of the one that handles the current request."""
    return cast("dict[str, Route]", (app or current_app).extensions[KEY])


def current_route() -> Route | None:
    """The route of the current request; where its path is known and its method is not, the one of another method."""
    if request.endpoint is not None:
        return declared().get(request.endpoint)
    with suppress(HTTPException):  # a host name or a path that is too long
        adapter = current_app.create_url_adapter(request)
        if adapter is None:
            return None
        for method in adapter.allowed_methods():
            with suppress(HTTPException):
                return declared().get(adapter.match(method=method)[0])
    return None


def only_reads() -> bool:
    """Tell whether the current request changes nothing: by its method, or since its route says so."""
    route = current_route()
    return request.method in ("GET", "HEAD", "OPTIONS") or (route is not None and route.safe)


def check_arguments() -> None:
    """Check the query of a request before its handler runs. Raises BadRequestError."""
    route = declared().get(request.endpoint or "")
    if route is None or route.params is None:
        g.arguments = {}
        return
    given = CombinedMultiDict([request.args, request.form]) if route.form else request.args
    g.arguments = read_params(given, route.params, loose=route.loose)


def arguments() -> dict[str, Any]:
    """The query of the current request by name, checked, as its route declares it."""
    return cast("dict[str, Any]", g.arguments)
