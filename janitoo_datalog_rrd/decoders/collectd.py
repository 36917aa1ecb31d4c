"""Decoder `collectd`: what collectd's MQTT plugin publishes, as plain text or as JSON."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.contracts import DS_TYPES, Decoder, Key, Meta, Reading
from ..core.directory import Directory
from ..core.errors import DecodeError
from ..core.plugins import speaks
from .collectd_types import Source, sources_of
from .documents import check_topic, load_document
from .numbers import excerpt
from .paths import escape, refuse_paths
from .times import parse_time

if TYPE_CHECKING:
    from ..core.sections import Section

MAX_PAYLOAD = 8192
"""Largest payload taken, in bytes; the plugin itself writes at most 8,192."""
MAX_VALUES = 64
"""How many values a message may have."""
_MAX_KNOWN = 20_000
_MAX_HOSTS = 2000
_SURE_FROM = 3  # so many whole numbers without a fraction among them are counts
_NOT_KNOWN = (b"U", b"u")  # of scripts
_NOT_FINITE = (b"nan", b"-nan", b"inf", b"-inf")  # of the plugin: levels, and the first rate of a count
_PREFIXES = ("if_", "ps_", "vmpage_")


class _Value(NamedTuple):
    """A number, NaN where it is unknown, and whether a count could be written so."""

    number: float
    whole: bool


class CollectdDecoder:
    """Reads value lists; the key is (topic, data source), and (topic, "") where there is only one.

    A daemon sends counts as they are, or as rates that it has made of them (`StoreRates`, on by default), and does not say which.
    Rates have fractions, the first ones are not known, and counts have neither: so the numbers of a host say it. Nothing of its
    counts is logged before.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, Source], tuple[Key, Meta]] = {}
        self._whole: dict[str, int] = {}
        self._rates: set[str] = set()
        self._titled: set[str] = set()
        self._directory: Directory | None = None

    def join(self, directory: Directory) -> None:
        """Put the names of hosts there."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        return [("hosts", len(self._titled)), ("values", len(self._known))]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return a reading for each value; one that collectd does not know is NaN.

        What does not look like a value list, such as a notification, gives none.

        Raises:
            DecodeError: `too_large`, `too_many`, `no_number`, `bad_time`, `topic_too_long`, or what is wrong with its JSON.
        """
        levels = topic.rsplit("/", 3)
        text = payload.rstrip(b"\0\r\n ")
        if len(levels) < 3 or not all(levels[-3:]) or not text:
            return []
        check_topic(topic)
        if len(payload) > MAX_PAYLOAD:
            raise DecodeError("too_large", f"the payload has {len(payload)} bytes: collectd sends at most {MAX_PAYLOAD}")
        type_name = levels[-1].partition("-")[0]
        found = _of_document(load_document(text), type_name) if text[:1] in b"[{" else _of_text(text, type_name)
        if found is None:
            return []
        timestamp, values, sources = found
        host = levels[-3]
        self._tell(host)
        rates = self._sends_rates("/".join(levels[:-2]), values, sources)
        readings = []
        for value, source in zip(values, sources, strict=True):
            if source.ds_type != "GAUGE":
                if rates is None:
                    continue
                if rates:
                    source = Source(source.name, "GAUGE", f"{source.units}/s" if source.units else "1/s")
            key, meta = self._value(topic, source, levels, len(sources))
            readings.append(Reading(key, value.number, timestamp, meta))
        return readings

    def _sends_rates(self, host: str, values: list[_Value], sources: tuple[Source, ...]) -> bool | None:
        """Whether a host makes rates of its counts; None while its numbers do not say it."""
        if host in self._rates:
            return True
        for value, source in zip(values, sources, strict=True):
            if source.ds_type == "GAUGE":
                continue
            if len(self._rates) >= _MAX_HOSTS or len(self._whole) >= _MAX_HOSTS:
                self._rates.clear()
                self._whole.clear()
            if not value.whole:
                self._whole.pop(host, None)
                self._rates.add(host)
                return True
            if value.number and value.number == value.number:
                self._whole[host] = self._whole.get(host, 0) + 1
        return None if self._whole.get(host, 0) < _SURE_FROM else False

    def _value(self, topic: str, source: Source, levels: list[str], count: int) -> tuple[Key, Meta]:
        known = self._known.get((topic, source))
        if known is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            path = "" if count == 1 else escape(source.name)
            meta = Meta(_label(levels[-2], levels[-1], source.name), source.units, f"collectd/{levels[-3]}", source.ds_type)
            known = self._known[topic, source] = (topic, path), meta
        return known

    def _tell(self, host: str) -> None:
        if host not in self._titled and self._directory is not None and len(self._titled) < _MAX_HOSTS:
            self._titled.add(host)
            self._directory.device(f"collectd/{host}", name=host[:100])


@speaks("collectd/#", loose=True)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `collectd`.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, "collectd", "value", "time", "label", "units")
    return CollectdDecoder()


Found = tuple["float | None", "list[_Value]", "tuple[Source, ...]"]


def _of_text(text: bytes, type_name: str) -> Found | None:
    """Read `time:value:value`; None where the text does not begin with a time."""
    first, *rest = text.split(b":", MAX_VALUES + 1)
    if not rest:
        return None
    timestamp = None
    if first != b"N":
        try:
            timestamp = float(first)
        except ValueError:
            return None
        timestamp = parse_time(timestamp)
    if len(rest) > MAX_VALUES:
        raise _too_many()
    return timestamp, [_of_field(field) for field in rest], sources_of(type_name, len(rest))


def _of_field(field: bytes) -> _Value:
    if field in _NOT_KNOWN or field in _NOT_FINITE:
        return _Value(nan, whole=field in _NOT_KNOWN)
    try:
        number = float(field)
    except ValueError:
        number = nan
    if not isfinite(number) or b"_" in field:
        raise DecodeError("no_number", f"a value is {excerpt(field)}: expected a number, or U where it is unknown")
    return _Value(number, whole=field.lstrip(b"+-").isdigit())


def _of_document(document: Any, type_name: str) -> Found | None:
    """Read the one value list that a message in JSON has; None where there is none."""
    if isinstance(document, list):
        document = document[0] if document else None
    if not isinstance(document, dict) or not isinstance(document.get("values"), list):
        return None
    given = document["values"]
    if len(given) > MAX_VALUES:
        raise _too_many()
    values = [_of_datum(datum) for datum in given]
    sources = sources_of(type_name, len(values))
    names, types = _texts(document.get("dsnames"), len(values)), _texts(document.get("dstypes"), len(values))
    if names and types and len(set(names)) == len(values):
        units = [source.units for source in sources]
        kinds = [kind.upper() if kind.upper() in DS_TYPES else "GAUGE" for kind in types]
        sources = tuple(map(Source, names, kinds, units))
    moment = document.get("time")
    return None if moment is None else parse_time(moment), values, sources


def _of_datum(datum: object) -> _Value:
    if datum is None or (isinstance(datum, float) and not isfinite(datum)):
        return _Value(nan, whole=False)
    if isinstance(datum, bool) or not isinstance(datum, (int, float)):
        raise DecodeError("no_number", f"a value is {excerpt(datum)}: expected a number, or null where it is unknown")
    try:
        return _Value(float(datum), whole=isinstance(datum, int))
    except OverflowError:
        return _Value(nan, whole=True)


def _texts(given: object, count: int) -> list[str]:
    """A list of so many short texts, or an empty one."""
    if not isinstance(given, list) or len(given) != count:
        return []
    return given if all(isinstance(each, str) and 0 < len(each) < 100 for each in given) else []


def _too_many() -> DecodeError:
    return DecodeError("too_many", f"the message has more than {MAX_VALUES} values")


def _label(plugin: str, type_name: str, source: str) -> str:
    """What people call a value: the words of its plugin and its type, none of them twice."""
    plugin, _, instance = plugin.partition("-")
    kind, _, type_instance = type_name.partition("-")
    kind = next((kind[len(each) :] for each in (f"{plugin}_", *_PREFIXES) if kind.startswith(each)), kind)
    words = [plugin, instance]
    if kind not in (plugin, "complex", "gauge", "counter", "derive", "absolute"):
        words.append(kind)
    words += [type_instance, source if source != "value" else ""]
    return " ".join(word.replace("_", " ") for word in words if word)[:200]
