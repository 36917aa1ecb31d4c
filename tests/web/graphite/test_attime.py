"""Times and intervals as Graphite takes them."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from janitoo_datalog_rrd.core.errors import BadRequestError
from janitoo_datalog_rrd.web.graphite.attime import LATEST, parse_interval, parse_time

NOW = datetime(2024, 3, 14, 15, 9, 26, tzinfo=timezone.utc)  # a Thursday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2024-03-14 15:09:26"),
        ("-1h", "2024-03-14 14:09:26"),
        ("-1hour30min", "2024-03-14 13:39:26"),
        ("-10min", "2024-03-14 14:59:26"),
        ("-5m", "2024-03-14 15:04:26"),
        ("-1mon", "2024-02-13 15:09:26"),
        ("-2weeks", "2024-02-29 15:09:26"),
        ("-1y", "2023-03-15 15:09:26"),
        ("now-1d", "2024-03-13 15:09:26"),
        ("1700000000", "2023-11-14 22:13:20"),
        ("20240131", "2024-01-31 00:00:00"),
        ("04:00_20240131", "2024-01-31 04:00:00"),
        ("4:30pm 20240131", "2024-01-31 16:30:00"),
        ("midnight", "2024-03-14 00:00:00"),
        ("midnight+6h", "2024-03-14 06:00:00"),
        ("noon yesterday", "2024-03-13 12:00:00"),
        ("teatime", "2024-03-14 16:00:00"),
        ("6pm today", "2024-03-14 18:00:00"),
        ("tomorrow", "2024-03-15 00:00:00"),
        ("monday", "2024-03-11 00:00:00"),
        ("thursday", "2024-03-14 00:00:00"),
        ("january 8", "2024-01-08 00:00:00"),
        ("12/31/23", "2023-12-31 00:00:00"),
        ("12/31/2023", "2023-12-31 00:00:00"),
    ],
)
def test_a_time_is_read(text: str, expected: str) -> None:
    found = parse_time("from", text, NOW.timestamp(), timezone.utc)
    assert datetime.fromtimestamp(found, timezone.utc).strftime("%Y-%m-%d %H:%M:%S") == expected


def test_days_begin_in_the_zone_that_is_asked_for() -> None:
    found = parse_time("from", "midnight", NOW.timestamp(), ZoneInfo("Europe/Paris"))
    assert datetime.fromtimestamp(found, timezone.utc).hour == 23


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "-1parsec",
        "25:00",
        "20241332x",
        "99/99/99",
        "-",
        "+",
        "-h",
        "1h",
        "january",
        "٣٣",
        "\0",
        "12:61",
        "january 99",
        "-9" * 30,
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_time("until", text, NOW.timestamp(), timezone.utc)
    assert caught.value.parameter == "until"


def test_a_time_stays_within_what_files_can_hold() -> None:
    assert parse_time("from", "-99y", NOW.timestamp(), timezone.utc) == 0
    assert parse_time("until", "999999999999", NOW.timestamp(), timezone.utc) == LATEST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("5min", 300), ("1h", 3600), ("-1d", -86400), ("1h30min", 5400), ("1week", 604800), ("2m", 120)],
)
def test_an_interval_is_read(text: str, seconds: int) -> None:
    assert parse_interval(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "1x", "1 h", "999999999y", "1h-1h"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_interval(text)
