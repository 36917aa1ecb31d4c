"""`script/bench agent`: what the agent takes of a machine, beside collectd and netdata at the same interval."""

from __future__ import annotations

from pathlib import Path

import click

from .. import machine
from ..rows import Rows, explain, measuring_options, rows_option, run
from . import beside

ROWS: Rows = {"10s": beside.ten, "1s": beside.one}
_QUICK = {"runs": 1, "messages": 1000, "seconds": 5.0, "series": 10}


@click.command("agent")
@rows_option(ROWS)
@measuring_options("agent", messages="Not used here.", seconds=120.0, lasting="Length of a run.")
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
    """Measure what the agent takes of a machine beside collectd and netdata; print a table, and write every figure to a file.

    Peers that are not installed are named, with how to get them, and left out.
    """
    if only_explain:
        explain(ROWS, rows)
        return
    missing = [program.advice() for program in machine.missing(machine.AGENT_PROGRAMS)]
    for advice in missing:
        click.echo(advice, err=True)
    scale = _QUICK if quick else {"runs": runs, "messages": messages, "seconds": seconds, "series": series}
    run("agent", ROWS, rows, scale, json_file, keep=keep, peers=machine.versions(machine.AGENT_PROGRAMS), missing=missing)
