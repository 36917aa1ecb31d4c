"""Names of things as levels of a tree of metrics: safe, short and few; and the end of the lines of what is gone."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from ..core.metrics import Tree
from .indexes import MAX_INDEXES, safe_index

logger = logging.getLogger(__name__)

MAX_LEVEL = 64
"""Characters of a level."""


def safe_level(name: str) -> str:
    """Turn a name into a level: each run of characters other than `A-Z a-z 0-9 _ -` becomes `_`, as dots part levels."""
    return safe_index(name[: MAX_LEVEL * 4]).replace(".", "_")[:MAX_LEVEL].strip("_") or "_"


class Levels:
    """Gives each thing a level of its own, which it keeps, and no more of them than the limit.

    Args:
        what: what the things are, for the log.
        limit: how many are told apart; each becomes several series, so there is an end to it.
    """

    def __init__(self, what: str, limit: int = MAX_INDEXES) -> None:
        self._what = what
        self._limit = limit
        self._levels: dict[str, str] = {}
        self._full = False

    def level(self, name: str) -> str | None:
        """The level of a thing; None where there are too many. Where two would have the same, the later one gets a hash."""
        found = self._levels.get(name)
        if found is None and len(self._levels) < self._limit:
            found = safe_level(name)
            if found in self._levels.values():
                digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
                found = f"{found[: MAX_LEVEL - 9]}-{digest[:8]}"
            self._levels[name] = found
        elif found is None and not self._full:
            self._full = True
            logger.warning(
                "only the first %d %s are told apart; others are left out until the next start", self._limit, self._what
            )
        return found


class Lines:
    """Ends the line of each number that was there and is not any more: it is told as unknown, once."""

    def __init__(self) -> None:
        self._last: Tree = {}

    def told(self, tree: Tree) -> Tree:
        """The tree as it is published."""
        full = _with_gone(self._last, tree)
        self._last = tree
        return full


def _with_gone(before: Tree, now: Tree) -> Tree:
    full: dict[str, Any] = dict(now)
    for name, was in before.items():
        if isinstance(was, Mapping):
            here = now.get(name)
            inner = _with_gone(was, here if isinstance(here, Mapping) else {})
            if inner:
                full[name] = inner
        elif was is not None and name not in now:
            full[name] = None
    return full
