"""Whatever is killed, and wherever: every acknowledged sample is in the RRD files, once, in its order."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.kill.killing import SEAMS, WAYS, KillRun, Outcome

ROUNDS = 5
LONG = int(os.environ.get("KILL_ROUNDS", "0"))


def run(folder: Path, ways: Sequence[str]) -> Outcome:
    house = KillRun(folder, random.randrange(1 << 30), len(ways), broker_killed="broker-kill" in ways)
    return house.run(ways)


def check(outcome: Outcome) -> None:
    assert outcome.good, f"seed {outcome.seed}: {outcome!r:.4000}"


def test_a_server_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    check(run(tmp_path, ["kill"] * ROUNDS))


def test_a_server_stopped_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    check(run(tmp_path, ["term"] * ROUNDS))


def test_a_broker_restarted_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    check(run(tmp_path, ["broker"] * ROUNDS))


@pytest.mark.slow
def test_a_kill_aimed_at_each_seam_loses_and_doubles_nothing(tmp_path: Path) -> None:
    check(run(tmp_path, list(SEAMS)))


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="the long form: KILL_ROUNDS=50, or script/bench kill --how all")
@pytest.mark.parametrize("way", WAYS)
def test_the_long_form_loses_and_doubles_nothing(tmp_path: Path, way: str) -> None:
    check(run(tmp_path, [way] * LONG))
