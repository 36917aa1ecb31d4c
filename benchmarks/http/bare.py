"""Waitress alone: answers `/N` with N bytes, with as many threads as the server has. What the server is measured by.

A helper process, which serves until it is halted. Its argument: `port`.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from waitress import create_server

from ..helper import serve
from ..processes import HOST


@lru_cache(maxsize=16)
def _body(size: int) -> bytes:
    return b"x" * size


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """So many bytes as the path says."""
    body = _body(int(environ["PATH_INFO"][1:]))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Serve; what is returned waits until it is halted."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # more clients than threads are what is wanted
    server = create_server(answer, host=HOST, port=argument["port"], threads=4, asyncore_use_poll=True)
    threading.Thread(target=server.run, daemon=True).start()

    def run() -> dict[str, Any]:
        os.read(sys.stdin.fileno(), 1)
        return {}

    return run


if __name__ == "__main__":
    serve(prepare)
