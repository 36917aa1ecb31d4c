"""Whether a server may be reached from other machines."""

from __future__ import annotations

from ...core.errors import StartError
from ...core.options import Options
from .binding import is_exposed


def check_exposed(host: str, _options: Options) -> None:
    """Refuse to let everybody of the network in.

    Args:
        host: where it is to listen.
        _options: the configuration.

    Raises:
        StartError: others than this machine would be let in, and nobody has to say who he is.
    """
    if is_exposed(host):
        raise StartError(
            f"[http] http_host_0 = {host}: without authentication, which this version does not have, pages are served to "
            "this machine only; set http_host_0 to localhost, and let a reverse proxy or an SSH tunnel bring others in."
        )
