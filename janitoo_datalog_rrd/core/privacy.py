"""Privacy: what is never logged, whoever publishes it: secrets, and where people are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from .contracts import Key
from .options import Options
from .topics import topic_matches

_PLACES = ("latitude", "longitude", "lat", "lon", "lng", "geohash", "gps")
_SECRETS = ("password", "passwd", "passphrase", "passcode", "psk", "token", "secret", "apikey", "pincode", "ssid", "bssid")
_PEOPLE = ("imei", "imsi", "iccid", "msisdn")
_WORDS = frozenset((*_PLACES, *_SECRETS, *_PEOPLE))
_PAIRS = frozenset(("api key", "pin code", "user code", "access key", "private key", "gps accuracy"))
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_MAX_KNOWN = 50_000


class Privacy:
    """Says which topics and values are not logged.

    Args:
        topics: filters of topics that are never logged.
        allowed: filters of topics whose values are logged whatever they are called.
    """

    def __init__(self, topics: Iterable[str] = (), allowed: Iterable[str] = ()) -> None:
        self._topics = tuple(topics)
        self._allowed = tuple(allowed)
        self._known: dict[Key, bool] = {}

    @classmethod
    def from_options(cls, options: Options) -> Privacy:
        """As `[privacy]` of the ini has it."""
        section = options.section("privacy")
        return cls(section.get("topics") or (), section.get("allow") or ())

    def hides(self, topic: str) -> bool:
        """Whether nothing of a topic is logged."""
        return any(topic_matches(each, topic) for each in self._topics)

    def keeps_back(self, key: Key) -> bool:
        """Whether a value is not logged, for its name or for its topic."""
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            known = self._known[key] = self._look(key)
        return known

    def _look(self, key: Key) -> bool:
        topic = key[0]
        if self.hides(topic):
            return True
        if any(topic_matches(each, topic) for each in self._allowed):
            return False
        names = [*key[1:], topic.rpartition("/")[2]]
        return any(is_private(name) for name in names if name)


def is_private(name: str) -> bool:
    """Whether a name, such as a path in a document, says that its value is a secret or a position."""
    words = [part.lower() for part in _PART.findall(name)]
    return not _WORDS.isdisjoint(words) or any(f"{one} {two}" in _PAIRS for one, two in pairwise(words))
