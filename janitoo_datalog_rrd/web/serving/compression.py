"""Compression: texts go out as gzip to who takes it; static files are compressed once."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict

from flask import Flask, Response, g, request

SMALLEST = 1000
"""Bytes from which it is worth it."""
_SUFFIX = "-gzip"
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")
_LEVEL, _STATIC_LEVEL = 4, 9
_TYPES = ("application/json", "application/problem+json", "application/javascript", "application/manifest+json", "image/svg+xml")
_NEVER = ("text/event-stream",)
_STATUSES = (200, 400, 404)


class Compression:
    """Compresses the answers of an application; an answer has another ETag for each encoding.

    Args:
        most_bytes: room for all compressed static files together.
    """

    def __init__(self, most_bytes: int = 4 * 1024 * 1024) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    @property
    def bytes_kept(self) -> int:
        """Size of all compressed static files together."""
        return self._bytes

    def register(self, app: Flask) -> None:
        """Compress what an application answers; to be called before other functions are put behind its handlers."""
        app.before_request(self._read_request)
        app.after_request(self._compress)

    def _read_request(self) -> None:
        """Let handlers see the ETags that they have given."""
        asked = request.environ.get("HTTP_IF_NONE_MATCH", "")
        g.etags_asked = asked
        for name in _CONDITIONS:
            if name in request.environ:
                request.environ[name] = request.environ[name].replace(f'{_SUFFIX}"', '"')

    def _compress(self, response: Response) -> Response:
        if not _is_text(response.mimetype):
            return response
        response.vary.add("Accept-Encoding")
        etag, weak = response.get_etag()
        if response.status_code == 304 and etag and f'{etag}{_SUFFIX}"' in g.get("etags_asked", ""):
            response.set_etag(f"{etag}{_SUFFIX}", bool(weak))
        if response.status_code not in _STATUSES or response.content_encoding or not request.accept_encodings["gzip"]:
            return response
        static = request.endpoint == "static" and etag
        if response.is_streamed and not static:
            return response
        content = self._static(str(etag), response) if static else _packed(response, _LEVEL)
        if content is None:
            return response
        response.set_data(content)
        response.content_encoding = "gzip"
        response.headers.pop("Accept-Ranges", None)
        if etag:
            response.set_etag(f"{etag}{_SUFFIX}", bool(weak))
        return response

    def _static(self, etag: str, response: Response) -> bytes | None:
        with self._lock:
            kept = self._kept.get(etag)
            if kept is not None:
                self._kept.move_to_end(etag)
        if kept is None:
            response.direct_passthrough = False
            kept = _packed(response, _STATIC_LEVEL)
            if kept is not None:
                self._keep(etag, kept)
        else:
            response.call_on_close(getattr(response.response, "close", lambda: None))
            response.direct_passthrough = False
        return kept

    def _keep(self, etag: str, content: bytes) -> None:
        if len(content) > self._most_bytes // 4:
            return
        with self._lock:
            self._bytes += len(content) - len(self._kept.pop(etag, b""))
            self._kept[etag] = content
            while self._bytes > self._most_bytes:
                _, old = self._kept.popitem(last=False)
                self._bytes -= len(old)


def _is_text(mimetype: str | None) -> bool:
    return bool(mimetype) and (str(mimetype).startswith("text/") or mimetype in _TYPES) and mimetype not in _NEVER


def _packed(response: Response, level: int) -> bytes | None:
    """The body of an answer compressed, or None where it is too small for that."""
    data = response.get_data()
    return gzip.compress(data, level, mtime=0) if len(data) >= SMALLEST else None
