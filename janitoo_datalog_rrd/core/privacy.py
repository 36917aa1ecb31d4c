"""Privacy: what is never logged, whoever publishes it: secrets, and where people are.

What a value is called says so: the keys of its path in the message, or the last level of its topic where there is no more to it
than a number. The words are those that
devices really use: OwnTracks and GPS trackers, phones, cars, WiFi, locks and keypads, cameras, LoRaWAN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .contracts import Key
from .options import Options
from .topics import topic_matches

_MAX_KNOWN = 100_000
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_LEVEL = re.compile(r"(?:\\.|[^.\\])+", re.DOTALL)

# Anywhere in a name: `latitude_i`, `gps_lat`, `homeLongitude`.
_PLACES = frozenset(("latitude", "longitude", "lat", "lon", "lng", "geohash", "easting", "northing"))
# The last word of a name: `wifi_password`, but not `token_ring` or `ssid_count`.
_SECRETS = frozenset(
    (
        *("password", "passwd", "passphrase", "passcode", "passkey", "psk", "token", "secret", "apikey", "ssid", "bssid", "totp"),
        *("imei", "imeisv", "imsi", "iccid", "msisdn", "meid", "mac", "iban", "caller", "callee", "cellid", "ecgi"),
    )
)
# The last two words of a name.
_CODES = ("pin", "user", "access", "action", "door", "entry", "gate", "unlock", "lock", "disarm", "keypad", "security", "master")
_MORE_CODES = ("install", "setup", "pairing", "verification", "recovery", "guest", "tag", "card")
_KEYS = (
    "api",
    "access",
    "private",
    "secret",
    "network",
    "encryption",
    "wpa",
    "wifi",
    "link",
    "auth",
    "session",
    "app",
    "nwk",
    "skey",
)
_PAIRS = frozenset(
    (
        *(f"{each} code" for each in (*_CODES, *_MORE_CODES)),
        *(f"{each} key" for each in _KEYS),
        *(f"{each} number" for each in ("phone", "telephone", "caller", "card", "serial")),
        *("card id", "card uid", "tag id", "tag uid", "cell id", "caller id", "mac address", "setup pin", "gps accuracy"),
    )
)
# A whole name in one word: `SSId` of Tasmota, `pincode`, `AppSKey`.
_WHOLE = frozenset(
    (
        *(pair.replace(" ", "") for pair in _PAIRS),
        *("ssid", "bssid", "latlng", "latlon", "lonlat", "lnglat", "gpslat", "gpslon", "gpslng", "gpslong", "gpslatitude"),
        *("gpslongitude", "long", "deveui", "joineui", "appeui", "devaddr", "appskey", "nwkskey", "appkey", "nwkkey", "userpin"),
    )
)
# A name of which a list of numbers is a place: `gps: [48.1, 11.5]`, GeoJSON's `coordinates`.
_POINTS = frozenset(("gps", "location", "coordinate", "coordinates", "coords", "latlng", "latlon", "lonlat", "loc"))
# A `pin` is a secret where one of these stands beside it, and one of a chip elsewhere.
_LOCKS = frozenset(("lock", "keypad", "alarm", "sim", "user", "users", "door", "code", "codes", "entry", "unlock", "disarm"))
# Words that say nothing of what a value is, at the end of its name.
_TAILS = frozenset(("value", "text", "state", "current", "hash", "data"))


class Privacy:
    """Says which topics and values are not logged.

    Args:
        topics: filters of topics that are never logged.
        allowed: filters of topics whose values are logged whatever they are called.
        asked_for: whether a value is asked for by a datasource of the ini, which is explicit: it is logged whatever it is called.
    """

    def __init__(
        self, topics: Iterable[str] = (), allowed: Iterable[str] = (), asked_for: Callable[[Key], bool] = lambda _: False
    ) -> None:
        self._topics = tuple(topics)
        self._allowed = tuple(allowed)
        self._asked_for = asked_for
        self._known: dict[Key, bool] = {}

    @classmethod
    def from_options(cls, options: Options, asked_for: Callable[[Key], bool] = lambda _: False) -> Privacy:
        """As `[privacy]` of the ini has it."""
        section = options.section("privacy")
        return cls(section.get("topics") or (), section.get("allow") or (), asked_for)

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
        return known and not self._asked_for(key)

    def _look(self, key: Key) -> bool:
        topic = key[0]
        if self.hides(topic):
            return True
        if any(topic_matches(each, topic) for each in self._allowed):
            return False
        return is_private(topic, ".".join(key[1:]))


def is_private(topic: str, path: str = "") -> bool:
    """Whether what a value is called says that it is a secret or a position.

    Args:
        topic: where it comes from.
        path: where it stands in the message, as `decoders.paths` writes it.
    """
    levels = [_words(level) for level in topic.split("/")]
    parts = [_words(part) for part in _LEVEL.findall(path)]
    names = [*parts, _last_name(levels)] if all(map(_says_nothing, parts)) else parts
    if any(not _PLACES.isdisjoint(name) or _is_secret(name) for name in names):
        return True
    if parts and all(word.isdigit() for word in parts[-1]) and not _POINTS.isdisjoint(_last_name([*levels, *parts])[-1:]):
        return True
    around = {word for name in (*levels, *parts) for word in name}
    return _last_name([*levels, *parts])[-1:] == ["pin"] and not _LOCKS.isdisjoint(around)


def _words(name: str) -> list[str]:
    """The words of a name in small letters, whatever they are put together by."""
    return [word.lower() for word in _WORD.findall(name)]


def _last_name(names: list[list[str]]) -> list[str]:
    """The last name that says more than the number of an entry, or that it is a value."""
    return next((name for name in reversed(names) if not _says_nothing(name)), [])


def _says_nothing(name: list[str]) -> bool:
    return all(word.isdigit() or word in _TAILS for word in name)


def _is_secret(name: list[str]) -> bool:
    words = list(name)
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _TAILS):
        words.pop()
    if not words:
        return False
    last_pair = " ".join(words[-2:]) if len(words) > 1 else ""
    return words[-1] in _SECRETS or last_pair in _PAIRS or "".join(words) in _WHOLE
