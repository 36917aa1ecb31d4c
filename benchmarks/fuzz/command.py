"""The run `fuzz`: a million hostile inputs into whatever takes something from outside; see the page on durability.

Guided by coverage where atheris is installed (the extra `fuzz`), else by chance alone.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from ..processes import spawn
from ..report import MISSING, make_console, make_table, write_json
from .findings import Findings, LastInput
from .targets import Target, make_targets
from .worker import HANG_S

_START_S = 60.0
_DONE = re.compile(r"^stat::number_of_executed_units: (\d+)$", re.MULTILINE)
_STEP = re.compile(r"^#(\d+)\s.*?cov: (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went with one target.

    Attributes:
        target: its name.
        engine: `atheris` or `random`.
        inputs: how many were put in.
        seconds: how long it took, the start of the process included.
        findings: how many kinds of failure there were.
        coverage: how many places of the package were reached, as atheris counts them; None where nobody counted.
    """

    target: str
    engine: str
    inputs: int
    seconds: float
    findings: int
    coverage: int | None


def run(target: Target, engine: str, inputs: int, seconds: float, seed: int, findings: Findings) -> Outcome:
    """Put so many inputs into one target, or as many as there is time for; a crash ends it, and is a finding too."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_memory()) as name:
        folder = Path(name)
        command = [sys.executable, "-m", "benchmarks.fuzz.worker", target.name, engine, str(inputs), str(seconds), str(seed)]
        with (folder / "told").open("w+", encoding="utf-8", errors="replace") as told:
            with spawn([*command, name], stdout=told, stderr=told) as process:
                try:
                    code: int | str = process.wait(seconds + HANG_S + _START_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    code = "none: it hung"
            told.seek(0)
            text = told.read()
        for path in sorted((folder / "findings").glob("*.input")):
            findings.keep(path.read_bytes(), path.stem.split("-")[1], path.with_suffix(".txt").read_text(encoding="utf-8"))
        if code != 0:
            last = LastInput.read(folder / "last") if (folder / "last").exists() else b""
            findings.keep(last, "crash", f"exit status {code}\n{text[-4000:]}")
    steps = _STEP.findall(text)
    done = _DONE.findall(text) or [step for step, _ in steps] or ["0"]
    coverage = int(steps[-1][1]) if steps else None
    return Outcome(target.name, engine, int(done[-1]), time.monotonic() - started, len(findings.names()), coverage)


def _memory() -> str | None:
    """A folder in memory for what lives as long as a run, where the machine has one."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    return str(memory) if memory.is_dir() else None


def _row(each: Outcome) -> Sequence[str]:
    rate = f"{each.inputs / max(each.seconds, 0.001):,.0f}"
    coverage = MISSING if each.coverage is None else str(each.coverage)
    return (each.target, each.engine, f"{each.inputs:,}", f"{each.seconds:.1f}", rate, coverage, str(each.findings))


_HEADINGS = ("target", "engine", "inputs", "seconds", "inputs/s", "coverage", "findings")
_INPUTS_HELP = "For the decoders; slower targets get fewer of `all`."
_SECONDS_HELP = "The longest that one target may take."
_NO_ATHERIS = "atheris is not installed (pip install -e '.[fuzz]'): inputs are made by chance, not guided by coverage"


@click.command("fuzz")
@click.option("--inputs", type=click.IntRange(1), default=1_000_000, show_default=True, help=_INPUTS_HELP)
@click.option("--target", "names", multiple=True, type=click.Choice(["all", *make_targets()]), default=["all"], show_default=True)
@click.option("--seconds", type=click.FloatRange(1), default=1800.0, show_default=True, help=_SECONDS_HELP)
@click.option("--engine", type=click.Choice(["auto", "atheris", "random"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(1), default=1, show_default=True, help="The same inputs for the same seed.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("build/fuzz"), show_default=True)
def command(inputs: int, names: tuple[str, ...], seconds: float, engine: str, seed: int, folder: Path) -> None:
    """Put hostile inputs into decoders, topics, ini and HTTP.

    FOLDER gets fuzz.json, and in findings/ each input of which something came that must not: then the exit status is 1.
    """
    console = make_console()
    if engine == "auto":
        engine = "atheris" if importlib.util.find_spec("atheris") else "random"
        if engine == "random":
            console.print(_NO_ATHERIS)
    outcomes = []
    for target in make_targets().values():
        if "all" not in names and target.name not in names:
            continue
        findings = Findings(folder / "findings", target.name)
        findings.clear()
        share = inputs if target.name in names else max(int(inputs * target.weight), 1)
        outcomes.append(run(target, engine, share, seconds, seed, findings))
        for name in findings.names():
            console.print(f"finding: {folder / 'findings' / name}.txt", soft_wrap=True)
    console.print(make_table("Fuzzing", _HEADINGS, map(_row, outcomes), left=2))
    settings = {"inputs": inputs, "targets": names, "seconds": seconds, "engine": engine, "seed": seed}
    write_json(folder / "fuzz.json", "fuzz", settings, targets=[asdict(each) for each in outcomes])
    with contextlib.suppress(OSError):
        (folder / "findings").rmdir()
    if any(each.findings for each in outcomes):
        sys.exit(1)
