"""The OpenAPI 3.1 document, made of the table of routes: what is declared there once is checked, answered and told.

Source of the format: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, request

from ... import __version__
from ..auth.guard import HEADER, cookie_name
from ..auth.names import role_word
from ..params import Param
from ..problems import is_api
from ..room import room
from ..routes import Role, Route, declared
from .answers import JSON, PREFIX, json_response, with_etag
from .components import Components
from .schemas import PROBLEM, record
from .words import ABOUT, HEADERS, REFUSALS, TAGS

PROBLEM_JSON = "application/problem+json"
_VARIABLE = re.compile(r"<(?:(?P<converter>\w+)(?:\((?P<words>[^)]*)\))?:)?(?P<name>\w+)>")
_SECTION = re.compile(r"(?:Args|Returns|Raises|Attributes):")
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
_NO_CONTENT = (204, 304)
_BY_WAITRESS = (413, 431)
Document = dict[str, Any]


def openapi_routes() -> list[Route]:
    """The route of the document."""
    schema = record("OpenApi", "An OpenAPI 3.1 document.", {"openapi": {"type": "string", "pattern": r"^3\.1\."}})
    return [
        Route(
            path=f"{PREFIX}/openapi.json",
            view=get_openapi,
            role=Role.VIEWER,
            answers={JSON: schema},
            statuses={304: {}},
            tag="server",
        )
    ]


def get_openapi() -> Response:
    """This document."""
    return with_etag(json_response(current_document()))


def current_document() -> Document:
    """The document of the application that handles the current request."""
    access = room().access
    cookie = cookie_name(access, request.is_secure) if access.required else "jnt_session"
    return describe(declared().values(), cookie, required=access.required)


def describe(routes: Iterable[Route], cookie: str, *, required: bool) -> Document:
    """Describe routes; those that are hidden are left out.

    Args:
        routes: the table of an application.
        cookie: name of its session cookie.
        required: whether authentication is on; otherwise everybody may do everything.
    """
    shown = [route for route in routes if not route.hidden]
    components = Components()
    counts = Counter(route.view.__name__ for route in shown)
    paths: dict[str, Document] = {}
    for route in shown:
        path = _VARIABLE.sub(lambda match: f"{{{match['name']}}}", route.path)
        for method in route.methods:
            name = route.view.__name__ if counts[route.view.__name__] == 1 else route.endpoint.replace("-", "_")
            more = f"_{method.lower()}" if len(route.methods) > 1 else ""
            operation = _operation(route, method, f"{name}{more}", components)
            operation["security"] = _security(route, method) if required else []
            paths.setdefault(path, {})[method.lower()] = operation
    problem = components.schema(PROBLEM)
    responses = {_name(status): _refusal(status, problem) for status in REFUSALS}
    used = {tag_of(route) for route in shown}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "janitoo_datalog_rrd",
            "version": __version__,
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "This server."}],
        "tags": [
            *({"name": tag, "description": what} for tag, what in TAGS.items() if tag in used),
            *({"name": tag} for tag in sorted(used - TAGS.keys())),
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components.schemas,
            "responses": responses,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token, for programs."},
                "session": {"type": "apiKey", "in": "cookie", "name": cookie, "description": "The session of a browser."},
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": HEADER,
                    "description": "What `/api/v1/session` gives as `csrf`; goes with the session where something is changed.",
                },
            },
        },
    }


def tag_of(route: Route) -> str:
    """The heading that a route stands under."""
    return route.tag or route.view.__module__.rpartition(".")[2]


def _operation(route: Route, method: str, name: str, components: Components) -> Document:
    summary, told = _told(route)
    role = "" if route.role is Role.NOBODY else f"Needs the role {role_word(route.role)}."
    query = () if route.form and method in _UNSAFE else route.params or ()  # they stand in the body there
    operation: Document = {
        "operationId": name,
        "tags": [tag_of(route)],
        "summary": summary.rstrip("."),
        "description": "\n\n".join(part for part in (told, role) if part) or summary,
        "parameters": [*map(_variable, _variables(route)), *map(_parameter, query)],
        "responses": _responses(route, method, components),
        "x-role": role_word(route.role),
    }
    body = _body(route, method, components)
    if body:
        operation["requestBody"] = body
    return {key: value for key, value in operation.items() if value}


def _told(route: Route) -> tuple[str, str]:
    """The first line of a handler's docstring, and the paragraphs before its first section, each in one line."""
    paragraphs = (inspect.getdoc(route.view) or route.path).split("\n\n")
    lines = [" ".join(paragraph.split()) for paragraph in paragraphs]
    end = next((index for index, line in enumerate(lines) if _SECTION.match(line)), len(lines))
    return lines[0], "\n\n".join(lines[1:end])


def _variables(route: Route) -> list[tuple[Param, dict[str, Any]]]:
    known = {param.name: param for param in route.variables}
    found = []
    for match in _VARIABLE.finditer(route.path):
        param = known.get(match["name"]) or Param(name=match["name"], told="")
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if match["converter"] == "int":
            schema = {"type": "integer", "minimum": 0}
        elif match["words"]:
            schema = {"type": "string", "enum": [word.strip() for word in match["words"].split(",")]}
        found.append((param, schema))
    return found


def _variable(given: tuple[Param, dict[str, Any]]) -> Document:
    param, schema = given
    document = {"name": param.name, "in": "path", "required": True, "schema": schema}
    return _with_words(document, param)


def _parameter(param: Param) -> Document:
    schema = param.schema()
    if param.many > 1:
        schema = {"type": "array", "items": schema, "maxItems": param.many}
        if param.required:
            schema["minItems"] = 1
    elif param.default not in ("", None) and param.default != 0:
        schema["default"] = "1" if param.default is True else param.default
    document: Document = {"name": param.name, "in": "query", "schema": schema}
    if param.required:
        document["required"] = True
    return _with_words(document, param)


def _with_words(document: Document, param: Param) -> Document:
    if param.told:
        document["description"] = param.told
    if param.example:
        document["example"] = [param.example] if param.many > 1 else param.example
    return document


def _body(route: Route, method: str, components: Components) -> Document | None:
    if method not in _UNSAFE:
        return None
    if route.form:
        form = {param["name"]: param["schema"] for param in map(_parameter, route.params or ())}
        return {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": form}}}}
    if route.body is None:
        return None
    return {"required": True, "content": {route.body_type: {"schema": components.schema(route.body)}}}


def _responses(route: Route, method: str, components: Components) -> Document:
    content = _content(route.answers, components)
    good: Document = {"description": HTTPStatus(route.status).phrase}
    if content and route.status not in _NO_CONTENT:
        good["content"] = content
    answers = {route.status: good}
    for status in {*_refusals(route, method), *route.statuses}:
        answers[status] = _other(route, status, components)
    return {str(status): answers[status] for status in sorted(answers)}


def _other(route: Route, status: int, components: Components) -> Document:
    """An answer of another status than the usual good one."""
    declared_content = _content(route.statuses.get(status, {}), components)
    if status < 400:
        told = "What was asked for has not changed." if status == 304 else HTTPStatus(status).phrase
        return {"description": told, **({"content": declared_content} if declared_content else {})}
    programs = is_api(route.path) or route.programs or status in _BY_WAITRESS
    if programs and not declared_content:
        return {"$ref": f"#/components/responses/{_name(status)}"}
    refusal = _refusal(status, components.schema(PROBLEM))
    standard = refusal["content"] if programs else {"text/html": {}}
    return {**refusal, "content": {**standard, **declared_content}}


def _refusals(route: Route, method: str) -> Iterable[int]:
    """Statuses that come with what a route declares."""
    if route.params is not None or route.body is not None:
        yield 400
    if route.role > Role.NOBODY:
        yield from (401, 403, 503)
    if method in _UNSAFE:
        yield 403
        yield 413
        if route.body is not None:
            yield 415
    if _VARIABLE.search(route.path):
        yield 404
    if route.params or _VARIABLE.search(route.path):
        yield 431


def _refusal(status: int, problem: Mapping[str, Any]) -> Document:
    description = REFUSALS.get(status) or HTTPStatus(status).phrase
    response: Document = {"description": description, "content": {PROBLEM_JSON: {"schema": problem}}}
    headers = HEADERS.get(status)
    return {**response, "headers": headers} if headers else response


def _content(answers: Mapping[str, dict[str, Any]], components: Components) -> Document:
    return {kind: {"schema": components.schema(schema)} if schema else {} for kind, schema in answers.items()}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")


def _security(route: Route, method: str) -> list[dict[str, list[str]]]:
    """Who may ask: a token, or a session, with proof that the page is ours where something is changed."""
    if route.role is Role.NOBODY:
        return []
    roles = [role_word(route.role)]
    session = {"session": roles, "csrf": roles} if method in _UNSAFE and not route.safe else {"session": roles}
    return [{"bearer": roles}, session]
