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
    """What was counted of an address or a name.

    Attributes:
        count: tries that failed, or have not ended.
        until: nobody may try before, by the clock.
        last: when the last one began.
        number: of the last one.
    """

    count: int = 0
    until: float = 0.0
    last: float = 0.0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Try:
    """One log-in under way.

    Attributes:
        wait_s: seconds to wait before it may be tried; 0 where it goes on.
        number: of those that went on.
        address, name: what it is counted under.
        keys: under which of the two it was.
    """

    wait_s: int
    number: int
    address: str
    name: str
    keys: tuple[str, ...] = ()


class Throttle:
    """Counts failed log-ins.

    A try is counted as failed when it begins, and the count is taken back when it succeeds: many at once gain nothing.

    Args:
        clock: seconds of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._number = 0
        self._table: OrderedDict[str, _Failures] = OrderedDict()
        self._proven: OrderedDict[str, None] = OrderedDict()

    def begin(self, address: str, name: str) -> Try:
        """Say that somebody tries; one that has to wait does not count.

        Args:
            address: where from.
            name: as who, in the form that users are found by.
        """
        network, user = _network(address), _name(name)
        with self._lock:
            now = self._clock()
            rules = {network: ADDRESS}
            if f"{network} {user}" not in self._proven:  # who has logged in there is not kept out by what others do elsewhere
                rules[user] = NAME
            waits = [self._table[key].until - now for key in rules if key in self._table]
            if any(wait > 0 for wait in waits):
                return Try(math.ceil(max(waits)), 0, network, user)
            self._number += 1
            for key, rule in rules.items():
                self._count(key, rule, now)
            return Try(0, self._number, network, user, tuple(rules))

    def succeed(self, tried: Try) -> None:
        """Say that it was good: the name's failures are forgotten, of the address's only this one."""
        with self._lock:
            self._take_back(tried.address, tried)
            self._table.pop(tried.name, None)
            proven = f"{tried.address} {tried.name}"
            self._proven.pop(proven, None)
            self._proven[proven] = None
            if len(self._proven) > MOST:
                self._proven.popitem(last=False)

    def cancel(self, tried: Try) -> None:
        """Say that it was neither good nor bad: it could not be looked at."""
        with self._lock:
            for key in tried.keys:
                self._take_back(key, tried)

    def _count(self, key: str, rule: Rule, now: float) -> None:
        found = self._table.pop(key, None)
        if found is None or now - found.last > _FORGET_S + rule.longest_s:
            found = _Failures()
        found.count += 1
        found.last, found.number = now, self._number
        found.until = now + rule.wait_s(found.count)
        self._table[key] = found
        if len(self._table) > MOST:
            self._table.popitem(last=False)

    def _take_back(self, key: str, tried: Try) -> None:
        """Count a try no more; nobody has to wait because of it, unless another one has begun since."""
        found = self._table.get(key)
        if found is not None:
            found.count = max(found.count - 1, 0)
            if found.number == tried.number:
                found.until = 0.0


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
