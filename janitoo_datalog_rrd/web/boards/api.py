"""Boards in the API: listed, made, read, changed and deleted; a change can say for which version it was made."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, request

from ...core.errors import BadRequestError
from ..api.answers import PREFIX, json_response
from ..bodies import read_body
from ..params import Param
from ..room import room
from ..routes import Role, Route
from .board import BOARD_SCHEMA, ID, KEPT_SCHEMA, MAX_TITLE, Board, read_draft
from .boards import MAX_BOARDS

_SUMMARY: dict[str, Any] = {
    "type": "object",
    "required": ["id", "title", "note", "tiles", "version", "changed"],
    "properties": {
        **{name: KEPT_SCHEMA["properties"][name] for name in ("id", "title", "note", "version", "changed")},
        "tiles": {"type": "integer", "description": "How many it has."},
    },
}
_LIST: dict[str, Any] = {
    "type": "object",
    "required": ["boards"],
    "properties": {"boards": {"type": "array", "maxItems": MAX_BOARDS, "items": _SUMMARY}},
}


def board_api_routes() -> list[Route]:
    """The routes of the boards' API."""
    every, one = f"{PREFIX}/boards", f"{PREFIX}/boards/<board_id>"
    answer = {"application/json": KEPT_SCHEMA}
    which = Param(name="board_id", told="The board's id, as its address has it.", longest=60, example="ground-floor")
    changes: dict[str, Any] = {"role": Role.OPERATOR, "tag": "boards", "variables": (which,)}
    return [
        Route(path=every, view=list_boards, role=Role.VIEWER, tag="boards", answers={"application/json": _LIST}),
        Route(
            path=every,
            view=make_board,
            role=Role.OPERATOR,
            tag="boards",
            methods=("POST",),
            body=BOARD_SCHEMA,
            answers=answer,
            status=201,
            statuses={409: {}, 503: {}},
        ),
        Route(path=one, view=get_board, role=Role.VIEWER, tag="boards", variables=(which,), answers=answer, statuses={304: {}}),
        Route(
            path=one,
            view=change_board,
            methods=("PUT",),
            body=BOARD_SCHEMA,
            answers=answer,
            statuses={201: answer, 409: {}, 412: {}, 503: {}},
            **changes,
        ),
        Route(path=one, view=delete_board, methods=("DELETE",), status=204, statuses={412: {}, 503: {}}, **changes),
    ]


def list_boards() -> Response:
    """Every board, without its tiles, sorted by title."""
    boards = room().boards.all()
    return json_response({"boards": [{**board.json(), "tiles": len(board.tiles)} for board in boards]})


def make_board() -> Response:
    """Make a board; its id is made from the title."""
    return _made(room().boards.add(read_draft(read_body(BOARD_SCHEMA))))


def get_board(board_id: str) -> Response:
    """One board with its tiles; its ETag is what If-Match of a change names."""
    board = room().boards.get(board_id)
    response = _answer(board)
    response.make_conditional(request)
    return response


def change_board(board_id: str) -> Response:
    """Change a board, whole; with If-None-Match: * put a deleted one back under its id."""
    if ID.fullmatch(board_id) is None:
        raise BadRequestError("board_id", f"board_id is {board_id[:MAX_TITLE]!r}: expected small letters, digits and hyphens.")
    board, made = room().boards.change(board_id, read_draft(read_body(BOARD_SCHEMA)), _fits)
    return _made(board) if made else _answer(board)


def delete_board(board_id: str) -> Response:
    """Delete a board."""
    room().boards.delete(board_id, _fits)
    return Response(status=204)


def _answer(board: Board, status: int = 200) -> Response:
    response = json_response(board.json(), status)
    response.set_etag(board.etag)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _made(board: Board) -> Response:
    response = _answer(board, 201)
    response.headers["Location"] = f"{PREFIX}/boards/{quote(board.id)}"
    return response


def _fits(board: Board | None) -> bool:
    """Tell whether a change is for this state of a board, by If-Match and If-None-Match (RFC 9110, 13.1).

    An ETag that compression on the way has made a weak one is as good: it is the version's number.
    """
    has_match = "If-Match" in request.headers
    if board is None:
        return not has_match
    if has_match and not request.if_match.contains_weak(board.etag):
        return False
    return not request.if_none_match.contains_weak(board.etag)
