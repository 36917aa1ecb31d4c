"""Fuzzing, the mutations: an input is changed a little, as bytes or as the JSON document that it is."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

MOST_BYTES = 4096
"""Longest input that is made."""
_HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 10**18, 2**63, 2**64, 10**40, -(10**400), 0.1, -0.0, 1e308, 5e-324, float("nan"), float("inf"),
    "", "0", "21.5", "on", "1e400", "1_0", "\x00", "\ud800", "\u0663", "a" * 600, "0001/0001", "2024-02-03T10:20:30Z", [], {},
    [1, "2"], {"data": 1}, {"0": {"hadd": "0001/0001", "uuid": "x", "genre": 2, "data": 1}},
)  # fmt: skip
_KEYS = ("", "a", "a.b", "\\", "0", "1", "data", "hadd", "uuid", "index", "genre", "type", "label", "t", "k" * 501, "\u0000")


def mutate(data: bytes, chance: random.Random, tokens: Sequence[bytes], *, most: int = MOST_BYTES) -> bytes:
    """Return an input that differs a little from another one; never longer than `most` bytes."""
    if chance.random() < 0.4:
        changed = _mutate_document(data, chance)
        if changed is not None:
            return changed[:most]
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 4, 8))):
        _mutate_bytes(made, chance, tokens)
    return bytes(made[:most])


def _mutate_bytes(made: bytearray, chance: random.Random, tokens: Sequence[bytes]) -> None:
    place = chance.randrange(len(made) + 1)
    match chance.randrange(7):
        case 0 if place < len(made):
            made[place] ^= 1 << chance.randrange(8)
        case 1 if place < len(made):
            made[place] = chance.randrange(256)
        case 2:
            del made[place : place + chance.randint(1, 8)]
        case 3:
            made[place:place] = made[chance.randrange(len(made) + 1) :][: chance.randint(1, 30)]
        case 4:
            made[place:place] = bytes(made[place : place + 4]) * chance.randint(1, 50)
        case 5:
            made[place:place] = chance.randbytes(chance.randint(1, 4))
        case _:
            made[place:place] = chance.choice(tokens)


def _mutate_document(data: bytes, chance: random.Random) -> bytes | None:
    """Change one datum of a document, or None where the input is no document; what stands before it stays."""
    begin = min((place for place in (data.find(b"{"), data.find(b"[")) if place >= 0), default=-1)
    if begin < 0:
        return None
    try:
        document = json.loads(data[begin:])
    except (ValueError, RecursionError):
        return None
    for _ in range(chance.choice((1, 1, 2, 3))):
        document = _change(document, chance, 0)
    text = json.dumps(document, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.1:
        text = text.replace('": ', f'": {chance.choice(("NaN", "1e999", "-0", "1" * 50, "[" * 40 + "]" * 40))}, "', 1)
    return data[:begin] + text.encode("utf-8", "surrogatepass")


def _change(datum: Any, chance: random.Random, depth: int) -> Any:
    """Change a datum, or something in it."""
    if isinstance(datum, dict):
        datum = dict(datum)
        key = chance.choice(list(datum)) if datum and chance.random() < 0.8 else chance.choice(_KEYS)
        match chance.randrange(6):
            case 0:
                datum.pop(key, None)
            case 1 if key in datum:
                datum[chance.choice(_KEYS)] = datum.pop(key)
            case _:
                datum[key] = _change(datum.get(key), chance, depth + 1)
        return datum
    if isinstance(datum, list) and datum and chance.random() < 0.8:
        place = chance.randrange(len(datum))
        if chance.random() < 0.2:
            return datum * chance.choice((2, 3, 50))
        return [*datum[:place], _change(datum[place], chance, depth + 1), *datum[place + 1 :]]
    if depth and chance.random() < 0.15:
        return {chance.choice(_KEYS): datum} if chance.random() < 0.5 else [datum, datum]
    return chance.choice(_HOSTILE)
