"""The numbers of metrics, as they are read from the store for one request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...core.contracts import CONSOLIDATIONS
from ...core.errors import BadRequestError, UnknownSeriesError
from ..drawing.rrdshape import read_shape
from ..room import Room
from ..view import number
from .lines import Line
from .tree import Leaf, Tree

MAX_SERIES = 1000
"""How many metrics one request may read; one that is read twice counts twice."""
MAX_POINTS = 1_000_000
"""How many numbers one request may read."""


@dataclass(slots=True)
class StoreSource:
    """Reads the store, as much as one request may; what was read is kept as long as the request.

    Args:
        here: where the store is.
    """

    here: Room
    _tree: Tree = field(init=False)
    _series: int = MAX_SERIES
    _points: int = MAX_POINTS
    _known: dict[tuple[str, str, int], Line | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tree = Tree(self.here, "target")

    def read(self, pattern: str, start: int, end: int) -> list[Line]:
        """The metrics that a pattern stands for, those that have a file, with their numbers of a time.

        Args:
            pattern: a path, with or without globs.
            start: numbers later than this, seconds since the epoch UTC.
            end: numbers up to this.

        Raises:
            BadRequestError: the pattern cannot be read, or it is too much for one request.
            StoreError: the store cannot be read.
        """
        leaves = self._tree.leaves(pattern)
        self._series -= len(leaves)
        if self._series < 0:
            raise BadRequestError("target", f"target stands for more than {MAX_SERIES} metrics: name fewer.")
        found = (self._read(leaf, start, end) for leaf in leaves)
        return [replace(line, path=pattern) for line in found if line is not None]

    def _read(self, leaf: Leaf, start: int, end: int) -> Line | None:
        key = (leaf.series, leaf.column, start)
        if key not in self._known:
            try:
                self._known[key] = self._fetch(leaf, start, end)
            except UnknownSeriesError:  # it went after its name was listed
                self._known[key] = None
        return self._known[key]

    def _fetch(self, leaf: Leaf, start: int, end: int) -> Line | None:
        """Rows of one column; each stands where its step begins, while RRD's own time is where it ends."""
        info = self.here.flushed_series(leaf.series)
        if not info.path.exists():
            return None
        shape = read_shape(info.path)
        cf = next((each for each in CONSOLIDATIONS if shape.has(each)), None)
        begin = max(start, shape.last_update - max((each.kept_s for each in shape.archives), default=0))
        # What lies ahead is unknown: no file has rows of it.
        end = min(end, max(int(self.here.services.clock()), shape.last_update) + shape.step)
        if cf is None or begin >= end:
            return None
        self._points -= shape.most_rows(cf, end - begin, shape.last_update - begin, shape.step)
        if self._points < 0:
            raise BadRequestError(
                "target", f"That would be more than {MAX_POINTS} numbers: ask for fewer metrics or a shorter time."
            )
        result = self.here.store.fetch(info.name, str(begin), str(end), cf)
        if leaf.column not in result.columns:
            return None
        at = result.columns.index(leaf.column)
        first = max((start - result.start) // result.step + 1, 0)  # the first row that begins later than the start
        last = (end - result.start) // result.step + 1
        values = [number(row[at]) for row in result.rows[first:last]]
        return Line(leaf.path, result.start + first * result.step, result.step, values, leaf.path, {"name": leaf.path})
