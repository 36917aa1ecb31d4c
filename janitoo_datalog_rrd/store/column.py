"""One data source in memory, with its cached samples."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.contracts import NO_META, Key, Meta
from .points import Sample
from .taken import split

if TYPE_CHECKING:
    from .series import Series

LARGEST = 1e300
"""Largest number that is taken: librrd multiplies it by the seconds it stands for."""
_WHOLE_LIMITS = {"COUNTER": (0.0, 2.0**64), "DERIVE": (-(2.0**63), 2.0**63)}
_NONE = array("d")  # stands for the values of a column that has none


class ColumnState:
    """A data source with its cached samples.

    Attributes:
        series: the series it is part of.
        number: number of the data source in the journal; no two columns have one at the same time.
        name: name of the data source in the file.
        key: whose samples go here; empty when it is not known yet.
        label, units: text for people.
        ds_type: GAUGE, COUNTER, DERIVE or ABSOLUTE.
        times, values: the cached samples in the order of arrival.
        last_time, last_value: the last sample accepted; minus infinity and None while there was none.
        segment: the journal's segment that has its definition, 0 for none.
        own_time: True when its messages bring their own time, None while that is not known.
        meta: what was last taken over of what messages say of it.
        uid: who the value is whatever its key; empty where nobody says.
    """

    __slots__ = (
        "_previous_second",
        "_previous_value",
        "ds_type",
        "key",
        "label",
        "last_time",
        "last_value",
        "meta",
        "name",
        "number",
        "own_time",
        "segment",
        "series",
        "times",
        "uid",
        "units",
        "values",
    )

    def __init__(self, series: Series, number: int, name: str, key: Key, label: str, units: str, ds_type: str) -> None:
        self.series = series
        self.number = number
        self.name = name
        self.key = key
        self.label = label
        self.units = units
        self.ds_type = ds_type
        self.times: array[float] | None = None
        self.values: array[float] = _NONE
        self.last_time = -math.inf
        self.last_value: float | None = None
        self.segment = 0
        self._previous_second: int | None = None
        self._previous_value = math.nan
        self.own_time: bool | None = None
        self.meta: Meta = NO_META
        self.uid = ""

    @property
    def known_time(self) -> float | None:
        """Time of the last sample accepted, seconds since the epoch UTC, or None."""
        return None if self.last_time == -math.inf else self.last_time

    @property
    def previous(self) -> tuple[int, float] | None:
        """The last sample written, for `hold`: seconds since the epoch UTC, and the number."""
        return None if self._previous_second is None else (self._previous_second, self._previous_value)

    @previous.setter
    def previous(self, sample: tuple[int, float] | None) -> None:
        self._previous_second, self._previous_value = sample or (None, math.nan)

    def takes(self, value: float) -> bool:
        """Tell whether the file can hold a number: one that librrd refuses would stay in the cache for ever."""
        if value != value:
            return True
        if self.series.configured and self.ds_type in _WHOLE_LIMITS:
            low, high = _WHOLE_LIMITS[self.ds_type]
            return low <= value < high
        return -LARGEST <= value <= LARGEST

    def begin(self) -> array[float]:
        """Make room for samples where none is cached, and return that of their times."""
        self.times, self.values = array("d"), array("d")
        return self.times

    def samples(self) -> list[Sample]:
        """The cached samples, in the order of arrival."""
        if self.times is None:
            return []
        return list(zip(self.times, self.values, strict=True))

    def replace(self, samples: Sequence[Sample]) -> None:
        """Put other samples in the cache's place."""
        if samples:
            self.times = array("d", [time_s for time_s, _ in samples])
            self.values = array("d", [value for _, value in samples])
        else:
            self.times, self.values = None, _NONE

    def cut(self, before: float) -> tuple[array[float], array[float], float]:
        """Take the samples older than a time out of the cache; see `taken.split`."""
        if self.times is None:
            return _NONE, _NONE, 0.0
        old, left, latest = split(self.times, self.values, before)
        self.times, self.values = left if left[0] else (None, _NONE)
        return *old, latest

    def put_back(self, times: array[float], values: array[float]) -> None:
        """Put what was cut out back before what came meanwhile."""
        if times:
            self.times, self.values = times + (self.times or _NONE), values + self.values

    def __len__(self) -> int:
        return 0 if self.times is None else len(self.times)
