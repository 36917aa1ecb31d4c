"""Boards: what one is made of, the JSON Schema of what people send, and how it is kept in the file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from ...core.errors import BadRequestError
from ..bodies import check
from ..escape import clean
from ..view import SPANS

MAX_TILES = 48
MAX_SERIES = 8
MAX_TITLE, MAX_NOTE = 80, 300
MAX_BYTES = 60_000
"""Of one board as JSON, so that it can be sent back: requests have 64 KiB at most."""
KINDS = {"value": "Number", "chart": "Chart", "graph": "Drawn graph"}
"""Kinds of tiles, in words."""
COLUMNS, ROWS = 4, 4
DEFAULT_SPAN = "1d"
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}", re.ASCII)
_SLUG = 48

SERIES_SCHEMA: dict[str, Any] = {
    "title": "TileSeries",
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$"},
        "column": {"type": "string", "maxLength": 19, "pattern": "^[A-Za-z0-9_-]*$"},
        "axis": {"type": "string", "enum": ["auto", "left", "right"]},
    },
}
TILE_SCHEMA: dict[str, Any] = {
    "title": "Tile",
    "type": "object",
    "additionalProperties": False,
    "required": ["kind", "series"],
    "properties": {
        "kind": {"type": "string", "enum": list(KINDS)},
        "series": {"type": "array", "minItems": 1, "maxItems": MAX_SERIES, "items": SERIES_SCHEMA},
        "title": {"type": "string", "maxLength": MAX_TITLE},
        "span": {"type": "string", "enum": list(SPANS)},
        "width": {"type": "integer", "minimum": 1, "maximum": COLUMNS},
        "height": {"type": "integer", "minimum": 1, "maximum": ROWS},
    },
}
BOARD_SCHEMA: dict[str, Any] = {
    "title": "BoardContent",
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": MAX_TITLE},
        "note": {"type": "string", "maxLength": MAX_NOTE},
        "tiles": {"type": "array", "maxItems": MAX_TILES, "items": TILE_SCHEMA},
    },
    "examples": [{"title": "Ground floor", "tiles": [{"kind": "chart", "series": [{"name": "0048.0002.load.0"}], "span": "1d"}]}],
}
"""What is sent to make or change a board."""
KEPT_SCHEMA: dict[str, Any] = {
    **BOARD_SCHEMA,
    "title": "Board",
    "required": ["id", "title", "note", "tiles", "version", "changed"],
    "properties": {
        "id": {"type": "string", "maxLength": 60, "pattern": f"^{ID.pattern}$"},
        **BOARD_SCHEMA["properties"],
        "version": {"type": "integer", "minimum": 1, "maximum": 2**53},
        "changed": {"type": "number", "minimum": 0, "maximum": 2**53},
    },
    "examples": [],
}
"""A board as the API answers it, and the file keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileSeries:
    """A series on a tile.

    Attributes:
        name: of the series, which may not exist (any more).
        column: one of its data sources; empty for all of them.
        axis: of a chart on which it stands; `auto` leaves it to the chart, by its units.
    """

    name: str
    column: str = ""
    axis: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A part of a board.

    Attributes:
        kind: one of KINDS.
        series: one at least, in the order in which they are shown.
        title: what stands above it; empty where the series' labels do.
        span: how much of the past it shows, one of `view.SPANS`.
        width: columns, of 4.
        height: rows.
    """

    kind: str
    series: tuple[TileSeries, ...]
    title: str = ""
    span: str = DEFAULT_SPAN
    width: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board.

    Attributes:
        id: its part of the address; it stays when the board is renamed.
        title: what people call it.
        note: a line about it; may be empty.
        tiles: in the order in which they are shown.
        version: another number after each change, greater than all before on any board.
        changed: when it was changed last, seconds since the epoch UTC.
    """

    id: str
    title: str
    note: str = ""
    tiles: tuple[Tile, ...] = ()
    version: int = 0
    changed: float = 0.0

    @property
    def etag(self) -> str:
        """What `If-Match` must name, without its quotes."""
        return str(self.version)

    def content(self) -> dict[str, Any]:
        """What can be changed of it, in the form in which it is sent."""
        return {"title": self.title, "note": self.note, "tiles": [asdict(tile) for tile in self.tiles]}

    def json(self) -> dict[str, Any]:
        """The board in JSON, for the API and the file."""
        return {"id": self.id, **self.content(), "version": self.version, "changed": self.changed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants a board to be."""

    title: str
    note: str = ""
    tiles: tuple[Tile, ...] = ()


def read_draft(document: dict[str, Any]) -> Draft:
    """Make a draft of a body that was checked against the schema; texts lose what cannot be shown.

    Raises:
        BadRequestError: the title has nothing that can be seen, or the board is too large.
    """
    title = clean(document["title"], MAX_TITLE)
    if not title:
        raise BadRequestError("title", "title has no character that can be seen: give the board a name.")
    tiles = tuple(_read_tile(tile) for tile in document.get("tiles", ()))
    draft = Draft(title=title, note=clean(document.get("note", ""), MAX_NOTE), tiles=tiles)
    size = len(orjson.dumps(asdict(draft)))
    if size > MAX_BYTES:
        raise BadRequestError("tiles", f"The board has {size} bytes, more than {MAX_BYTES}: spread its tiles over two boards.")
    return draft


def read_board(document: Any) -> Board:
    """A board as it stands in the file.

    Raises:
        BadRequestError: it is not one.
    """
    check(document, KEPT_SCHEMA)
    draft = read_draft(document)
    return Board(
        id=document["id"],
        title=draft.title,
        note=draft.note,
        tiles=draft.tiles,
        version=document["version"],
        changed=float(document["changed"]),
    )


def make_id(title: str, taken: Container[str]) -> str:
    """A part of an address that reads like the title and is not taken."""
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG].rstrip("-") or "board"
    number, found = 1, stem
    while found in taken:
        number += 1
        found = f"{stem}-{number}"
    return found


def _read_tile(document: dict[str, Any]) -> Tile:
    given = dict(document)
    series = tuple(TileSeries(**each) for each in given.pop("series"))
    return Tile(**{**given, "title": clean(given.get("title", ""), MAX_TITLE), "series": series})
