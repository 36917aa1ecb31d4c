"""The load: messages made beforehand and sent through a bare socket by a process of its own, as fast as they are taken.

Run as `python -m benchmarks.load PLAN`, with the plan in JSON: it makes every packet, says `ready`, waits for a line on its
standard input, sends, and says in one line of JSON when it began and ended. Clocks are CLOCK_MONOTONIC, the same in every
process of the machine.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from .helper import Helper
from .processes import HOST, BenchError

_CONNECT = b"\x10\x13\x00\x04MQTT\x04\x02\x00\x00\x00\x07"
_PUBACK_SIZE = 4
_CHUNK = 64
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent: `count` samples, one to a message, over `topics` series in turn.

    Message `i` goes to series `i % topics`, its number is `first + i`, and its time `begin + i // topics * spacing_s`.

    Attributes:
        port: of the broker, or of carbon's line receiver, on the loopback.
        form: `plain` (MQTT, a bare number), `timed` (MQTT, `{"t":…,"v":…}`), `sensors` (MQTT, a bare number on `sensors/…`),
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
        return f"{self.form}/s{series}"

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
    """PUBLISH packets of MQTT 3.1.1; packet identifiers of QoS 1 count from 1 to 65,535 and begin again."""
    heads = []
    for series in range(plan.topics):
        topic = plan.topic(series).encode()
        heads.append(len(topic).to_bytes(2, "big") + topic)
    kind = bytes([0x30 | plan.qos << 1 | plan.retain])
    lengths = [remaining_length(length) for length in range(1000)]
    for number, (series, payload) in enumerate(payloads(plan)):
        body = heads[series] + ((number % 65535 + 1).to_bytes(2, "big") if plan.qos else b"") + payload
        yield kind + lengths[len(body)] + body


def remaining_length(length: int) -> bytes:
    """A length as MQTT 3.1.1 writes it (2.2.3): seven bits a byte, the lowest first."""
    found = bytearray()
    while True:
        length, digit = divmod(length, 128)
        found.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(found)


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


class Sender:
    """Sends the portions of a plan.

    Args:
        plan: what is sent.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._chunks = chunks(plan)
        self._socket = socket.create_connection((HOST, plan.port), timeout=_PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if plan.form != "graphite":
            client = f"load{os.getpid() % 1000:03d}".encode()
            self._socket.sendall(_CONNECT + client)
            if self._receive(4)[3:] != b"\x00":
                raise BenchError("the broker refuses the load")

    def run(self) -> dict[str, float]:
        """Send everything, and wait until the other side has read it.

        Returns:
            When it began and ended, seconds of the monotonic clock.
        """
        begun = time.monotonic()
        if self.plan.qos:
            self._send_acknowledged(begun)
        else:
            self._send(begun)
        return {"begun": begun, "ended": time.monotonic()}

    def _send(self, begun: float) -> None:
        for number, (_, portion) in enumerate(self._chunks):
            self._keep_pace(begun, number)
            self._socket.sendall(portion)
        if self.plan.form == "graphite":
            self._socket.shutdown(socket.SHUT_WR)
            return  # what carbon has read is seen by what it writes
        self._socket.sendall(b"\xc0\x00\xe0\x00")  # PINGREQ: the answer says that all before it was read; DISCONNECT
        if self._receive(2) != b"\xd0\x00":
            raise BenchError("the broker answers something else than PINGRESP")

    def _send_acknowledged(self, begun: float) -> None:
        sent = received = 0
        window = max(self.plan.window, self._chunks[0][0])
        for number, (count, portion) in enumerate(self._chunks):
            while sent + count - received // _PUBACK_SIZE > window:
                received += self._acknowledgements()
            self._keep_pace(begun, number)
            self._socket.sendall(portion)
            sent += count
        while received < sent * _PUBACK_SIZE:
            received += self._acknowledgements()
        self._socket.sendall(b"\xe0\x00")

    def _keep_pace(self, begun: float, number: int) -> None:
        if self.plan.per_s:
            time.sleep(max(0.0, begun + number / 10 - time.monotonic()))

    def _acknowledgements(self) -> int:
        """Bytes of PUBACK packets that came: nothing else comes to a client that has subscribed to nothing."""
        found = len(self._socket.recv(65536))
        if not found:
            raise BenchError("the broker has hung up on the load")
        return found

    def _receive(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self._socket.recv(size - len(found))
            if not part:
                raise BenchError("the broker has hung up on the load")
            found += part
        return found


def main() -> None:
    """What the process does; see the module."""
    sender = Sender(Plan(**json.loads(sys.argv[1])))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if sys.stdin.readline():
        sys.stdout.write(json.dumps(sender.run()) + "\n")


# -- from outside ------------------------------------------------------------------------------------


def load(plan: Plan) -> Helper:
    """A process that is ready to send a plan."""
    return Helper("load", asdict(plan))


def send(plan: Plan) -> dict[str, Any]:
    """Send a plan and wait for its end."""
    with load(plan) as helper:
        helper.go()
        return helper.result()


if __name__ == "__main__":
    main()
