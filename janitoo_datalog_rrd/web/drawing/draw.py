"""A drawing process: `python -m janitoo_datalog_rrd.web.drawing.draw`, with a socket to the server as its standard input.

It gives way to the server (nice), has a bound of its memory and of the time of a picture, and ends when the server has ended.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket

from ...core.errors import JanitooError, StoreError
from .orders import decode_order, encode_error, encode_picture, receive, send
from .painter import paint

_NICENESS = 19
_LIMIT_S = 40
_MEMORY_BYTES = 1 << 30


def main() -> None:
    """Draw what is ordered until the server has ended."""
    with contextlib.suppress(OSError, ValueError):  # a sandbox may forbid it
        os.nice(_NICENESS)
    with contextlib.suppress(OSError, ValueError):
        _bound_memory()
    with socket.socket(fileno=0) as server, contextlib.suppress(ConnectionError):
        while (order := receive(server)) is not None:
            # librrd cannot be interrupted: a picture that takes too long ends the process, with the server or without it.
            signal.alarm(_LIMIT_S)
            answer = _answer(order)
            signal.alarm(0)
            send(server, answer)


def _answer(order: bytes) -> bytes:
    try:
        return encode_picture(paint(*decode_order(order)))
    except JanitooError as error:
        return encode_error(error)
    except MemoryError:
        return encode_error(StoreError("The graph cannot be drawn: it needs more memory than a graph may have."))
    except (SystemError, ValueError, KeyError) as error:
        # a damaged file can make the binding return without a result or with text that is none
        return encode_error(StoreError(f"The graph cannot be drawn: is the RRD file damaged? ({error})"))


def _bound_memory() -> None:
    """A file whose rows are fine and a span that is long make librrd ask for gigabytes: better it is refused."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = _MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))


if __name__ == "__main__":
    main()
