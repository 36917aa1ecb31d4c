"""Graphs of a series, drawn by librrd in memory: from checked parameters to the bytes of a picture."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from dataclasses import astuple, dataclass

import rrdtool

from ..core.contracts import SeriesInfo
from ..core.errors import BadRequestError, StoreError
from .escape import clean
from .graphargs import NO_NUMBERS, GraphArguments
from .graphquery import GraphQuery
from .rrdshape import read_shape
from .theme import make_themes
from .timespan import Span, resolve

FORMATS = {"png": "image/png", "svg": "image/svg+xml"}
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
    """Draws graphs, one at a time: librrd's fonts and locale are shared by all threads of a process.

    Args:
        clock: seconds since the epoch UTC.

    Attributes:
        drawn: pictures drawn so far.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._themes = make_themes()
        self.drawn = 0

    def resolve(self, start: str, end: str) -> Span:
        """Read AT-style times. Raises BadRequestError."""
        with self._lock:
            return resolve(start, end)

    def picture(self, info: SeriesInfo, query: GraphQuery, has_copy: Callable[[str], bool] = lambda _: False) -> Picture:
        """Draw a series that has been flushed.

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
        etag, empty = self._etag(info, query, span, pixel_s)
        max_age = self._max_age(span, pixel_s, empty)
        content = None
        if not has_copy(etag):
            self.drawn += 1
            content = self._draw_empty(info, query, span) if empty else self._draw(info, query, span)
        return Picture(content, FORMATS[query.format], etag, max_age, empty)

    def _etag(self, info: SeriesInfo, query: GraphQuery, span: Span, pixel_s: float) -> tuple[str, bool]:
        try:
            stat = info.path.stat()
        except FileNotFoundError:
            version: object = None
        except OSError as error:
            raise StoreError(f"The RRD file of {info.name} cannot be read: {error.strerror}.") from error
        else:
            version = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        shown = [(column.name, column.label, column.units, column.ds_type) for column in info.columns]
        times = (int(span.start // pixel_s), int(span.end // pixel_s))
        everything = repr((info.name, info.label, shown, astuple(query), times, version))
        return hashlib.sha256(everything.encode("utf-8", "backslashreplace")).hexdigest()[:32], version is None

    def _max_age(self, span: Span, pixel_s: float, empty: bool) -> int:
        if empty:
            return _MIN_AGE_S
        past = self._clock() - span.end > 2 * pixel_s + 60
        return _MAX_AGE_S if past else int(min(max(pixel_s, _MIN_AGE_S), _MAX_AGE_S))

    def _draw_empty(self, info: SeriesInfo, query: GraphQuery, span: Span) -> bytes:
        arguments = GraphArguments(query, span, self._themes[query.theme])
        image, _ = self._run([*arguments.frame(info), "HRULE:0#00000000", "COMMENT:legend=no data yet\\c"])
        return image

    def _draw(self, info: SeriesInfo, query: GraphQuery, span: Span) -> bytes:
        shape = read_shape(info.path)
        if not shape.has(query.cf):
            have = ", ".join(sorted({archive.cf for archive in shape.archives}))
            raise BadRequestError("cf", f"cf is {query.cf}, which {info.name} does not keep: expected one of {have}.")
        arguments = GraphArguments(query, span, self._themes[query.theme])
        image, numbers = self._run(arguments.build(info, shape, NO_NUMBERS))
        unknown = frozenset(index for index, number in enumerate(numbers) if not _is_number(number))
        if unknown and query.legend:
            # rrdtool prints `-nan` where there is no number; a second picture has a dash there.
            image, _ = self._run(arguments.build(info, shape, unknown))
        return image

    def _run(self, arguments: list[str]) -> tuple[bytes, list[str]]:
        """Draw, and return the picture with the numbers of its PRINT lines."""
        with self._lock:
            try:
                answer = rrdtool.graphv("-", *arguments)
            except rrdtool.OperationalError as error:
                raise StoreError(f"The graph cannot be drawn: {clean(str(error))}.") from error
        printed: list[str] = []
        while (key := f"print[{len(printed)}]") in answer:
            printed.append(str(answer[key]))
        return bytes(answer["image"]), printed


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
