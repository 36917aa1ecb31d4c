"""The paths of Explore: the bus as a tree, one topic, and the click that has a number logged."""

from __future__ import annotations

from typing import Any

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
from .documents import is_whole, message_json, payload_text, pretty_json, proposal_json, row_json, verdict_json
from .heard import Told
from .inihome import IniFileError
from .proposal import PATHS, Wanted
from .verdict import KINDS

_PREFIXES_MAX = 64
_TOPIC_MAX = 60_000
_HEX_MAX = 512
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
        answer.update(found=found, rows=[row_json(row) for row in rows])
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
        document = row_json(row)
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
    verdict = here.desk.examiner.examine(topic, told.payload, whole=is_whole(told))
    now = here.services.clock()
    return json_response(
        {
            "topic": topic,
            "time": now,
            "message": {
                **message_json(told),
                "text": payload_text(told.payload),
                "hex": told.payload[:_HEX_MAX].hex(" "),
                "json": pretty_json(told),
            },
            "verdict": verdict_json(told, verdict, now),
        }
    )


def explore_log() -> Response:
    """Propose the section that has a number logged; with `save` and the hash of what was shown, write it into the ini."""
    body = read_body(_BODY)
    topic = body["topic"]
    here = room()
    told = _told(topic)
    if not is_whole(told):
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
            return json_response({**proposal_json(proposal), "obstacle": text(obstacle), "saved": False})
        if obstacle:
            raise Forbidden(f"{obstacle} Write the section by hand, then: jnt_datalog_rrd reload.")
        if body.get("hash") != proposal.hash:
            raise Conflict("The ini, or the bus, has changed since the change was shown: look at it again.")
        in_force, sentence = here.desk.save(proposal)
    except IniFileError as error:
        raise Conflict(str(error)) from None
    return json_response(
        {
            **proposal_json(proposal),
            "saved": True,
            "in_force": in_force,
            "sentence": text(sentence),
            "backup": str(here.desk.ini.backup),
        }
    )


def _told(topic: str) -> Told:
    told = room().desk.heard.get(topic, room().services.clock())
    if told is None:
        raise NotFound("Nothing was heard on this topic since somebody looks: wait for its next message.")
    return told
