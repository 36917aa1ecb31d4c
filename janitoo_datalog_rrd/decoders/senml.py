"""Decoder `senml`: Sensor Measurement Lists (RFC 8428) in JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil, isfinite, log2
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.contracts import Decoder, Key, Meta, Reading
from ..core.directory import Directory
from ..core.errors import DecodeError
from ..core.plugins import speaks
from .documents import check_topic, load_document
from .numbers import excerpt, number_of_int
from .paths import refuse_paths
from .times import parse_time
from .units import normal_units, with_rate

if TYPE_CHECKING:
    from ..core.sections import Section

MAX_RECORDS = 10_000
"""How many records one message may have."""
MAX_NUMBERS = 1000
"""How many numbers one message may have."""
MAX_NAME = 300
"""Longest name, in characters."""
VERSION = 10
"""The version of RFC 8428; packs of a newer one are refused, as the RFC says."""
_RELATIVE_BELOW = 2.0**28
_MAX_KNOWN = 20_000
_MAX_DEVICES = 2000
_MAX_HOLD = 366 * 86400.0
_VALUES = ("v", "vb", "vs", "vd", "s")
_POSITIONS = frozenset(("lat", "lon"))

# Units of the registry (RFC 8428, 12.1; RFC 8798) that people write in another way, and what their sums over time are in.
_UNITS = MappingProxyType(
    {"Cel": "°C", "%EL": "%", "m/s2": "m/s²", "cd/m2": "cd/m²", "kg/m3": "kg/m³", "us": "µs", "beat/min": "1/min"}
)
# What a quantity is called that has no name beside its device's.
_WORDS = MappingProxyType(
    {
        "Cel": "Temperature", "%RH": "Humidity", "%EL": "Battery", "V": "Voltage", "A": "Current", "W": "Power", "Wh": "Energy",
        "kWh": "Energy", "J": "Energy", "Pa": "Pressure", "hPa": "Pressure", "lx": "Illuminance", "lux": "Illuminance",
    }
)  # fmt: skip
_SUMS = MappingProxyType(
    {"W": "J", "kW": "kJ", "A": "C", "l/s": "l", "m3/s": "m³", "B/s": "B", "bit/s": "bit", "m/s": "m", "1/s": ""}
)


class _Base(NamedTuple):
    """What the records after a base field take from it."""

    name: str = ""
    time: float = 0.0
    unit: str = ""
    value: float = 0.0
    sum: float = 0.0


class SenmlDecoder:
    """Reads packs; the key is (topic, name) with the name as it is resolved, base name and name together.

    Args:
        clock: seconds since the epoch UTC; times of records may be relative to it.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str, str, str, float], list[tuple[Key, Meta]]] = {}
        self._holds: dict[tuple[str, str], float] = {}
        self._units: dict[tuple[str, str], str] = {}
        self._titled: set[str] = set()
        self._directory: Directory | None = None

    def join(self, directory: Directory) -> None:
        """Put the names of devices there, and what is not read."""
        self._directory = directory

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        return [("devices", len(self._titled)), ("values", len(self._known))]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return a reading for each number and each boolean, and two for a sum.

        JSON that is no pack gives none; a pack in CBOR neither, and the status page tells it.

        Raises:
            DecodeError: `not_json`, `not_utf8`, `too_large`, `too_deep`, `too_many`, `topic_too_long`, `bad_name`, `bad_record`,
                `bad_time`, `new_version`.
        """
        if payload[:1] not in (b"[", b"{") and payload.lstrip()[:1] not in (b"[", b"{"):
            self._look_for_cbor(topic, payload)
            return []
        check_topic(topic)
        document = load_document(payload)
        records = [document] if isinstance(document, dict) else document
        if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
            return []
        if not any(field in each for each in records for field in _VALUES):
            return []
        if len(records) > MAX_RECORDS:
            raise DecodeError("too_many", f"the pack has {len(records)} records: at most {MAX_RECORDS} are taken")
        readings: list[Reading] = []
        base = _Base()
        for record in records:
            base = _next_base(base, record)
            self._read(topic, base, record, readings)
            if len(readings) > MAX_NUMBERS:
                raise DecodeError("too_many", f"the pack has more than {MAX_NUMBERS} numbers")
        return readings

    def _read(self, topic: str, base: _Base, record: dict[str, Any], readings: list[Reading]) -> None:
        unit = _text(record, "u") or base.unit
        if unit in _POSITIONS:
            return
        name = base.name + _text(record, "n")
        if not name or len(name) > MAX_NAME:
            raise DecodeError("bad_name", f"a record has no name, or one of more than {MAX_NAME} characters: {excerpt(name)}")
        value, boolean, total = _number(record, "v"), record.get("vb"), _number(record, "s")
        if value is None and not isinstance(boolean, bool) and total is None:
            return
        timestamp = self._time(base.time + (_number(record, "t") or 0.0))
        hold = self._hold(topic, name, _number(record, "ut") or 0.0)
        if value is not None or isinstance(boolean, bool):
            number = value + base.value if value is not None else float(bool(boolean))
            (key, meta), *_ = self._slots(topic, name, base.name, unit, hold)
            _add(readings, key, number, timestamp, meta)
        if total is not None:
            for key, meta in self._slots(topic, name, base.name, unit, -1.0):
                _add(readings, key, total + base.sum, timestamp, meta)

    def _time(self, given: float) -> float | None:
        """Seconds since the epoch; None for now."""
        if given == 0.0:
            return None
        return parse_time(self._clock() + given if abs(given) < _RELATIVE_BELOW else given)

    def _hold(self, topic: str, name: str, update_s: float) -> float:
        """How long a number stands: the longest update time that was told for it, rounded up so that it seldom changes."""
        known = self._holds.get((topic, name), 0.0)
        if update_s > known:
            if len(self._holds) >= _MAX_KNOWN:
                self._holds.clear()
            known = self._holds[topic, name] = 2.0 ** ceil(log2(min(max(update_s, 1.0), _MAX_HOLD)))
        return known

    def _slots(self, topic: str, name: str, base: str, unit: str, hold: float) -> list[tuple[Key, Meta]]:
        """Where a number goes: its level, and for a sum (where `hold` is below 0) its rate too."""
        known = self._known.get((topic, name, base, unit, hold))
        if known is not None:
            return known
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
            self._units.clear()
        device, told = _split(name, base)
        node = f"senml/{device}" if device else ""
        self._tell(node, device)
        label, units = told or _WORDS.get(unit, name), _UNITS.get(unit, normal_units(unit))
        # A device may send several quantities under one name, and only their units differ: the first one has the bare name.
        first = self._units.setdefault((topic, name), unit)
        path = name if unit == first else f"{name}.{unit}"
        uid = path if name.startswith("urn:dev:") else ""
        if hold < 0.0:
            units = _SUMS.get(unit, f"{units}·s" if units else "s")
            meta = Meta(f"{label} sum", units, node, uid=f"{uid}/sum" if uid else "")
            slots = [(each.key, each.meta) for each in with_rate((topic, f"{path}.sum"), 0.0, None, meta)]
        else:
            slots = [((topic, path), Meta(label, units, node, uid=uid, hold=hold))]
        self._known[topic, name, base, unit, hold] = slots
        return slots

    def _tell(self, node: str, device: str) -> None:
        if node and node not in self._titled and self._directory is not None and len(self._titled) < _MAX_DEVICES:
            self._titled.add(node)
            self._directory.device(node, name=device.removeprefix("urn:dev:")[:100])

    def _look_for_cbor(self, topic: str, payload: bytes) -> None:
        """Tell of a message that may be a pack in CBOR: an array whose first item is a map."""
        array = payload[:1]
        if self._directory is None or not (b"\x81" <= array <= b"\x97" or array == b"\x9f"):
            return
        if b"\xa1" <= payload[1:2] <= b"\xb7" or payload[1:2] == b"\xbf":
            what = "It looks like SenML as CBOR, and only SenML as JSON is read: have the device send that."
            self._directory.note("senml", topic, what)


@speaks("senml/#", "channels/+/messages/#", loose=True)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `senml`.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, "senml", "value", "time", "label", "units")
    return SenmlDecoder()


def _next_base(base: _Base, record: dict[str, Any]) -> _Base:
    """The base values that a record has, those before it included."""
    for field in record:
        if field.endswith("_"):
            raise DecodeError("bad_record", f"a record has the field {excerpt(field)}, which must be understood and is not")
    if "bver" in record:
        version = _number(record, "bver")
        if version is not None and version > VERSION:
            raise DecodeError("new_version", f"the pack is of version {version:g}: only those up to {VERSION} are known")
    if not ("bn" in record or "bt" in record or "bu" in record or "bv" in record or "bs" in record):
        return base
    moment, value, total = _number(record, "bt"), _number(record, "bv"), _number(record, "bs")
    return _Base(
        _text(record, "bn") if "bn" in record else base.name,
        base.time if moment is None else moment,
        _text(record, "bu") if "bu" in record else base.unit,
        base.value if value is None else value,
        base.sum if total is None else total,
    )


def _split(name: str, base: str) -> tuple[str, str]:
    """The device that a name is of, and what is left for the quantity; either may be empty.

    A URN of a device (RFC 9039) is `urn:dev:TYPE:ID`, and what follows is of the device; other names have a base name, or none.
    """
    if name.startswith("urn:dev:"):
        *device, rest = [*name.split(":", 4), ""][:5]
        identity, _, part = device[-1].partition("_")
        return ":".join([*device[:-1], identity]), rest or part
    device_name = base.rstrip(":/-_.")
    return device_name, name[len(base) :].lstrip(":/-_.") if device_name else name


def _text(record: dict[str, Any], field: str) -> str:
    given = record.get(field, "")
    if not isinstance(given, str):
        raise DecodeError("bad_record", f"{field} of a record is {excerpt(given)}: expected a text")
    if len(given) > MAX_NAME:
        raise DecodeError("bad_name", f"{field} of a record has {len(given)} characters: at most {MAX_NAME} are taken")
    return given


def _number(record: dict[str, Any], field: str) -> float | None:
    """A field's number; None where it is missing, or too large for a double."""
    given = record.get(field)
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise DecodeError("bad_record", f"{field} of a record is {excerpt(given)}: expected a number")
    number = number_of_int(given) if isinstance(given, int) else given
    return number if isfinite(number) else None


def _add(readings: list[Reading], key: Key, number: float, timestamp: float | None, meta: Meta) -> None:
    if isfinite(number):
        readings.append(Reading(key, number, timestamp, meta))
