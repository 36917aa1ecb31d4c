"""Guesses: where a message may have its time, a label and the units of one of its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from .proposal import parts_of
from .verdict import Examiner

_WORDS = {
    "time": ("time", "timestamp", "datetime", "date", "ts", "t", "last_seen", "lastseen"),
    "label": ("label", "name", "friendly_name", "friendlyname"),
    "units": ("units", "unit", "unit_of_measurement"),
}
_AHEAD_S, _AGO_S = 60.0, 7 * 86400.0


def load(payload: bytes) -> Any:
    """The document of a payload, None where it is none."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None


def guess_paths(examiner: Examiner, topic: str, payload: bytes, path: str, now: float) -> dict[str, str]:
    """Paths of a number's time, label and units, of those options for which there is a good guess.

    Args:
        examiner: tries them out.
        topic, payload: the message.
        path: where the number stands.
        now: seconds since the epoch UTC.
    """
    found: dict[str, str] = {}
    document = load(payload)
    for option, words in _WORDS.items():
        for candidate, datum in _beside(document, path, words):
            if candidate == path:
                continue
            if option != "time" and isinstance(datum, str) and 0 < len(datum) <= 40:
                found[option] = candidate
            elif option == "time":
                readings = examiner.try_out("json", topic, payload, {"value": path, "time": candidate})
                times = [reading.timestamp for reading in readings if reading.timestamp is not None]
                if times and now - _AGO_S <= times[0] <= now + _AHEAD_S:
                    found[option] = candidate
            if option in found:
                break
    return found


def _beside(document: Any, path: str, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Members of those names: first those beside the number, then those further up."""
    parts = parts_of(path)
    for depth in range(len(parts) - 1, -1, -1):
        place = _look_up(document, parts[:depth])
        if isinstance(place, dict):
            by_name = {key.lower(): key for key in place if "." not in key and "\\" not in key and key}
            for word in words:
                if word in by_name:
                    yield ".".join([*parts[:depth], by_name[word]]), place[by_name[word]]


def _look_up(document: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document
