"""Answers of the API: JSON, or CSV where it is asked for, with an ETag."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

import orjson
from flask import Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable

from ..escape import clean
from ..params import ChoiceParam

PREFIX = "/api/v1"
JSON, CSV = "application/json", "text/csv"
FORMAT_PARAM = ChoiceParam(
    name="format",
    told="Form of the answer, where a header Accept cannot be sent; it wins over one.",
    default="",
    words=("json", "csv"),
)
_CSV_TYPE = f"{CSV}; charset=utf-8; header=present"
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 500
Cell = str | float | bool | None
"""What stands in a field of CSV; a bool is `1` or `0`, None an empty field."""


def json_response(document: Any, status: int = 200) -> Response:
    """An answer in JSON; numbers that JSON does not have become null."""
    return Response(orjson.dumps(document), status, content_type=JSON)


def wants_csv(asked: str = "") -> bool:
    """Tell whether the current request is to be answered in CSV rather than in JSON.

    Args:
        asked: its parameter `format`.

    Raises:
        NotAcceptable: it takes neither.
    """
    return asked == "csv" if asked else best_type(request.accept_mimetypes) == CSV


def best_type(accepted: MIMEAccept) -> str:
    """Which of JSON and CSV a header Accept prefers (RFC 9110, section 12.5.1); JSON where it does not mind.

    Raises:
        NotAcceptable: it takes neither.
    """
    if not accepted:
        return JSON
    # Werkzeug's own choice takes a type by `*/*` that is refused by q=0, and compares parameters such as charset.
    bare = MIMEAccept([(value.partition(";")[0].strip(), quality) for value, quality in accepted])
    best = max((JSON, CSV), key=bare.quality)
    if not bare.quality(best):
        raise NotAcceptable(f"This is answered in {JSON} or {CSV}: let Accept name one of them.")
    return best


def csv_response(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """An answer in CSV (RFC 4180): a header row, and lines that end in CR LF.

    Text is cleaned as on a page. One that a spreadsheet would take for a formula gets an apostrophe before it: labels come from
    whoever can publish on the broker.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([_field(name) for name in header])
    writer.writerows([_field(cell) for cell in row] for row in rows)
    return Response(stream.getvalue(), content_type=_CSV_TYPE)


def _field(cell: Cell) -> str:
    if isinstance(cell, str):
        line = clean(cell, _LONGEST)
        return f"'{line}" if line.startswith(_FORMULAS) else line
    if isinstance(cell, bool):
        return str(int(cell))
    return "" if cell is None or not math.isfinite(cell) else repr(cell)


def iso_time(timestamp: float | None) -> str:
    """A time in ISO 8601, UTC, in whole seconds; empty where there is none, or none that a calendar has."""
    if timestamp is None:
        return ""
    try:
        return datetime.fromtimestamp(math.floor(timestamp), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return ""


def etag_of(*parts: object) -> str:
    """An ETag for an answer that depends on some things only."""
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def has_copy(etag: str) -> bool:
    """Tell whether who asks has the answer of an ETag already."""
    return request.if_none_match.contains_weak(etag)


def with_etag(response: Response, etag: str = "") -> Response:
    """Let a client keep an answer as long as the server says that it still stands; 304 where it has it already.

    Args:
        response: the answer.
        etag: of it, by default made of its content.
    """
    etag = etag or etag_of(response.get_data(), response.content_type)
    if has_copy(etag):
        return not_modified(etag)
    # Weak: compressed or not, and whatever the clock says, it tells the same.
    response.set_etag(etag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def not_modified(etag: str) -> Response:
    """What is answered to who has a copy that still stands."""
    response = Response(status=304)
    response.set_etag(etag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def negotiated(response: Response) -> Response:
    """Tell caches that the answer depends on the header Accept."""
    response.vary.add("Accept")
    return response
