"""Requests: how many a second 16 clients get answered on kept connections, and how many messages come in beside them."""

from __future__ import annotations

from pathlib import Path

import click

from ..rows import Rows, explain, measuring_options, rows_option, run
from . import asking, beside, fleet

ROWS: Rows = {"api": asking.api, "graphs": asking.graphs, "pages": asking.pages, "fleet": fleet.fleet, "ingest": beside.ingest}
_QUICK = {"runs": 1, "messages": 3000, "seconds": 0.5, "series": 50}


@click.command("http")
@rows_option(ROWS)
@measuring_options("http", messages="Messages of a run of `ingest`.", seconds=5.0, lasting="Length of the other runs.")
def command(
    *,
    rows: list[str],
    runs: int,
    messages: int,
    seconds: float,
    series: int,
    json_file: Path,
    quick: bool,
    keep: bool,
    only_explain: bool,
) -> None:
    """Measure how many requests are answered, and what comes in meanwhile; print a table, and write every figure to a file."""
    if only_explain:
        explain(ROWS, rows)
        return
    scale = _QUICK if quick else {"runs": runs, "messages": messages, "seconds": seconds, "series": series}
    run("http", ROWS, rows, scale, json_file, keep=keep)
