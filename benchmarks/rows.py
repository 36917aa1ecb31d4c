"""Runs that are made of rows: chosen by name, measured one after the other, told in one table and one JSON file."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from .bench import Bench
from .processes import BenchError
from .report import Line, make_console, print_lines, write_json

Rows = Mapping[str, Callable[[Bench], list[Line]]]
"""What can be measured, by name; what is inside the clock is in the first words of each function."""


def rows_option(rows: Rows, aliases: Mapping[str, str] | None = None) -> Callable[[Any], Any]:
    """The option `--rows`, which takes names of rows and hands on a list.

    Args:
        rows: those that there are; all of them by default.
        aliases: other names for some of them.
    """

    def read(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
        named = [name.strip() for name in value.split(",") if name.strip()]
        chosen = list(dict.fromkeys((aliases or {}).get(name, name) for name in named)) or list(rows)
        unknown = [name for name in chosen if name not in rows]
        if unknown:
            raise click.BadParameter(f"there is no row {', '.join(unknown)}; rows are {', '.join(rows)}")
        return chosen

    return click.option("--rows", callback=read, default="", help="Rows to measure, separated by commas; all of them by default.")


def measuring_options(name: str, *, messages: str, seconds: float, lasting: str) -> Callable[[Any], Any]:
    """What every run of rows takes beside them.

    Args:
        name: of the run; its figures go to `bench-NAME.json`.
        messages: what `--messages` counts.
        seconds: how long a run lasts.
        lasting: what `--seconds` is the length of.
    """
    options = (
        click.option(
            "--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="How often each figure is measured."
        ),
        click.option("--messages", type=click.IntRange(1000, 5_000_000), default=1_000_000, show_default=True, help=messages),
        click.option("--seconds", type=click.FloatRange(0.1, 3600), default=seconds, show_default=True, help=lasting),
        click.option("--series", type=click.IntRange(10, 10_000), default=1000, show_default=True, help="Series of a run."),
        click.option(
            "--json",
            "json_file",
            type=click.Path(path_type=Path),
            default=f"bench-{name}.json",
            show_default=True,
            help="Every figure.",
        ),
        click.option("--quick", is_flag=True, help="One short run of each row: whether all works, not how fast."),
        click.option("--keep", is_flag=True, help="Leave the files of the run where they are, for a look at logs."),
        click.option(
            "--explain", "only_explain", is_flag=True, help="Say what is inside the clock of each row, and measure nothing."
        ),
    )
    return lambda command: functools.reduce(lambda made, option: option(made), reversed(options), command)


def explain(rows: Rows, chosen: list[str]) -> None:
    """Say what is inside the clock of each row."""
    for name in chosen:
        click.echo(f"{name}\n    {(rows[name].__doc__ or '').strip()}\n")


def run(
    command: str, rows: Rows, chosen: list[str], scale: Mapping[str, Any], json_file: Path, *, keep: bool, **facts: Any
) -> None:
    """Measure rows, print the table, and write every figure to a file.

    Args:
        command: name of the run.
        rows: those that there are.
        chosen: names of those that are measured.
        scale: attributes of the bench.
        json_file: where every figure goes.
        keep: leave the files of the run where they are.
        facts: further entries of the file.

    Raises:
        ClickException: a row has failed; the others were measured, and are told.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"bench-{command}-"))
    try:
        lines, faults = measure(folder, rows, chosen, scale)
    finally:
        if keep:
            click.echo(f"the files are in {folder}", err=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    settings = {"rows": chosen, **scale}
    write_json(json_file, command, settings, **facts, faults=faults, lines=[line.document() for line in lines])
    print_lines(lines, f"{command.capitalize()}: medians, {scale['runs']} runs", make_console())
    click.echo(f"every figure is in {json_file}")
    if faults:
        raise click.ClickException("; ".join(f"{name}: {what}" for name, what in faults.items()))


def measure(folder: Path, rows: Rows, chosen: list[str], scale: Mapping[str, Any]) -> tuple[list[Line], dict[str, str]]:
    """Measure rows one after the other; what fails is told, and the rest goes on.

    Returns:
        The lines of the table, and by row what went wrong.
    """
    lines: list[Line] = []
    faults: dict[str, str] = {}
    for name in chosen:
        place = folder / name
        bench = Bench(place, **scale, say=partial(_say, name))
        try:
            lines += rows[name](bench)
        except (BenchError, OSError) as error:
            faults[name] = str(error)
            bench.say(str(error))
        else:
            shutil.rmtree(place, ignore_errors=True)
    return lines, faults


def _say(name: str, text: str) -> None:
    click.echo(f"{name}: {text}", err=True)
