"""Speed, side by side with peers on the same machine in the same run, in turns: one table, one JSON file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from .. import machine
from ..bench import Bench
from ..processes import BenchError
from ..report import Line, make_console, print_lines, write_json
from . import files, house, ingest, limits

ROWS: dict[str, Callable[[Bench], list[Line]]] = {
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
"""What can be measured; what is inside the clock is in the first words of each function."""
_ALIASES = {"cpu": "qos0"}
QUICK = {"runs": 1, "messages": 3000, "seconds": 1.0, "series": 50}


def _rows(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    named = [name.strip() for name in value.split(",") if name.strip()]
    chosen = list(dict.fromkeys(_ALIASES.get(name, name) for name in named)) or list(ROWS)
    unknown = [name for name in chosen if name not in ROWS]
    if unknown:
        raise click.BadParameter(f"there is no row {', '.join(unknown)}; rows are {', '.join(ROWS)}")
    return chosen


@click.command("speed")
@click.option("--rows", callback=_rows, default="", help="Rows to measure, separated by commas; all of them by default.")
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
@click.option("--explain", is_flag=True, help="Say what is inside the clock of each row, and measure nothing.")
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
    explain: bool,
) -> None:
    """Measure the server beside its peers, in turns; print a table, and write every figure to a file.

    Peers that are not installed are named, with how to get them, and left out.
    """
    if explain:
        for name in rows:
            click.echo(f"{name}\n    {(ROWS[name].__doc__ or '').strip()}\n")
        return
    scale = QUICK if quick else {"runs": runs, "messages": messages, "seconds": seconds, "series": series}
    say = partial(click.echo, err=True)
    for program in machine.missing():
        say(program.advice())
    folder = Path(tempfile.mkdtemp(prefix="bench-speed-"))
    try:
        lines, faults = measure(folder, rows, scale, say)
    finally:
        if keep:
            say(f"the files are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    missing = [each.advice() for each in machine.missing()]
    found = [line.document() for line in lines]
    write_json(json_file, "speed", {"rows": rows, **scale}, peers=machine.versions(), missing=missing, faults=faults, lines=found)
    print_lines(lines, f"Speed: medians, {scale['runs']} runs", make_console())
    click.echo(f"every figure is in {json_file}")
    if faults:
        raise click.ClickException("; ".join(f"{name}: {what}" for name, what in faults.items()))


def measure(
    folder: Path, rows: list[str], scale: dict[str, float], say: Callable[[str], None]
) -> tuple[list[Line], dict[str, str]]:
    """Measure rows one after the other; what fails is told, and the rest goes on.

    Args:
        folder: for everything that is written.
        rows: their names.
        scale: `runs`, `messages`, `seconds` and `series` of the run.
        say: told what is done now.

    Returns:
        The lines of the table, and by row what went wrong.
    """
    lines: list[Line] = []
    faults: dict[str, str] = {}
    for name in rows:

        def tell(text: str, name: str = name) -> None:
            say(f"{name}: {text}")

        place = folder / name
        bench = Bench(place, int(scale["runs"]), int(scale["messages"]), scale["seconds"], int(scale["series"]), tell)
        try:
            lines += ROWS[name](bench)
        except (BenchError, OSError) as error:
            faults[name] = str(error)
            tell(str(error))
        else:
            shutil.rmtree(place, ignore_errors=True)
    return lines, faults
