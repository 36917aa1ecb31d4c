"""Guesses: where a message may have its time, a label and the units of one of its numbers."""

from __future__ import annotations

from typing import Any

import orjson

from ...core.errors import DecodeError
from ...decoders.times import parse_time
from .proposal import parts_of

_WORDS = {
    "time": ("time", "timestamp", "datetime", "date", "ts", "t", "last_seen", "lastseen"),
    "label": ("label", "name", "friendly_name", "friendlyname"),
    "units": ("units", "unit", "unit_of_measurement"),
}
_AHEAD_S, _AGO_S = 60.0, 7 * 86400.0
_MAX_TEXT = 40


def load(payload: bytes) -> Any:
    """The document of a payload, None where it is none."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None


class Guesses:
    """The guesses for the numbers of one message; what stands in one place of it is looked at once for all of them.

    Args:
        payload: the message.
        now: seconds since the epoch UTC.
    """

    def __init__(self, payload: bytes, now: float) -> None:
        self._document = load(payload)
        self._now = now
        self._seen: dict[tuple[str, ...], dict[str, list[str]]] = {}

    def of(self, path: str) -> dict[str, str]:
        """Paths of a number's time, label and units, of those options for which there is a good guess.

        What stands beside the number is taken before what stands further up.

        Args:
            path: where the number stands.
        """
        parts = parts_of(path)
        found: dict[str, str] = {}
        for depth in range(len(parts) - 1, -1, -1):
            for option, candidates in self._beside(tuple(parts[:depth])).items():
                good = next((each for each in candidates if each != path), None)
                if good is not None:
                    found.setdefault(option, good)
        return found

    def _beside(self, parts: tuple[str, ...]) -> dict[str, list[str]]:
        """What may be meant in one place of the message, by option, the best first."""
        if parts not in self._seen:
            place = _look_up(self._document, parts)
            members = place if isinstance(place, dict) else {}
            by_name = {key.lower(): key for key in members if "." not in key and "\\" not in key and key}
            self._seen[parts] = {
                option: [
                    ".".join([*parts, by_name[word]])
                    for word in words
                    if word in by_name and self._fits(option, members[by_name[word]])
                ]
                for option, words in _WORDS.items()
            }
        return self._seen[parts]

    def _fits(self, option: str, datum: Any) -> bool:
        if option != "time":
            return isinstance(datum, str) and 0 < len(datum) <= _MAX_TEXT
        try:
            return datum is not None and self._now - _AGO_S <= parse_time(datum) <= self._now + _AHEAD_S
        except DecodeError:
            return False


def _look_up(document: Any, parts: tuple[str, ...]) -> Any:
    for part in parts:
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document
