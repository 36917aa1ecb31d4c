"""`script/bench kill`: the server, or its broker, is ended again and again; is every acknowledged sample in the files?"""

from __future__ import annotations

import dataclasses
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console

from ..processes import BenchError
from ..report import make_console, make_table, write_json
from .killing import SEAMS, WAYS, KillRun, Outcome

_GROUPS = {"all": WAYS, "seams": tuple(SEAMS)}
_HEADINGS = ("ended", "rounds", "acked", "stored", "lost", "foreign", "forgotten", "s", "")
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
    console = make_console()
    seed = random.randrange(1 << 30) if seed is None else seed  # noqa: S311 - no secret
    console.print(f"seed {seed}")
    outcomes: dict[str, Outcome] = {}
    for way in _GROUPS.get(how, (how,)):
        outcomes[way] = _run(way, rounds, seed, console, keep=keep)
    rows = [_row(way, each) for way, each in outcomes.items()]
    console.print(make_table("Kill: acknowledged samples in the RRD files", _HEADINGS, rows))
    for line in _complaints(outcomes):
        console.print(line, style="red", markup=False)
    ways = {way: {**dataclasses.asdict(each), "good": each.good} for way, each in outcomes.items()}
    write_json(target, "kill", {"rounds": rounds, "how": how, "seed": seed}, ways=ways)
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
    except BenchError as error:
        raise click.ClickException(str(error)) from error
    finally:
        if good or not keep:
            shutil.rmtree(folder)
        else:
            console.print(f"kept: {folder}", markup=False)
    return outcome


def _row(way: str, outcome: Outcome) -> Sequence[str]:
    done = sum(outcome.rounds.values())
    wrong = (len(outcome.lost), len(outcome.foreign), outcome.forgotten)
    counts = (done, outcome.acknowledged, outcome.stored, *wrong)
    return (way, *(f"{count:,}" for count in counts), f"{outcome.seconds:.0f}", "good" if outcome.good else "BAD")


def _complaints(outcomes: dict[str, Outcome]) -> Iterator[str]:
    for way, each in outcomes.items():
        for what, found in (("lost", each.lost), ("foreign", each.foreign), ("not reached", each.missed), ("fault", each.faults)):
            if found:
                more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
                yield f"{way}: {what}: {', '.join(found[:_SHOWN])}{more}"
        if each.dropped:
            yield f"{way}: {each.dropped} samples were dropped"
