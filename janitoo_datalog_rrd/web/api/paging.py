"""Lists a page at a time: a cursor is the last key of the page before, so that what is added meanwhile moves nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, request

from ...core.errors import BadRequestError
from ..params import IntegerParam, Param

PAGE_PARAMS = (
    IntegerParam(name="limit", told="How many at most.", default=100, low=1, high=1000),
    Param(name="cursor", told="The next_cursor of the page before; left out for the first page.", longest=500),
)
Item = TypeVar("Item")


def cut_page(given: dict[str, Any], items: Sequence[tuple[str, Item]]) -> tuple[list[Item], str | None]:
    """Cut a page out of items sorted by key, and make the cursor of the next one, None at the end.

    Args:
        given: `limit` and `cursor` of the request.
        items: key and item of all of them.

    Raises:
        BadRequestError: the cursor is not one of ours.
    """
    limit = given["limit"]
    after = _read_cursor(given["cursor"])
    rest = [item for item in items if after is None or item[0] > after]
    page = rest[:limit]
    more = len(rest) > limit
    return [item for _, item in page], _write_cursor(page[-1][0]) if more else None


def page_links(response: Response, cursor: str | None) -> Response:
    """Tell in the header Link (RFC 8288) where the next page is."""
    if cursor is not None:
        asked = {**request.args.to_dict(), "cursor": cursor}
        response.headers["Link"] = f'<{request.path}?{urlencode(asked)}>; rel="next"'
    return response


def _write_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(b"1" + key.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def _read_cursor(text: str) -> str | None:
    if not text:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if raw[:1] != b"1":
            raise ValueError("another version")
        return raw[1:].decode("utf-8", "surrogatepass")
    except (ValueError, binascii.Error):
        raise BadRequestError("cursor", "cursor is not one that this server gave: start again without it.") from None
