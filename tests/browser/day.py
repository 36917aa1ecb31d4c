"""What the sensors of a believable house say at any time of a day; shared by the tests and by script/screenshots."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from typing import NamedTuple

NODES = {
    "0100/0001": ("Kitchen", "Ground floor"),
    "0100/0002": ("Garden", "Behind the house"),
    "0110/0001": ("Energy meter", "Cellar"),
}
"""Address → name and place of the nodes that heartbeat."""


class Sample(NamedTuple):
    """One number of one sensor.

    Attributes:
        node: its HADD.
        uuid: which value of the node.
        label, units: for people.
        number: what it says.
        ds_type: GAUGE, or DERIVE for a meter that counts.
    """

    node: str
    uuid: str
    label: str
    units: str
    number: float
    ds_type: str = "GAUGE"


def sensors(second: int) -> Iterator[Sample]:
    """Every sensor of the house at a time, seconds since the epoch UTC; the same numbers each time it is asked."""
    moment = time.localtime(second)
    hour = moment.tm_hour + moment.tm_min / 60
    chance = random.Random(second)
    outside = 8 + 6 * math.sin((hour - 9) / 24 * 2 * math.pi) + chance.gauss(0, 0.12)
    heated = 21.2 if 6.5 <= hour < 22.5 else 18.6
    kitchen = heated + 0.5 * math.sin(second / 1500) + 1.6 * _bump(hour, 7.5, 0.5) + 2.2 * _bump(hour, 19, 0.8)
    humidity = 47 + 14 * _bump(hour, 7.5, 0.4) + 19 * _bump(hour, 19, 0.7) + 3 * math.sin(second / 9000) + chance.gauss(0, 0.4)
    solar = max(0.0, 3400 * math.sin((hour - 7.5) / 10.5 * math.pi)) if 7.5 < hour < 18 else 0.0
    solar *= 0.62 + 0.38 * math.sin(second / 2600) * math.sin(second / 700)
    power = 170 + 95 * (second % 2700 < 900) + 1900 * _bump(hour, 7.4, 0.2) + 2300 * _bump(hour, 19, 0.5) * chance.uniform(0.7, 1)
    power += 2050 * (14 < hour < 14.4) + 320 * (14 < hour < 15.6) + chance.gauss(0, 12)
    co2 = 480 + 240 * _bump(hour, 7.6, 0.9) + 520 * _bump(hour, 19.2, 1.2) + chance.gauss(0, 9)
    door = any(begin <= hour < begin + 0.3 for begin in (7.9, 12.4, 16.6, 18.1))
    litres = 310_000 + (second - 1_790_000_000) // 60 * 8 + int(900 * math.sin(second / 7000))  # never falls
    yield Sample("0100/0001", "temperature", "Kitchen", "°C", round(kitchen + chance.gauss(0, 0.05), 2))
    yield Sample("0100/0001", "humidity", "Kitchen humidity", "%", round(min(humidity, 92), 1))
    yield Sample("0100/0001", "co2", "Kitchen CO₂", "ppm", round(co2))
    yield Sample("0100/0002", "temperature", "Garden", "°C", round(outside, 2))
    yield Sample("0100/0002", "humidity", "Garden humidity", "%", round(88 - 2.2 * outside + chance.gauss(0, 0.3), 1))
    yield Sample("0100/0002", "door", "Garden door (1 is open)", "", float(door))
    yield Sample("0110/0001", "power", "House power", "W", round(max(power, 90), 1))
    yield Sample("0110/0001", "solar", "Solar power", "W", round(max(solar, 0), 1))
    yield Sample("0110/0001", "battery", "Battery", "%", round(_charge(hour), 1))
    yield Sample("0110/0001", "water", "Water meter", "l/s", float(litres), "DERIVE")


def topics(second: int) -> dict[tuple[str, str], float]:
    """What is said on topics that are no node's, by topic and path, at a time as `sensors` takes it."""
    moment = time.localtime(second)
    hour = moment.tm_hour + moment.tm_min / 60
    burning = 1.0 if 6 <= hour < 22.5 and second % 5400 < 1900 else 0.0
    flow = 34 + 20 * burning * (1 - math.exp(-(second % 5400) / 500))
    return {
        ("tele/boiler/SENSOR", "Flow.Temperature"): round(flow, 1),
        ("tele/boiler/SENSOR", "Return.Temperature"): round(30 + 0.5 * (flow - 34), 1),
        ("tele/boiler/SENSOR", "Burner"): burning,
        ("sensors/attic/temperature", ""): round(14 + 5 * math.sin((hour - 10) / 24 * 2 * math.pi), 2),
    }


def _charge(hour: float) -> float:
    """Percent that a battery holds: the sun fills it, the house empties it."""
    if hour < 8:
        return 62 - 4 * hour
    return 30 + 65 * math.sin((hour - 8) / 17 * math.pi) if hour < 16.5 else 95 - 4.4 * (hour - 16.5)


def _bump(hour: float, middle: float, width: float) -> float:
    """A bell around an hour of the day; both in hours."""
    return math.exp(-(((hour - middle) / width) ** 2))
