"""From cached samples to the updates that an RRD file takes: sorted, held, one per second or one row per step."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from operator import sub

from .rrdfile import Point

Sample = tuple[float, float]
"""(seconds since the epoch UTC, number; NaN: unknown)."""

Update = tuple[int, float]
"""Of a file with one data source: (seconds since the epoch UTC, number; NaN: unknown)."""

HELD_TYPES = ("GAUGE",)
COUNTING_TYPES = ("COUNTER", "DERIVE")


def series_updates(
    times: Sequence[float], values: Sequence[float], previous: Update | None, ds_type: str, step: int, hold: float
) -> list[Update]:
    """Updates of a file with one data source.

    RRD paints the time between two updates with the newer number; a sensor that publishes on change means the older
    one. So a GAUGE's number is written once more just before the next sample when that comes later than a step, up to
    `hold` seconds after it; what is later is unknown.

    Args:
        times: in the order of arrival, seconds since the epoch UTC.
        values: a number for each of them.
        previous: the last update made before, or None.
        ds_type: GAUGE, COUNTER, DERIVE or ABSOLUTE.
        step: seconds between two primary data points.
        hold: seconds that a number stands.

    Returns:
        The updates in the order of time, one per second: the last that came, or the sum for ABSOLUTE.
    """
    seconds = list(map(math.floor, times))
    gaps = set(map(sub, seconds[1:], seconds))
    if min(gaps, default=1) > 0:
        updates = list(zip(seconds, values, strict=True))
    else:
        updates = _one_per_second(seconds, values, ds_type)
        gaps = {step + 1}
    if ds_type not in HELD_TYPES or hold <= 0:
        return updates
    if previous is not None:
        gaps.add(seconds[0] - previous[0] if updates else 0)
    if max(gaps, default=0) <= step:
        return updates  # so it is wherever a sensor reports in time: nothing stands for longer than a step
    return _held(updates, previous, step, int(hold))


def _one_per_second(seconds: Sequence[int], values: Sequence[float], ds_type: str) -> list[Update]:
    """Order samples by time and leave one per second: the last one that came, or the sum for ABSOLUTE."""
    if ds_type != "ABSOLUTE":
        return sorted(dict(zip(seconds, values, strict=True)).items())
    sums: dict[int, float] = {}
    for second, value in zip(seconds, values, strict=True):
        sums[second] = sums[second] + value if second in sums else value
    return sorted(sums.items())


def _held(updates: Sequence[Update], previous: Update | None, step: int, hold: int) -> list[Update]:
    """Updates with each number written once more before the next one, where that comes later than a step."""
    before, number = updates[0] if previous is None else previous
    every: list[Update] = []
    for second, value in updates:
        if second - before > step:
            last_held = min(second - 1, before + hold)
            if number == number and last_held > before:
                every.append((last_held, number))
            if last_held < second - 1:
                every.append((second - 1, math.nan))
        every.append((second, value))
        before, number = second, value
    return every


class RowMaker:
    """Makes the rows of a file with several data sources: one per step, each with the last numbers before it.

    Args:
        ds_types: type of each data source.
        step: seconds between two rows; rows stand at its multiples.
        hold: seconds that a GAUGE's number stands.

    Attributes:
        row_time: time of the last row made, or None.
        last: the last sample of each data source that went into a row, or None.
        ready: the rows that are made and not yet written.
    """

    def __init__(self, ds_types: Sequence[str], step: int, hold: float) -> None:
        self.ds_types = tuple(ds_types)
        self.step = step
        self.hold = max(hold, 2.0 * step)
        self.patience = 2.0 * step
        self.row_time: int | None = None
        self.last: list[Sample | None] = [None] * len(self.ds_types)
        self.ready: list[Point] = []
        self._unknown = True

    def boundary(self, time_s: float) -> int:
        """Time of the row that a sample belongs to."""
        return math.ceil(time_s / self.step) * self.step

    def start_after(self, time_s: int) -> None:
        """Make no row at or before a time: they are in the file."""
        begun = math.floor(time_s / self.step) * self.step
        if self.row_time is None or begun > self.row_time:
            self.row_time = begun

    def learn(self, column: int, sample: Sample) -> None:
        """Take a sample that went into a row already as the last one of its data source."""
        before = self.last[column]
        if before is None or sample[0] > before[0]:
            self.last[column] = sample

    def make(self, pending: Sequence[list[Sample]], until: float) -> list[Point]:
        """Make the rows up to a time and take the samples they used out of `pending`.

        A counter's number at a row's time is interpolated between the samples around it, so that its rate is right also
        when it is polled off the beat. The row waits for the later sample for up to two steps after the earlier one, the
        heartbeat of the file; when none comes by then, the counter is taken as it stood, or as unknown where it said
        nothing in the row's time.

        Args:
            pending: samples of each data source, in the order of time; what is used is removed.
            until: rows later than this are not made, seconds since the epoch UTC.
        """
        rows: list[Point] = []
        end = math.floor(until / self.step) * self.step
        if self.row_time is None:
            first = min((samples[0][0] for samples in pending if samples), default=None)
            if first is None:
                return rows
            self.row_time = self.boundary(first) - self.step
        boundary = self.row_time + self.step
        while boundary <= end:
            if self._unknown and not self._held(boundary):
                following = min((samples[0][0] for samples in pending if samples), default=None)
                if following is None:
                    break  # nothing known and nothing new: rows begin again with the next sample
                boundary = max(boundary, self.boundary(following))
                if boundary > end:
                    break
            numbers = self._row(pending, boundary, until)
            if numbers is None:
                break
            unknown = all(number != number for number in numbers)
            if not (unknown and self._unknown):
                rows.append((boundary, tuple(numbers)))
            self._unknown = unknown
            self.row_time = boundary
            boundary += self.step
        return rows

    def _held(self, boundary: int) -> bool:
        return any(
            last is not None and ds_type in HELD_TYPES and boundary - last[0] <= self.hold
            for last, ds_type in zip(self.last, self.ds_types, strict=True)
        )

    def _row(self, pending: Sequence[list[Sample]], boundary: int, until: float) -> list[float] | None:
        """The numbers of one row, or None when a counter's next sample must be waited for."""
        counts = [bisect_right(samples, (boundary, math.inf)) for samples in pending]
        if any(self._must_wait(column, pending[column], counts[column], boundary, until) for column in range(len(counts))):
            return None
        numbers = []
        for column, count in enumerate(counts):
            samples = pending[column]
            numbers.append(self._number(column, samples[:count], samples[count] if count < len(samples) else None, boundary))
            if count:
                self.last[column] = samples[count - 1]
                del samples[:count]
        return numbers

    def _number(self, column: int, taken: list[Sample], following: Sample | None, boundary: int) -> float:
        """A data source's number in a row, from the samples in the row's time and the next one after it."""
        ds_type = self.ds_types[column]
        before = taken[-1] if taken else self.last[column]
        if before is None:
            return math.nan
        if ds_type == "ABSOLUTE":
            return _total(taken) if taken or boundary - before[0] <= self.hold else math.nan
        if ds_type in COUNTING_TYPES and following is not None and following[0] - before[0] <= self.patience:
            return _between(before, following, boundary)
        if taken or (ds_type in HELD_TYPES and boundary - before[0] <= self.hold):
            return before[1]
        return math.nan

    def _must_wait(self, column: int, samples: list[Sample], count: int, boundary: int, until: float) -> bool:
        if self.ds_types[column] not in COUNTING_TYPES or count < len(samples):
            return False
        before = samples[count - 1] if count else self.last[column]
        if before is None or before[1] != before[1] or before[0] == boundary:
            return False
        return until - before[0] <= self.patience


def _total(samples: Sequence[Sample]) -> float:
    """Sum of what was counted; unknown where it is too large for a number."""
    total = sum(value for _, value in samples)
    return total if math.isfinite(total) else math.nan


def _between(before: Sample, after: Sample, time_s: float) -> float:
    """Number of a counter at a time between two samples; across a reset, as it stood before."""
    (start, low), (end, high) = before, after
    if not high >= low or end <= start:
        return low
    return low + (high - low) * (time_s - start) / (end - start)


def without_resets(points: Sequence[Point], previous: Sequence[float], counters: Sequence[bool]) -> list[Point]:
    """Rows in which a counter that was set back is unknown.

    A file takes a COUNTER that falls to have wrapped at 32 or 64 bits, which makes a rate of gigabytes of a meter that was
    replaced. It has wrapped where that is less than half the way round; else it was set back, and begins anew.

    Args:
        points: in the order of time.
        previous: the number of each data source in the row before; NaN where it is unknown.
        counters: for each data source, whether it is a COUNTER.
    """
    if not any(counters):
        return list(points)
    before, found = list(previous), []
    for second, numbers in points:
        row = tuple(
            math.nan if counter and _was_reset(low, high) else high
            for low, high, counter in zip(before, numbers, counters, strict=True)
        )
        found.append((second, row))
        before = list(row)
    return found


def _was_reset(low: float, high: float) -> bool:
    if not 0 <= high < low:
        return False
    around = 2.0**32 if low < 2.0**32 else 2.0**64
    return high - low + around >= around / 2
