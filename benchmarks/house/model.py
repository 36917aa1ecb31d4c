"""The simulated house: what devices are, what they measure, and what was said of each number so far."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

DAY_S = 86_400.0

Say = Callable[..., None]
"""Publishes: takes topic, payload (text or bytes), and `retain`."""


@dataclass(slots=True)
class Number:
    """One number of a device, and what was published of it so far.

    Attributes:
        dialect: of its device.
        device: what people call the device.
        word: what its label has in it, in lower case; `|` stands between those of which one is enough.
        units: as they have to be shown; empty where nobody says them.
        counted: `` for a measurement; `level` for a count, whose rate is expected too; `rate` for that rate; `derive` for a
            number that the dialect itself calls a count, of which only the rate is logged.
        optional: it may be logged and need not, such as what a device says of its own memory.
        named: whether its dialect has names for values.
        value: last number published.
        low, high: smallest and largest one.
        count: how many were published.
    """

    dialect: str
    device: str
    word: str
    units: str
    counted: str = ""
    optional: bool = False
    named: bool = True
    value: float = math.nan
    low: float = math.inf
    high: float = -math.inf
    count: int = 0

    def note(self, value: float) -> None:
        """It was published."""
        self.value, self.count = value, self.count + 1
        self.low, self.high = min(self.low, value), max(self.high, value)


@dataclass(slots=True)
class Quantity:
    """What a device measures: a daily curve, a count, or a switch.

    Attributes:
        number: what is said of it.
        mean, swing: middle of the curve, and how far it goes from there in a day; of a count: how much comes in an hour.
        digits: how many follow the point.
        switch: it is 1 or 0.
        reset_s: a count begins again at 0 so often, in simulated seconds; 0 for never.
    """

    number: Number
    mean: float
    swing: float
    digits: int = 2
    switch: bool = False
    reset_s: float = 0.0
    random: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - no secret
    _level: float = 0.0
    _before: float | None = None

    def measure(self, now: float) -> float:
        """The number at a simulated time, seconds since midnight of the first day."""
        if self.number.counted in ("level", "derive"):
            return self._count(now)
        curve = math.cos((now / DAY_S - 0.6) * math.tau)
        if self.switch:
            return float(curve + self.random.uniform(-1, 1) > 0)
        found = self.mean + self.swing * curve + self.random.gauss(0.0, abs(self.swing) / 20 + 0.02)
        return round(found, self.digits) if self.digits else float(round(found))

    def _count(self, now: float) -> float:
        if self._before is None:
            self._level = self.mean * 100 + self.random.uniform(0, 50)
        else:
            self._level += self.mean * (now - self._before) / 3600 * self.random.uniform(0.5, 1.5)
            if self.reset_s and int(now / self.reset_s) != int(self._before / self.reset_s):
                self._level = 0.0
        self._before = now
        return round(self._level, self.digits) if self.digits else float(int(self._level))


class Device:
    """A device: it announces itself, reports, and may go and come back.

    Args:
        title: what people call it.
        seed: of its randomness.

    Attributes:
        dialect: which one it speaks.
        every_s: simulated seconds between two reports.
        quantities: what it measures, by the name that it uses itself.
    """

    dialect = ""
    every_s = 60.0
    named = True

    def __init__(self, title: str, seed: int) -> None:
        self.title = title
        self.random = random.Random(seed)  # noqa: S311 - the same house each time, no secret
        self.quantities: dict[str, Quantity] = {}
        self.due = self.random.uniform(0, self.every_s)
        self.build()

    def build(self) -> None:
        """Say what it measures."""
        raise NotImplementedError

    def announce(self, say: Say) -> None:
        """Say what it is; called when it comes, and when it has lost its broker."""

    def report(self, now: float, say: Say) -> None:
        """Publish its numbers."""
        raise NotImplementedError

    def leave(self, say: Say) -> None:
        """Go offline."""

    def come_back(self, say: Say) -> None:
        """Be there again."""
        self.announce(say)

    # -- for its own use -----------------------------------------------------------------------------

    def measures(
        self,
        name: str,
        word: str,
        units: str,
        mean: float = 0.0,
        swing: float = 1.0,
        *,
        digits: int = 2,
        counted: str = "",
        optional: bool = False,
        switch: bool = False,
        reset_s: float = 0.0,
    ) -> None:
        """Have it measure something; see `Number` and `Quantity`."""
        number = Number(self.dialect, self.title, word, units, counted, optional, self.named)
        self.quantities[name] = Quantity(number, mean, swing, digits, switch, reset_s, self.random)

    def climate(self) -> None:
        """Have it measure temperature and humidity."""
        self.measures("temperature", "temperature", "°C", self.random.uniform(15, 24), 3)
        self.measures("humidity", "humidity", "%", self.random.uniform(40, 60), 8)

    def take(self, now: float, name: str) -> float:
        """Measure one quantity, which is then published."""
        quantity = self.quantities[name]
        value = quantity.measure(now)
        quantity.number.note(value)
        return value

    def take_all(self, now: float) -> dict[str, float]:
        """Measure everything."""
        return {name: self.take(now, name) for name in self.quantities}

    def rename(self, title: str) -> None:
        """Be called otherwise from now on."""
        self.title = title
        for quantity in self.quantities.values():
            quantity.number.device = title

    def numbers(self) -> Iterable[Number]:
        """Every number that has to be logged of it: those published, and the rates of counts."""
        for quantity in self.quantities.values():
            number = quantity.number
            if number.count:
                yield number
                if number.counted == "level":
                    rate = Number(number.dialect, number.device, number.word, number.units, "rate", number.optional, number.named)
                    rate.value, rate.count = number.value, number.count
                    yield rate
