"""What the tests share: a real broker, polling with a deadline, free ports, and the command line as a child process."""

from __future__ import annotations

from .brokers import Listener, Mosquitto
from .certificates import Certificates, make_certificates
from .commands import CommandLine, Running
from .waiting import free_port, wait_until

__all__ = [
    "Certificates",
    "CommandLine",
    "Listener",
    "Mosquitto",
    "Running",
    "free_port",
    "make_certificates",
    "wait_until",
]
