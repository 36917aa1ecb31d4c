"""Whether authentication is on, and what a server that others can reach needs before it starts."""

from __future__ import annotations

import time

from ...core.errors import StartError
from ...core.options import Options
from ..serving import binding
from .passwords import Passwords
from .records import AccessFileError
from .tokens import Tokens
from .users import Users

SECTION = "http"
MODES = ("auto", "required", "off")
_ADD = "jnt_datalog_rrd user add NAME --role admin"


def is_exposed(host: str, options: Options) -> bool:
    """Tell whether others than the users of this machine can ask the server.

    Args:
        host: what it is bound to.
        options: the configuration; a trusted proxy brings others in.
    """
    return binding.is_exposed(host) or bool(options.get_option(SECTION, "trusted_proxies"))


def is_required(options: Options, host: str | None = None) -> bool:
    """Tell whether authentication is on.

    Args:
        options: the configuration.
        host: what the server is bound to, where that is not its `http_host`.
    """
    mode = options.get_option(SECTION, "http_auth", "auto")
    if mode == "auto":
        return is_exposed(host or str(options.get_option(SECTION, "http_host", "localhost")), options)
    return bool(mode == "required")


def check_exposed(host: str, options: Options) -> None:
    """Refuse to serve where anybody could get in, or nobody.

    Args:
        host: what the server is to be bound to.
        options: the configuration.

    Raises:
        StartError: authentication is off where others can ask, or it is on and nobody is configured.
    """
    mode = options.get_option(SECTION, "http_auth", "auto")
    if mode == "off" and is_exposed(host, options):
        why = f"http_host_0 = {host}" if binding.is_exposed(host) else "trusted_proxies"
        raise StartError(
            f"[http] http_auth = off: with {why} others than this machine's users can ask the server; "
            "set http_auth to auto, or http_host_0 to localhost without trusted_proxies."
        )
    if is_required(options, host) and not _has_somebody(options):
        inside = ", or set http_host_0 to localhost" if binding.is_exposed(host) else ""
        raise StartError(
            f"[http] http_host_0 = {host}, http_auth = {mode}: who asks has to log in, but there is no user and no token; "
            f"add one with `{_ADD}`{inside}."
        )


def _has_somebody(options: Options) -> bool:
    """Tell whether anybody can get in. Raises StartError where a file is damaged."""
    users, tokens = Users(options.home_dir, Passwords(), time.time), Tokens(options.home_dir, time.time)
    try:
        return bool(users.list()) or any(token.is_valid(time.time()) for token in tokens.list())
    except AccessFileError as error:
        raise StartError(str(error)) from error
