"""MQTT clients that receive: the same handler with each, in a process of its own.

A helper process. Its argument: `client` (`receiver`, `paho-mqtt`, `gmqtt`); `port` of the broker; `name`, its own at the broker;
`qos`; `count` of messages; `topics`, how many; `journal`, the file that frames are written to.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from janitoo_datalog_rrd.core import packets
from janitoo_datalog_rrd.core.connection import BrokerSettings
from janitoo_datalog_rrd.core.receiver import Receiver
from janitoo_datalog_rrd.store import frames

from ..helper import serve
from ..processes import HOST, BenchError

FILTER = "plain/#"
_TOGETHER = 256
"""Messages of QoS 0 in a frame, where a client hands them on one by one."""
_PATIENCE_S = 120.0


class Sink:
    """What every client does with a message: topic to series, text to number, into a list; lists into a frame in a file.

    Args:
        argument: see the module.
    """

    def __init__(self, argument: dict[str, Any]) -> None:
        self.argument = argument
        self.done = threading.Event()
        self.handled = 0
        self.ended = self.cpu_s = 0.0
        self._series = {f"plain/s{number}": number for number in range(argument["topics"])}
        self._series_of_bytes = {topic.encode(): number for topic, number in self._series.items()}
        self._descriptor = os.open(argument["journal"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._begin_frame()

    def _begin_frame(self) -> None:
        self.numbers: list[int] = []
        self.values: list[float] = []

    def take_one(self, topic: str, payload: bytes) -> None:
        """Take a message of a client that hands them on one by one; with QoS 1 it is in the file when this returns."""
        if not self.handled and not self.values:
            self._begin()
        self.numbers.append(self._series[topic])
        self.values.append(float(payload))
        pending = len(self.values)
        if self.argument["qos"] or pending == _TOGETHER or self.handled + pending == self.argument["count"]:
            self.write()

    def take_many(self, messages: list[packets.Publish]) -> None:
        """Take all messages of one read; they are in the file when this returns."""
        if not self.handled:
            self._begin()
        series = self._series_of_bytes
        for topic, payload, _ in messages:
            self.numbers.append(series[topic])
            self.values.append(float(payload))
        self.write()

    def write(self) -> None:
        """Write a frame, and begin the next one."""
        times = [time.time()] * len(self.values)
        os.write(self._descriptor, frames.pack(([], self.numbers, times, self.values)))
        self.handled += len(self.values)
        self._begin_frame()

    def end(self) -> None:
        """Stop the clock when all was handled; called when the last message is acknowledged."""
        if self.handled >= self.argument["count"] and not self.done.is_set():
            self.ended, self.cpu_s = time.monotonic(), time.process_time() - self._cpu_before
            self.done.set()

    def _begin(self) -> None:
        self._cpu_before = time.process_time()

    def result(self) -> dict[str, float]:
        """What was measured. Raises BenchError when not every message came."""
        if not self.done.is_set():
            raise BenchError(f"{self.handled} of {self.argument['count']} messages came to {self.argument['client']}")
        return {"ended": self.ended, "cpu_s": self.cpu_s, "count": self.handled}


def receive_by_receiver(sink: Sink) -> None:
    """By the package's own client, which hands on all that came with one read."""

    def take(messages: list[packets.Publish]) -> None:
        sink.take_many(messages)
        receiver.acknowledge([mid for _, _, mid in messages if mid])
        sink.end()

    receiver = Receiver(BrokerSettings(HOST, sink.argument["port"]), sink.argument["name"], [FILTER], take)
    receiver.start()
    sink.done.wait(_PATIENCE_S)
    receiver.stop()


def receive_by_paho(sink: Sink) -> None:
    """By paho-mqtt, with acknowledgements by hand."""

    def take(client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        sink.take_one(message.topic, bytes(message.payload))
        if message.qos:
            client.ack(message.mid, message.qos)
        sink.end()

    def subscribe(client: mqtt.Client, *_: Any) -> None:
        client.subscribe(FILTER, 1)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, sink.argument["name"], protocol=mqtt.MQTTv5, manual_ack=True)
    client.on_message = take
    client.on_connect = subscribe
    client.connect(HOST, sink.argument["port"])
    client.loop_start()
    sink.done.wait(_PATIENCE_S)
    client.disconnect()
    client.loop_stop()


def receive_by_gmqtt(sink: Sink) -> None:
    """By gmqtt, which acknowledges when the handler has returned."""
    gmqtt = importlib.import_module("gmqtt")

    async def live() -> None:
        over = asyncio.Event()

        def take(_client: Any, topic: str, payload: bytes, _qos: int, _properties: Any) -> int:
            sink.take_one(topic, payload)
            sink.end()
            if sink.done.is_set():
                over.set()
            return 0

        async def take_and_acknowledge(*message: Any) -> int:
            return take(*message)

        client = gmqtt.Client(sink.argument["name"], optimistic_acknowledgement=False)
        client.on_message = (
            take_and_acknowledge if sink.argument["qos"] else take
        )  # what a plain function takes it never acknowledges
        client.on_connect = lambda *_: client.subscribe(FILTER, qos=1)
        await client.connect(HOST, sink.argument["port"], version=5)
        try:
            await asyncio.wait_for(over.wait(), _PATIENCE_S)
        finally:
            await client.disconnect()

    asyncio.run(live())


_CLIENTS: dict[str, Callable[[Sink], None]] = {
    "receiver": receive_by_receiver,
    "paho-mqtt": receive_by_paho,
    "gmqtt": receive_by_gmqtt,
}


def prepare(argument: dict[str, Any]) -> Callable[[], dict[str, float]]:
    """Make the sink; what is returned connects, subscribes and receives."""
    sink = Sink(argument)

    def run() -> dict[str, float]:
        _CLIENTS[argument["client"]](sink)
        return sink.result()

    return run


if __name__ == "__main__":
    serve(prepare)
