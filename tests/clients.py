"""Clients of both kinds that keep what they are told."""

from __future__ import annotations

from typing import Any

from support import Mosquitto, wait_until

from janitoo_datalog_rrd.core.connection import BrokerSettings
from janitoo_datalog_rrd.core.mqtt import Message, MqttClient
from janitoo_datalog_rrd.core.packets import Publish
from janitoo_datalog_rrd.core.receiver import Receiver

PROTOCOLS = ("3.1.1", "5")


def settings_of(broker: Mosquitto, protocol: str = "5", **others: Any) -> BrokerSettings:
    """How a broker of a test is reached."""
    known = {"user": broker.user, "password": broker.password, "protocol": protocol}
    return BrokerSettings(broker.host, broker.port, **{**known, **others})


class States:
    """What a connection tells of itself."""

    def __init__(self) -> None:
        self.states: list[tuple[bool, str]] = []

    def on_state(self, connected: bool, what: str) -> None:
        self.states.append((connected, what))

    def wait_connected(self) -> None:
        wait_until(lambda: bool(self.states) and self.states[-1][0], what="a connection")

    def wait_problem(self, *words: str) -> str:
        """Wait until the last thing told is a problem with these words in it."""
        return wait_until(
            lambda: next((what for up, what in self.states[-1:] if not up and all(word in what for word in words)), ""),
            what=f"a problem that tells {words}",
        )


class Client(States, MqttClient):
    """The client of nodes and controllers."""

    def __init__(self, settings: BrokerSettings, *filters: str, client_id: str = "tester", **kwargs: Any) -> None:
        States.__init__(self)
        self.messages: list[Message] = []
        MqttClient.__init__(self, settings, client_id, on_state=self.on_state, **kwargs)
        self._backoff.draw = lambda: 0.05  # type: ignore[method-assign]
        self._client.reconnect_delay_set(0.05, 0.1)  # type: ignore[arg-type]
        for each in filters:
            self.subscribe(each, self.messages.append)

    def payloads(self) -> list[bytes]:
        return [message.payload for message in list(self.messages)]


class Listener(States, Receiver):
    """The receiver; it acknowledges nothing by itself, but for what `careless` says."""

    def __init__(
        self, settings: BrokerSettings, *filters: str, client_id: str = "tester", careless: bool = False, **kwargs: Any
    ) -> None:
        States.__init__(self)
        self.messages: list[Publish] = []
        self.batches = 0
        self.losses = 0
        self.careless = careless
        Receiver.__init__(self, settings, client_id, filters, self.take, self.lose, on_state=self.on_state, **kwargs)
        self.backoff.draw = lambda: 0.05  # type: ignore[method-assign]

    def take(self, messages: list[Publish]) -> None:
        self.messages += messages
        self.batches += 1
        if self.careless:
            self.acknowledge([mid for _, _, mid in messages if mid])

    def lose(self) -> None:
        self.losses += 1

    def payloads(self) -> list[bytes]:
        return [payload for _, payload, _ in list(self.messages)]
