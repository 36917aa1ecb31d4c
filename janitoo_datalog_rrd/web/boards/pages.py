"""The pages of boards: all of them, one of them, and one that fills a screen on the wall."""

from __future__ import annotations

import orjson
from flask import Response, make_response, render_template

from ..auth.guard import who
from ..metrics import problems
from ..room import Room, room
from ..routes import Role, Route
from ..view import SPANS
from .board import COLUMNS, DEFAULT_SPAN, KINDS, MAX_NOTE, MAX_SERIES, MAX_TILES, MAX_TITLE, ROWS, Board
from .boards import MAX_BOARDS
from .shown import Known, show


def board_page_routes() -> list[Route]:
    """The routes of the boards' pages."""
    return [
        Route(path=path, view=view, role=Role.VIEWER, params=None, hidden=True)
        for path, view in (("/boards", boards_page), ("/boards/<board_id>", board_page), ("/boards/<board_id>/full", full_page))
    ]


def boards_page() -> Response:
    """Every board, drawn small."""
    here = room()
    return make_response(render_template("boards.html", boards=here.boards.all(), most=MAX_BOARDS, **_frame(here)))


def board_page(board_id: str) -> Response:
    """One board, which operators can change."""
    return _board("board.html", board_id)


def full_page(board_id: str) -> Response:
    """One board with nothing around it."""
    return _board("board_full.html", board_id)


def _board(template: str, board_id: str) -> Response:
    here = room()
    board = here.boards.get(board_id)
    return make_response(
        render_template(template, board=board, content=_content(board), tiles=show(board, _known(here, board)), **_frame(here))
    )


def _content(board: Board) -> str:
    """The board as its script reads it."""
    return orjson.dumps(board.json()).decode()


def _known(here: Room, board: Board) -> Known | None:
    store = here.services.store
    names = {series.name for tile in board.tiles for series in tile.series}
    return None if store is None else {info.name: info for info in store.list_series(names)}


def _frame(here: Room) -> dict[str, object]:
    """What every page of boards needs."""
    return {
        "problems": problems(here),
        "ready": here.services.store is not None,
        "spans": SPANS,
        "default_span": DEFAULT_SPAN,
        "kinds": KINDS,
        "limits": {
            "title": MAX_TITLE,
            "note": MAX_NOTE,
            "tiles": MAX_TILES,
            "series": MAX_SERIES,
            "columns": COLUMNS,
            "rows": ROWS,
        },
        "may_edit": who().role >= Role.OPERATOR,
    }
