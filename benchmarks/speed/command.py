"""Speed, side by side with peers on the same machine in the same run, in turns: one table, one JSON file."""

from __future__ import annotations

from pathlib import Path

import click

from .. import machine
from ..rows import Rows, explain, rows_option, run
from . import files, house, ingest, limits

ROWS: Rows = {
    "load": limits.bus,
    "qos0": ingest.qos0,
    "qos0-timed": ingest.qos0_timed,
    "collectd": ingest.collectd,
    "qos1": limits.qos1,
    "flush": files.flush,
    "many": limits.many,
    "memory": house.memory,
    "house": house.house,
    "start": house.start,
    "graph": files.graph,
    "graphload": limits.graphload,
}
_QUICK = {"runs": 1, "messages": 3000, "seconds": 1.0, "series": 50}


@click.command("speed")
@rows_option(ROWS, {"cpu": "qos0"})
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="How often each figure is measured.")
@click.option(
    "--messages",
    type=click.IntRange(1000, 5_000_000),
    default=1_000_000,
    show_default=True,
    help="Messages of a run; half as many with QoS 1.",
)
@click.option(
    "--seconds", type=click.FloatRange(1, 3600), default=30.0, show_default=True, help="Length of runs that go by time."
)
@click.option("--series", type=click.IntRange(10, 10_000), default=1000, show_default=True, help="Series of a run.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), default="bench-speed.json", show_default=True, help="Every figure."
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
    """Measure the server beside its peers, in turns; print a table, and write every figure to a file.

    Peers that are not installed are named, with how to get them, and left out.
    """
    if only_explain:
        explain(ROWS, rows)
        return
    missing = [program.advice() for program in machine.missing()]
    for advice in missing:
        click.echo(advice, err=True)
    scale = _QUICK if quick else {"runs": runs, "messages": messages, "seconds": seconds, "series": series}
    run("speed", ROWS, rows, scale, json_file, keep=keep, peers=machine.versions(), missing=missing)
