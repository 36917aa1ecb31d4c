"""Hundreds of agents on one server, with broker and server restarted: all are listed, and every number is logged once."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fleet.agents import Plan, made_up, shares
from benchmarks.fleet.living import Fleet, Size, read_telemetry


def test_numbers_are_spread_over_all_components() -> None:
    assert sorted(position for positions in shares(12) for position in positions) == list(range(12))
    assert made_up(3, 0) == 3
    assert Plan(1, "x", 75, 2, 12, 10).devices() == ["fleet-0075", "fleet-0076"]


def test_readings_are_told_from_everything_else_on_the_bus() -> None:
    assert read_telemetry(b"devices/web01/monitoring", b'{"timestamp": 1.5, "metrics": {}}') == ("web01", 1.5)
    assert read_telemetry(b"devices/web01/status", b"online") is None
    assert read_telemetry(b"homeassistant/device/jnt_web01/config", b"{}") is None


@pytest.mark.slow
def test_three_hundred_agents_are_listed_and_lose_nothing(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, Size(agents=300, numbers=5, every_s=5, seconds=5, retention="10s:10m")).run()
    assert outcome.faults == []
    assert outcome.lost == 0
    assert outcome.messages >= 900
