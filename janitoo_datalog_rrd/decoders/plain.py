"""Decoder `plain`: a topic whose payload is one number or one boolean word."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING

from ..core.contracts import Decoder, Meta, Reading
from ..core.errors import DecodeError
from .documents import MAX_TOPIC, check_topic
from .numbers import MAX_TEXT, excerpt, number_of_text
from .paths import refuse_paths

if TYPE_CHECKING:
    from ..core.sections import Section

# A number, white space (not needed before % and °), and a unit: no digit, point or comma follows the number at once, so that
# versions, dates, clock times and decimal commas are no numbers with a unit.
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_UNIT = r"""(?:[^\W\d_]|[%°€$£])[^\s"'<>\\,;:=()]{0,15}"""
_WITH_UNIT = re.compile(rf"({_NUMBER})(?:\s+|(?=[%°]))({_UNIT})")


class PlainDecoder:
    """Reads one number per message; the key is (topic, "")."""

    bare_numbers = True

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the message's one reading; an empty payload, which clears a retained message, has none.

        Raises:
            DecodeError: `no_number`, `not_finite`, `not_utf8`, `too_large` or `topic_too_long`.
        """
        if len(payload) > MAX_TEXT or len(topic) > MAX_TOPIC:
            check_topic(topic)
            raise DecodeError("too_large", f"the payload has {len(payload)} bytes: a number has at most {MAX_TEXT}")
        try:
            # float() reads ASCII bytes at once; only what it refuses is looked at more closely.
            number = float(payload)
        except ValueError:
            return _decode_text(topic, payload)
        if b"_" in payload:
            raise _no_number(payload)
        if not isfinite(number):
            raise _not_finite(payload)
        return [Reading((topic, ""), number)]


def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a `[decoder__NAME]` section of kind `plain`.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, "plain", "value", "time", "label", "units")
    return PlainDecoder()


def _decode_text(topic: str, payload: bytes) -> list[Reading]:
    if not payload:
        return []
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("not_utf8", f"the payload is not UTF-8 text: {error.reason} at byte {error.start}") from error
    units = ""
    number = number_of_text(text)
    if number is None:
        match = _WITH_UNIT.fullmatch(text.strip().strip('"').strip())
        if match is None:
            raise _no_number(payload)
        number, units = float(match[1]), match[2]
    if not isfinite(number):
        raise _not_finite(payload)
    return [Reading((topic, ""), number, None, Meta(units=units)) if units else Reading((topic, ""), number)]


def _no_number(payload: bytes) -> DecodeError:
    return DecodeError(
        "no_number", f"the payload {excerpt(payload)} is neither a number nor on/off, true/false, open/closed, online/offline"
    )


def _not_finite(payload: bytes) -> DecodeError:
    return DecodeError("not_finite", f"the payload {excerpt(payload)} is not a finite number")
