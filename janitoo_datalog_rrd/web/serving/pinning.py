"""Pinning: how this machine's commands make sure that it is their own server that answers over TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

_END = "-----END CERTIFICATE-----"


def pinned(cert: Path) -> ssl.SSLContext:
    """Trust the certificate of a file and no other, by whatever name the server is asked.

    Args:
        cert: the server's certificate; those that may stand behind it are not trusted, since they sign for others too.

    Raises:
        OSError: it cannot be read, or is none.
        ValueError: likewise.
    """
    first, end, _ = cert.read_text("ascii").partition(_END)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=first + end)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
