"""Who may ask, and what browsers may do with an answer: Host and Origin checks, and security headers."""

from __future__ import annotations

import re
import socket

from flask import Request, Response, request
from werkzeug.exceptions import Forbidden, HTTPException

from ..core.options import Options
from .room import room
from .routes import only_reads
from .serving.binding import bare, is_exposed, is_loopback

_CONTENT_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A picture opened by itself is a document of its own; cairo writes its colours as style attributes.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?", re.ASCII)
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*", re.ASCII)
_HTTPS_FOR = "max-age=31536000"


class MisdirectedRequest(HTTPException):
    """The request names a host that is not this server (RFC 9110, section 15.5.20)."""

    code = 421
    description = (
        "This server does not answer to that host name. Ask it as localhost, by its address, or by a name in http_names."
    )


def check_request() -> None:
    """Refuse requests of foreign host names (DNS rebinding) and foreign pages (cross-site requests).

    Raises:
        MisdirectedRequest: the Host header is not ours.
        Forbidden: another site's page makes the browser send it.
    """
    host = request.environ.get("HTTP_HOST")
    # Only programs leave it out, and a page that attacks by its host name cannot make a browser do so.
    if host is not None and not is_our_host(host, room().services.options):
        raise MisdirectedRequest
    if not only_reads():
        _check_origin(request)


def is_our_host(header: str, options: Options) -> bool:
    """Tell whether a Host header names this server.

    Any address does where others than this machine may ask: only a name can be made to point here by somebody else.
    """
    match = _HOST.fullmatch(header)
    if match is None:
        return False
    name = bare(match[1].rstrip("."))
    configured = str(options.get_option("http", "http_host", "localhost"))
    if name in ("localhost", bare(configured), *(options.get_option("http", "http_names") or ())) or is_loopback(name):
        return True
    if not is_exposed(configured):
        return False
    ours = socket.gethostname().lower()
    return _ADDRESS.fullmatch(name) is not None or name in (ours, f"{ours.partition('.')[0]}.local")


def parse_names(raw: str) -> tuple[str, ...]:
    """Names of hosts that the server answers to, separated by commas. Raises ValueError."""
    names = tuple(each.strip().rstrip(".").lower() for each in raw.split(",") if each.strip())
    for name in names:
        match = _HOST.fullmatch(name)
        if match is None or match[1] != name:
            raise ValueError(f"{name[:80]!r} is no name of a host: expected such as house.example.org, without a port")
    return names


def _check_origin(asked: Request) -> None:
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden("A page of another site may not change anything here.")
    origin = asked.headers.get("Origin")
    if origin is not None and origin.lower() != f"{asked.scheme}://{asked.environ.get('HTTP_HOST', '')}".lower():
        raise Forbidden("A page of another origin may not change anything here.")


def add_headers(response: Response) -> Response:
    """Put the security headers on an answer; what a handler has set stays."""
    for name, value in (
        ("Content-Security-Policy", _CONTENT_POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),  # with none at all, browsers send our own forms from the origin "null"
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("Cache-Control", "no-store"),
    ):
        response.headers.setdefault(name, value)
    if request.is_secure and _is_alone():
        response.headers.setdefault("Strict-Transport-Security", _HTTPS_FOR)
    return response


def _is_alone() -> bool:
    """Tell whether the host name of a request is this server's own: a browser takes Strict-Transport-Security for every port."""
    match = _HOST.fullmatch(request.environ.get("HTTP_HOST", ""))
    return match is not None and match[0] == match[1] and bare(match[1]) != "localhost"
