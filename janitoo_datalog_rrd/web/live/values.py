"""The last values as pieces of events, with when each has changed."""

from __future__ import annotations

import orjson

from ...core.contracts import LastValue, Watch
from ..view import number

Names = frozenset[str]


class Values:
    """Every last value as a piece of JSON, and when it changed.

    Attributes:
        number: of the last change.
    """

    def __init__(self) -> None:
        self.number = 0
        self._pieces: dict[str, dict[str, bytes]] = {}
        self._changed: dict[str, int] = {}
        self._removed: dict[str, int] = {}
        self._last: dict[str, list[bytes]] = {}
        self._outdated: set[tuple[str, str]] = set()

    def outdate(self) -> None:
        """Another store is looked at from now on: what it does not have is gone."""
        self._outdated = {(series, column) for series, columns in self._pieces.items() for column in columns}

    def take(self, watch: Watch) -> None:
        """Look, and take over what has changed."""
        values, removed = watch.look()
        if self._outdated:
            removed = [*removed, *self._outdated.difference((each.series, each.column) for each in values)]
            self._outdated = set()
        if not values and not removed:
            return
        self.number += 1
        self._last = {}
        for series, column in removed:
            self._remove(series, column)
        for value in values:
            piece = _piece(value)
            self._pieces.setdefault(value.series, {})[value.column] = piece
            self._changed[value.series] = self.number
            self._last.setdefault(value.series, []).append(piece)
            self._removed.pop(value.series, None)

    def _remove(self, series: str, column: str) -> None:
        columns = self._pieces.get(series, {})
        columns.pop(column, None)
        if not columns:
            self._pieces.pop(series, None)
            self._changed.pop(series, None)
            self._removed[series] = self.number

    def event(self, now: float, told: int, names: Names | None) -> bytes:
        """What has changed since a change; empty where that is nothing, but for the first event."""
        pieces = self._since(told, names)
        removed = [name for name, when in self._removed.items() if told >= 0 and when > told and (names is None or name in names)]
        if not pieces and not removed and told >= 0:
            return b""
        end = b',"removed":' + orjson.dumps(removed) if removed else b""
        return b'event: values\ndata: {"time":%s,"values":[%s]%s}\n\n' % (orjson.dumps(number(now)), b",".join(pieces), end)

    def _since(self, told: int, names: Names | None) -> list[bytes]:
        """The pieces that have changed; a series that changed before the last change is given whole."""
        if told == self.number - 1:
            last = self._last
            found = last if names is None else sorted(names & last.keys())
            return [piece for name in found for piece in last[name]]
        changed = self._changed
        known = changed if names is None else sorted(names & changed.keys())
        return [piece for name in known if changed[name] > told for piece in self._pieces[name].values()]


class Shared:
    """The events of one round: made once for all who ask for everything and know the same."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._made: dict[int, bytes] = {}

    def event(self, now: float, told: int, names: Names | None) -> bytes:
        """See `Values.event`."""
        if names is not None:
            return self._values.event(now, told, names)
        if told not in self._made:
            self._made[told] = self._values.event(now, told, None)
        return self._made[told]


def _piece(value: LastValue) -> bytes:
    return orjson.dumps(
        {"series": value.series, "column": value.column, "value": number(value.value), "time": number(value.time)}
    )
