"""Who a value is whatever its topic: a device that comes back under another name goes on in the series that it had."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..core.contracts import Key
from .cache import Cache
from .column import ColumnState

logger = logging.getLogger(__name__)

MOVES = 4
"""How often a uid may go to another key within an hour; who asks for more is in dispute with another device.

It is even: where two take it from each other in turn, it is back at the end with the one that had it."""
HOUR_S = 3600.0
_UIDS_MAX = 10_000


class Identities:
    """Decides which series a value goes to by its uid.

    | its key | its uid | what is done |
    | --- | --- | --- |
    | has no series | has one | that series takes the key, and lets go of the one that it had |
    | has a series | is new | the series has this uid from now on |
    | has a series of no known uid | has another series | logged on in that of the key, which takes the uid; the other one ends |
    | has a series of another uid | has another series | the two have changed names: each series takes the key of the other |

    A uid goes to another key at most `MOVES` times an hour. Past that its key decides: two devices that claim one uid have
    a series each, and it is told.

    Args:
        cache: the series; its lock is held by the caller.
        monotonic: seconds of a clock that never jumps.
        tell: called with a name and a sentence of what somebody should look at.
    """

    def __init__(self, cache: Cache, monotonic: Callable[[], float], tell: Callable[[str, str], None]) -> None:
        self._cache = cache
        self._monotonic = monotonic
        self._tell = tell
        self._moves: dict[str, tuple[float, int]] = {}

    def find(self, key: Key, uid: str) -> ColumnState | None:
        """The series that a value with an unknown key had under another one; it takes the key. None where it had none."""
        column = self._cache.column_of(uid)
        if column is None or not self._may_move(uid, key):
            return None
        logger.info(
            "what was logged from %s comes as %s now; it goes on as %s", *map(_place, (column.key, key)), column.series.name
        )
        self._cache.rebind(column, key)
        self._cache.redefined.add(column)
        return column

    def claim(self, column: ColumnState, key: Key, uid: str) -> ColumnState:
        """Note who the value of a column is; the answer is the column that it goes to."""
        owner = self._cache.column_of(uid)
        if owner is column or (owner is not None and not self._may_move(uid, key)):
            return column
        if owner is not None and column.uid:
            logger.info("%s and %s have changed names; each goes on in its own series", *map(_place, (owner.key, key)))
            self._cache.rebind(column, owner.key)
            self._cache.rebind(owner, key)
            self._cache.redefined.update((column, owner))
            return owner
        if owner is not None:
            self._tell(
                f"two histories: {column.series.name}",
                f"{owner.series.name} and {column.series.name} are of one device, which came under two names before it said "
                f"who it is: it is logged on as {column.series.name}, and the other one ends; both are kept",
            )
        self._cache.identify(column, uid)
        self._cache.redefined.add(column)
        return column

    def _may_move(self, uid: str, key: Key) -> bool:
        now = self._monotonic()
        since, count = self._moves.get(uid, (now, 0))
        if now - since > HOUR_S:
            since, count = now, 0
        if len(self._moves) >= _UIDS_MAX:
            self._moves.clear()
        self._moves[uid] = since, count + 1
        if count == MOVES:
            self._tell(
                f"one uid: {uid[:100]!r}",
                f"two devices say that they are {uid[:100]!r}, one of them as {_place(key)}: each is logged by itself",
            )
        return count < MOVES


def _place(key: Key) -> str:
    """A key in a sentence."""
    return repr(" ".join(part for part in key if part)[:200])
