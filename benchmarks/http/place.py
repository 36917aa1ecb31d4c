"""Where it is measured: a server with a house in it, and waitress alone beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from ..bench import Bench, Figures, Turn
from ..helper import Helper, measure
from ..load import Plan
from ..processes import BenchError, free_port
from ..servers import Broker, Server
from ..speed.intake import make_server, take_in, warm_up
from ..speed.webload import Client

CLIENTS = 16
STEP_S = 10
SPAN_S = 4 * 3600
DRAWN = 20
"""Series that have a history."""
_EARLIER_S = 6 * 3600  # graphs start up to so much earlier, no two at the same time


@dataclass(frozen=True, slots=True)
class Place:
    """A server that has series, some of them with a history, and its surroundings.

    Attributes:
        bench: scale of the run.
        broker, server: what runs.
        plan: sends to the series without a history.
        names: of the series with a history.
        end: of the history, seconds since the epoch UTC.
        bare_port: of waitress alone.
    """

    bench: Bench
    broker: Broker
    server: Server
    plan: Plan
    names: list[str]
    end: int
    bare_port: int

    def ask(
        self, paths: list[str], statuses: tuple[int, ...] = (200,), *, port: int = 0, same: bool = False, first: int = 0
    ) -> Figures:
        """Let the clients ask for paths in turn for the time of a run. Raises BenchError where an answer has another status."""
        argument = {
            "port": port or self.server.http_port,
            "clients": CLIENTS,
            "paths": paths,
            "first": first,
            "count": 0,
            "seconds": self.bench.seconds,
            "same": same,
        }
        figures = measure("http.crowd", argument)
        if not set(map(int, figures["statuses"])) <= set(statuses):
            raise BenchError(f"{paths[0]}: answers were {figures['statuses']}: expected {statuses} only")
        return figures

    def size(self, path: str) -> int:
        """Bytes of an answer."""
        client = Client(self.server.http_port)
        try:
            return client.get(path.replace("{n}", "0"))[2]
        finally:
            client.close()

    def bare(self, size: int) -> Turn:
        """Waitress alone, with answers of a size."""
        return f"waitress alone, {size} bytes", lambda _: self.ask([f"/{size}"], port=self.bare_port)


@contextmanager
def make_place(bench: Bench, name: str) -> Iterator[Place]:
    """Start everything, and fill the house; `bench.series` series have one value, `DRAWN` of them a history of hours."""
    with ExitStack() as stack:
        folder = bench.place(name)
        broker = stack.enter_context(Broker(folder / "broker"))
        server = stack.enter_context(make_server(folder / "ours", broker.port))
        bare_port = free_port()
        helper = stack.enter_context(Helper("http.bare", {"port": bare_port}))
        helper.go()
        bench.say("warm-up: making files")
        plan = Plan(broker.port, "plain", bench.messages, bench.series, qos=1)
        warm_up(server, plan)
        points = (SPAN_S + _EARLIER_S) // STEP_S
        end = int(time.time()) // STEP_S * STEP_S - STEP_S
        past = Plan(broker.port, "timed", DRAWN, DRAWN, begin=end - points * STEP_S, spacing_s=STEP_S)
        warm_up(server, past)
        take_in(server, broker, replace(past, count=DRAWN * points, begin=past.begin + STEP_S))
        names = [past.name(series) for series in range(DRAWN)]
        yield Place(bench, broker, server, plan, names, end, bare_port)
