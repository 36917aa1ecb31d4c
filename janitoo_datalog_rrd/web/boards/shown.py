"""Boards as the pages show them: each tile with what is known of its series now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import orjson

from ...core.contracts import Column, SeriesInfo
from ..view import AT_SPANS, SPANS
from .board import Board, Tile, TileSeries

Known = dict[str, SeriesInfo]
"""Series of the store by name; those of a board, at the least."""
_COLUMN, _ROW, _HEAD = 325, 182, 68
"""Pixels of a column and a row of a board, and of what a tile has around its picture."""
_AXES, _SCALE, _LEGEND = 100, 42, 15
"""Pixels of what a drawn graph has around its plot: beside it, below it, and of each line of the legend."""


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """A series of a tile, with the columns that it shows.

    Attributes:
        wanted: what the tile asks for.
        info: the series; None where there is none of that name.
        columns: of it; empty where they are not there.
        ready: whether the store is up, so that what is not there is gone.
    """

    wanted: TileSeries
    info: SeriesInfo | None
    columns: tuple[Column, ...]
    ready: bool = True

    @property
    def missing(self) -> str:
        """What is not there (any more), or empty."""
        if not self.ready:
            return "The store is not up yet: load this page anew in a moment."
        if self.info is None:
            return f"There is no series {self.wanted.name} any more."
        return "" if self.columns else f"{self.wanted.name} has no column {self.wanted.column} any more."

    def label(self, column: Column | None = None) -> str:
        """What people call it, or one of its columns."""
        if self.info is None:
            return self.wanted.name
        if column is None and len(self.columns) == 1:
            column = self.columns[0]
        return (column.label if column is not None else "") or self.info.label or self.info.name


@dataclass(frozen=True, slots=True)
class ShownTile:
    """A tile, with what is known of its series."""

    tile: Tile
    series: tuple[ShownSeries, ...]

    @property
    def title(self) -> str:
        """What stands above it."""
        if self.tile.title:
            return self.tile.title
        more = len(self.series) - 1
        return self.series[0].label() + (f" and {more} more" if more else "")

    @property
    def json(self) -> str:
        """The tile as its script reads it."""
        return orjson.dumps(asdict(self.tile)).decode()

    @property
    def readings(self) -> list[tuple[ShownSeries, Column]]:
        """Its numbers."""
        return [(each, column) for each in self.series for column in each.columns]

    @property
    def missing(self) -> list[str]:
        """What is not there (any more)."""
        return list(dict.fromkeys(each.missing for each in self.series if each.missing))

    @property
    def graph_size(self) -> tuple[int, int]:
        """Width and height of the plots of its drawn graphs, in pixels, so that they fill it on a desktop's window."""
        graphs = [each for each in self.series if each.columns]
        lines = max((len(each.info.columns) for each in graphs if each.info is not None), default=1)
        room = self.tile.height * _ROW - _HEAD
        return self.tile.width * _COLUMN - _AXES, max(room // max(len(graphs), 1) - _LEGEND * (lines + 1) - _SCALE, 60)

    @property
    def known(self) -> str:
        """Names of its series that are there, with spaces between them."""
        return " ".join(dict.fromkeys(each.wanted.name for each in self.series if each.columns))

    @property
    def words(self) -> str:
        """Its span in words."""
        return SPANS[self.tile.span]

    @property
    def at(self) -> str:
        """Where its span begins, as rrdtool takes it."""
        return AT_SPANS[self.tile.span]


def show(board: Board, known: Known | None) -> list[ShownTile]:
    """The tiles of a board with what is known of their series; None says that the store is not up."""
    return [ShownTile(tile, tuple(_show_series(tile, known or {}, known is not None))) for tile in board.tiles]


def _show_series(tile: Tile, known: Known, ready: bool) -> Iterator[ShownSeries]:
    for each in tile.series:
        info = known.get(each.name)
        columns = () if info is None else tuple(one for one in info.columns if each.column in ("", one.name))
        yield ShownSeries(each, info, columns, ready)
