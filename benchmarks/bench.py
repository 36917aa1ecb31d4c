"""What every row of a run is given: its scale, its folder, and how it takes turns with a peer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .processes import BenchError, Child

Figures = dict[str, Any]
"""What was measured in one run."""
Turn = tuple[str, Callable[[int], Figures]]
"""A contender: its name, and what measures it once, told the number of the run from 0."""


@dataclass(slots=True)
class Bench:
    """Scale and place of a run.

    Attributes:
        folder: for everything that is written.
        runs: how often each figure is measured.
        messages: of one run of the rows that count messages.
        seconds: of one run of the rows that go by time.
        series: how many series.
        say: told what is done now.
    """

    folder: Path
    runs: int = 5
    messages: int = 1_000_000
    seconds: float = 30.0
    series: int = 1000
    say: Callable[[str], None] = field(default=lambda _: None)

    def place(self, name: str) -> Path:
        """A new folder of a row."""
        made = self.folder / name
        made.mkdir(parents=True)
        return made

    def alternate(self, *turns: Turn) -> list[list[Figures]]:
        """Let contenders measure in turn, run by run.

        Args:
            turns: the contenders.

        Returns:
            Per contender what each run has measured.
        """
        found: list[list[Figures]] = [[] for _ in turns]
        for number in range(self.runs):
            for (name, measure), figures in zip(turns, found, strict=True):
                self.say(f"run {number + 1} of {self.runs}: {name}")
                figures.append(measure(number))
        return found

    def history(self, per_run: int, spacing_s: int) -> int:
        """Begin of a history of a warm-up and all runs, which ends now; seconds since the epoch UTC, on a step.

        Args:
            per_run: samples of a series in one run.
            spacing_s: seconds between two of them.

        Raises:
            BenchError: it is longer than the day that the finest archive keeps.
        """
        length = (per_run * self.runs + 2) * spacing_s
        if length > 86_000:
            raise BenchError(f"{length} s of history are needed and a day is kept: take fewer messages or runs")
        return (int(time.time()) - length) // spacing_s * spacing_s


class Meter:
    """Wall-clock and processor time of a stretch.

    Args:
        children: whose processor time counts, by name.
    """

    def __init__(self, **children: Child) -> None:
        self._children = children
        self._cpu = {name: child.cpu_s() for name, child in children.items()}
        self._begun = time.monotonic()

    def stop(self, idle_s: float = 0.0) -> Figures:
        """Seconds since it was made, `idle_s` of them left out, and processor seconds of each, named `NAME_cpu_s`."""
        return {
            "seconds": time.monotonic() - self._begun - idle_s,
            "idle_s": idle_s,
            **{f"{name}_cpu_s": child.cpu_s() - self._cpu[name] for name, child in self._children.items()},
        }


def column(figures: Sequence[Figures], name: str) -> list[float]:
    """One figure of every run."""
    return [float(each[name]) for each in figures]


def pair(ours: Sequence[Figures], peer: Sequence[Figures] = ()) -> list[dict[str, Any]]:
    """Runs as the JSON document has them."""
    if not peer:
        return [{"ours": each} for each in ours]
    return [{"ours": mine, "peer": theirs} for mine, theirs in zip(ours, peer, strict=True)]
