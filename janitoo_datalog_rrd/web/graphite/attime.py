"""Times as Graphite takes them: `-1h`, `now`, `1700000000`, `04:00_20240131`, `midnight`, `monday`, `noon yesterday`, `10min`.

The forms are those of Graphite's render API (`from` / `until`).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

from ...core.errors import BadRequestError

LATEST = 2**32 - 1
"""The last second that RRD files know."""
_MAX_INTERVAL_S = 100 * 366 * 86400
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = (("s", 1), ("min", 60), ("mon", 30 * 86400), ("h", 3600), ("d", 86400), ("w", 7 * 86400), ("y", 365 * 86400))
_MINUTE = ("m", 60)  # Graphite refuses it; it can mean nothing else in an interval that people write
_CLOCK = re.compile(r"(?:(\d{1,2}):(\d{2})(am|pm)?|(\d{1,2})(am|pm)|(noon|midnight|teatime))?(.*)", re.ASCII)
_NAMED_HOURS = {"midnight": 0, "noon": 12, "teatime": 16}
_OFFSET = re.compile(r"([+-]?)((?:\d{1,9}[a-z]+)+)", re.ASCII)
_PART = re.compile(r"(\d+)([a-z]+)", re.ASCII)
_EXPECTED = "expected a time as Graphite takes it, such as -1h, now, 1700000000, 04:00_20240131 or midnight"


def parse_time(parameter: str, text: str, now: float, zone: tzinfo | None = None) -> int:
    """Read a time.

    Args:
        parameter: whose value it is.
        text: the time.
        now: seconds since the epoch UTC.
        zone: where days begin; None for the zone of this machine.

    Returns:
        Seconds since the epoch UTC, from 0 to what RRD files can hold.

    Raises:
        BadRequestError: it is no time.
    """
    flat = re.sub(r"[_, ]", "", text.strip().lower())
    try:
        found = _read(flat, now, zone)
    except (ValueError, OverflowError, OSError):
        raise BadRequestError(parameter, f"{parameter} is {text[:40]!r}: {_EXPECTED}.") from None
    return min(max(found, 0), LATEST)


def parse_interval(text: str) -> int:
    """Seconds of an interval such as `10min`, `1h`, `-1d` or `1h30min`; the sign counts.

    Raises:
        ValueError: it is no interval.
    """
    match = _OFFSET.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is not an interval: expected a number and a unit, such as 10min, 1h or 1d")
    seconds = sum(int(number) * _unit_s(unit) for number, unit in _PART.findall(match[2]))
    if seconds > _MAX_INTERVAL_S:
        raise ValueError(f"{text[:40]!r} is more than 100 years")
    return -seconds if match[1] == "-" else seconds


def _unit_s(unit: str) -> int:
    found = next((seconds for prefix, seconds in (*_UNITS, _MINUTE) if unit.startswith(prefix)), None)
    if found is None:
        raise ValueError(f"{unit[:20]!r} is not a unit: expected s, min, h, d, w, mon or y")
    return found


def _read(flat: str, now: float, zone: tzinfo | None) -> int:
    if flat.isascii() and flat.isdigit() and not _is_date(flat):
        return int(flat[:12])
    reference, sign, offset = flat, "", ""
    for mark in "+-":
        if mark in flat:
            reference, sign, offset = flat.partition(mark)
            break
    return _read_reference(reference, now, zone) + (parse_interval(sign + offset) if sign else 0)


def _is_date(digits: str) -> bool:
    """Tell `20240131` from seconds since the epoch, as Graphite does."""
    return len(digits) == 8 and int(digits[:4]) > 1900 and int(digits[4:6]) < 13 and int(digits[6:]) < 32


def _read_reference(text: str, now: float, zone: tzinfo | None) -> int:
    if text in ("", "now"):
        return int(now)
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError("no time")
    here = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    day = _read_day(match[7], here)
    hour = int(match[1] or match[4] or _NAMED_HOURS.get(match[6] or "", 0))
    if "pm" in (match[3], match[5]):
        hour = (hour + 12) % 24
    return int(day.replace(hour=hour, minute=int(match[2] or 0), tzinfo=zone).timestamp())


def _read_day(text: str, today: datetime) -> datetime:
    """The midnight at which a day begins, without a zone."""
    days = {"": 0, "today": 0, "yesterday": -1, "tomorrow": 1}
    if text in days:
        return today + timedelta(days=days[text])
    if len(text) == 8 and text.isdigit():
        return datetime(int(text[:4]), int(text[4:6]), int(text[6:]))
    if text.count("/") == 2:
        month, day, year = (int(part) for part in text.split("/"))
        year += 1900 if year < 1900 else 0
        return datetime(year + (100 if year < 1970 else 0), month, day)
    if text[:3] in _WEEKDAYS and not text[-1].isdigit():
        return today - timedelta(days=(today.weekday() - _WEEKDAYS.index(text[:3])) % 7)
    match = re.fullmatch(r"[a-z]+?(\d{1,2})", text)
    if match is not None and text[:3] in _MONTHS:
        return today.replace(month=_MONTHS.index(text[:3]) + 1, day=int(match[1]))
    raise ValueError(f"{text[:20]!r} is no day")
