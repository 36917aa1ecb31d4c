"""Times of requests: AT-style (`-4h`, `end-1w`, `20240101`), read by librrd, and ISO 8601; bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import rrdtool

from ...core.errors import BadRequestError

MAX_SPAN_S = 100 * 366 * 86400
_LATEST = 2**32 - 1
_TIME = re.compile(r"[A-Za-z0-9+-][A-Za-z0-9 +\-:./,_]{0,63}", re.ASCII)
_MANY_DIGITS = re.compile(r"[0-9]{11}", re.ASCII)
# A space in the place of the plus is what a query makes of a plus that is not written as %2B.
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,][0-9]{1,9})?(Z|[+\- ][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_OLDEST = 10 * 365 * 86400  # where librrd's time begins: about the year 1980


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: start and end in whole seconds since the epoch UTC, start before end."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.end - self.start


def check_time(parameter: str, text: str) -> str:
    """Check that a text can be a time, and return it as librrd takes it.

    Args:
        parameter: where it stands, for the refusal.
        text: an AT-style time, or a date or time of ISO 8601, of which librrd gets the whole seconds since the epoch. Without
            a zone it is in that of the server, as librrd takes the AT-style ones.

    Raises:
        BadRequestError: it has a character or a number that no such time has.
    """
    iso = _ISO.fullmatch(text)
    if iso is not None:
        return _read_iso(parameter, text, iso)
    if _TIME.fullmatch(text) is None or _MANY_DIGITS.search(text):
        raise BadRequestError(parameter, f"{parameter} is {text[:64]!r}: {_EXPECTED}")
    return text


def _read_iso(parameter: str, text: str, parts: re.Match[str]) -> str:
    day, time_of_day, zone = parts[1], parts[2] or "00:00", (parts[3] or "").upper()
    offset = "+00:00" if zone == "Z" else zone.replace(" ", "+")
    try:
        seconds = int(datetime.fromisoformat(f"{day}T{time_of_day}{offset[:3]}{':' if offset else ''}{offset[-2:]}").timestamp())
    except (ValueError, OverflowError, OSError) as error:
        raise BadRequestError(parameter, f"{parameter} is {text[:64]!r}: {error}; {_EXPECTED}") from None
    if not _OLDEST <= seconds <= _LATEST:
        raise BadRequestError(parameter, f"{parameter} is {text[:64]!r}: expected a time between the years 1980 and 2106.")
    return str(seconds)


def resolve(start: str, end: str) -> Span:
    """Let librrd read a start and an end; `now` is the machine's clock.

    The caller sees to it that no two threads are in librrd's graph functions at once.

    Raises:
        BadRequestError: one of them is no time, or the span is empty, too long or too far away.
    """
    arguments = ["--start=" + check_time("start", start), "--end=" + check_time("end", end)]
    try:
        # The smallest picture there is: librrd answers what it has read the times as.
        answer = rrdtool.graphv(
            "-", *arguments, "--only-graph", "--width=10", "--height=10", "--x-grid=none", "--y-grid=none", "HRULE:0#000000"
        )
    except rrdtool.OperationalError as error:
        parameter = "end" if str(error).startswith("end time") else "start"
        value = end if parameter == "end" else start
        raise BadRequestError(parameter, f"{parameter} is {value!r}: {error}; {_EXPECTED}") from None
    span = Span(int(answer["graph_start"]), int(answer["graph_end"]))
    if span.seconds < 1:
        raise BadRequestError("start", f"start is {start!r}, which is not before end, {end!r}.")
    if span.end > _LATEST:
        raise BadRequestError("end", f"end is {end!r}, which is too far in the future.")
    if span.seconds > MAX_SPAN_S:
        raise BadRequestError("start", f"start is {start!r}, more than 100 years before end.")
    return span


_EXPECTED = (
    "expected a time as rrdtool takes it, such as -4h, end-1w, 20240131 or 1700000000, "
    "or one of ISO 8601, such as 2024-01-31T12:00:00Z."
)
