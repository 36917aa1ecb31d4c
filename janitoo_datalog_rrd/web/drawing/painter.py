"""Draws a picture by librrd in memory: from a checked query and the RRD file to the bytes."""

from __future__ import annotations

import math

import rrdtool

from ...core.contracts import SeriesInfo
from ...core.errors import BadRequestError, StoreError
from ..escape import clean
from .graphargs import NO_NUMBERS, GraphArguments
from .graphquery import GraphQuery
from .rrdshape import read_shape
from .theme import make_themes
from .timespan import Span


def paint(info: SeriesInfo, query: GraphQuery, span: Span) -> bytes:
    """Draw a series; where it has no file yet the picture says so.

    The caller sees to it that no two threads of a process are in librrd's graph functions at once: they share its fonts.

    Args:
        info: the series.
        query: what is to be drawn.
        span: its start and end.

    Raises:
        BadRequestError: a parameter cannot be used with this series.
        StoreError: the file cannot be read, or librrd cannot draw it.
    """
    arguments = GraphArguments(query, span, make_themes()[query.theme])
    if not info.path.exists():
        return _run([*arguments.frame(info), "HRULE:0#00000000", "COMMENT:legend=no data yet\\c"])[0]
    shape = read_shape(info.path)
    if not shape.has(query.cf):
        have = ", ".join(sorted({archive.cf for archive in shape.archives}))
        raise BadRequestError("cf", f"cf is {query.cf}, which {info.name} does not keep: expected one of {have}.")
    image, numbers = _run(arguments.build(info, shape, NO_NUMBERS))
    unknown = frozenset(index for index, number in enumerate(numbers) if not _is_number(number))
    if unknown and query.legend:
        # rrdtool prints `-nan` where there is no number; a second picture has a dash there.
        image, _ = _run(arguments.build(info, shape, unknown))
    return image


def _run(arguments: list[str]) -> tuple[bytes, list[str]]:
    """Draw, and return the picture with the numbers of its PRINT lines."""
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
