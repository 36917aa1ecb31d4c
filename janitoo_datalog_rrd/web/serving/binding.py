"""Where the server listens: what a host option stands for, and the sockets."""

from __future__ import annotations

import errno
import ipaddress
import socket

from ...core.errors import StartError

PORT_TRIES = 20
_NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_EVERYWHERE = ("::", "0.0.0.0")  # noqa: S104 - where somebody asks for it
_NAMED = {"localhost": ["127.0.0.1", "::1"], "::": list(_EVERYWHERE)}


def is_loopback(address: str) -> bool:
    """Tell whether a text is a loopback address, of either family."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_exposed(host: str) -> bool:
    """Tell whether a host option lets in others than this machine."""
    name = bare(host)
    return name != "localhost" and not (is_loopback(name) and "%" not in name)


def bare(host: str) -> str:
    """A host without brackets, in small letters."""
    return host.strip().strip("[]").lower()


def addresses_of(host: str) -> list[str]:
    """The addresses that a host option stands for; `localhost` and `::` stand for those of both families.

    Raises:
        StartError: it is no address, and no name that can be looked up.
    """
    name = bare(host)
    if name in _NAMED:
        return list(_NAMED[name])
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return _look_up(host, name)
    return [name]


def _look_up(host: str, name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(name or ".", None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise StartError(
            f"[http] http_host_0 = {host}: no address is known for it ({why}); set http_host_0 to localhost, to an address of "
            "this machine, or to :: for all of them."
        ) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def listen(host: str, wanted_port: int) -> list[socket.socket]:
    """Bind and listen on all addresses of a host option, at one port.

    Args:
        host: as in the ini.
        wanted_port: 0 takes one that is free on all of them.

    Raises:
        StartError: it cannot be had.
    """
    addresses = addresses_of(host)
    tries = 1 if wanted_port else PORT_TRIES
    for attempt in range(1, tries + 1):
        try:
            return _listen_on(addresses, host, wanted_port)
        except StartError:
            # A free port of one family may be taken in the other one.
            if attempt == tries:
                raise
    raise AssertionError("the loop returns or raises")


def _listen_on(addresses: list[str], host: str, wanted_port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    port, lacking = wanted_port, None
    for address in addresses:
        try:
            sockets.append(_listen(address, port))
        except OSError as error:
            if error.errno in _NO_SUCH_FAMILY and len(addresses) > 1:
                lacking = (address, error)  # a machine may have one family only
                continue
            for each in sockets:
                each.close()
            raise _why_not(host, address, port, error) from error
        port = sockets[0].getsockname()[1]
    if lacking is not None and not sockets:
        raise _why_not(host, lacking[0], port, lacking[1]) from lacking[1]
    return sockets


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        where = socket.getaddrinfo(address, port, family, socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0][4]
        made.bind(where)  # with the scope of a link-local address
        # A second server on the port is refused here, not at its first connection.
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def _why_not(host: str, address: str, port: int, error: OSError) -> StartError:
    if error.errno == errno.EADDRINUSE:
        return StartError(
            f"[http] http_port_0 = {port}: another program serves on port {port} of {address}; "
            "stop it, or set http_port_0 to a free port."
        )
    if error.errno == errno.EACCES:
        return StartError(
            f"[http] http_port_0 = {port}: this user may not serve on port {port}; set http_port_0 to a port above 1023."
        )
    if error.errno in _NO_SUCH_FAMILY:
        return StartError(f"[http] http_host_0 = {host}: this machine has no address {address}; set http_host_0 to localhost.")
    why = error.strerror or error
    return StartError(f"[http] http_host_0 = {host}, http_port_0 = {port}: cannot be served on: {why}.")


def from_here(host: str) -> str:
    """By which host this machine asks a server that listens on a host option."""
    return "localhost" if bare(host) in _EVERYWHERE else bare(host)


def in_url(address: str) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
