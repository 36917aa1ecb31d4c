"""Query parameters of one request, each checked before anything acts on it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from ..core.errors import BadRequestError

_WHOLE = re.compile(r"-?[0-9]{1,12}", re.ASCII)


class Query:
    """The query parameters of a request.

    Args:
        args: as Flask has them.
        known: the names that are taken.

    Raises:
        BadRequestError: a name is not known, or stands twice.
    """

    def __init__(self, args: MultiDict[str, str], known: Sequence[str]) -> None:
        for name in args:
            if name not in known:
                expected = f"expected one of {', '.join(known)}" if known else "this path takes none"
                raise BadRequestError(name[:80], f"{name[:80]!r} is not a parameter of this path: {expected}.")
            if len(args.getlist(name)) > 1:
                raise BadRequestError(name, f"{name} stands twice: give it once.")
        self._args = args

    def text(self, name: str, default: str) -> str:
        """A text, or default where it is not given."""
        return self._args.get(name, default)

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from low to high, both included. Raises BadRequestError."""
        raw = self._args.get(name)
        if raw is None:
            return default
        if _WHOLE.fullmatch(raw) is None or not low <= int(raw) <= high:
            raise BadRequestError(name, f"{name} is {raw[:40]!r}: expected a whole number from {low} to {high}.")
        return int(raw)

    def choice(self, name: str, default: str, words: Sequence[str]) -> str:
        """One of a few words. Raises BadRequestError."""
        raw = self._args.get(name, default)
        if raw not in words:
            raise BadRequestError(name, f"{name} is {raw[:40]!r}: expected one of {', '.join(words)}.")
        return raw
