"""Decoders, the times: what a message says of its own time becomes seconds since the epoch."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from ..core.errors import DecodeError
from .numbers import excerpt, number_of_text

EARLIEST = 315_532_800.0
"""1980-01-01T00:00:00Z in seconds since the epoch; RRDtool takes no time before it."""
LATEST = 4_102_444_800.0
"""2100-01-01T00:00:00Z in seconds since the epoch."""
_MILLISECONDS_FROM = 1e11
"""Larger numbers are milliseconds: as seconds they lie after the year 5000, while this many milliseconds are in 1973."""

# ISO 8601, calendar date with time of day, extended or basic form.
_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s?(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)


def parse_time(datum: object) -> float:
    """Read the time of a message.

    Args:
        datum: epoch seconds, epoch milliseconds (a number above 1e11), either of them as text, or ISO 8601 text with a date and a
            time of day. ISO 8601 text without `Z` or an offset is in the server's local time zone; in the hour that comes
            twice when summer time ends, it is the first.

    Returns:
        Seconds since the epoch UTC.

    Raises:
        DecodeError: `bad_time`: it is something else, or lies before 1980 or after 2099.
    """
    try:
        seconds = _seconds(datum)
    except (ValueError, OverflowError, OSError) as error:
        raise _bad_time(datum) from error
    # A comparison with NaN is false, so NaN ends here as well.
    if seconds is None or not EARLIEST <= seconds < LATEST:
        raise _bad_time(datum)
    return seconds


def _seconds(datum: object) -> float | None:
    number: float | None
    if isinstance(datum, str):
        match = _ISO.fullmatch(datum.strip()) if len(datum) <= 64 else None
        if match is not None:
            return _iso_seconds(match)
        number = number_of_text(datum)
    elif isinstance(datum, (int, float)) and not isinstance(datum, bool):
        number = float(datum)
    else:
        return None
    if number is not None and number > _MILLISECONDS_FROM:
        return number / 1000.0
    return number


def _iso_seconds(match: re.Match[str]) -> float:
    year, month, day, hour, minute, second, fraction, utc, sign, offset_hours, offset_minutes = match.groups()
    whole_second = int(second or 0)
    # datetime knows no leap second; the last second of a minute plus one is the same instant for a datalogger.
    leap = 1 if whole_second == 60 else 0
    zone = None
    if utc:
        zone = timezone.utc
    elif sign:
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes or 0))
        zone = timezone(-offset if sign == "-" else offset)
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), whole_second - leap, tzinfo=zone)
    return moment.timestamp() + leap + (float(f"0.{fraction}") if fraction else 0.0)


def _bad_time(datum: object) -> DecodeError:
    shown = repr(datum) if isinstance(datum, (bool, float)) or datum is None else excerpt(datum)
    if isinstance(datum, int) and not isinstance(datum, bool):
        shown = f"{datum:d}" if abs(datum) < 10**30 else "a huge number"
    return DecodeError(
        "bad_time", f"the time is {shown}: expected epoch seconds, epoch milliseconds or ISO 8601 text between 1980 and 2099"
    )
