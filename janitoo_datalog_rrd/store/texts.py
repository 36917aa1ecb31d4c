"""The text of updates, as `rrdtool update` takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import orjson

from .points import Update
from .rrdfile import Point


def update_texts(updates: Sequence[Update]) -> list[str]:
    """Updates of a file with one data source that takes fractions, as `rrdtool update` takes them.

    One call writes all the numbers, several times faster than one by one.

    Args:
        updates: (seconds since the epoch UTC, number; NaN: unknown), in the order of time.
    """
    if not updates:
        return []
    text = orjson.dumps(updates)[2:-2].decode()  # [[1700000000,1.5],[1700000010,null]] without the ends
    return text.replace(",", ":").replace("null", "U").split("]:[")


def row_texts(points: Iterable[Point], integers: Sequence[bool]) -> list[str]:
    """Rows of a file with several data sources, as `rrdtool update` takes them.

    Args:
        points: in the order of time.
        integers: for each data source, whether the file takes whole numbers only (COUNTER, DERIVE).
    """
    return [
        f"{second}:{':'.join([_text(number, whole) for number, whole in zip(numbers, integers, strict=True)])}"
        for second, numbers in points
    ]


def _text(number: float, whole: bool) -> str:
    if not math.isfinite(number):
        return "U"
    return str(math.floor(number)) if whole else repr(number)
