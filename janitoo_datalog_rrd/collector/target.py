"""Which server is asked, and by which token; no secret of it is ever shown."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from ..core.errors import StartError
from ..core.httpclient import HttpAddress

logger = logging.getLogger(__name__)

PREFIX = "/ressources-usage/"
TOKEN = "JNT_COLLECTOR_TOKEN"  # noqa: S105 - where it is, not what
MAX_TOKEN = 4096


class Token:
    """A token out of a file or the environment; a file is read for each request, so that a new token needs no restart.

    Args:
        path: the file; None for the environment.
        environ: the environment.

    Raises:
        StartError: the file cannot be read, or there is no token in it.
    """

    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        self._path = path
        self._last = environ.get(TOKEN, "").strip()
        if path is not None:
            try:
                self._last = self._read(path)
                if path.stat().st_mode & 0o007:
                    logger.warning("everybody on this machine can read or write %s, which has a token: chmod o= it", path)
            except (OSError, ValueError) as error:
                raise StartError(f"the token cannot be read: {path}: {getattr(error, 'strerror', None) or error}") from error
        _check(self._last)

    def headers(self) -> dict[str, str]:
        """What goes with a request."""
        if self._path is not None:
            with suppress(OSError, ValueError, StartError):  # it may just be written anew
                read = self._read(self._path)
                _check(read)
                self._last = read
        return {"Authorization": f"Bearer {self._last}"} if self._last else {}

    def __bool__(self) -> bool:
        return bool(self._last)

    @staticmethod
    def _read(path: Path) -> str:
        with path.open(encoding="ascii") as file:
            text = file.read(MAX_TOKEN).strip()
        if not text:
            raise ValueError("it is empty")
        return text


def _check(token: str) -> None:
    """Raises StartError: it cannot stand in a header."""
    if not (token.isascii() and token.isprintable()) or " " in token or len(token) >= MAX_TOKEN:
        raise StartError("the token is none: expected one line as `jnt_datalog_rrd token add` shows it")


def address_of(url: str, path: str, token: Token, *, plain: bool) -> HttpAddress:
    """Where requests go.

    Args:
        url: of the server, as it was given.
        path: below `/ressources-usage/`.
        token: goes along.
        plain: whether it may go over a connection that is not encrypted.

    Raises:
        StartError: it is no URL, has a password, or the token could be read on the way.
    """
    try:
        base = HttpAddress.parse(url)
        parts = urlsplit(base.url)
    except ValueError as error:
        raise StartError(f"the address of the server {error}") from error
    if base.headers:
        raise StartError(
            f"the address of the server has a user or a password in it, which everybody on this machine can see: give a token by "
            f"--token-file or {TOKEN}"
        )
    if token and not base.encrypted and not plain and not _is_here(parts.hostname or ""):
        raise StartError(
            f"{base.place} is not encrypted: the token could be read on the way. Give an address with https, or --plain-token "
            "where nobody else is on that network"
        )
    root = parts.path.partition(PREFIX.rstrip("/"))[0].rstrip("/")
    return HttpAddress(parts._replace(path=f"{root}{PREFIX}{path}", query="", fragment="").geturl(), {}, base.place)


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
