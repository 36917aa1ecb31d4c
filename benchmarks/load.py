"""The load: messages made beforehand and sent through a bare socket by a process of its own, as fast as they are taken.

A helper process; its argument is the plan. It makes every packet beforehand, and tells when it began and ended to send: on
CLOCK_MONOTONIC, which is the same in every process of the machine.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from . import wire
from .helper import Helper, measure, serve
from .processes import HOST

_CHUNK = 64
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent: `count` samples, one to a message, over `topics` series in turn.

    Message `i` goes to series `i % topics`, its number is `first + i`, and its time `begin + i // topics * spacing_s`.

    Attributes:
        port: of the broker, or of carbon's line receiver, on the loopback.
        form: `plain` (MQTT, a bare number), `timed` (MQTT, `{"t":…,"v":…}`), `sensors` (MQTT, a bare number on `sensors/…`),
            `machines` (MQTT, a bare number on `machines/…/…`, a hundred a machine),
            `collectd` (MQTT, `time:number`) or `graphite` (lines over TCP).
        count: messages.
        topics: series.
        qos: 0 or 1.
        window: with QoS 1, how many messages may be unacknowledged.
        first: number of the first message.
        begin: time of the first message, seconds since the epoch UTC; 0 leaves it to the receiver (`timed` and
            `collectd` need one).
        spacing_s: seconds between two messages of a series.
        per_s: messages a second, sent in ten portions; 0 for as fast as they are taken.
        retain: have the broker keep the last message of each topic.
    """

    port: int
    form: str
    count: int
    topics: int
    qos: int = 0
    window: int = 2000
    first: int = 0
    begin: int = 0
    spacing_s: int = 0
    per_s: int = 0
    retain: bool = False

    def topic(self, series: int) -> str:
        """Topic, or metric, of a series."""
        if self.form == "graphite":
            return f"bench.{'timed' if self.begin else 'plain'}.s{series}"
        if self.form == "collectd":
            return f"collectd/house/bench-{series}/gauge-value"
        machine = f"/m{series // 100}" if self.form == "machines" else ""
        return f"{self.form}{machine}/s{series}"

    def name(self, series: int) -> str:
        """What our server calls a series."""
        return self.topic(series).replace("/", ".") + (".v" if self.form == "timed" else "")

    def last_value(self, series: int) -> int:
        """The last number that a series gets."""
        return self.first + series + (self.count - 1 - series) // self.topics * self.topics

    def last_time(self, series: int) -> int:
        """The last time that a series gets, seconds since the epoch UTC."""
        return self.begin + (self.count - 1 - series) // self.topics * self.spacing_s


# -- packets -----------------------------------------------------------------------------------------


def payloads(plan: Plan) -> Iterator[tuple[int, bytes]]:
    """(series, payload) of each message."""
    topics, begin, spacing, first = plan.topics, plan.begin, plan.spacing_s, plan.first
    pattern = {"timed": b'{"t":%d,"v":%d}', "collectd": b"%d:%d"}.get(plan.form)
    for number in range(plan.count):
        series = number % topics
        if pattern is None:
            yield series, b"%d" % (first + number)
        else:
            yield series, pattern % (begin + number // topics * spacing, first + number)


def lines(plan: Plan) -> Iterator[bytes]:
    """Lines for carbon; the time -1 stands for the moment of arrival."""
    heads = [f"{plan.topic(series)} ".encode() for series in range(plan.topics)]
    for number in range(plan.count):
        time_s = plan.begin + number // plan.topics * plan.spacing_s if plan.begin else -1
        yield b"%b%d %d\n" % (heads[number % plan.topics], plan.first + number, time_s)


def publishes(plan: Plan) -> Iterator[bytes]:
    """PUBLISH packets; packet identifiers of QoS 1 count from 1 to 65,535 and begin again."""
    topics = [plan.topic(series).encode() for series in range(plan.topics)]
    for number, (series, payload) in enumerate(payloads(plan)):
        mid = number % wire.IDENTIFIERS + 1 if plan.qos else 0
        yield wire.publish(topics[series], payload, mid, retain=plan.retain)


def chunks(plan: Plan) -> list[tuple[int, bytes]]:
    """Everything to be sent, in portions of a few packets: (how many, their bytes)."""
    packets = list(lines(plan) if plan.form == "graphite" else publishes(plan))
    size = max(1, plan.per_s // 10) if plan.per_s else _CHUNK
    found = []
    for start in range(0, len(packets), size):
        part = packets[start : start + size]
        found.append((len(part), b"".join(part)))
    return found


# -- sending -----------------------------------------------------------------------------------------


def prepare(argument: Any) -> Callable[[], dict[str, float]]:
    """Make the packets and connect; what is returned sends them, and tells when it began and ended."""
    plan = Plan(**argument)
    send_all = _graphite(plan) if plan.form == "graphite" else _mqtt(plan)

    def run() -> dict[str, float]:
        begun = time.monotonic()
        send_all(begun)
        return {"begun": begun, "ended": time.monotonic()}

    return run


def _mqtt(plan: Plan) -> Callable[[float], None]:
    portions = chunks(plan)
    sender = wire.Wire(plan.port, f"load{os.getpid()}", plan.window)

    def run(begun: float) -> None:
        for number, (count, portion) in enumerate(portions):
            _keep_pace(plan, begun, number)
            sender.send(portion, count if plan.qos else 0)
        sender.finish()
        sender.close()

    return run


def _graphite(plan: Plan) -> Callable[[float], None]:
    portions = chunks(plan)
    connection = socket.create_connection((HOST, plan.port), timeout=_PATIENCE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(begun: float) -> None:
        for number, (_, portion) in enumerate(portions):
            _keep_pace(plan, begun, number)
            connection.sendall(portion)
        connection.close()  # what carbon has read is seen by what it writes

    return run


def _keep_pace(plan: Plan, begun: float, number: int) -> None:
    if plan.per_s:
        time.sleep(max(0.0, begun + number / 10 - time.monotonic()))


# -- from outside ------------------------------------------------------------------------------------


def load(plan: Plan) -> Helper:
    """A process that is ready to send a plan."""
    return Helper("load", asdict(plan))


def send(plan: Plan) -> dict[str, Any]:
    """Send a plan and wait for its end."""
    return measure("load", asdict(plan))


if __name__ == "__main__":
    serve(prepare)
