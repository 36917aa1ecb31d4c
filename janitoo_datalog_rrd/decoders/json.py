"""Decoder `json`: objects and arrays, flattened to numbers by path."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from ..core.contracts import NO_META, Decoder, Meta, Reading
from ..core.errors import DecodeError
from .documents import MAX_TOPIC, check_topic, load_document, text_of
from .numbers import excerpt, number_of
from .paths import MAX_PATH, MISSING, Path, escape, join_path, look_up, read_paths
from .plain import PlainDecoder
from .times import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..core.sections import Section

MAX_DEPTH = 32
"""How deep numbers may stand in a document, in levels."""
MAX_NUMBERS = 1000
"""How many numbers one message may have."""
MAX_META = 200
"""Longest label or unit taken from a message, in characters; the rest is cut."""

_BLANK_OR_BOM = b" \t\r\n\xef\xbb\xbf"


class JsonDecoder:
    """Reads every number of a JSON document, or only those at one path; the key is (topic, path).

    Args:
        value: read only what stands at this path; empty reads everything.
        time: where the message has its time; empty, or not in the message: the time of arrival counts.
        label: where the message has a label; empty for none.
        units: where the message has its units; empty for none.
    """

    def __init__(self, *, value: Path = (), time: Path = (), label: Path = (), units: Path = ()) -> None:
        self._value = value
        self._value_text = join_path(value)
        self._time = time
        self._label = label
        self._units = units
        # What says something of the numbers is no number of its own.
        self._aside = frozenset(join_path(path) for path in (time, label, units) if path and path != value)
        self._plain = PlainDecoder()
        self.bare_numbers = not value

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return a reading for each number, in the document's order.

        A document without a number, JSON's null and an empty payload give none.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_large`, `too_deep`, `too_many`, `path_too_long`, `topic_too_long`,
                `no_value`, `no_number`, `not_finite` or `bad_time`.
        """
        if len(topic) > MAX_TOPIC:
            check_topic(topic)
        if payload.lstrip(_BLANK_OR_BOM)[:1] not in (b"{", b"["):
            return self._decode_scalar(topic, payload)
        document = load_document(payload)
        found = self._find(document)
        if not found:
            return []
        timestamp = self._timestamp(document) if self._time else None
        meta = self._meta(document) if self._label or self._units else NO_META
        readings = [Reading((topic, path), number, timestamp, meta) for path, number in found if isfinite(number)]
        if not readings:
            raise DecodeError("not_finite", f"the number at {found[0][0]} is not finite")
        return readings

    def _decode_scalar(self, topic: str, payload: bytes) -> list[Reading]:
        bare = payload.lstrip(_BLANK_OR_BOM).rstrip()
        if not bare or bare == b"null":
            return []
        if self._value:
            raise _no_value(self._value_text)
        return self._plain.decode(topic, bare)

    def _find(self, document: Any) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = []
        if not self._value:
            self._collect(document, "", 1, found)
            return found
        datum = look_up(document, self._value)
        if datum is MISSING:
            raise _no_value(self._value_text)
        if isinstance(datum, (dict, list)):
            self._collect(datum, self._value_text + ".", len(self._value) + 1, found)
        elif datum is not None:
            number = number_of(datum)
            if number is None:
                raise DecodeError("no_number", f"what stands at {self._value_text} is {excerpt(datum)}: expected a number")
            found.append((self._value_text, number))
        return found

    def _collect(self, container: Any, prefix: str, depth: int, found: list[tuple[str, float]]) -> None:
        """Append (path, number) for each number below a container, in its order."""
        if depth > MAX_DEPTH:
            raise DecodeError("too_deep", f"the document is nested too deeply: at most {MAX_DEPTH} levels are taken")
        items: Iterable[tuple[Any, Any]] = container.items() if isinstance(container, dict) else enumerate(container)
        for key, datum in items:
            # Strings that are no numbers are many, so the path is made only when it is needed.
            if isinstance(datum, (dict, list)):
                self._collect(datum, _path(prefix, key) + ".", depth + 1, found)
                continue
            number = number_of(datum)
            if number is None:
                continue
            path = _path(prefix, key)
            if path in self._aside:
                continue
            if len(found) >= MAX_NUMBERS:
                raise DecodeError("too_many", f"the message has more than {MAX_NUMBERS} numbers: name one with `value`")
            found.append((path, number))

    def _timestamp(self, document: Any) -> float | None:
        datum = look_up(document, self._time)
        return None if datum is MISSING or datum is None else parse_time(datum)

    def _meta(self, document: Any) -> Meta:
        return Meta(text_of(look_up(document, self._label), MAX_META), text_of(look_up(document, self._units), MAX_META))


def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `json`.

    Raises:
        ConfigError: `value`, `time`, `label` or `units` is no path.
    """
    value, time, label, units = read_paths(section, "value", "time", "label", "units")
    return JsonDecoder(value=value, time=time, label=label, units=units)


def _path(prefix: str, key: str | int) -> str:
    if isinstance(key, int):
        path = f"{prefix}{key}"
    elif len(key) > MAX_PATH:
        raise _path_too_long()
    else:
        path = prefix + (escape(key) if not key or "." in key or "\\" in key else key)
    # A document may repeat one long key a thousand times over; its paths must not fill the memory.
    if len(path) > MAX_PATH:
        raise _path_too_long()
    return path


def _path_too_long() -> DecodeError:
    return DecodeError("path_too_long", f"the path of a number is too long: at most {MAX_PATH} characters are taken")


def _no_value(path: str) -> DecodeError:
    return DecodeError("no_value", f"the message has nothing at {path}: narrow `topics` or correct `value`")
