"""Graphs by bare librrd, in a helper process: with the very arguments that the server draws with.

A helper process. Its argument: `files`, a list of (name, label, path); `end`, seconds since the epoch UTC; `span`, seconds;
`count` of graphs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rrdtool

from janitoo_datalog_rrd.core.contracts import Column, SeriesInfo
from janitoo_datalog_rrd.store.series import AUTO_COLUMN
from janitoo_datalog_rrd.web.drawing.graphargs import GraphArguments
from janitoo_datalog_rrd.web.drawing.graphquery import GraphQuery
from janitoo_datalog_rrd.web.drawing.rrdshape import read_shape
from janitoo_datalog_rrd.web.drawing.theme import make_themes
from janitoo_datalog_rrd.web.drawing.timespan import resolve

from ..helper import serve


def arguments_of(argument: dict[str, Any]) -> list[list[str]]:
    """Arguments of `rrdtool graph` for each graph, as the server makes them."""
    theme = make_themes()["light"]
    infos = [_info(*each) for each in argument["files"]]
    shapes = [read_shape(info.path) for info in infos]
    found = []
    for number in range(argument["count"]):
        query = GraphQuery(start=str(argument["end"] - argument["span"] - number), end=str(argument["end"]))
        which = number % len(infos)
        built = GraphArguments(query, resolve(query.start, query.end), theme).build(infos[which], shapes[which], ())
        found.append(built)
    return found


def _info(name: str, label: str, path: str) -> SeriesInfo:
    column = Column(AUTO_COLUMN, (), label, "", "GAUGE", 1.0, None)
    return SeriesInfo(name, "", label, 10, configured=False, columns=(column,), path=Path(path), cached=0)


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, float]]:
    """Make the arguments of every graph; what is returned draws them."""
    graphs = arguments_of(argument)

    def run() -> dict[str, float]:
        begun = time.monotonic()
        size = sum(len(rrdtool.graphv("-", *arguments)["image"]) for arguments in graphs)
        seconds = time.monotonic() - begun
        return {"seconds": seconds, "per_s": len(graphs) / seconds, "bytes": size / len(graphs)}

    return run


if __name__ == "__main__":
    serve(prepare)
