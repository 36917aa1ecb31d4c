"""Fuzzing, the worker: a process that puts inputs into one target, so that a crash or a hang ends it and nothing else.

Usage: python -m benchmarks.fuzz.worker TARGET ENGINE RUNS SECONDS SEED FOLDER
It says how it went in the words of libFuzzer, whichever engine runs.
"""

from __future__ import annotations

import logging
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .findings import Findings, LastInput
from .mutate import MOST_BYTES, mutate
from .promises import Check
from .targets import Target, make_targets

HANG_S = 20
"""Seconds that one input may take."""


def main(arguments: Sequence[str]) -> None:
    """Run one target."""
    name, engine, runs, seconds, seed, folder = arguments
    logging.disable(logging.CRITICAL)
    run = _run_guided if engine == "atheris" else _run_random
    run(make_targets()[name], int(runs), float(seconds), int(seed), Path(folder))


def _make(target: Target, folder: Path) -> Check:
    work = folder / "work"
    work.mkdir()
    check = Findings(folder / "findings", target.name).watch(target.make_check(work))
    last = LastInput(folder / "last")

    def run(data: bytes) -> None:
        last.note(data)
        check(data)

    return run


def _run_random(target: Target, runs: int, seconds: float, seed: int, folder: Path) -> None:
    """Put in every seed, and then inputs that differ from one of them by a few mutations."""
    check = _make(target, folder)
    chance = random.Random(seed)  # noqa: S311 - the same inputs for the same seed
    end = time.monotonic() + seconds
    done = 0
    for done in range(1, runs + 1):
        if done <= len(target.seeds):
            data = target.seeds[done - 1]
        else:
            data = chance.choice(target.seeds)
            for _ in range(chance.randint(1, 4)):
                data = mutate(data, chance, target.tokens)
        check(data)
        if time.monotonic() > end:
            break
    sys.stderr.write(f"\nstat::number_of_executed_units: {done}\n")


def _run_guided(target: Target, runs: int, seconds: float, seed: int, folder: Path) -> None:
    """Let atheris choose: inputs that reach new lines of the package are kept and changed further."""
    import atheris

    with atheris.instrument_imports(include=["janitoo_datalog_rrd"]):
        check = _make(target, folder)
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, each in enumerate(target.seeds):
        (corpus / f"{number:03d}").write_bytes(each)

    def change(data: bytes, most: int, number: int) -> bytes:
        chance = random.Random(number)  # noqa: S311 - the same inputs for the same seed
        if chance.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        return mutate(data, chance, target.tokens, most=most)

    options = {
        "runs": runs,
        "max_total_time": int(max(seconds, 1)),
        "timeout": HANG_S,
        "seed": max(seed, 1),
        "max_len": MOST_BYTES,
        "rss_limit_mb": 2048,
        "print_final_stats": 1,
        "artifact_prefix": f"{folder}/",
    }
    atheris.Setup(
        [sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(corpus)], check, custom_mutator=change
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
