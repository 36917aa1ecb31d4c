"""Rows of messages that come in while others are served."""

from __future__ import annotations

from ..bench import Bench, Figures, Turn, column, pair
from ..helper import Helper
from ..report import Line
from ..speed.intake import take_in, turn
from .place import CLIENTS, Place, make_place


def ingest(bench: Bench) -> list[Line]:
    """Messages/s with QoS 1 to RRD file while 16 clients are served, against the same alone.

    Inside the clock: the load's first packet, until /metrics says that all were accepted and POST /api/v1/flush has emptied the
    cache. `ingest-api`: the clients ask without pause on kept connections, in turn for the last values of everything, a page of
    series, and four hours of a series. `ingest-pages`: for the dashboard and a graph that is drawn anew. `ingest-events`: they
    listen to the events of every series.
    """
    with make_place(bench, "ingest") as place:
        data = [f"/api/v1/series/{name}/data?start=-4h" for name in place.names]
        asked = [path for each in data for path in ("/api/v1/values", "/api/v1/series", each)]
        shown = [
            path for name in place.names for path in ("/", f"/rrd/graph/{name}.png?start={place.end}-4h-{{n}}s&end={place.end}")
        ]
        turns: list[Turn] = [
            ("alone", lambda number: _alone(place, number)),
            ("API", lambda number: _asked(place, number, 1, asked)),
            ("pages and graphs", lambda number: _asked(place, number, 2, shown)),
            ("events", lambda number: _heard(place, number)),
        ]
        alone, *served = bench.alternate(*turns)
    lines = []
    for name, what, figures, unit in (
        ("ingest-api", f"{CLIENTS} clients ask the API", served[0], "requests"),
        ("ingest-pages", f"{CLIENTS} clients ask for pages and graphs", served[1], "requests"),
        ("ingest-events", f"{CLIENTS} clients listen", served[2], "events"),
    ):
        line = Line(name, f"QoS 1 to RRD file while {what}", "messages/s", peer_name="alone")
        line.ours, line.peer, line.runs = column(figures, "per_s"), column(alone, "per_s"), pair(figures, alone)
        rates = sorted(each["served"][f"{'events_' if unit == 'events' else ''}per_s"] for each in figures)
        line.note(f"{unit} meanwhile: {rates[len(rates) // 2]:,.0f}/s")
        lines.append(line)
    return lines


def _take(place: Place, number: int, which: int) -> Figures:
    return take_in(place.server, place.broker, turn(place.plan, 4 * number + which))


def _alone(place: Place, number: int) -> Figures:
    return _take(place, number, 0)


def _asked(place: Place, number: int, which: int, paths: list[str]) -> Figures:
    argument = {"port": place.server.http_port, "clients": CLIENTS, "paths": paths, "count": 0, "seconds": 0, "same": False}
    with Helper("http.crowd", {**argument, "first": 100_000 * number}) as crowd:
        crowd.go()
        figures = _take(place, number, which)
        crowd.halt()
        return {**figures, "served": crowd.result()}


def _heard(place: Place, number: int) -> Figures:
    with Helper("http.listeners", {"port": place.server.http_port, "clients": CLIENTS}) as listeners:
        listeners.go()
        figures = _take(place, number, 3)
        listeners.halt()
        return {**figures, "served": listeners.result()}
