"""The arguments with which librrd draws a series; every text in them is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ...core.contracts import Column, SeriesInfo
from ...core.units import LARGE, SMALL
from ..escape import clean, legend_text, pad, path_in_def
from ..rates import stored
from .graphquery import GraphQuery
from .rrdshape import RrdShape
from .theme import Theme
from .timespan import Span

DASH = "\N{EN DASH}"
NO_NUMBERS: frozenset[int] = frozenset()
_NARROW_PX = 390
_PLAIN_BELOW = 10_000.0
_PLAIN_FROM = 0.01
_LEGEND_DIGITS = 8
_TICK_DIGITS = 7  # librrd's steps are 32-bit floats: more would tell of 0.200000003
_METER_TICK_DIGITS = 10  # of large numbers, whose steps are whole
_STATISTICS = (("min", "MINIMUM"), ("avg", "AVERAGE"), ("max", "MAXIMUM"), ("last", "LAST"))


class GraphArguments:
    """Builds the arguments of one graph.

    Args:
        query: what is to be drawn.
        span: its start and end.
        theme: its colours.
    """

    def __init__(self, query: GraphQuery, span: Span, theme: Theme) -> None:
        self._query = query
        self._span = span
        self._theme = theme

    def frame(self, info: SeriesInfo) -> list[str]:
        """Everything but the data: size, times, colours, fonts, title and units."""
        query = self._query
        arguments = [
            f"--start={self._span.start}",
            f"--end={self._span.end}",
            f"--width={query.width}",
            f"--height={query.height}",
            f"--imgformat={query.format.upper()}",
            "--slope-mode",
            "--border=0",
            "--disable-rrdtool-tag",
            "--dynamic-labels",
            "--font=DEFAULT:7.5:sans",
            "--font=LEGEND:8:monospace",
            "--font=TITLE:10:sans Bold",
        ]
        arguments += [f"--color={element}#{colour}" for element, colour in self._theme.frame.items()]
        if query.title:
            arguments.append("--title=" + clean(info.label or info.name, max(query.width // 7, 8)))
        units = common_units(info.columns)
        if units:
            arguments.append("--vertical-label=" + clean(units, max(query.height // 7, 4)))
        if is_plain(info.columns):
            large = any(abs(column.last_value or 0.0) >= _PLAIN_BELOW for column in info.columns)
            digits = _METER_TICK_DIGITS if large else _TICK_DIGITS
            arguments += ["--units-exponent=0", f"--left-axis-format=%.{digits}lg"]
        if not query.legend:
            arguments.append("--no-legend")
        return arguments

    def build(self, info: SeriesInfo, shape: RrdShape, unknown: Iterable[int]) -> list[str]:
        """Everything.

        Args:
            info: the series.
            shape: what its file holds; columns that are not in it yet are left out.
            unknown: numbers of the legend that have no value, counted from 0, four per column.
        """
        columns = [column for column in info.columns if column.name in shape.columns]
        arguments = self.frame(info)
        for index, column in enumerate(columns):
            arguments += self._definitions(index, column, info, shape)
        if len(columns) == 1:
            arguments.append(f"AREA:d0#{self._theme.line(0)}26")
        return arguments + self._legend(columns, frozenset(unknown))

    def _legend(self, columns: list[Column], unknown: frozenset[int]) -> list[str]:
        """Lines of the plot with their labels and numbers.

        Several columns make a table, with the labels above the numbers in a narrow picture. Where there is only one
        column its label is in the title already.
        """
        narrow = self._query.width < _NARROW_PX
        alone = len(columns) == 1
        if alone and not narrow:
            return [f"LINE1.5:d0#{self._theme.line(0)}", *self._numbers(0, columns, unknown, words=True)]
        room = self._label_chars(narrow)
        width = 0 if narrow else min(max((len(clean(each.label or each.name, room)) for each in columns), default=0), room)
        # Beside its text, the marker of a line takes four characters, and rrdtool puts two between two legends.
        indent = " " * (width + 4)
        heads = "".join(f"{word:>9}" for word, _ in _STATISTICS)
        arguments = [f"COMMENT:legend={heads[2:] if narrow else indent + heads}\\l"]
        for index, column in enumerate(columns):
            label = legend_text(column.label or column.name, room)
            # The space keeps a text from ending in what rrdtool takes for an alignment, and from being no text at all.
            legend = "" if alone else f":legend={pad(label, width)} " + ("\\l" if narrow else "")
            arguments.append(f"LINE1.5:d{index}#{self._theme.line(index)}{legend}")
            arguments += self._numbers(index, columns, unknown, words=False)
        return arguments

    def _numbers(self, index: int, columns: list[Column], unknown: frozenset[int], *, words: bool) -> list[str]:
        """The numbers of a column, with or without their words, to the end of the line."""
        plain = is_plain(columns)
        digits = 5 if all(_is_everyday(column) for column in columns) else _LEGEND_DIGITS
        number = (f"%.{digits}lg" if plain else "%.2lf%s") if words else (f"%7.{digits}lg" if plain else "%6.2lf%s")
        made = []
        for position, (word, _) in enumerate(_STATISTICS):
            lead = f"{word} " if words else ""
            end = "\\l" if position == len(_STATISTICS) - 1 else ""
            if index * len(_STATISTICS) + position in unknown:
                made.append(f"COMMENT:legend={lead}{DASH if words else f'{DASH:>7}'} {end}")
            else:
                made.append(f"GPRINT:v{index}{word}:{lead}{number}{end}")
        return made

    def _definitions(self, index: int, column: Column, info: SeriesInfo, shape: RrdShape) -> list[str]:
        """DEF and VDEF of a column, and PRINT of its numbers."""
        path = path_in_def(info.path)
        made = _define(f"d{index}", path, column, self._query.cf)
        sources = {}
        for word, cf in (("min", "MIN"), ("avg", "AVERAGE"), ("max", "MAX"), ("last", "LAST")):
            # The extremes of averages are no extremes, so the file's own are taken where it keeps them.
            sources[word] = f"d{index}"
            if cf != self._query.cf and cf in {archive.cf for archive in shape.archives}:
                sources[word] = f"d{index}{word}"
                made += _define(f"d{index}{word}", path, column, cf)
        for word, function in _STATISTICS:
            made.append(f"VDEF:v{index}{word}={sources[word]},{function}")
            made.append(f"PRINT:v{index}{word}:%lf")
        return made

    def _label_chars(self, narrow: bool) -> int:
        """Characters that a label may take in the legend, whose characters are about 6.7 pixels wide."""
        free = (self._query.width + 60) / 6.7 - (4 if narrow else 44)
        return min(max(int(free), 10), 40)


def common_units(columns: Iterable[Column]) -> str:
    """Units of the vertical axis: those of the columns, where they agree; counters are shown per second."""
    units = {stored(column).units for column in columns}
    return units.pop() if len(units) == 1 else ""


def _define(name: str, path: str, column: Column, cf: str) -> list[str]:
    """The definition of a line's numbers, in the units that they are shown in."""
    factor = stored(column).factor
    if factor == 1.0:
        return [f"DEF:{name}={path}:{column.name}:{cf}"]
    return [f"DEF:{name}s={path}:{column.name}:{cf}", f"CDEF:{name}={name}s,{factor:.15g},*"]


def is_plain(columns: Iterable[Column]) -> bool:
    """Tell whether numbers are best shown without k, M and m: units that go with none, and gauges of everyday size."""
    return all(_takes_no_prefix(column) or (column.ds_type == "GAUGE" and _is_everyday(column)) for column in columns)


def _takes_no_prefix(column: Column) -> bool:
    units = stored(column).units
    return units not in ("", "/s") and units not in LARGE


def _is_everyday(column: Column) -> bool:
    value = column.last_value
    if value is None:
        return False
    least = _PLAIN_FROM if stored(column).units in SMALL else 0.0
    return math.isnan(value) or not value or least <= abs(value) < _PLAIN_BELOW
