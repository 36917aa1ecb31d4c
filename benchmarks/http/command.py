"""Requests: how many a second 16 clients get answered on kept connections, and how many messages come in beside them."""

from __future__ import annotations

from pathlib import Path

import click

from ..rows import Rows, explain, rows_option, run
from . import asking, beside

ROWS: Rows = {"api": asking.api, "graphs": asking.graphs, "pages": asking.pages, "ingest": beside.ingest}
_QUICK = {"runs": 1, "messages": 3000, "seconds": 0.5, "series": 50}


@click.command("http")
@rows_option(ROWS)
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="How often each figure is measured.")
@click.option(
    "--messages",
    type=click.IntRange(1000, 5_000_000),
    default=1_000_000,
    show_default=True,
    help="Messages of a run of `ingest`.",
)
@click.option("--seconds", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True, help="Length of the other runs.")
@click.option("--series", type=click.IntRange(10, 10_000), default=1000, show_default=True, help="Series of the house.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), default="bench-http.json", show_default=True, help="Every figure."
)
@click.option("--quick", is_flag=True, help="One short run of each row: whether all works, not how fast.")
@click.option("--keep", is_flag=True, help="Leave the files of the run where they are, for a look at logs.")
@click.option("--explain", "only_explain", is_flag=True, help="Say what is inside the clock of each row, and measure nothing.")
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
