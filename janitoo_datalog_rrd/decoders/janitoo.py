"""Decoder `janitoo`: value messages of Janitoo nodes, in the three shapes that are in use."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from ..core.contracts import DS_TYPES, Decoder, Key, Meta, Reading
from ..core.errors import DecodeError
from ..core.topics import parse_hadd
from ..core.values import GENRE_BASIC, GENRE_COMMAND, GENRE_NAMES, GENRE_USER, TYPE_LIST, TYPE_STRING
from .documents import load_document, text_of
from .numbers import excerpt, number_of
from .paths import refuse_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core.sections import Section

MAX_NAME = 100
"""Longest uuid and index, in characters."""
MAX_VALUES = 1000
"""How many values one message may have."""
MAX_META = 200
"""Longest label or unit taken from a message, in characters; the rest is cut."""

_MAX_GOOD_HADDS = 10_000
_BUTTON, _RAW, _PASSWORD, _JSON, _ARRAY, _VAR, _HADD, _IP, _RGB = 9, 16, 20, 21, 22, 23, 32, 33, 48
# Digits in these are no quantity, and a password must not get into a file.
_NEVER_NUMBERS = frozenset((_RAW, _PASSWORD, _JSON, _HADD, _IP, _RGB))
# Texts that may hold a number; where they hold none there is rightly nothing to log.
_PERHAPS_NUMBERS = frozenset((TYPE_LIST, TYPE_STRING, _BUTTON, _VAR))
_LOGGED_GENRES = (GENRE_BASIC, GENRE_USER)
_GENRE_BY_NAME = tuple((name, number) for number, name in GENRE_NAMES.items())
_NEVER_LOGGED = tuple(f"{name}/" for number, name in GENRE_NAMES.items() if number not in _LOGGED_GENRES)


class JanitooDecoder:
    """Reads user and basic values; the key is (hadd, uuid, index)."""

    def __init__(self) -> None:
        # Addresses seen and found good: a house has few of them, and they come in every message.
        self._good_hadds: set[str] = set()

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return a reading for each value of the message that is logged; where some values are bad, the good ones.

        Configuration, system and command values, texts and an empty payload give none. A null is NaN.

        Raises:
            DecodeError: there is no good value, and a bad one: `not_json`, `not_utf8`, `too_large`, `too_deep`, `too_many`,
                `bad_shape`, `bad_genre`, `bad_hadd`, `bad_uuid`, `bad_index`, `no_data`, `no_number` or `not_finite`.
        """
        levels = topic.partition("/values/")[2]
        if not payload or levels.startswith(_NEVER_LOGGED):
            return []
        document = load_document(payload)
        if not isinstance(document, dict):
            raise DecodeError("bad_shape", f"the message is {excerpt(document)}: expected a value object")
        if _is_value(document):
            return self._readings(document, levels)
        return self._read_all(document, levels)

    def _read_all(self, document: dict[str, Any], levels: str) -> list[Reading]:
        """Read a dictionary of value objects, or a dictionary of such dictionaries."""
        readings: list[Reading] = []
        first_error: DecodeError | None = None
        seen = 0
        for index, value in _value_objects(document):
            seen += 1
            try:
                readings += self._readings(value, levels, index)
            except DecodeError as error:
                first_error = first_error or error
            if seen > MAX_VALUES or len(readings) > MAX_VALUES:
                raise DecodeError("too_many", f"the message has more than {MAX_VALUES} values")
        if not seen:
            raise DecodeError("bad_shape", "the message has no value object, neither itself nor by index")
        if first_error is not None and not readings:
            raise first_error
        return readings

    def _readings(self, value: dict[str, Any], levels: str, index: str = "0") -> list[Reading]:
        """Read one value object; levels is the topic after `/values/`, index its key in the message."""
        genre = value.get("genre")
        if genre.__class__ is not int:
            genre = _read_genre(genre, levels)
        if genre not in _LOGGED_GENRES:
            if not GENRE_BASIC <= genre <= GENRE_COMMAND:
                raise DecodeError("bad_genre", "the genre is out of range: expected 1 to 5")
            return []
        kind = _read_type(value.get("type"))
        if kind in _NEVER_NUMBERS:
            return []
        key = self._read_key(value, levels, index)
        data = value.get("data", value)
        if data is value:
            raise DecodeError("no_data", f"the value {key[1]} of {key[0]} has no data")
        if kind == _ARRAY:
            return _array_readings(key, data, value)
        if data is None:
            return [] if kind in _PERHAPS_NUMBERS else [Reading(key, nan, None, _read_meta(value, key[0]))]
        number = number_of(data)
        if number is None:
            if kind in _PERHAPS_NUMBERS:
                return []
            raise DecodeError("no_number", f"the value {key[1]} of {key[0]} holds {excerpt(data)}: expected a number")
        if not isfinite(number):
            raise DecodeError("not_finite", f"the value {key[1]} of {key[0]} is not a finite number")
        return [Reading(key, number, None, _read_meta(value, key[0]))]

    def _read_key(self, value: dict[str, Any], levels: str, place: str) -> Key:
        """Who the value is; what the object does not say is taken from the topic and from its place in the message."""
        hadd, uuid, index = value.get("hadd"), value.get("uuid"), value.get("index")
        if hadd is None or uuid is None:
            parts = levels.split("/", 3)
            if len(parts) == 4:
                hadd = f"{parts[1]}/{parts[2]}" if hadd is None else hadd
                uuid = parts[3] if uuid is None else uuid
        if not isinstance(hadd, str):
            raise DecodeError("bad_hadd", f"the hadd is {excerpt(hadd)}: expected CCCC/NNNN")
        if hadd not in self._good_hadds:
            self._check_hadd(hadd)
        if not isinstance(uuid, str) or not 1 <= len(uuid) <= MAX_NAME:
            raise DecodeError("bad_uuid", f"the uuid is {excerpt(uuid)}: expected a text of 1 to {MAX_NAME} characters")
        if index.__class__ is int:
            return hadd, uuid, str(index)
        return hadd, uuid, _read_index(place if index is None or index == "" else index)

    def _check_hadd(self, hadd: str) -> None:
        try:
            parse_hadd(hadd[: MAX_NAME + 1])
        except ValueError as error:
            raise DecodeError("bad_hadd", str(error)) from error
        if len(self._good_hadds) >= _MAX_GOOD_HADDS:
            self._good_hadds.clear()
        self._good_hadds.add(hadd)


def make_decoder(section: Section) -> Decoder:
    """Make the decoder of Janitoo's own subscription, or of a `[decoder__NAME]` section of kind `janitoo`.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, "janitoo", "value", "time", "label", "units")
    return JanitooDecoder()


def _is_value(item: dict[str, Any]) -> bool:
    """Tell a value object from a dictionary of value objects, whose keys may be any text."""
    if isinstance(item.get("uuid"), str) or isinstance(item.get("hadd"), str):
        return True
    return "data" in item and not isinstance(item["data"], dict)


def _value_objects(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, item in document.items():
        if not isinstance(item, dict):
            continue
        if _is_value(item):
            yield index, item
            continue
        for inner_index, inner in item.items():
            if isinstance(inner, dict) and _is_value(inner):
                yield inner_index, inner


def _array_readings(key: Key, data: object, value: dict[str, Any]) -> list[Reading]:
    """Read an array joined by a pipe; item N of index I is logged as index `I.N`, an item that is no number is left out."""
    hadd, uuid, index = key
    items: list[Any] = data if isinstance(data, list) else data.split("|", MAX_VALUES) if isinstance(data, str) else [data]
    if len(items) > MAX_VALUES:
        raise DecodeError("too_many", f"the value {uuid} of {hadd} has more than {MAX_VALUES} items")
    if data is None or data == "":
        return []
    meta = _read_meta(value, hadd)
    readings = []
    for position, item in enumerate(items):
        number = number_of(item)
        if number is not None and isfinite(number):
            readings.append(Reading((hadd, uuid, f"{index}.{position}"), number, None, meta))
    if not readings:
        raise DecodeError("no_number", f"the value {uuid} of {hadd} is an array without a number")
    return readings


def _read_genre(genre: object, levels: str) -> int:
    """A genre that is text or not there at all; where the object has none, the topic tells."""
    if isinstance(genre, str) and len(genre) == 1 and genre in "12345":
        return int(genre)
    if genre is None:
        for name, number in _GENRE_BY_NAME:
            if levels.startswith(f"{name}/"):
                return number
    raise DecodeError("bad_genre", f"the genre is {excerpt(genre)}: expected 1 to 5")


def _read_type(kind: object) -> int:
    """The type's number; 0, which no type has, where the object has none that can be read."""
    if isinstance(kind, int):
        return kind
    if isinstance(kind, str) and kind.isascii() and kind.isdigit() and len(kind) < 4:
        return int(kind)
    return 0


def _read_index(index: object) -> str:
    if isinstance(index, float) and index.is_integer() and abs(index) < 1e15:
        return str(int(index))
    if isinstance(index, str) and len(index) <= MAX_NAME:
        return index or "0"
    raise DecodeError("bad_index", f"the index is {excerpt(index)}: expected a number or a text of at most {MAX_NAME} characters")


def _read_meta(value: dict[str, Any], hadd: str) -> Meta:
    label, units, ds_type = value.get("label"), value.get("units"), value.get("rrd_type")
    return Meta(
        text_of(label, MAX_META),
        text_of(units, MAX_META),
        hadd,
        ds_type if isinstance(ds_type, str) and ds_type in DS_TYPES else "",
    )
