"""What the dialects at work have learnt, and what of it cannot be logged, for the status."""

from __future__ import annotations

from typing import Any

from ...core.contracts import Decoder
from ...core.decoding import Readers
from ...core.services import Services
from ...core.topics import VALUES_FILTER
from ..view import text

WORDS_MAX = 20
"""How many counts of one dialect are told."""


def describe_dialects(services: Services, *, notes: bool) -> dict[str, Any] | None:
    """Everything; None until somebody listens.

    Args:
        services: what the threads of the server share.
        notes: whether notes are told: they name what somebody has published.
    """
    readers = services.readers
    if readers is None:
        return None
    directory = readers.directory
    told = directory.notes if notes else []
    return {
        "readers": _readers(readers),
        "off": [text(kind) for kind in services.options.section("dialects").get("off") or ()],
        "claimed": len(directory.claimed),
        "notes": [{"kind": text(each.kind), "place": text(each.place), "what": text(each.what)} for each in told],
        "notes_left_out": directory.notes_left_out,
    }


def _readers(readers: Readers) -> list[dict[str, Any]]:
    claims = readers.directory.claims_by_decoder()
    return [
        {
            "kind": text(route.kind),
            "section": text(route.section),
            "topics": [text(each) for each in route.filters],
            "loose": route.loose,
            "claimed": claims.get(id(route.decoder), 0),
            "knows": _counts(route.decoder),
        }
        for route in readers.routes
        if route.section or route.filters != (VALUES_FILTER,)
    ]


def _counts(decoder: Decoder) -> dict[str, int]:
    """What a dialect knows, in its own words."""
    counts = getattr(decoder, "counts", None)
    if counts is None:
        return {}
    try:
        return {text(str(word))[:60]: int(number) for word, number in list(counts())[:WORDS_MAX]}
    except Exception:  # noqa: BLE001 - a decoder may come from any package, and learns in another thread meanwhile
        return {}
