"""Errors as answers: problem documents (RFC 9457) under /api and on other paths for programs, pages elsewhere."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from ..core.errors import BadRequestError, JanitooError, UnknownSeriesError
from .routes import current_route

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told of an error.

    Attributes:
        status: of HTTP.
        detail: a sentence.
        parameter: the query parameter at fault, or empty.
    """

    status: int
    detail: str
    parameter: str = ""

    @property
    def title(self) -> str:
        """The status in words."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Error"


def register(app: Flask) -> None:
    """Make the application answer every error in the one way."""
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(JanitooError, _on_ours)
    app.register_error_handler(Exception, _on_bug)


def _on_http(error: HTTPException) -> Response:
    answer = Answer(error.code or 500, error.description or "")
    response = respond(answer)
    # Allow on a 405, Retry-After and the like.
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _on_ours(error: JanitooError) -> Response:
    if isinstance(error, BadRequestError):
        return respond(Answer(400, str(error), error.parameter))
    if isinstance(error, UnknownSeriesError):
        return respond(Answer(404, str(error), "series" if "series" in request.args else ""))
    logger.warning("%s %s: %s", request.method, request.path, error)
    response = respond(Answer(503, str(error)))
    response.headers["Retry-After"] = "5"
    return response


def _on_bug(error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return respond(Answer(500, "The server made a mistake; its log has the details."))


def respond(answer: Answer) -> Response:
    """Write an error in the form that fits the path."""
    if is_api(request.path) or answers_programs():
        document = {
            "type": "about:blank",
            "title": answer.title,
            "status": answer.status,
            "detail": answer.detail,
            "instance": request.path[:300],
        }
        if not is_api(request.path):
            document["message"] = answer.detail  # where Grafana looks for what it shows
        if answer.parameter:
            document["parameter"] = answer.parameter
        body = orjson.dumps({key: _encodable(value) for key, value in document.items()})
        return Response(body, answer.status, content_type="application/problem+json")
    return make_response(render_template("error.html", answer=answer), answer.status)


def is_api(path: str) -> bool:
    """Tell whether a path is answered to programs, not to people."""
    return path == "/api" or path.startswith("/api/")


def answers_programs() -> bool:
    """Tell whether the route of the current request is declared to answer programs."""
    route = current_route()
    return route is not None and route.programs


def _encodable(value: object) -> object:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
