"""A server under constant load holds as much memory, as many descriptors and threads, and as much disk, as time goes by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.soak.growth import MIB, judge
from benchmarks.soak.soaking import Look, Soak

QUIET = Look(time_s=0, rss=60 * MIB, descriptors=25, threads=19, journal=0, disk=50 * MIB, sent=0, taken=0, accepted=0)
RATE = 6000


def course(**growth: float) -> list[Look]:
    """A minute of a server at rest: its memory wanders, its journal goes up and down; what is given is added every second."""
    looks = []
    for second in range(1, 61):
        quiet = replace(
            QUIET,
            time_s=second,
            rss=QUIET.rss + second * 7919 % MIB,
            descriptors=QUIET.descriptors + second % 3,
            journal=second * 70_000 % MIB,
            sent=RATE * second,
            taken=RATE * second,
        )
        looks.append(replace(quiet, **{name: int(getattr(quiet, name) + each * second) for name, each in growth.items()}))
    return looks


def growing(looks: list[Look]) -> list[str]:
    return [finding.name for finding in judge(looks) if finding.grows]


def test_a_server_at_rest_is_found_flat() -> None:
    assert growing(course()) == []


@pytest.mark.parametrize(
    ("name", "each"), [("rss", 32 * RATE), ("descriptors", 0.2), ("threads", 0.2), ("journal", 70_000), ("disk", 100_000)]
)
def test_what_grows_is_found(name: str, each: float) -> None:
    assert growing(course(**{name: each})) == [name]


def test_what_is_made_once_is_no_growth() -> None:
    looks = [replace(look, rss=look.rss + 20 * MIB, threads=look.threads + 4) if look.time_s > 12 else look for look in course()]
    assert growing(looks) == []


@pytest.mark.slow
def test_a_minute_of_constant_load_leaves_nothing_behind(tmp_path: Path) -> None:
    soak = Soak(tmp_path, rate=RATE)
    findings = judge(soak.run(60))
    assert soak.load is not None
    assert soak.load.graphs > 0 < soak.load.reconnects
    assert not [finding for finding in findings if finding.grows], findings
