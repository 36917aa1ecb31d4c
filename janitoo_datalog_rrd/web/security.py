"""Who may ask, and what browsers may do with an answer: Host and Origin checks, and security headers."""

from __future__ import annotations

import ipaddress
import re

from flask import Request, Response, request
from werkzeug.exceptions import Forbidden, HTTPException

from .room import room

_CONTENT_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A picture opened by itself is a document of its own; cairo writes its colours as style attributes.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?", re.ASCII)
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class MisdirectedRequest(HTTPException):
    """The request names a host that is not this server (RFC 9110, section 15.5.20)."""

    code = 421
    description = "This server does not answer to that host name. Ask it as localhost, or by its configured http_host_0."


def check_request() -> None:
    """Refuse requests of foreign host names (DNS rebinding) and foreign pages (cross-site requests).

    Raises:
        MisdirectedRequest: the Host header is not ours.
        Forbidden: another site's page makes the browser send it.
    """
    host = request.environ.get("HTTP_HOST")
    # Only programs leave it out, and a page that attacks by its host name cannot make a browser do so.
    if host is not None and not is_our_host(host, str(room().services.options.get_option("http", "http_host", "localhost"))):
        raise MisdirectedRequest
    if request.method not in _SAFE_METHODS:
        _check_origin(request)


def is_our_host(header: str, configured: str) -> bool:
    """Tell whether a Host header names this machine's loopback or the configured host."""
    match = _HOST.fullmatch(header)
    if match is None:
        return False
    name = match[1].strip("[]").rstrip(".").lower()
    return name == "localhost" or name == configured.strip("[]").lower() or is_loopback(name)


def is_loopback(address: str) -> bool:
    """Tell whether a text is a loopback address, of either family."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


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
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("Cache-Control", "no-store"),
    ):
        response.headers.setdefault(name, value)
    return response
