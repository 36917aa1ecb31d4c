"""Reports: one table and one JSON document of every run; medians, spread, ratios and goals of those that measure."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from . import machine

MISSING = "—"
_WIDTH = 150


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached.

    Attributes:
        least: True where more is better (at least `bound`), False where less is (at most).
        bound: the number; of the ratio ours/peer where a line has one (or would, were the peer there), else of our figure.
        of_ratio: whether it is about the ratio.
    """

    least: bool
    bound: float
    of_ratio: bool = True

    def met(self, figure: float | None) -> bool | None:
        """Whether a figure reaches it; None where there is no figure."""
        if figure is None:
            return None
        return figure >= self.bound if self.least else figure <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {shorten(self.bound)}"


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, smallest and largest of some figures."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread | None:
        """The spread of figures; None where there are none."""
        return cls(statistics.median(figures), min(figures), max(figures)) if figures else None

    def __str__(self) -> str:
        middle = shorten(self.median)
        return middle if self.low == self.high else f"{middle} ({shorten(self.low)} to {shorten(self.high)})"


@dataclass(slots=True)
class Line:
    """One line of the table.

    Attributes:
        name: short name.
        what: what was measured, in a few words.
        unit: of the figures.
        ours: one figure per run.
        peer_name: what it is compared with; empty for nothing.
        peer: one figure per run of the peer, in the same order; empty where the peer is missing.
        goal: what is to be reached, if anything.
        notes: what a reader has to know to judge the figures.
        runs: everything that was measured in each run, for the JSON document; empty where another line has it.
    """

    name: str
    what: str
    unit: str
    ours: list[float] = field(default_factory=list)
    peer_name: str = ""
    peer: list[float] = field(default_factory=list)
    goal: Goal | None = None
    notes: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """Our median by the peer's."""
        ours, peer = Spread.of(self.ours), Spread.of(self.peer)
        return ours.median / peer.median if ours and peer and peer.median else None

    @property
    def ratios(self) -> list[float]:
        """Our figure by the peer's, run by run."""
        return [ours / peer for ours, peer in zip(self.ours, self.peer, strict=False) if peer]

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nothing to judge it by."""
        if self.goal is None:
            return None
        ours = Spread.of(self.ours)
        if self.goal.of_ratio:
            return self.goal.met(self.ratio)
        return self.goal.met(ours.median if ours else None)

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def document(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "name": self.name,
            "what": self.what,
            "unit": self.unit,
            "ours": _figures(self.ours),
            "peer_name": self.peer_name or None,
            "peer": _figures(self.peer),
            "ratio": self.ratio,
            "ratios": self.ratios,
            "goal": str(self.goal) if self.goal else None,
            "goal_of": None if self.goal is None else "ratio" if self.goal.of_ratio else "ours",
            "met": self.met,
            "notes": self.notes,
            "runs": self.runs,
        }


def _figures(figures: list[float]) -> dict[str, Any]:
    spread = Spread.of(figures)
    found: dict[str, Any] = {"figures": figures}
    if spread is not None:
        found |= {"median": spread.median, "min": spread.low, "max": spread.high}
    return found


def shorten(figure: float) -> str:
    """A figure with three digits or so: 84,321 · 12.3 · 0.857."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def judge(line: Line) -> str:
    """The last word on a line: met, missed, or nothing."""
    return {True: "met", False: "missed", None: MISSING if line.goal else ""}[line.met]


def make_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> Table:
    """A table as every run prints it.

    Args:
        title: above it.
        headings: of its columns.
        rows: texts, one for each heading.
        left: how many of the first columns are words; the others are numbers.
    """
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < left else "right")
    for row in rows:
        table.add_row(*row)
    return table


def print_lines(lines: Iterable[Line], title: str, console: Console) -> None:
    """Print lines as one table, with their notes below it."""
    lines = list(lines)
    headings = ("row", "what", "unit", "ours (min to max)", "peer (min to max)", "ratio", "goal", "")
    console.print(make_table(title, headings, map(_cells, lines), left=3))
    for line in lines:
        for note in line.notes:
            console.print(f"{line.name}: {note}", markup=False, highlight=False, soft_wrap=True)


def _cells(line: Line) -> tuple[str, ...]:
    ours, peer = Spread.of(line.ours), Spread.of(line.peer)
    return (
        line.name,
        line.what,
        line.unit,
        str(ours) if ours else MISSING,
        f"{peer or MISSING}\n{line.peer_name}" if line.peer_name else "",
        shorten(line.ratio) if line.ratio is not None else "",
        str(line.goal) if line.goal else "",
        judge(line),
    )


def make_console() -> Console:
    """Where tables are printed: as wide as the terminal, or wide enough for every table where there is none."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH)


def write_json(path: Path, command: str, settings: dict[str, Any], **found: Any) -> None:
    """Write everything to a file: what was run when and on what, with which settings, and what came of it.

    Args:
        path: the file.
        command: name of the run.
        settings: of the run.
        found: what came of it, as plain data.
    """
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    document = {"command": command, "made": made, **machine.facts(), "settings": settings, **found}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
