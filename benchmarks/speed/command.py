"""Speed, side by side with peers on the same machine in the same run, in turns: one table, one JSON file."""

from __future__ import annotations

from pathlib import Path

import click

from .. import machine
from ..rows import Rows, explain, measuring_options, rows_option, run
from . import discovery, files, forwarding, house, ingest, limits

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
    "forward": forwarding.forward,
    "discovery": discovery.discovery,
    "graph": files.graph,
    "graphload": limits.graphload,
}
_QUICK = {"runs": 1, "messages": 3000, "seconds": 1.0, "series": 50}


@click.command("speed")
@rows_option(ROWS, {"cpu": "qos0"})
@measuring_options(
    "speed", messages="Messages of a run; half as many with QoS 1.", seconds=30.0, lasting="Length of runs that go by time."
)
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
