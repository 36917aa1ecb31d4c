"""Decoders, the JSON text: a payload becomes a document, or a DecodeError; it never becomes a crash."""

from __future__ import annotations

import json
from typing import Any

import orjson

from ..core.errors import DecodeError

MAX_PAYLOAD = 1024 * 1024
"""Largest JSON payload taken, in bytes."""
MAX_TOPIC = 1000
"""Longest topic that makes series, in characters: the topic is part of every key in memory and in the journal."""
MAX_TEXT = 100
"""Longest name or unit that is taken from a document, in characters; what is longer is cut off."""
_MAX_LENIENT_CONTAINERS = 1000


def check_topic(topic: str) -> None:
    """Refuse a topic that is too long to be part of a key.

    Raises:
        DecodeError: `topic_too_long`.
    """
    if len(topic) > MAX_TOPIC:
        raise DecodeError("topic_too_long", f"the topic has {len(topic)} characters: at most {MAX_TOPIC} are taken")


def text_of(datum: object, longest: int = MAX_TEXT) -> str:
    """A name or a unit in a document, without blanks around it and not too long; empty where it is no text."""
    return datum.strip()[:longest] if isinstance(datum, str) else ""


def load_document(payload: bytes, largest: int = MAX_PAYLOAD) -> Any:
    """Parse JSON; the last of duplicate keys wins.

    Numbers out of a double's range, and the literals `NaN`, `Infinity` and `-Infinity` that Python programs write, come out as
    floats that are not finite, so that the good numbers beside them are not lost. A byte order mark is passed over.

    Args:
        payload: the text.
        largest: how many bytes of it are taken.

    Raises:
        DecodeError: `too_large`, `not_utf8`, `too_deep` or `not_json`.
    """
    if len(payload) > largest:
        raise DecodeError("too_large", f"the payload has {len(payload)} bytes: at most {largest} are taken")
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        return _load_leniently(payload, str(error))


def _load_leniently(payload: bytes, complaint: str) -> Any:
    """Parse with the standard library what the fast and strict parser refused."""
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DecodeError("not_utf8", f"the payload is not UTF-8 text: {error.reason} at byte {error.start}") from error
    # orjson words it as "recursion depth exceeded" or "depth limit exceeded", by its version.
    if "depth" in complaint:
        raise DecodeError("too_deep", f"the payload is nested too deeply: {complaint}")
    # The standard library recurses for each level, and takes halves of surrogate pairs: both are kept away from it.
    if text.count("{") + text.count("[") > _MAX_LENIENT_CONTAINERS or "\\ud" in text.lower():
        raise DecodeError("not_json", f"the payload is not JSON: {complaint}")
    try:
        return json.loads(text, parse_constant=float, parse_int=_whole)
    except RecursionError as error:
        raise DecodeError("too_deep", "the payload is nested too deeply") from error
    except ValueError as error:
        raise DecodeError("not_json", f"the payload is not JSON: {complaint}") from error


def _whole(digits: str) -> int | float:
    # Python refuses to make an int of more than 4,300 digits; a double holds no more than the first 17 anyway.
    return int(digits) if len(digits) < 20 else float(digits)
