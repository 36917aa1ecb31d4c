"""The paths of Explore: the bus as a tree, one topic, and the click that has a number logged."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, render_template
from werkzeug.exceptions import Conflict, Forbidden, NotFound

from ...core.errors import BadRequestError
from ..api.answers import PREFIX, json_response
from ..bodies import read_body
from ..metrics import problems
from ..params import IntegerParam, Param
from ..room import room
from ..routes import Role, Route, arguments
from ..view import number, text
from .guess import guess_paths, load
from .heard import Row, Told
from .inihome import IniFileError
from .proposal import PATHS, Proposal, Wanted
from .verdict import KINDS, OPEN, Number, Verdict

_PREFIXES_MAX = 64
_TOPIC_MAX = 60_000
_PREVIEW = 160
_HEX_MAX = 512
_TOPICS_SHOWN = 20
_PRETTY_MAX = 200_000
_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["topic"],
    "additionalProperties": False,
    "properties": {
        "topic": {"type": "string", "minLength": 1, "maxLength": 65535, "description": "Where the number comes from."},
        "path": {"type": "string", "maxLength": 500, "description": "Where it stands in the message; empty for a bare number."},
        "topics": {"type": "string", "maxLength": 65535, "description": "The MQTT filter to subscribe; the topic by default."},
        "kind": {"type": "string", "enum": list(KINDS)},
        "name": {"type": "string", "maxLength": 60, "description": "Of the section, without decoder__."},
        **{option: {"type": "string", "maxLength": 500} for option in PATHS},
        "save": {"type": "boolean", "description": "Write it; else it is only shown."},
        "hash": {"type": "string", "maxLength": 64, "description": "Of the change that was shown; needed to save it."},
    },
}


def explore_routes() -> list[Route]:
    """The routes of Explore; payloads may be private, so they are not for everybody who may look at series."""
    json: dict[str, dict[str, Any]] = {"application/json": {"type": "object"}}
    tree = (
        Param(
            name="prefix", told="A topic with a slash at its end, below which to look.", many=_PREFIXES_MAX, longest=_TOPIC_MAX
        ),
        IntegerParam(name="depth", told="How many levels at once.", default=1, low=1, high=4),
        Param(name="search", told="Words that stand in the topic; given, topics are listed, not levels."),
        IntegerParam(name="limit", told="How many rows of each branch at most.", default=200, low=1, high=500),
        Param(name="cursor", told="The next_cursor of the branch before; for one prefix only.", longest=_TOPIC_MAX),
    )
    topic = (Param(name="topic", told="The topic.", required=True, example="tele/kitchen", longest=_TOPIC_MAX),)
    return [
        Route(path="/explore", view=explore_page, role=Role.OPERATOR, params=None, hidden=True),
        Route(path=f"{PREFIX}/explore", view=explore_tree, role=Role.OPERATOR, params=tree, answers=json, tag="explore"),
        Route(
            path=f"{PREFIX}/explore/topic",
            view=explore_topic,
            role=Role.OPERATOR,
            params=topic,
            answers=json,
            statuses={404: {}},
            tag="explore",
        ),
        Route(
            path=f"{PREFIX}/explore/log",
            view=explore_log,
            role=Role.OPERATOR,
            methods=("POST",),
            answers=json,
            body=_BODY,
            statuses={404: {}, 409: {}},
            tag="explore",
        ),
    ]


def explore_page() -> str:
    """The bus, live."""
    here = room()
    return render_template("explore.html", problems=problems(here))


def explore_tree() -> Response:
    """What is heard on the bus now, as a tree of topics; asking begins to listen, for a minute."""
    given = arguments()
    desk, now = room().desk, room().services.clock()
    hearing = desk.listener.look()
    heard = desk.heard
    answer: dict[str, Any] = {
        "time": now,
        "hearing": {
            "connected": hearing.connected,
            "sentence": hearing.sentence,
            "since": number(hearing.since),
            "crowded": hearing.crowded,
        },
        "topics": len(heard),
        "messages": heard.messages,
        "beyond": heard.beyond,
        "unreadable": heard.unreadable,
    }
    words = given["search"].split()
    if words:
        rows, found = heard.search(words, given["limit"], now)
        answer.update(found=found, rows=[_row(row) for row in rows])
        return json_response(answer)
    prefixes = given["prefix"] or [""]
    for prefix in prefixes:
        if prefix and not prefix.endswith("/"):
            raise BadRequestError("prefix", f"prefix is {prefix[:40]!r}: expected a topic with a slash at its end.")
    if given["cursor"] and len(prefixes) > 1:
        raise BadRequestError("cursor", "cursor goes with one prefix: give one only.")
    budget = _Budget(given["limit"] * 2 if given["depth"] > 1 else given["limit"] * len(prefixes))
    after = given["cursor"][1:] if given["cursor"] else None
    answer["branches"] = [_branch(prefix, given["limit"], after, given["depth"], budget) for prefix in prefixes]
    return json_response(answer)


class _Budget:
    """How many rows an answer may still have."""

    def __init__(self, left: int) -> None:
        self.left = left


def _branch(prefix: str, limit: int, after: str | None, depth: int, budget: _Budget) -> dict[str, Any]:
    heard, now = room().desk.heard, room().services.clock()
    rows, more = heard.children(prefix, max(min(limit, budget.left), 0), after, now)
    budget.left -= len(rows)
    shown = []
    for row in rows:
        document = _row(row)
        if depth > 1 and row.below and budget.left > 0:
            document["branch"] = _branch(f"{row.topic}/", limit, None, depth - 1, budget)
        shown.append(document)
    return {"prefix": prefix, "rows": shown, "next_cursor": f"={rows[-1].level}" if more and rows else None}


def explore_topic() -> Response:
    """The last message of a topic, the numbers in it, and as which series each is logged, or why not."""
    topic = arguments()["topic"]
    here = room()
    here.desk.listener.look()
    told = _told(topic)
    verdict = here.desk.examiner.examine(topic, told.payload, whole=_is_whole(told))
    now = here.services.clock()
    return json_response(
        {
            "topic": topic,
            "time": now,
            "message": {
                **_message(told),
                "text": _text(told.payload),
                "hex": told.payload[:_HEX_MAX].hex(" "),
                "json": _pretty(told),
            },
            "verdict": _verdict(topic, told, verdict, now),
        }
    )


def explore_log() -> Response:
    """Propose the section that has a number logged; with `save` and the hash of what was shown, write it into the ini."""
    body = read_body(_BODY)
    topic = body["topic"]
    here = room()
    told = _told(topic)
    if not _is_whole(told):
        raise BadRequestError("topic", "Only the beginning of its last message was kept: wait for the next one.")
    kind = body.get("kind") or here.desk.examiner.examine(topic, told.payload, whole=True).kind or KINDS[0]
    wanted = Wanted(
        topic=topic,
        path=body.get("path", ""),
        topics=body.get("topics", ""),
        kind=kind,
        name=body.get("name", ""),
        paths={option: body.get(option, "") for option in PATHS},
    )
    try:
        proposal = here.desk.propose(wanted, told.payload)
        obstacle = here.desk.ini.obstacle()
        if not body.get("save"):
            return json_response({**_proposal(proposal), "obstacle": text(obstacle), "saved": False})
        if obstacle:
            raise Forbidden(f"{obstacle} Write the section by hand, then: jnt_datalog_rrd reload.")
        if body.get("hash") != proposal.hash:
            raise Conflict("The ini, or the bus, has changed since the change was shown: look at it again.")
        in_force, sentence = here.desk.save(proposal)
    except IniFileError as error:
        raise Conflict(str(error)) from None
    return json_response(
        {
            **_proposal(proposal),
            "saved": True,
            "in_force": in_force,
            "sentence": text(sentence),
            "backup": str(here.desk.ini.backup),
        }
    )


# -- what is asked ---------------------------------------------------------------------------------------


def _told(topic: str) -> Told:
    told = room().desk.heard.get(topic, room().services.clock())
    if told is None:
        raise NotFound("Nothing was heard on this topic since somebody looks: wait for its next message.")
    return told


def _is_whole(told: Told) -> bool:
    return len(told.payload) == told.size


# -- what is answered ------------------------------------------------------------------------------------


def _row(row: Row) -> dict[str, Any]:
    document: dict[str, Any] = {"level": row.level, "topic": row.topic, "below": row.below, "message": None}
    if row.told is not None:
        state, series = room().desk.examiner.glance(row.topic, row.told.payload, whole=_is_whole(row.told))
        preview = _text(row.told.payload[: _PREVIEW * 4], errors="ignore" if len(row.told.payload) > _PREVIEW * 4 else "strict")
        document["message"] = {
            **_message(row.told),
            "text": None if preview is None else preview[:_PREVIEW],
            "state": state,
            "series": series,
        }
    return document


def _message(told: Told) -> dict[str, Any]:
    return {
        "size": told.size,
        "kept": len(told.payload),
        "time": number(told.time),
        "count": told.count,
        "rate": round(told.rate, 2),
        "retained": told.retained,
    }


def _text(payload: bytes, errors: str = "strict") -> str | None:
    """A payload as text; None where it is none."""
    try:
        return payload.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        # what was cut in the midst of a character is text all the same
        return payload[: error.start].decode() if error.start >= len(payload) - 3 and error.start > 0 else None


def _pretty(told: Told) -> str | None:
    """A payload as JSON with a line for each member; None where it is no document."""
    document = load(told.payload)
    if not isinstance(document, (dict, list)):
        return None
    try:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()[:_PRETTY_MAX]
    except orjson.JSONEncodeError:  # nested too deeply
        return None


def _verdict(topic: str, told: Told, verdict: Verdict, now: float) -> dict[str, Any]:
    value = ""
    if verdict.section:
        value = str(room().services.options.section(verdict.section).get("value") or "")
    return {
        "state": verdict.state,
        "sentence": text(verdict.sentence),
        "kind": verdict.kind,
        "section": verdict.section,
        "place": text(verdict.place),
        "value": text(value),
        "numbers": [_number(topic, told, verdict, each, now) for each in verdict.numbers],
    }


def _number(topic: str, told: Told, verdict: Verdict, found: Number, now: float) -> dict[str, Any]:
    guesses = {}
    if found.state == OPEN and verdict.kind == "json" and found.path:
        guesses = guess_paths(room().desk.examiner, topic, told.payload, found.path, now)
    return {
        "path": text(found.path),
        "value": number(found.value),
        "label": text(found.label),
        "units": text(found.units),
        "state": found.state,
        "series": found.series,
        "why": text(found.why),
        "guesses": {name: text(path) for name, path in guesses.items()},
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
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
