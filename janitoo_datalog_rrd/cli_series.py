"""The commands that show series: list, fetch and graph."""

from __future__ import annotations

import csv
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .cli_context import Context, tell_errors
from .core.errors import StartError

if TYPE_CHECKING:
    from .core.contracts import FetchResult, SeriesInfo


@click.command("list")
@click.pass_obj
@tell_errors
def list_(context: Context) -> None:
    """List the series with their last values."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = context.list_series()
    if not sys.stdout.isatty():
        for info in found:
            click.echo(info.name)
        return
    table = Table(box=None, header_style="bold")
    table.add_column("series", no_wrap=True, overflow="ignore")  # it is what the other commands are given
    table.add_column("label", overflow="fold")
    table.add_column("last value", overflow="fold")
    table.add_column("at", no_wrap=True)
    for info in found:
        table.add_row(info.name, Text(info.label), Text(_last_values(info)), _local(info.last_time).partition("+")[0])
    Console(soft_wrap=True).print(table if found else "nothing is logged yet")


@click.command()
@click.argument("name")
@click.option("--start", default="-1h", show_default=True, help="AT-style time, such as -1d or 20260101.")
@click.option("--end", default="now", show_default=True, help="AT-style time.")
@click.option("--cf", type=click.Choice(["AVERAGE", "MIN", "MAX", "LAST"]), default="AVERAGE", show_default=True)
@click.option("--resolution", type=click.IntRange(1), help="Seconds that a row should stand for.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@click.pass_obj
@tell_errors
def fetch(context: Context, name: str, start: str, end: str, cf: str, resolution: int | None, form: str) -> None:
    """Print the rows of a series."""
    from .web.drawing.timespan import check_time

    span = check_time("start", start), check_time("end", end)
    reader = context.reader()
    info = reader.get_series(name)
    result = reader.fetch(name, *span, cf, resolution)
    {"table": _print_table, "csv": _print_csv, "json": _print_json}[form](info, result)


@click.command()
@click.argument("name")
@click.option("-o", "--output", required=True, metavar="FILE", help="A .png or .svg file.")
@click.option("--start", default="-1d", show_default=True, help="AT-style time, such as -1d or 20260101.")
@click.option("--end", default="now", show_default=True, help="AT-style time.")
@click.option("--width", type=click.IntRange(50, 4000), default=800, show_default=True, help="Pixels of the plot.")
@click.option("--height", type=click.IntRange(30, 3000), default=300, show_default=True, help="Pixels of the plot.")
@click.pass_obj
@tell_errors
def graph(context: Context, name: str, output: str, start: str, end: str, width: int, height: int) -> None:
    """Draw a graph of a series into a file."""
    import time

    from .web.drawing.graph import GraphRenderer
    from .web.drawing.graphquery import GraphQuery
    from .web.drawing.painter import paint
    from .web.drawing.timespan import check_time

    form = Path(output).suffix.lstrip(".").lower()
    if form not in ("png", "svg"):
        raise click.UsageError(f"{output!r} should end in .png or .svg")
    query = GraphQuery(start=check_time("start", start), end=check_time("end", end), width=width, height=height, format=form)
    picture = GraphRenderer(time.time, paint).picture(context.reader().get_series(name), query)
    try:
        Path(output).write_bytes(picture.content or b"")
    except OSError as error:
        raise StartError(f"{output} cannot be written: {error.strerror}") from error


def _last_values(info: SeriesInfo) -> str:
    several = len(info.columns) > 1
    parts = []
    for column in info.columns:
        number = "unknown" if column.last_value is None or column.last_value != column.last_value else f"{column.last_value:.10g}"
        parts.append(f"{column.label + ' ' if several else ''}{number} {column.units}".strip())
    return ", ".join(parts)


def _local(time_s: float | None) -> str:
    return "" if time_s is None else datetime.fromtimestamp(time_s).astimezone().isoformat(sep=" ", timespec="seconds")


def _rows(result: FetchResult) -> list[tuple[int, tuple[float | None, ...]]]:
    return [(result.start + (index + 1) * result.step, row) for index, row in enumerate(result.rows)]


def _print_table(_info: SeriesInfo, result: FetchResult) -> None:
    click.echo("  ".join(["time".ljust(25), *(column.rjust(20) for column in result.columns)]))
    for time_s, row in _rows(result):
        numbers = ("-" if number is None else f"{number:.10g}" for number in row)
        click.echo("  ".join([_local(time_s).ljust(25), *(number.rjust(20) for number in numbers)]))


def _print_csv(_info: SeriesInfo, result: FetchResult) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["time", *result.columns])
    for time_s, row in _rows(result):
        moment = datetime.fromtimestamp(time_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        writer.writerow([moment, *("" if number is None else repr(number) for number in row)])


def _print_json(info: SeriesInfo, result: FetchResult) -> None:
    rows = [[time_s, *row] for time_s, row in _rows(result)]
    json.dump({"series": info.name, "step": result.step, "columns": ["time", *result.columns], "rows": rows}, sys.stdout)
    click.echo()
