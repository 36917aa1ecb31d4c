"""Asks a Docker engine, or what speaks like one, over its Unix socket: what the agent's component `docker` stands on."""

from __future__ import annotations

import json
import socket
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

MAX_ANSWER = 4 << 20
"""Bytes of one answer."""


class DockerError(Exception):
    """The engine gave no answer that can be used."""


class GoneError(DockerError):
    """The engine has no such container any more."""


class DockerSocket(HTTPConnection):
    """One connection to the engine, which stays open for several questions.

    Args:
        path: of the socket.
        timeout_s: how long all questions together may take, in seconds.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._until = time.monotonic() + timeout_s

    def connect(self) -> None:
        """Open the connection; raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._left())
        self.sock.connect(str(self._path))

    def ask(self, path: str) -> Any:
        """The answer to GET, as JSON.

        Raises:
            GoneError: there is no such thing.
            DockerError: it refused, took too long, or sent something else.
        """
        try:
            if self.sock is not None:
                self.sock.settimeout(self._left())
            self.request("GET", path)
            answer = self.getresponse()
            body = self._body(answer)
        except TimeoutError:
            raise DockerError("it takes too long to answer") from None
        except (OSError, HTTPException) as error:
            raise DockerError(f"{type(error).__name__}: {error}") from error
        if answer.status == 404:
            raise GoneError(path)
        if answer.status != 200 or len(body) > MAX_ANSWER:
            raise DockerError(f"it answered {answer.status} with {len(body)} bytes")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise DockerError(f"its answer is not JSON: {error}") from None

    def _body(self, answer: HTTPResponse) -> bytes:
        """What was answered, up to a byte more than the bound."""
        body = bytearray()
        while len(body) <= MAX_ANSWER:
            left = self._left()
            if self.sock is not None:  # else the engine closes it after the answer, which is being read still
                self.sock.settimeout(left)
            piece = answer.read1(1 << 16)
            if not piece:
                answer.read()  # nothing is left of it; only this tells the connection so
                break
            body += piece
        return bytes(body)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
