"""The load of a soak run: messages of every kind at a steady rate, readers, and a connection that is taken away."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ..processes import HOST
from ..wire import Message, Wire

CLIENT = "soak"
"""The server's name at the broker."""
_BACKLOG_MAX = 20_000
_READ_EVERY_S = 0.5
_RECONNECT_EVERY_S = 7.5
_RETAINED = 50


class Load:
    """Three threads that keep a server busy.

    Args:
        broker_port, http_port: where broker and server are, on the loopback.
        rate: messages a second.
        series: how many of each dialect.

    Attributes:
        sent: messages published so far.
        taken: how many of them the server has dealt with, told from outside: what is offered waits for a slow machine.
        graphs: how many were drawn.
        reconnects: how often the server's connection was taken away.
        over: set when it ends, by itself where something fails.
        failures: why it ended by itself.
    """

    def __init__(self, broker_port: int, http_port: int, rate: float, series: int) -> None:
        self.sent = self.taken = self.graphs = self.reconnects = 0
        self.over = threading.Event()
        self.failures: list[BaseException] = []
        self._broker_port = broker_port
        self._url = f"http://{HOST}:{http_port}"
        self._rate = rate
        self._series = series
        works = (self._publish, self._read, self._reconnect)
        self._threads = [threading.Thread(target=self._guarded, args=(work,)) for work in works]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, and wait until the broker has everything."""
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the run, which tells it
            self.failures.append(error)
            self.over.set()

    def _publish(self) -> None:
        """Plain numbers, documents, Janitoo values, retained ones, and a few that nobody can read, at a steady rate."""
        sender = Wire(self._broker_port, "soak-load")
        begun, number = time.monotonic(), 0
        try:
            while not self.over.wait(0.02):
                first, number = number, int((time.monotonic() - begun) * self._rate)
                if self.sent - self.taken > _BACKLOG_MAX:
                    continue  # a machine that is too slow is waited for: memory is looked at, not speed
                batch = [self._message(each) for each in range(first, min(number, first + _BACKLOG_MAX // 4))]
                sender.publish(batch)
                sender.publish([(f"plain/retained/{number % _RETAINED}", b"%d" % number)], retain=True)
                self.sent += len(batch) + 1
            sender.finish()
        finally:
            sender.close()

    def _message(self, number: int) -> Message:
        kind, series = number % 10, number // 10 % self._series
        if kind == 0:
            value = {
                "hadd": f"0048/{series:04d}",
                "uuid": "load",
                "index": 0,
                "data": number,
                "genre": 2,
                "type": 3,
                "label": "Load",
            }
            return f"/values/user/0048/{series:04d}/load", json.dumps({"0": value}).encode()
        if kind in (1, 2):
            return f"json/{series}", b'{"power": %d.5, "state": {"on": true, "name": "x"}}' % number
        if kind == 3 and number % 100 == 3:
            return f"plain/unreadable/{series}", b"no number %d" % number
        return f"plain/{series}/t", b"%d.25" % number

    def _read(self) -> None:
        """Draw graphs, list series, look at pages, and have files written now and then."""
        turn = 0
        while not self.over.wait(_READ_EVERY_S):
            series = turn % self._series
            turn += 1
            ask(self._url, "/api/v1/series?limit=20")
            ask(self._url, f"/api/v1/series/plain.{series}.t/data?start=-5min")
            self.graphs += ask(self._url, f"/rrd/graph/plain.{series}.t.png?start=-{1 + turn % 9}min") is not None
            ask(self._url, "/rrd/")
            if turn % 10 == 0:
                ask(self._url, "/api/v1/flush", method="POST")

    def _reconnect(self) -> None:
        """Take the server's connection away, by a client of the same name that keeps the session, again and again."""
        while not self.over.wait(_RECONNECT_EVERY_S):
            client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=CLIENT, protocol=mqtt.MQTTv5, manual_ack=True)
            kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            kept.SessionExpiryInterval = 3600
            came = threading.Event()
            client.on_connect = lambda *_, came=came: came.set()
            client.connect(HOST, self._broker_port, clean_start=False, properties=kept)
            client.loop_start()
            came.wait(10)
            client.disconnect()
            client.loop_stop()
            self.reconnects += 1


def ask(url: str, path: str, method: str = "GET") -> bytes | None:
    """What a server answers; None where it is not there, or says that something is wrong."""
    request = urllib.request.Request(f"{url}{path}", method=method)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, http.client.HTTPException):
        pass
    return None
