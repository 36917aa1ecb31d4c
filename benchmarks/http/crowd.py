"""A crowd of clients, each on a connection that is kept: they ask for paths in turn for a while, or until they are halted.

A helper process. Its argument: `port`; `clients`; `paths`, in which `{n}` stands for the number of the request, counted from
`first`; `count` of requests in all or 0; `seconds` or 0; `same`, true to ask with the ETag of the first answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..helper import serve
from ..speed.webload import Crowd, halt_on_word


class Askers(Crowd):
    """Clients that ask for paths in turn."""

    def _path(self, number: int) -> str:
        paths: list[str] = self.argument["paths"]
        return paths[number % len(paths)].replace("{n}", str(self.argument["first"] + number))


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Make the clients; what is returned lets them ask."""
    crowd = Askers(argument)

    def run() -> dict[str, Any]:
        halt_on_word(crowd.halted)
        if argument["seconds"]:
            timer = threading.Timer(argument["seconds"], crowd.halted.set)
            timer.daemon = True
            timer.start()
        return crowd.run()

    return run


if __name__ == "__main__":
    serve(prepare)
