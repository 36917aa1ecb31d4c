"""`script/bench kill`: the server, or its broker, is ended again and again; is every acknowledged sample in the files?"""

from __future__ import annotations

import dataclasses
import json
import platform
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from .household import RunError
from .killing import SEAMS, WAYS, KillRun, Outcome

_GROUPS = {"all": WAYS, "seams": tuple(SEAMS)}
_SHOWN = 20


@click.command("kill")
@click.option("--rounds", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How often, in each way.")
@click.option("--how", type=click.Choice([*WAYS, *_GROUPS]), default="kill", show_default=True, help="What is ended, and how.")
@click.option("--seed", type=int, help="Of the moments at which it is ended. Default: one of its own, which is told.")
@click.option("--json", "target", type=click.Path(path_type=Path), default=Path("bench-kill.json"), show_default=True)
@click.option("--keep", is_flag=True, help="Keep the folder of a run that went wrong, to look into it.")
def command(rounds: int, how: str, seed: int | None, target: Path, *, keep: bool) -> None:
    """End the server or its broker again and again under load, and compare the RRD files with what was published.

    2,000 numbered samples a second go to 200 series with QoS 1. What is ended:

    \b
    kill         the server, by SIGKILL at random moments
    term         the server, by SIGTERM at random moments
    broker       the broker, by SIGTERM at random moments; it saves its sessions
    broker-kill  the broker, by SIGKILL, at 500 samples a second; what the server had not acknowledged is counted apart
    SEAM         the server, by SIGKILL at a place in its code
    """
    console = Console()
    seed = random.randrange(1 << 30) if seed is None else seed  # noqa: S311 - no secret
    console.print(f"seed {seed}")
    outcomes: dict[str, Outcome] = {}
    for way in _GROUPS.get(how, (how,)):
        outcomes[way] = _run(way, rounds, seed, console, keep=keep)
    console.print(_table(outcomes))
    for line in _complaints(outcomes):
        console.print(line, style="red", markup=False)
    report = {"rounds": rounds, "seed": seed, "python": platform.python_version(), "machine": platform.machine()}
    target.write_text(json.dumps({**report, "ways": {way: _plain(each) for way, each in outcomes.items()}}, indent=1) + "\n")
    if not all(each.good for each in outcomes.values()):
        raise click.exceptions.Exit(1)


def _run(way: str, rounds: int, seed: int, console: Console, *, keep: bool) -> Outcome:
    folder = Path(tempfile.mkdtemp(prefix="bench-kill-"))
    good = False
    try:
        with console.status(way) as status:
            run = KillRun(folder, seed, rounds, broker_killed=way == "broker-kill", tell=lambda line: status.update(line))
            outcome = run.run([way] * rounds)
        good = outcome.good
    except RunError as error:
        raise click.ClickException(str(error)) from error
    finally:
        if good or not keep:
            shutil.rmtree(folder)
        else:
            console.print(f"kept: {folder}", markup=False)
    return outcome


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {**dataclasses.asdict(outcome), "good": outcome.good}


def _table(outcomes: dict[str, Outcome]) -> Table:
    table = Table(title="Acknowledged samples in the RRD files")
    table.add_column("ended")
    for name in ("rounds", "acked", "stored", "lost", "foreign", "forgotten", "s"):
        table.add_column(name, justify="right")
    table.add_column("")
    for way, each in outcomes.items():
        counts = (sum(each.rounds.values()), each.acknowledged, each.stored, len(each.lost), len(each.foreign), each.forgotten)
        table.add_row(way, *(f"{count:,}" for count in counts), f"{each.seconds:.0f}", "good" if each.good else "BAD")
    return table


def _complaints(outcomes: dict[str, Outcome]) -> Iterator[str]:
    for way, each in outcomes.items():
        for what, found in (("lost", each.lost), ("foreign", each.foreign), ("not reached", each.missed), ("fault", each.faults)):
            if found:
                more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
                yield f"{way}: {what}: {', '.join(found[:_SHOWN])}{more}"
        if each.dropped:
            yield f"{way}: {each.dropped} samples were dropped"
