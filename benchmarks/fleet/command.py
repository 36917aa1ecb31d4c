"""`script/bench fleet`: hundreds of agents on one server: all are listed, every number is logged once, and what that takes."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from ..processes import BenchError
from ..report import make_console, make_table, shorten, write_json
from .living import Fleet, Outcome, Size

_WORDS = {
    "online_s": "s until every agent is online, which begin one after the other in an interval",
    "cpu_percent": "% of a core, server, before the restarts",
    "rss_mib": "MiB of memory, server, RSS",
    "pss_mib": "MiB of memory, server, PSS",
    "stop_s": "s to stop the server, with what it had not written",
    "start_s": "s to start it again, until it listens",
    "drained_s": "s until the agents had sent what waited",
    "flush_s": "s to write every file",
    "disk_mib": "MiB on disk",
    "file_kib": "KiB on disk for a series",
    "rss_end_mib": "MiB of memory, server, RSS, at the end",
}


@click.command("fleet")
@click.option("--agents", default=300, show_default=True, type=click.IntRange(1, 2000), help="How many agents.")
@click.option("--numbers", default=100, show_default=True, type=click.IntRange(5, 1000), help="Numbers of each.")
@click.option("--every", "every_s", default=10, show_default=True, type=click.IntRange(1, 3600), help="Seconds between readings.")
@click.option("--seconds", default=120.0, show_default=True, type=click.FloatRange(1, 86400), help="Length of each third.")
@click.option("--retention", default="", help="Retention of every series; that of the ini by default.")
@click.option(
    "--json", "target", default="bench-fleet.json", show_default=True, type=click.Path(path_type=Path), help="Where figures go."
)
@click.option("--keep", is_flag=True, help="Leave the files of the run where they are, for a look at logs.")
def command(agents: int, numbers: int, every_s: int, seconds: float, retention: str, target: Path, *, keep: bool) -> None:
    """Let many agents live on one server, restart broker and server in the middle, and compare what was logged."""
    size = Size(agents, numbers, every_s, seconds, retention)
    folder = Path(tempfile.mkdtemp(prefix="fleet-"))
    try:
        outcome = Fleet(folder, size, say=lambda text: click.echo(text, err=True)).run()
    except BenchError as error:
        raise click.ClickException(str(error)) from error
    finally:
        if keep:
            click.echo(f"the files are in {folder}", err=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    _tell(size, outcome)
    write_json(target, "fleet", asdict(size), outcome=asdict(outcome))
    if outcome.faults:
        raise click.ClickException(f"{len(outcome.faults)} faults")


def _tell(size: Size, outcome: Outcome) -> None:
    console = make_console()
    rows = [(words, shorten(outcome.figures[name])) for name, words in _WORDS.items() if name in outcome.figures]
    rows += [(f"ms for {path}", shorten(figure)) for path, figure in outcome.figures.get("pages_ms", {}).items()]
    console.print(make_table(f"Fleet: {size.agents} agents, {size.series} numbers every {size.every_s} s", ("what", ""), rows))
    for text in outcome.faults:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{outcome.messages:,} readings, {outcome.lost:,} lost, {outcome.doubled:,} acknowledged twice")
