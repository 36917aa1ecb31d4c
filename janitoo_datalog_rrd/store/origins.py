"""Origins: what the samples of the journal are of, by the definitions in each segment and by what series are called now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..core.contracts import Key
from . import catalogue, safepickle
from .cache import Cache
from .column import ColumnState

_INTEGER, _FLOAT = {int}, {float}


class Origin(NamedTuple):
    """What a sample is of; the same object for all samples of a column as long as nothing of it changes.

    Attributes:
        series: name of the series.
        column: name of its data source.
        key: whose values go there; empty where that is not known.
        node: what the series belongs to: a HADD, a device, a topic.
        units: text for people; may be empty.
        label: text for people; may hold any character.
    """

    series: str
    column: str
    key: Key
    node: str
    units: str
    label: str


class Definition(NamedTuple):
    """What the journal says of a column; `words` as `catalogue.define` makes them."""

    series: str
    column: str
    configured: bool
    words: tuple[Any, ...]


class Content(NamedTuple):
    """What is in a frame of the journal: what numbers of columns mean from here on, and samples."""

    definitions: list[tuple[int, Definition]]
    numbers: list[int]
    times: list[float]
    values: list[float]


def take_in(data: Any) -> Content:
    """What is in a frame of the journal; see `Intake` for its form. Raises safepickle.UNREADABLE."""
    definitions, numbers, times, values = data
    if not {*map(type, numbers)} <= _INTEGER or not {*map(type, times), *map(type, values)} <= _FLOAT:
        raise ValueError("it has something else than numbers")
    if not len(numbers) == len(times) == len(values):
        raise ValueError("it has not a time and a number for each sample")
    return Content([_definition(*each) for each in definitions], numbers, times, values)


def _definition(number: Any, series: Any, column: Any, configured: Any, words: Any) -> tuple[int, Definition]:
    if type(number) is not int or not isinstance(series, str) or not isinstance(column, str):
        raise ValueError("it has no proper definition of a column")
    return number, Definition(series, column, bool(configured), words)


class Origins:
    """What the numbers of columns stand for in one segment.

    Args:
        cache: knows what series are called now. Its lock is not taken: what is looked at is looked at in one step.
        on_unknown: called with a sentence where nobody knows.

    Attributes:
        known: number → origin; None for what is hidden, and for what nobody knows.
    """

    def __init__(self, cache: Cache, on_unknown: Callable[[str], None]) -> None:
        self.known: dict[int, Origin | None] = {}
        self._cache = cache
        self._on_unknown = on_unknown
        self._definitions: dict[int, Definition] = {}
        self._described = cache.described

    def clear(self) -> None:
        """Forget what the numbers meant: another segment begins."""
        self.known.clear()
        self._definitions.clear()

    def define(self, definitions: Iterable[tuple[int, Definition]]) -> None:
        """Take over what numbers mean from here on in the segment."""
        for number, definition in definitions:
            self._definitions[number] = definition
            self.known.pop(number, None)

    def refresh(self) -> None:
        """Look anew at what series are called where any of them is called otherwise by now."""
        if self._described != self._cache.described:
            self._described = self._cache.described
            self.known.clear()

    def learn(self, numbers: Iterable[int]) -> None:
        """Have all these numbers in `known`."""
        known = self.known
        for number in {*numbers}.difference(known):
            known[number] = self._look_up(number)

    def _look_up(self, number: int) -> Origin | None:
        definition = self._definitions.get(number)
        if definition is None:
            column = self._cache.column_numbered(number)  # most numbers are made of the column's name
            if column is None:
                self._on_unknown(f"it has samples of column {number}, whose definition is lost")
                return None
            return _describe(column, column.key)
        try:
            said = catalogue.restore(definition.words)
        except safepickle.UNREADABLE:
            said = catalogue.record((), definition.series, "", "GAUGE", "")
        key = tuple(said["key"])
        series = self._cache.series.get(definition.series)
        for column in () if series is None else series.columns:
            if column.name == definition.column:
                return _describe(column, key or column.key)
        return Origin(definition.series, definition.column, key, said["node"], said["units"], said["label"])


def _describe(column: ColumnState, key: Key) -> Origin | None:
    """A column as readers are told of it; None for one that the ini hides."""
    series = column.series
    if series.is_hidden:
        return None
    label, units = (series.schema.label, series.schema.units) if not series.configured else ("", "")
    return Origin(series.name, column.name, key, series.node, units or column.units, label or column.label)
