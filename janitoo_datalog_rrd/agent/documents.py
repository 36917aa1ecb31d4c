"""Readings as they are published: JSON of bounded size, with names that are safe in topics and files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Union

from ..core.metrics import MAX_NUMBERS
from ..nodes.indexes import safe_index

MAX_DEPTH = 8
_SAFE_MAX = 64
_KNOWN_MAX = 4096
_ENVELOPE = 200  # what stands around the metrics, about

Clean = dict[str, Union["Clean", float, int, None]]


class Cleaner:
    """Makes trees fit to be published: names of safe characters, numbers that are numbers, and bounded counts and depth."""

    def __init__(self) -> None:
        self._safe: dict[str, str] = {}

    def clean(self, tree: Mapping[str, Any]) -> Clean:
        """A copy of a component's tree; what is no number is None, and what is too much is left out."""
        return self._level(tree, 1, [MAX_NUMBERS])

    def _level(self, tree: Mapping[str, Any], depth: int, left: list[int]) -> Clean:
        found: Clean = {}
        for name, inner in tree.items():
            if isinstance(inner, Mapping):
                if depth < MAX_DEPTH:
                    found[self._name(name)] = self._level(inner, depth + 1, left)
            elif left[0] > 0:
                left[0] -= 1
                found[self._name(name)] = _number(inner)
        return found

    def _name(self, name: object) -> str:
        text = str(name)
        safe = self._safe.get(text)
        if safe is None:
            if len(self._safe) >= _KNOWN_MAX:
                self._safe.clear()  # names that come and go, such as processes
            safe = self._safe[text] = safe_index(text).replace(".", "_")[:_SAFE_MAX]
        return safe


def contents(metrics: Mapping[str, Clean], limit: int) -> Iterator[bytes]:
    """The metrics as JSON, in as many pieces as the longest message needs; each is a whole document.

    A single number that is too long by itself cannot be, with names of bounded length and depth.

    Args:
        metrics: numbers by component.
        limit: bytes of the longest message, with what stands around the metrics.
    """
    whole = _dump(metrics)
    if len(whole) + _ENVELOPE <= limit or len(metrics) == 0:
        yield whole
        return
    yield from (_dump(piece) for piece in _split(metrics, max(limit - _ENVELOPE, 512)))


def message(device: str, time_s: float, content: bytes) -> bytes:
    """What is published: a content with the device and the time it is from, in seconds since the epoch UTC."""
    return b'{"device_id":%s,"timestamp":%.3f,"metrics":%s}' % (json.dumps(device).encode(), time_s, content)


def _dump(tree: Mapping[str, Any]) -> bytes:
    return json.dumps(tree, separators=(",", ":"), allow_nan=False).encode()


def _split(tree: Mapping[str, Any], limit: int) -> Iterator[Clean]:
    """Trees that together are the one given, each of at most so many bytes."""
    piece: Clean = {}
    used = 2
    for name, inner in tree.items():
        size = len(_dump({name: inner}))
        if size > limit and isinstance(inner, dict):
            for part in _split(inner, limit - len(name) - 6):
                yield {name: part}
            continue
        if piece and used + size > limit:
            yield piece
            piece, used = {}, 2
        piece[name] = inner
        used += size
    if piece:
        yield piece


def _number(found: object) -> float | int | None:
    if isinstance(found, bool):
        return int(found)
    if isinstance(found, int):
        return found if abs(found) < 1 << 64 else float(found) if abs(found) < 1 << 1000 else None
    if isinstance(found, float):
        return found if math.isfinite(found) else None
    return None
