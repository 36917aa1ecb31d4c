"""What Explore answers: rows of the tree, messages, verdicts and proposals, as JSON."""

from __future__ import annotations

from typing import Any

import orjson

from ..room import room
from ..view import number, text
from .guess import Guesses, load
from .heard import Row, Told
from .proposal import Proposal
from .verdict import OPEN, Number, Verdict

_PREVIEW = 160
_TOPICS_SHOWN = 20
_PRETTY_MAX = 200_000


def is_whole(told: Told) -> bool:
    """Tell whether all of a message was kept."""
    return len(told.payload) == told.size


def row_json(row: Row) -> dict[str, Any]:
    """A row of the tree."""
    document: dict[str, Any] = {"level": row.level, "topic": row.topic, "below": row.below, "message": None}
    if row.told is not None:
        state, series = room().desk.examiner.glance(row.topic, row.told.payload, whole=is_whole(row.told))
        preview = payload_text(
            row.told.payload[: _PREVIEW * 4], errors="ignore" if len(row.told.payload) > _PREVIEW * 4 else "strict"
        )
        document["message"] = {
            **message_json(row.told),
            "text": None if preview is None else preview[:_PREVIEW],
            "state": state,
            "series": series,
        }
    return document


def message_json(told: Told) -> dict[str, Any]:
    """What is known of a message beside what it says."""
    return {
        "size": told.size,
        "kept": len(told.payload),
        "time": number(told.time),
        "count": told.count,
        "rate": round(told.rate, 2),
        "retained": told.retained,
    }


def payload_text(payload: bytes, errors: str = "strict") -> str | None:
    """A payload as text; None where it is none."""
    try:
        return payload.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        # what was cut in the midst of a character is text all the same
        return payload[: error.start].decode() if error.start >= len(payload) - 3 and error.start > 0 else None


def pretty_json(told: Told) -> str | None:
    """A payload as JSON with a line for each member; None where it is no document."""
    document = load(told.payload)
    if not isinstance(document, (dict, list)):
        return None
    try:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()[:_PRETTY_MAX]
    except orjson.JSONEncodeError:  # nested too deeply
        return None


def verdict_json(told: Told, verdict: Verdict, now: float) -> dict[str, Any]:
    """A verdict with its numbers."""
    value = ""
    guesses = Guesses(told.payload, now)
    if verdict.section:
        value = str(room().services.options.section(verdict.section).get("value") or "")
    return {
        "state": verdict.state,
        "sentence": text(verdict.sentence),
        "kind": verdict.kind,
        "section": verdict.section,
        "place": text(verdict.place),
        "value": text(value),
        "numbers": [_number(verdict, each, guesses) for each in verdict.numbers],
    }


def _number(verdict: Verdict, found: Number, guesses: Guesses) -> dict[str, Any]:
    guessed = guesses.of(found.path) if found.state == OPEN and verdict.kind == "json" and found.path else {}
    return {
        "path": text(found.path),
        "value": number(found.value),
        "label": text(found.label),
        "units": text(found.units),
        "state": found.state,
        "series": found.series,
        "why": text(found.why),
        "guesses": {name: text(path) for name, path in guessed.items()},
    }


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """A proposal."""
    return {
        "section": proposal.section,
        "new": proposal.new,
        "text": text(proposal.text),
        "diff": text(proposal.diff),
        "hash": proposal.hash,
        "topics": text(proposal.topics),
        "matches": {"count": len(proposal.matches), "topics": [text(each) for each in proposal.matches[:_TOPICS_SHOWN]]},
        "others": {"count": len(proposal.others), "topics": [text(each) for each in proposal.others[:_TOPICS_SHOWN]]},
        "numbers": [{"path": text(path), "value": number(value)} for path, value in proposal.numbers[:_TOPICS_SHOWN]],
        "notes": [text(each) for each in proposal.notes],
    }
