"""Rows of pages and lists on a server with the series of a whole fleet."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from ..bench import Bench, Figures, column, pair
from ..helper import measure
from ..load import Plan
from ..processes import BenchError
from ..report import Line
from ..servers import Broker, Server
from ..speed.intake import make_server, warm_up
from .place import CLIENTS

TIMES = 30
"""How many times as many series the fleet has."""
_PATHS = (
    ("fleet-dashboard", "dashboard", "/"),
    ("fleet-graphs", "graphs of one machine, by the filter", "/rrd/?q=machines.m0.s"),
    ("fleet-node", "page of a node", "/nodes/topic?name=machines/m0"),
    ("fleet-nodes", "list of nodes", "/api/v1/nodes"),
    ("fleet-series", "page of the series", "/api/v1/series"),
)


def fleet(bench: Bench) -> list[Line]:
    """Requests/s of pages and lists with the series of a fleet, a hundred a machine, against a server with a thirtieth of them.

    Inside the clock: as in `api`, with 16 clients on kept connections. Every series has one value in memory, and no file. A ratio
    of one says that the number of all series does not matter.
    """
    with ExitStack() as stack:
        large, small = (_server(bench, stack, name, count) for name, count in (("fleet", TIMES), ("house", 1)))
        return [_compared(bench, name, what, path, large, small) for name, what, path in _PATHS]


def _server(bench: Bench, stack: ExitStack, name: str, times: int) -> Server:
    folder = bench.place(name)
    broker = stack.enter_context(Broker(folder / "broker"))
    server = stack.enter_context(make_server(folder / "ours", broker.port))
    count = bench.series * times
    bench.say(f"{name}: {count:,} series")
    warm_up(server, Plan(broker.port, "machines", count, count, qos=1), files=False)
    return server


def _compared(bench: Bench, name: str, what: str, path: str, large: Server, small: Server) -> Line:
    mine, theirs = bench.alternate(("fleet", _ask(bench, large, path)), ("house", _ask(bench, small, path)))
    told = f"{what}, {bench.series * TIMES:,} series"
    line = Line(name, told, "requests/s", peer_name=f"with {bench.series:,} series")
    line.ours, line.peer, line.runs = column(mine, "per_s"), column(theirs, "per_s"), pair(mine, theirs)
    return line


def _ask(bench: Bench, server: Server, path: str) -> Callable[[int], Figures]:
    def ask(_: int) -> Figures:
        argument = {"port": server.http_port, "clients": CLIENTS, "paths": [path], "first": 0, "count": 0}
        figures = measure("http.crowd", {**argument, "seconds": bench.seconds, "same": False})
        if set(figures["statuses"]) != {"200"}:
            raise BenchError(f"{path}: answers were {figures['statuses']}: expected 200 only")
        return figures

    return ask
