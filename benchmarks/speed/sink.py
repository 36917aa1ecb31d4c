"""A web server that takes every request and throws it away, in a process of its own. Its argument is the port."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ..processes import HOST


class Taking(BaseHTTPRequestHandler):
    """Reads what was posted, and says that it has it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take lines."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer((HOST, int(sys.argv[1])), Taking).serve_forever()
