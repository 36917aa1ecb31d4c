"""Reverse proxies: what they say of a request is believed where they are trusted, and taken out where they are not."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

from ...core.parsers import word

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
_FOR, _HOST, _PROTO = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"
_NEVER = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_BY", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_SERVER")


def parse_networks(raw: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas, such as `127.0.0.1, 10.0.0.0/8`. Raises ValueError."""
    found = []
    for part in filter(None, (each.strip() for each in raw.split(","))):
        try:
            found.append(ipaddress.ip_network(word(part), strict=False))
        except ValueError:
            raise ValueError(
                f"{part[:80]!r} is no address and no network: expected such as 127.0.0.1, ::1, 192.168.1.0/24"
            ) from None
    return tuple(found)


class TrustedProxies:
    """Sets address, scheme and host of a request as trusted proxies tell them.

    Args:
        app: what is asked then.
        trusted: addresses of proxies.
    """

    def __init__(self, app: Wsgi, trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._trusted = trusted
        self._fixed = ProxyFix(app, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        for name in _NEVER:
            environ.pop(name, None)
        if not self._is_trusted(environ.get("REMOTE_ADDR", "")):
            for name in (_FOR, _HOST, _PROTO):
                environ.pop(name, None)
            return self._app(environ, start_response)
        _keep(environ, _FOR, self._client(environ.get(_FOR, "")))
        _keep(environ, _PROTO, _last(environ.get(_PROTO, ""), ("http", "https")))
        _keep(environ, _HOST, environ.get(_HOST, "").rpartition(",")[2].strip())
        return self._fixed(environ, start_response)

    def _client(self, chain: str) -> str:
        """Who asks: the nearest of those that the proxies name who is not a proxy of ours; empty where that is no address."""
        for part in reversed(chain.split(",")):
            address = _address(part)
            if address is None:
                return ""
            if not self._is_trusted(address):
                return address
        return _address(chain.partition(",")[0]) or ""

    def _is_trusted(self, address: str) -> bool:
        known = _address(address.partition("%")[0])
        return known is not None and any(ipaddress.ip_address(known) in network for network in self._trusted)


def _keep(environ: dict[str, Any], name: str, value: str) -> None:
    """Put a header's checked value in the place of what came."""
    environ.pop(name, None)
    if value:
        environ[name] = value


def _last(header: str, words: tuple[str, ...]) -> str:
    told = header.rpartition(",")[2].strip().lower()
    return told if told in words else ""


def _address(part: str) -> str | None:
    """The address in one part of X-Forwarded-For, which some proxies give with a port; None where there is none."""
    text = part.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
