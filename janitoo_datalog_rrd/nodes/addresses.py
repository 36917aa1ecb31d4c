"""By which address this machine is known in its network."""

from __future__ import annotations

import ipaddress
import socket

import psutil


def own_address() -> str:
    """The address by which this machine goes out into its network; nothing is sent. 127.0.0.1 where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that is nobody's (RFC 5737): only the way there is looked up
            return str(probe.getsockname()[0])
        except OSError:
            pass
    found = (each.address for addresses in psutil.net_if_addrs().values() for each in addresses if each.family == socket.AF_INET)
    return next((address for address in found if not ipaddress.ip_address(address).is_loopback), "127.0.0.1")
