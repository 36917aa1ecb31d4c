"""Requests that waitress refuses before the application sees them: too large, or no HTTP; told as problem documents."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from waitress.task import ErrorTask

LARGEST = 65536
"""Bytes of a body, and of request line and headers together; a route may take larger bodies."""
_TOLD = {
    431: f"The address and the headers are larger than {LARGEST} bytes together: ask for less at once.",
}
_HEADERS = (
    ("Content-Type", "application/problem+json"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)


class Refusal(ErrorTask):  # type: ignore[misc] # waitress has no types
    """The answer to such a request; the connection is closed after it."""

    def execute(self) -> None:
        """Write it."""
        error: Any = self.request.error
        too_large = f"The body is larger than {self.request.adj.max_request_body_size} bytes: send less at once."
        status = HTTPStatus(error.code)
        told = too_large if status.value == 413 else _TOLD.get(status.value)
        document = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": told or f"The request is no good HTTP: {str(error.body)[:200]}.",
            "instance": str(getattr(self.request, "path", ""))[:300].encode("ascii", "replace").decode(),
        }
        body = orjson.dumps(document)
        self.status = f"{status.value} {status.phrase}"
        self.response_headers.extend(_HEADERS)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
