"""`script/bench house`: a simulated house on an empty server with the ini that comes along: is all logged, once, with names?"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from ..processes import BenchError
from ..report import make_console, make_table, write_json
from .check import Row, check_rows, compare, matches, read_series
from .living import House, Outcome

_HEADINGS = ("dialect", "devices", "numbers", "logged", "named", "with units", "doubled", "unexpected")


@click.command("house")
@click.option("--hours", default=24.0, show_default=True, type=click.FloatRange(0.01, 24 * 30), help="Simulated hours.")
@click.option("--speed", default=60.0, show_default=True, type=click.FloatRange(1, 3600), help="Simulated seconds in a second.")
@click.option(
    "--json", "target", default="bench-house.json", show_default=True, type=click.Path(path_type=Path), help="Where figures go."
)
def command(hours: float, speed: float, target: Path) -> None:
    """A house of 60 devices, which announce themselves, on an empty server: every number is logged once, by its name."""
    console = make_console()
    with tempfile.TemporaryDirectory(prefix="house-") as folder:
        try:
            rows, faults, outcome = run(Path(folder), hours, speed, say=lambda text: click.echo(text, err=True))
        except BenchError as error:
            raise click.ClickException(str(error)) from error
    console.print(make_table("House", _HEADINGS, [_cells(each) for each in [*rows, total(rows)]]))
    for text in faults:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    result = ", ".join(f"{count:,} {word}" for word, count in sorted(outcome.dealt_with.items()))
    console.print(
        f"{outcome.sent:,} messages in {outcome.seconds:.0f} s, {result}; {outcome.accepted:,} samples; "
        f"{outcome.cpu_s:.1f} s of processor time, {outcome.rss / 2**20:.1f} MiB"
    )
    write_json(
        target, "house", {"hours": hours, "speed": speed},
        rows=[asdict(each) for each in rows], faults=faults, outcome=asdict(outcome),
    )  # fmt: skip
    if faults:
        raise click.ClickException(f"{len(faults)} faults")


def run(folder: Path, hours: float, speed: float, say: object = None) -> tuple[list[Row], list[str], Outcome]:
    """Let the house live, and compare; rows of the table, everything that is wrong in words, and what it has cost.

    Raises:
        BenchError: broker or server do not start, or end.
    """
    house = House(folder, say if callable(say) else lambda _: None)
    with house.broker, house.server:
        house.live(hours, speed)
        series = read_series(house.server)
        rows = compare(house.numbers, series)
        house.server.flush()
        measured = [
            (number, name) for number, name in matches(house.numbers, series) if not number.counted and not number.optional
        ]
        faults = [f"{row.dialect}: {text}" for row in rows for text in row.faults] + check_rows(house.server, measured)
    published = sum(number.count for number in house.numbers if not number.optional)
    if house.outcome.accepted < published:
        faults.append(f"{published:,} numbers were published, and {house.outcome.accepted:,} samples accepted")
    return rows, faults, house.outcome


def total(rows: list[Row]) -> Row:
    """The last line of the table."""
    names = ("devices", "expected", "logged", "named", "with_units", "doubled", "unexpected")
    return Row("all", *(sum(getattr(each, name) for each in rows) for name in names))


def _cells(row: Row) -> tuple[str, ...]:
    counts = (row.devices, row.expected, row.logged, row.named, row.with_units, row.doubled, row.unexpected)
    return (row.dialect, *map(str, counts))
