"""Rows of RRD files: written from the cache, and drawn over HTTP, beside rrdcached and bare librrd."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from janitoo_datalog_rrd.store.settings import folders_of

from .. import machine
from ..bench import Bench, Figures, Turn, column, pair
from ..helper import measure
from ..load import Plan
from ..processes import BenchError
from ..report import Goal, Line
from ..servers import Broker
from .flushing import STEP_S
from .intake import make_server, take_in, warm_up
from .peers import Rrdcached

POINTS = 60
SPAN_S = 4 * 3600
DRAWN_SERIES = 20


def flush(bench: Bench) -> list[Line]:
    """Points/s from our cache to RRD files, against librrd called in one loop, and against rrdcached.

    1,000 series with 60 points each, a step apart; a copy of the same files for each contender, so that their layouts are equal.
    Inside the clock, ours: `Store.flush_all(everything=True)` in a process whose cache was filled before. Inside the clock,
    librrd: `rrdtool.update` once per file with its 60 points, from numbers to strings too. Inside the clock, rrdcached: BATCH
    over its unix socket with lines made before; FLUSHALL; until the files have the last points. Nobody calls fsync within.
    """
    place = bench.place("flush")
    span = POINTS * STEP_S
    begin = int(time.time()) // STEP_S * STEP_S - (bench.runs + 2) * span
    made = {"who": "make", "home": str(place / "ours"), "series": bench.series, "points": 1, "begin": begin - STEP_S}
    bench.say("warm-up: making files")
    _measure(made)
    for name in ("librrd", "rrdcached"):
        shutil.copytree(place / "ours", place / name)

    def contender(who: str, socket: str = "") -> Turn:
        argument = {**made, "who": who, "home": str(place / who), "points": POINTS, "socket": socket}
        return who, lambda number: _measure({**argument, "begin": begin + number * span})

    with ExitStack() as stack:
        turns = [contender("ours"), contender("librrd")]
        daemon = None
        if machine.RRDCACHED.find() is not None:
            daemon = Rrdcached(place / "daemon", folders_of(place / "rrdcached")[0])
            stack.enter_context(daemon)
            turns.append(contender("rrdcached", daemon.socket))
        mine, *theirs = bench.alternate(*turns)
    bare = Line("flush", "cache to RRD files", "points/s", peer_name="librrd in one loop", goal=Goal(True, 0.85))
    daemon_line = Line("flush-rrdcached", "the same runs", "points/s", peer_name="rrdcached")
    for line, figures in ((bare, theirs[0]), (daemon_line, theirs[1] if daemon else [])):
        line.ours, line.peer, line.runs = column(mine, "per_s"), column(figures, "per_s"), pair(mine, figures)
    if daemon is None:
        daemon_line.note(machine.RRDCACHED.advice())
    return [bare, daemon_line]


def _measure(argument: dict[str, Any]) -> Figures:
    figures = measure("speed.flushing", argument)
    return {**figures, "per_s": argument["series"] * argument["points"] / figures["seconds"]}


def graph(bench: Bench) -> list[Line]:
    """PNG graphs/s over HTTP, fresh, against librrd in a loop in one process; and the same one again with its ETag.

    600 by 200 pixels over four hours of a point per 10 s, the server's own style. No two graphs are alike: each starts a
    second earlier. Inside the clock, fresh: requests of 2 clients over kept connections, until the last picture is there.
    Inside the clock, librrd: `rrdtool.graphv` in memory with the very same arguments, made before. Inside the clock,
    repeated: requests of 4 clients over kept connections with If-None-Match, all answered by 304.
    """
    count = max(20, min(400, bench.messages // 2500))
    fresh = Line("graph", "fresh PNG over HTTP, 2 clients", "graphs/s", peer_name="librrd in one loop", goal=Goal(True, 0.8))
    single = Line("graph-single", "the same by 1 client", "graphs/s", peer_name="librrd in one loop")
    again = Line("graph-etag", "repeated with ETag, 4 clients", "requests/s", goal=Goal(True, 1000.0, of_ratio=False))
    with ExitStack() as stack:
        place = bench.place("graph")
        broker = stack.enter_context(Broker(place / "broker"))
        server = stack.enter_context(make_server(place / "ours", broker.port))
        points = SPAN_S // STEP_S + 720  # graphs start up to two hours earlier
        end = int(time.time()) // STEP_S * STEP_S - STEP_S
        plan = Plan(broker.port, "timed", DRAWN_SERIES, DRAWN_SERIES, begin=end - points * STEP_S, spacing_s=STEP_S)
        bench.say("warm-up: making files")
        warm_up(server, plan)
        take_in(server, broker, replace(plan, count=DRAWN_SERIES * points, begin=plan.begin + STEP_S))
        paths = [server.path_of(plan.name(series)) for series in range(DRAWN_SERIES)]
        web = {"port": server.http_port, "names": [path.stem for path in paths], "end": end, "span": SPAN_S, "count": count}
        bare = {"files": [(path.stem, *_label(path)) for path in paths], "end": end, "span": SPAN_S, "count": count}

        def ours(clients: int, offset: int) -> Turn:
            def run(number: int) -> Figures:
                # a second further back for each run, or its graphs would be those of the run before
                moved = end - (2 * number + offset) * STEP_S
                return _ask("speed.webload", {**web, "clients": clients, "end": moved}, 200)

            return f"{clients} clients", run

        def etag(_: int) -> Figures:
            return _ask("speed.webload", {**web, "clients": 4, "count": 20 * count, "same": True}, 304)

        def librrd(number: int) -> Figures:
            return _ask("speed.graphing", {**bare, "end": end - 2 * number * STEP_S})

        two, peer, one, repeated = bench.alternate(ours(2, 0), ("librrd", librrd), ours(1, 1), ("repeated", etag))
    for line, figures in ((fresh, two), (single, one), (again, repeated)):
        theirs = [] if line is again else peer
        line.ours, line.peer, line.runs = column(figures, "per_s"), column(theirs, "per_s"), pair(figures, theirs)
    return [fresh, single, again]


def _label(path: Path) -> tuple[str, str]:
    """Label and path of a series; the label is as long as the one that the server shows."""
    return path.stem.replace(".", "/", 1), str(path)


def _ask(module: str, argument: dict[str, Any], status: int | None = None) -> Figures:
    figures = measure(module, argument)
    if status is not None and set(figures["statuses"]) != {str(status)}:
        raise BenchError(f"answers were {figures['statuses']}: expected {status} only")
    return figures
