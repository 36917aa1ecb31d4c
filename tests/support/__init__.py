"""What the tests share: a real broker, a network that fails, waiting with a deadline, free ports, the command line as a child."""

from __future__ import annotations

from .brokers import Listener, Mosquitto
from .certificates import Certificates, make_certificates
from .checkouts import copy_checkout, offline_environ
from .commands import CommandLine, Running
from .cutproxy import CutProxy
from .pages import fetch, fetch_json
from .waiting import free_port, wait_until

__all__ = [
    "Certificates",
    "CommandLine",
    "CutProxy",
    "Listener",
    "Mosquitto",
    "Running",
    "copy_checkout",
    "fetch",
    "fetch_json",
    "free_port",
    "make_certificates",
    "offline_environ",
    "wait_until",
]
