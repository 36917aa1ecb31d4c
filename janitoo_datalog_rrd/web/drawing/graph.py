"""Graphs of a series: which picture is asked for, whether the asker has it, and how long it stands."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import astuple, dataclass

from ...core.contracts import SeriesInfo
from ..fileversion import version_of
from .graphargs import is_plain
from .graphquery import GraphQuery
from .shelf import Shelf
from .timespan import Span, resolve

FORMATS = {"png": "image/png", "svg": "image/svg+xml"}
Painter = Callable[[SeriesInfo, GraphQuery, Span], bytes]
"""Draws a picture; see `painter.paint`."""
_MIN_AGE_S, _MAX_AGE_S = 1, 3600


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, or the news that the asker's own copy still stands.

    Attributes:
        content: its bytes; None when the copy still stands.
        media_type: for the Content-Type header.
        etag: changes with the file, the parameters and the time, as far as a pixel shows it.
        max_age: seconds for which it can be shown again without asking.
        empty: True when the series has no file yet and the picture only says so.
    """

    content: bytes | None
    media_type: str
    etag: str
    max_age: int
    empty: bool = False


class GraphRenderer:
    """Answers what a graph looks like now.

    Args:
        clock: seconds since the epoch UTC.
        paint: draws a picture; called by several threads at once.

    Attributes:
        drawn: pictures drawn so far.
    """

    def __init__(self, clock: Callable[[], float], paint: Painter) -> None:
        self._clock = clock
        self._paint = paint
        self._lock = threading.Lock()
        self._shelf = Shelf()
        self.drawn = 0

    def resolve(self, start: str, end: str) -> Span:
        """Read AT-style times. Raises BadRequestError."""
        with self._lock:
            return resolve(start, end)

    def picture(self, info: SeriesInfo, query: GraphQuery, has_copy: Callable[[str], bool] = lambda _: False) -> Picture:
        """The picture of a series that has been flushed.

        Args:
            info: the series.
            query: what is to be drawn.
            has_copy: tells whether the asker has the picture of an ETag; then nothing is drawn.

        Raises:
            BadRequestError: a parameter cannot be used with this series.
            StoreError: the file cannot be read.
        """
        span = self.resolve(query.start, query.end)
        pixel_s = max(span.seconds / query.width, 1.0)
        # Asked before the picture is drawn: a picture may be newer than its ETag says, never older.
        version = version_of(info.path)
        etag, empty = _etag(info, query, span, pixel_s, version), version is None
        content = None if has_copy(etag) else self._shelf.picture(etag, lambda: self._draw(info, query, span))
        return Picture(content, FORMATS[query.format], etag, self._max_age(span, pixel_s, empty), empty)

    def _draw(self, info: SeriesInfo, query: GraphQuery, span: Span) -> bytes:
        self.drawn += 1
        return self._paint(info, query, span)

    def _max_age(self, span: Span, pixel_s: float, empty: bool) -> int:
        if empty:
            return _MIN_AGE_S
        past = self._clock() - span.end > 2 * pixel_s + 60
        return _MAX_AGE_S if past else int(min(max(pixel_s, _MIN_AGE_S), _MAX_AGE_S))


def _etag(info: SeriesInfo, query: GraphQuery, span: Span, pixel_s: float, version: str | None) -> str:
    shown = [(column.name, column.label, column.units, column.ds_type) for column in info.columns]
    times = (int(span.start // pixel_s), int(span.end // pixel_s))
    everything = repr((info.name, info.label, shown, is_plain(info.columns), astuple(query), times, version))
    return hashlib.sha256(everything.encode("utf-8", "backslashreplace")).hexdigest()[:32]
