"""Slow-down after failed log-ins: by address and by user name, growing, in a bounded table."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST = 4096
_FORGET_S = 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """How failures are answered.

    Attributes:
        free: so many cost nothing.
        longest_s: of the waits, which double from one second.
    """

    free: int
    longest_s: float

    def wait_s(self, failures: int) -> float:
        """How long nobody is let try again after so many failures, seconds."""
        over = failures - self.free
        return 0.0 if over <= 0 else min(2.0 ** min(over - 1, 30), self.longest_s)


ADDRESS = Rule(5, 900.0)
NAME = Rule(10, 60.0)
"""Shorter, so that a stranger cannot lock somebody out for long."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: float = 0.0
    last: float = 0.0


class Throttle:
    """Counts failed log-ins.

    A try is counted as failed when it begins, and the count is taken back when it succeeds: many at once gain nothing.

    Args:
        clock: seconds of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._table: OrderedDict[str, _Failures] = OrderedDict()
        self._proven: OrderedDict[str, None] = OrderedDict()

    def begin(self, address: str, name: str) -> int:
        """Say that somebody tries.

        Args:
            address: where from.
            name: as who, in the form that users are found by.

        Returns:
            0, or the seconds to wait; the try does not count then.
        """
        with self._lock:
            now = self._clock()
            rules = self._rules(address, name)
            waits = [self._table[key].until - now for key in rules if key in self._table]
            if any(wait > 0 for wait in waits):
                return math.ceil(max(waits))
            for key, rule in rules.items():
                found = self._table.pop(key, None)
                if found is None or now - found.last > _FORGET_S + rule.longest_s:
                    found = _Failures()
                found.count += 1
                found.last = now
                found.until = now + rule.wait_s(found.count)
                _put(self._table, key, found)
            return 0

    def succeed(self, address: str, name: str) -> None:
        """Say that the try was good: the name's failures are forgotten, the address's but this one are not."""
        with self._lock:
            self._table.pop(_name(name), None)
            self._take_back(_network(address))
            proven = _pair(address, name)
            self._proven.pop(proven, None)
            _put(self._proven, proven, None)

    def cancel(self, address: str, name: str) -> None:
        """Say that the try was neither: it could not be looked at."""
        with self._lock:
            for key in self._rules(address, name):
                self._take_back(key)

    def _rules(self, address: str, name: str) -> dict[str, Rule]:
        """What a try counts for; whoever has logged in from there is not kept out by what others do elsewhere."""
        rules = {_network(address): ADDRESS}
        if _pair(address, name) not in self._proven:
            rules[_name(name)] = NAME
        return rules

    def _take_back(self, key: str) -> None:
        found = self._table.get(key)
        if found is not None:
            found.count -= 1
            found.until = 0.0


def _put(table: OrderedDict[str, _Failures] | OrderedDict[str, None], key: str, value: _Failures | None) -> None:
    """Add an entry; of too many, the one that is oldest goes."""
    table[key] = value  # type: ignore[assignment]
    if len(table) > MOST:
        table.popitem(last=False)


def _network(address: str) -> str:
    """An address; of IPv6 the 64 bits that one house has."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "address " + address[:64]
    if found.version == 6 and not found.ipv4_mapped:
        return f"address {ipaddress.ip_network((found, 64), strict=False)}"
    return f"address {getattr(found, 'ipv4_mapped', None) or found}"


def _name(name: str) -> str:
    return "name " + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _pair(address: str, name: str) -> str:
    return f"{_network(address)} {_name(name)}"
