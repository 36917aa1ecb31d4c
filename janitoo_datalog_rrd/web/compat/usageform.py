"""What collectors send to `/ressources-usage/save-all`, in two forms, read into readings.

One is that of the first server of this path: a list of single numbers, each with the name of its process, of all processes that
its client has looked at one by one; those of one name belong together. The other one is shorter, and has many moments at once.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ...core.contracts import Meta, Reading
from ...core.errors import BadRequestError
from ...core.processes import CPU, MEMORY, clean_name, collector_key, plain_address, process_label

MOST_BYTES = 512 << 10
"""Of a body: the first form takes 250 bytes for each process of a machine."""
MAX_NUMBERS = 10_000
"""Numbers of the first form in one body."""
MAX_MOMENTS = 500
MAX_NAMES = 500
"""Names in one moment."""
MAX_PERCENT = 1e6
LOOK_S = 2.0
"""Numbers of the first form that are further apart are of another look at the processes."""
HOLD_S = 150.0
"""How long a number of the first form stands: its client sends every 10 s, as it comes from its author."""
HELD = 2.5
"""How long a number stands, times the seconds between two moments."""
_WORDS = {"mem": MEMORY, "cpu": CPU}

_PERCENT = {"type": "number", "minimum": 0, "maximum": MAX_PERCENT}
_TIME = {"type": "number", "description": "When it was measured, seconds since the epoch UTC."}
_ADDRESS = {"type": ["string", "null"], "description": "Of the machine; where there is none, that of who sends it."}
_NUMBERS = {
    "type": "object",
    "maxProperties": MAX_NAMES,
    "additionalProperties": {**_PERCENT, "type": ["number", "null"]},
    "description": "Percent by name of the process; null for one that is not told any more.",
}
SINGLE: dict[str, Any] = {
    "title": "ProcessNumbers",
    "description": "Numbers of processes one by one; those of one name that were measured within two seconds are added up.",
    "type": "object",
    "required": ["data"],
    "properties": {
        "ipaddress": _ADDRESS,
        "data": {
            "type": "array",
            "maxItems": MAX_NUMBERS,
            "items": {
                "type": "object",
                "required": ["timestamp", "value", "process_name", "type_data"],
                "properties": {
                    "timestamp": _TIME,
                    "value": {**_PERCENT, "description": "Percent."},
                    "process_name": {"type": ["string", "null"]},
                    "type_data": {"type": "string", "enum": list(_WORDS)},
                },
            },
        },
    },
    "examples": [
        {
            "ipaddress": "192.168.1.5",
            "data": [
                {"timestamp": 1700000000.5, "value": 4.2, "process_name": "firefox", "type_data": "mem"},
                {"timestamp": 1700000000.5, "value": 12.5, "process_name": "firefox", "type_data": "cpu"},
            ],
        }
    ],
}
MOMENTS: dict[str, Any] = {
    "title": "ProcessMoments",
    "description": "What processes took at one moment or at many.",
    "type": "object",
    "required": ["moments"],
    "properties": {
        "ipaddress": _ADDRESS,
        "every": {"type": "number", "minimum": 1, "maximum": 86400, "description": "Seconds between two moments, by default 60."},
        "moments": {
            "type": "array",
            "maxItems": MAX_MOMENTS,
            "items": {
                "type": "object",
                "required": ["timestamp"],
                "properties": {"timestamp": _TIME, "memory": _NUMBERS, "cpu": _NUMBERS},
            },
        },
    },
    "examples": [
        {
            "ipaddress": "192.168.1.5",
            "every": 10,
            "moments": [
                {"timestamp": 1700000000.5, "memory": {"firefox": 4.2}, "cpu": {"firefox": 12.5}},
                {"timestamp": 1700000010.5, "memory": {"firefox": None}, "cpu": {"firefox": None}},
            ],
        }
    ],
}
BODY: dict[str, Any] = {"anyOf": [SINGLE, MOMENTS]}


def read_usage(document: Any, sender: str) -> list[Reading]:
    """Read what a collector has sent.

    Args:
        document: as it was parsed.
        sender: address of who sends it; empty where it is not known.

    Returns:
        A reading for each process and moment, with the time at which it was measured, in the order of time.

    Raises:
        BadRequestError: with the place of the first fault.
    """
    document = _object(document, "")
    if ("data" in document) == ("moments" in document):
        raise BadRequestError("body", "The body has to have either data or moments, and not both.")
    address = _read_address(document.get("ipaddress"), sender)
    if "data" in document:
        readings = partial(_reading, address=address, hold=HOLD_S)
        return [readings(*each) for each in _read_single(document["data"])]
    every = _number(document.get("every", HOLD_S / HELD), "every", 1, 86400)
    readings = partial(_reading, address=address, hold=HELD * every)
    return [readings(*each) for each in sorted(_read_moments(document["moments"]), key=lambda each: each[0])]


def _reading(time_s: float, uuid: str, name: str, value: float, *, address: str, hold: float) -> Reading:
    meta = Meta(process_label(uuid, name, address), "%", hold=hold)
    return Reading(collector_key(uuid, name, address), value, time_s, meta)


Found = tuple[float, str, str, float]
"""Time, uuid, name and number."""


def _read_single(data: Any) -> Iterator[Found]:
    """The numbers of the first form, look by look."""
    look: dict[tuple[str, str], float] = {}
    last = -math.inf
    entries = [_read_entry(each, f"data[{index}]") for index, each in enumerate(_list(data, "data", MAX_NUMBERS))]
    for time_s, uuid, name, value in sorted(entries, key=lambda each: each[0]):
        if time_s - last > LOOK_S:
            yield from ((last, *key, number) for key, number in look.items())
            look = {}
        look[uuid, name] = look.get((uuid, name), 0.0) + value
        last = time_s
    yield from ((last, *key, number) for key, number in look.items())


def _read_entry(entry: Any, where: str) -> Found:
    entry = _object(entry, where)
    for member in ("timestamp", "value", "process_name", "type_data"):
        if member not in entry:
            raise BadRequestError(f"{where}.{member}", f"{where}.{member} is missing.")
    name, kind = entry["process_name"], entry["type_data"]
    if not (name is None or isinstance(name, str)):
        raise _wrong(f"{where}.process_name", name, "a text")
    if not isinstance(kind, str) or kind not in _WORDS:
        raise _wrong(f"{where}.type_data", kind, "mem or cpu")
    time_s = _number(entry["timestamp"], f"{where}.timestamp")
    return time_s, _WORDS[kind], clean_name(name or ""), _number(entry["value"], f"{where}.value", 0, MAX_PERCENT)


def _read_moments(moments: Any) -> Iterator[Found]:
    for index, moment in enumerate(_list(moments, "moments", MAX_MOMENTS)):
        where = f"moments[{index}]"
        moment = _object(moment, where)
        if "timestamp" not in moment:
            raise BadRequestError(f"{where}.timestamp", f"{where}.timestamp is missing.")
        time_s = _number(moment["timestamp"], f"{where}.timestamp")
        for member, uuid in (("memory", MEMORY), ("cpu", CPU)):
            for name, value in _read_names(moment.get(member, {}), f"{where}.{member}").items():
                yield time_s, uuid, name, value


def _read_names(numbers: Any, where: str) -> dict[str, float]:
    """Numbers by name, NaN for null; two names that are one when they are told are added up."""
    numbers = _object(numbers, where)
    if len(numbers) > MAX_NAMES:
        raise BadRequestError(where, f"{where} has {len(numbers)} names: expected at most {MAX_NAMES}.")
    found: dict[str, float] = {}
    for raw, value in numbers.items():
        name = clean_name(raw)
        number = math.nan if value is None else _number(value, f"{where}[{name!r}]", 0, MAX_PERCENT)
        before = found.get(name, math.nan)
        found[name] = number if math.isnan(before) else before if math.isnan(number) else before + number
    return found


def _read_address(given: Any, sender: str) -> str:
    """The address of the machine. Raises BadRequestError."""
    if given is not None and not isinstance(given, str):
        raise _wrong("ipaddress", given, "a text")
    for written in (given, sender):
        try:
            address = ipaddress.ip_address((written or "")[:60])
        except ValueError:
            if written and written is given:
                raise _wrong("ipaddress", given, "an address such as 192.168.1.5; leave it out for that of who sends") from None
            continue
        if not address.is_unspecified:  # as a client of the first form says where it does not know its own
            return plain_address(address)
    raise BadRequestError("ipaddress", "ipaddress is missing, and who sends has none: say which machine it is.")


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, value, "an object")
    return value


def _list(value: Any, where: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(where, value, "a list")
    if len(value) > most:
        raise BadRequestError(where, f"{where} has {len(value)} items: expected at most {most}.")
    return value


def _number(value: Any, where: str, low: float = -math.inf, high: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high or not math.isfinite(value):
        raise _wrong(where, value, "a number" if math.isinf(high) else f"a number from {low:g} to {high:g}")
    return float(value)


def _wrong(where: str, value: Any, expected: str) -> BadRequestError:
    shown = {dict: "an object", list: "a list", type(None): "null"}.get(type(value)) or repr(value)[:42]
    return BadRequestError(where or "body", f"{where or 'The body'} is {shown}: expected {expected}.")
