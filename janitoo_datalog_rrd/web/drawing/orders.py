"""What the server and its drawing processes say to each other: frames of plain data over a socket."""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...core.contracts import Column, SeriesInfo
from ...core.errors import BadRequestError, JanitooError, StoreError
from .graphquery import GraphQuery
from .timespan import Span

_LENGTH = struct.Struct("!I")
_MOST_BYTES = 64 * 1024 * 1024
_PICTURE, _ERROR = b"P", b"E"


def encode_order(info: SeriesInfo, query: GraphQuery, span: Span) -> bytes:
    """What is to be drawn, as bytes."""
    series = asdict(info) | {"path": str(info.path.absolute())}
    return json.dumps({"series": series, "query": asdict(query), "span": asdict(span)}).encode("ascii")


def decode_order(order: bytes) -> tuple[SeriesInfo, GraphQuery, Span]:
    """What is to be drawn, from the server's bytes."""
    document: dict[str, Any] = json.loads(order)
    series = document["series"]
    columns = tuple(Column(**{**each, "key": tuple(each["key"])}) for each in series["columns"])
    info = SeriesInfo(**{**series, "columns": columns, "path": Path(series["path"])})
    return info, GraphQuery(**document["query"]), Span(**document["span"])


def encode_picture(picture: bytes) -> bytes:
    """The answer that is a picture."""
    return _PICTURE + picture


def encode_error(error: JanitooError) -> bytes:
    """The answer that says why there is no picture."""
    parameter = error.parameter if isinstance(error, BadRequestError) else ""
    return _ERROR + json.dumps({"message": str(error), "parameter": parameter}).encode("ascii")


def decode_answer(answer: bytes) -> bytes:
    """The picture of an answer.

    Raises:
        BadRequestError: the answer says so.
        StoreError: the answer says so.
    """
    kind, content = answer[:1], answer[1:]
    if kind == _PICTURE:
        return content
    document: dict[str, str] = json.loads(content)
    message, parameter = document["message"], document["parameter"]
    raise BadRequestError(parameter, message) if parameter else StoreError(message)


def send(connection: socket.socket, content: bytes) -> None:
    """Send a frame. Raises OSError."""
    connection.sendall(_LENGTH.pack(len(content)) + content)


def receive(connection: socket.socket, timeout_s: float | None = None) -> bytes | None:
    """Receive a frame, or None when the other side has ended.

    Args:
        connection: to the other side.
        timeout_s: seconds that all of it may take; None for any time.

    Raises:
        TimeoutError: it took longer.
        OSError: the connection failed, or the frame is longer than any picture.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    head = _receive_exactly(connection, _LENGTH.size, deadline)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > _MOST_BYTES:
        raise OSError(f"a frame of {length} bytes")
    return _receive_exactly(connection, length, deadline)


def _receive_exactly(connection: socket.socket, size: int, deadline: float | None) -> bytes | None:
    content = bytearray()
    while len(content) < size:
        if deadline is not None:
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
        part = connection.recv(min(size - len(content), 1 << 18))
        if not part:
            return None
        content += part
    return bytes(content)
