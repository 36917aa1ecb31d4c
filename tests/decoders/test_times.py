"""The time that a message has of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from janitoo_datalog_rrd.core.errors import DecodeError
from janitoo_datalog_rrd.decoders.times import parse_time

NOON = 1719835200.0
"""2024-07-01T12:00:00Z."""


@pytest.fixture
def local_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def move_to(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move_to
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (1719835200, NOON),
        (1719835200.75, NOON + 0.75),
        ("1719835200", NOON),
        (" 1719835200.5 ", NOON + 0.5),
        (1719835200000, NOON),
        ("1719835200250", NOON + 0.25),
        ("2024-07-01T12:00:00Z", NOON),
        ("2024-07-01t12:00:00z", NOON),
        ("2024-07-01 12:00:00Z", NOON),
        ("2024-07-01T12:00Z", NOON),
        ("2024-07-01T12:00:00 +00:00", NOON),
        ("2024-07-01T12:00:00.5Z", NOON + 0.5),
        ("2024-07-01T12:00:00,125Z", NOON + 0.125),
        ("2024-07-01T12:00:00.123456789Z", pytest.approx(NOON + 0.123456789, abs=1e-6)),
        ("2024-07-01T14:00:00+02:00", NOON),
        ("2024-07-01T14:00:00+0200", NOON),
        ("2024-07-01T14:00:00+02", NOON),
        ("2024-07-01T06:30:00-05:30", NOON),
        ("20240701T120000Z", NOON),
        ("2016-12-31T23:59:60Z", 1483228800.0),
    ],
)
def test_the_usual_forms_are_the_same_instant(given: object, seconds: float) -> None:
    assert parse_time(given) == seconds


@pytest.mark.parametrize(("zone", "offset_s"), [("UTC0", 0), ("CET-1", 3600), ("EST+5", -18000)])
def test_a_time_without_a_zone_is_the_servers_local_time(local_zone: Callable[[str], None], zone: str, offset_s: int) -> None:
    local_zone(zone)
    assert parse_time("2024-07-01T12:00:00") == NOON - offset_s
    assert parse_time("2024-07-01T12:00:00Z") == NOON


@pytest.mark.parametrize(
    "given",
    [
        None,
        True,
        [],
        {},
        "",
        "now",
        "nan",
        "true",
        "2024-07-01",
        "12:00:00",
        "2024-13-01T00:00:00Z",
        "2024-07-01T25:00:00Z",
        "2024-07-01T12:00:61Z",
        "2024-07-01T12:00:00+99:00",
        "2024-07-01T12:00:00 Europe/Paris",
        "٢٠٢٤-07-01T12:00:00Z",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59Z",
        "1979-12-31T23:59:59Z",
        "x" * 100_000,
        0,
        -5,
        float("nan"),
        float("inf"),
        10**400,
        1719835200000000,
    ],
    ids=lambda given: repr(given)[:30],
)
def test_anything_else_is_a_bad_time(given: object) -> None:
    with pytest.raises(DecodeError) as caught:
        parse_time(given)
    assert caught.value.reason == "bad_time"
    assert len(str(caught.value)) < 250
