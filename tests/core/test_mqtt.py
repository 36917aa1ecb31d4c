"""The client of nodes and controllers: messages go both ways."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from clients import PROTOCOLS, Client, settings_of
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.core.mqtt import Message


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_messages_go_both_ways(mosquitto: Mosquitto, connect: Callable[..., Client], protocol: str) -> None:
    client = connect(settings_of(mosquitto, protocol), "house/#")
    client.wait_connected()
    with mosquitto.listen("answer") as listener:
        mosquitto.publish(("house/temperature", "21.5"))
        (message,) = wait_until(lambda: client.messages)
        assert (message.topic, message.payload, message.qos, message.retain) == ("house/temperature", b"21.5", 1, False)
        assert client.publish("answer", b"thanks", wait_s=5)
        assert listener.wait_for("answer") == b"thanks"


def test_a_handler_that_fails_does_not_stop_the_messages(
    mosquitto: Mosquitto, connect: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(settings_of(mosquitto), "house/#", begin=False)

    def fail(message: Message) -> None:
        raise RuntimeError("cannot be handled")

    client.subscribe("bad/#", fail)
    client.start()
    client.wait_connected()
    mosquitto.publish(("bad/x", "1"), ("house/x", "2"))
    wait_until(lambda: client.payloads() == [b"2"])
    assert "a message on 'bad/x' could not be handled" in caplog.text


def test_filters_can_be_taken_and_left_while_connected(mosquitto: Mosquitto, connect: Callable[..., Client]) -> None:
    client = connect(settings_of(mosquitto))
    client.wait_connected()
    client.subscribe("late/#", client.messages.append)
    wait_until(lambda: "late/# (QoS 1)" in mosquitto.log())
    mosquitto.publish(("late/x", "1"))
    wait_until(lambda: client.payloads() == [b"1"])
    client.unsubscribe("late/#")
    client.unsubscribe("never/#")
    wait_until(lambda: "Received UNSUBSCRIBE" in mosquitto.log())


def test_the_last_will_is_published_when_we_vanish(mosquitto: Mosquitto, connect: Callable[..., Client]) -> None:
    client = connect(settings_of(mosquitto), will=("/dhcp/heartbeat/0014/0000", b"OFFLINE"))
    client.wait_connected()
    with mosquitto.listen("/dhcp/heartbeat/#") as listener:
        client._client.socket().close()  # type: ignore[union-attr]
        assert listener.wait_for("/dhcp/heartbeat/0014/0000") == b"OFFLINE"
