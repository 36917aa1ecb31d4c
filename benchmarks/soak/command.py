"""`script/bench soak`: hours of constant load; memory, descriptors, threads and disk over time, and whether they grow."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from ..processes import BenchError
from ..report import make_console, make_table, write_json
from .growth import MIB, Finding, judge
from .soaking import Look, Soak

_ROWS = 20
_TIME_HEADINGS = ("time s", "RSS MiB", "descriptors", "threads", "journal KiB", "disk MiB", "sent", "taken", "accepted")
_GROWTH_HEADINGS = ("what", "second quarter", "last quarter", "allowed", "per message", "per hour", "verdict")


@click.command("soak")
@click.option("--hours", default=1.0, show_default=True, type=click.FloatRange(0.01, 1000), help="How long.")
@click.option("--rate", default=500.0, show_default=True, type=click.FloatRange(1, 50_000), help="Messages a second.")
@click.option("--series", default=50, show_default=True, type=click.IntRange(1, 5000), help="Series of each dialect.")
@click.option(
    "--json", "target", default="bench-soak.json", show_default=True, type=click.Path(path_type=Path), help="Where figures go."
)
def command(hours: float, rate: float, series: int, target: Path) -> None:
    """Constant load on one server for hours: what it holds of memory, descriptors, threads and disk stays the same."""
    console = make_console()
    looks: list[Look] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = Soak(Path(folder), rate, series)
        try:
            with console.status("soaking") as status:

                def tell(look: Look) -> None:
                    looks.append(look)
                    status.update(f"{look.time_s:.0f} s of {hours * 3600:.0f}: {look.rss / MIB:.1f} MiB, {look.taken} messages")

                soak.run(hours * 3600, tell)
        except BenchError as error:
            raise click.ClickException(str(error)) from error
    graphs, reconnects = (soak.load.graphs, soak.load.reconnects) if soak.load else (0, 0)
    findings = judge(looks)
    some = looks[:: max(1, len(looks) // _ROWS)]
    console.print(make_table("Soak: over time", _TIME_HEADINGS, map(_over_time, some), left=0))
    console.print(make_table("Soak: growth", _GROWTH_HEADINGS, map(_verdict, findings)))
    grown = [finding.name for finding in findings if finding.grows]
    write_json(
        target,
        "soak",
        {"hours": hours, "rate": rate, "series": series},
        graphs=graphs,
        reconnects=reconnects,
        verdict="growing" if grown else "flat",
        findings=[{**asdict(finding), "grows": finding.grows} for finding in findings],
        looks=[asdict(look) for look in looks],
    )
    console.print(f"{graphs} graphs drawn, {reconnects} connections taken away; all figures are in {target}")
    if grown:
        raise click.ClickException(f"growing: {', '.join(grown)}")


def _over_time(look: Look) -> Sequence[str]:
    return (
        f"{look.time_s:.0f}",
        f"{look.rss / MIB:.1f}",
        str(look.descriptors),
        str(look.threads),
        f"{look.journal / 1024:.0f}",
        f"{look.disk / MIB:.1f}",
        str(look.sent),
        str(look.taken),
        str(look.accepted),
    )


def _verdict(each: Finding) -> Sequence[str]:
    numbers = (each.before, each.after, each.allowed, each.per_message, each.slope * 3600)
    return (each.name, *(f"{number:,.1f}" for number in numbers), "growing" if each.grows else "flat")
