"""Rows of requests: API, graphs and pages, each beside waitress alone with answers of the same size."""

from __future__ import annotations

from ..bench import Bench, Figures, column, pair
from ..helper import measure
from ..report import Line
from .place import CLIENTS, SPAN_S, Place, make_place

_BARE = "waitress alone, the same bytes"


def api(bench: Bench) -> list[Line]:
    """Requests/s of the API, answered to 16 clients on kept connections, against waitress that answers as many bytes.

    Inside the clock: from the first request until the last answer after the time of a run. `series`: the first hundred. `values`:
    the last value of every series. `data`: four hours of one series, a row each ten seconds; another series with each request.
    `data-many`: a day of ten series, at most 600 rows. Nothing comes in meanwhile, and nothing is compressed.
    """
    with make_place(bench, "api") as place:
        several = "&".join(f"series={name}" for name in place.names[:10])
        return [
            line
            for name, what, paths in (
                ("series", "page of the series", ["/api/v1/series"]),
                ("values", f"last values of {bench.series:,} series", ["/api/v1/values"]),
                ("data", "4 h of a series", [f"/api/v1/series/{each}/data?start=-4h" for each in place.names]),
                ("data-many", "a day of 10 series, 600 rows", [f"/api/v1/data?{several}&start=-1d&max_points=600"]),
            )
            for line in [_compared(place, name, what, paths)]
        ]


def graphs(bench: Bench) -> list[Line]:
    """Graphs/s: drawn anew, against librrd in one loop; and asked for again with the ETag, against waitress with no bytes.

    16 clients on kept connections; 600 by 200 pixels over four hours of a point per 10 s. No two of those that are drawn anew are
    alike. Inside the clock as in `api`; librrd gets the very same arguments, made before, and draws for about as long.
    """
    fresh = Line("graph-new", f"fresh PNG, {CLIENTS} clients", "graphs/s", peer_name="librrd in one loop")
    again = Line("graph-etag", "the same PNG again with its ETag", "requests/s", peer_name="waitress alone, no bytes")
    with make_place(bench, "graphs") as place:
        files = [(name, name.replace(".", "/", 1), str(place.server.path_of(name))) for name in place.names]
        drawn = 0

        def new(number: int) -> Figures:
            nonlocal drawn
            # begins where the run before has ended, or its graphs would be those of that one
            end = place.end - number
            figures = place.ask([_graph(name, f"end-{SPAN_S}s-{{n}}s", end) for name in place.names], first=drawn)
            drawn += figures["count"]
            return figures

        def librrd(number: int) -> Figures:
            count = max(5, int(100 * bench.seconds))
            return measure("speed.graphing", {"files": files, "end": place.end - number, "span": SPAN_S, "count": count})

        def repeated(_: int) -> Figures:
            return place.ask([_graph(place.names[0], f"{place.end - SPAN_S}", place.end)], (200, 304), same=True)

        news, peers, repeats, bare = bench.alternate(("fresh", new), ("librrd", librrd), ("repeated", repeated), place.bare(0))
    for line, mine, theirs in ((fresh, news, peers), (again, repeats, bare)):
        line.ours, line.peer, line.runs = column(mine, "per_s"), column(theirs, "per_s"), pair(mine, theirs)
        line.note(_slowest(mine))
    return [fresh, again]


def pages(bench: Bench) -> list[Line]:
    """Pages/s, answered to 16 clients on kept connections, against waitress that answers as many bytes.

    Inside the clock as in `api`; the pages alone, without what browsers ask for beside them. Nothing is compressed.
    """
    with make_place(bench, "pages") as place:
        named = (
            ("dashboard", "dashboard", "/"),
            ("all-graphs", "graphs of the series with s1 in their names", "/rrd/?q=s1"),
            ("status", "status", "/status"),
            ("static", "style sheet", "/static/style.css"),
        )
        return [_compared(place, name, what, [path]) for name, what, path in named]


def _graph(name: str, start: str, end: int) -> str:
    return f"/rrd/graph/{name}.png?start={start}&end={end}"


def _compared(place: Place, name: str, what: str, paths: list[str]) -> Line:
    """One line: answers of ours beside as many bytes of waitress alone."""
    size = place.size(paths[0])
    mine, bare = place.bench.alternate((name, lambda _: place.ask(paths)), place.bare(size))
    line = Line(name, f"{what}, {size / 1000:,.0f} kB", "requests/s", peer_name=_BARE)
    line.ours, line.peer, line.runs = column(mine, "per_s"), column(bare, "per_s"), pair(mine, bare)
    line.note(_slowest(mine))
    return line


def _slowest(figures: list[Figures]) -> str:
    """What one answer in a hundred takes longer than."""
    times = sorted(each["latency_p99_s"] for each in figures)
    return f"99 of 100 answers within {times[len(times) // 2] * 1000:,.0f} ms"
