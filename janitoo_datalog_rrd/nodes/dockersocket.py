"""Asks a Docker engine, or what speaks like one, over its Unix socket: what the agent's component `docker` stands on."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
        until: when all questions must have been answered, by `time.monotonic`.
    """

    def __init__(self, path: Path, until: float) -> None:
        super().__init__("localhost")
        self._path = path
        self._until = until

    def connect(self) -> None:
        """Open the connection; raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._left())
        self.sock.connect(str(self._path))

    def send_question(self, path: str) -> None:
        """Ask by GET; `take_answer` has to follow. Raises DockerError."""
        with _told():
            if self.sock is not None:
                self.sock.settimeout(self._left())
            self.request("GET", path)

    def take_answer(self) -> Any:
        """The answer, as JSON.

        Raises:
            GoneError: there is no such thing.
            DockerError: it refused, took too long, or sent something else.
        """
        with _told():
            if self.sock is not None:
                self.sock.settimeout(self._left())
            answer = self.getresponse()
            body = self._body(answer)
        if answer.status == 404:
            raise GoneError
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


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong with the connection as a DockerError."""
    try:
        yield
    except TimeoutError:
        raise DockerError("it takes too long to answer") from None
    except (OSError, HTTPException) as error:
        raise DockerError(f"{type(error).__name__}: {error}") from error
