"""Counts as rates in real RRD files: resets, wraps, restarts and unknown numbers give gaps, and never a spike."""

from __future__ import annotations

import math
import random
import shutil
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.conftest import START, Clock, abandon, rows, schema

from janitoo_datalog_rrd.core.contracts import Meta, Reading
from janitoo_datalog_rrd.core.status import Counters, Health
from janitoo_datalog_rrd.store.schema import Schemas
from janitoo_datalog_rrd.store.settings import StoreSettings
from janitoo_datalog_rrd.store.store import Store

KEY, NAME, STEP = ("meter", "total"), "meter.total", 10
WRAPS = (None, 2**16, 2**32, 2**64)
Sample = tuple[int, float]


class Life:
    """A store that is killed and started again on one home."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock()
        self.store = self._open()

    def _open(self) -> Store:
        settings = StoreSettings(self.folder / "rrds", self.folder / "data", Schemas([schema()]))
        store = Store(settings, Counters(), Health(), self.clock, self.clock)
        store.open()
        return store

    def restart(self) -> None:
        abandon(self.store)
        self.store = self._open()


@pytest.fixture(scope="module")
def shelf() -> Iterator[Path]:
    """A folder for the homes of one example each."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder)


def readings_of(chance: random.Random, wrap: int | None) -> list[Sample]:
    """What a meter shows, in the order of time: it is set back now and then, wraps, and is unknown."""
    unit = max(1.0, (wrap or 1) / 2**48)  # what a double can tell apart
    time_s, total = int(START), float(chance.choice((0, 5, (wrap or 2**32) - 300 * unit)))
    found = []
    for number in range(chance.randrange(5, 120)):
        unknown = number > 6 and chance.random() < 0.05  # a series begins with its first number
        found.append((time_s, math.nan if unknown else total))
        time_s += chance.choice((1, 3, 10, 10, 17, 60))
        total += chance.choice((0, 0, 1, 7, 0.5, 40)) * unit
        if wrap and total >= wrap:
            total -= wrap
        if chance.random() < 0.05:
            total = float(chance.choice((0, 0, 3, total // 2, max(total - unit, 0))))
    return found


def live(home: Life, samples: list[Sample], ds_type: str, chance: random.Random) -> None:
    """Send samples, some in another order, with files written and the store killed in between."""
    meta = Meta(ds_type=ds_type)
    at = 0
    while at < len(samples):
        batch = samples[at : at + chance.randrange(1, 6)]
        at += len(batch)
        home.clock.now = batch[-1][0] + 1
        for time_s, value in chance.sample(batch, len(batch)):
            assert home.store.accept([Reading(KEY, value, float(time_s), meta)]) == 1
        if chance.random() < 0.3:
            home.store.flush_all()
        if chance.random() < 0.1:
            home.restart()
    home.store.flush_all(everything=True)


def expected(samples: list[Sample]) -> list[tuple[int, int, float | None]]:
    """Between each two samples: from when, to when, and the rate; None where it cannot be known."""
    return [
        (begin, end, (high - low) / (end - begin) if high >= low else None) for (begin, low), (end, high) in pairwise(samples)
    ]


@given(st.integers(0, 2**32), st.sampled_from(WRAPS), st.sampled_from(["DERIVE", "COUNTER"]))
def test_a_counter_gives_its_rate_or_a_gap_and_never_a_spike(shelf: Path, seed: int, wrap: int | None, ds_type: str) -> None:
    chance = random.Random(seed)
    samples = readings_of(chance, wrap)
    folder = Path(tempfile.mkdtemp(dir=shelf))
    home = Life(folder)
    live(home, samples, ds_type, chance)
    parts, blur = expected(samples), 4 * math.ulp(max(value for _, value in samples if value == value))
    for second, (rate,) in rows(home.store.path_of(NAME), START, samples[-1][0] - STEP).items():
        inside = [
            (max(begin, second - STEP), min(end, second), each)
            for begin, end, each in parts
            if begin < second and end > second - STEP
        ]
        known = [(end - begin, each) for begin, end, each in inside if each is not None]
        if second - STEP >= samples[0][0] and sum(seconds for seconds, _ in known) == STEP:
            counted = sum(seconds * each for seconds, each in known)
            assert rate is not None
            assert rate * STEP == pytest.approx(counted, rel=1e-9, abs=1e-6 + 2 * blur), second
        elif rate is not None:
            assert known, second
            low, high = min(each for _, each in known), max(each for _, each in known)
            assert low * 0.999 - blur <= rate <= high * 1.001 + blur, second
    abandon(home.store)
    shutil.rmtree(folder)
