"""What the tests share: a real broker, polling with a deadline, free ports, and the command line as a child process."""

from __future__ import annotations

from .brokers import Listener, Mosquitto
from .certificates import Certificates, make_certificates
from .checkouts import copy_checkout, offline_environ
from .commands import CommandLine, Running
from .pages import fetch, fetch_json
from .waiting import free_port, wait_until

__all__ = [
    "Certificates",
    "CommandLine",
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
