"""The measurements behind our choices: what was chosen beside what could have been, in turns: one table, one JSON file."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from ..rows import Rows, explain, rows_option, run
from . import rows as measured

ROWS: Rows = {
    "ingest": measured.ingest,
    "json": measured.documents,
    "frames": measured.frames,
    "writers": measured.writers,
}
_OPTIONAL = ("gmqtt", "msgspec")
_QUICK = {"runs": 1, "messages": 2000, "series": 50}


def _versions() -> dict[str, str | None]:
    """Of every library that was measured, None for those that are not there."""
    found: dict[str, str | None] = {}
    for name in ("paho-mqtt", "orjson", *_OPTIONAL):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


@click.command("choices")
@rows_option(ROWS)
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="How often each figure is measured.")
@click.option("--messages", type=click.IntRange(1000, 5_000_000), default=200_000, show_default=True, help="Messages of a run.")
@click.option("--series", type=click.IntRange(10, 10_000), default=1000, show_default=True, help="Series of a run.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), default="bench-choices.json", show_default=True, help="Every figure."
)
@click.option("--quick", is_flag=True, help="One short run of each row: whether all works, not how fast.")
@click.option("--keep", is_flag=True, help="Leave the files of the run where they are, for a look at logs.")
@click.option("--explain", "only_explain", is_flag=True, help="Say what is measured in each row, and measure nothing.")
def command(
    *, rows: list[str], runs: int, messages: int, series: int, json_file: Path, quick: bool, keep: bool, only_explain: bool
) -> None:
    """Measure what was chosen beside what could have been: MQTT client, JSON library, journal frame, writers of RRD files.

    Each figure is the median of runs in turns, each in a process of its own. `ours` is what the server uses. Libraries that are
    not installed are named, with how to get them, and left out.
    """
    if only_explain:
        explain(ROWS, rows)
        return
    libraries = _versions()
    missing = [f"{name} is not installed: .venv/bin/pip install {name}" for name, found in libraries.items() if found is None]
    for advice in missing:
        click.echo(advice, err=True)
    scale = _QUICK if quick else {"runs": runs, "messages": messages, "series": series}
    run("choices", ROWS, rows, scale, json_file, keep=keep, libraries=libraries, missing=missing)
