"""The receiver: nothing is acknowledged that is not safe, nothing is lost over a restart, and what is no MQTT is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from clients import PROTOCOLS, Listener, settings_of
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.core import packets
from janitoo_datalog_rrd.core.connection import BrokerSettings
from janitoo_datalog_rrd.core.wire import Wire


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_was_published_while_we_were_stopped_arrives(
    mosquitto: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    first = listen(settings_of(mosquitto, protocol), "house/#", careless=True)
    first.wait_connected()
    mosquitto.publish(("house/x", "0"))
    wait_until(lambda: first.payloads() == [b"0"])
    first.stop()
    mosquitto.publish(("house/x", "1"), ("house/x", "2"))
    second = listen(settings_of(mosquitto, protocol), "house/#", careless=True)
    wait_until(lambda: second.payloads() == [b"1", b"2"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_message_that_was_not_acknowledged_comes_again(
    mosquitto: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    first = listen(settings_of(mosquitto, protocol), "house/#")
    first.wait_connected()
    mosquitto.publish(("house/x", "1"), ("house/x", "2"), ("house/x", "3"))
    wait_until(lambda: len(first.messages) == 3)
    first.acknowledge([first.messages[1][2]])
    first.stop()
    assert "Received PUBACK from tester" in mosquitto.log()
    second = listen(settings_of(mosquitto, protocol), "house/#", careless=True)
    wait_until(lambda: second.payloads() == [b"1", b"3"])


def test_what_was_acknowledged_just_before_the_end_does_not_come_again(
    mosquitto: Mosquitto, listen: Callable[..., Listener]
) -> None:
    """Closing a socket with something unread in it throws away what was just sent."""
    numbers = [str(number) for number in range(800)]
    first = listen(settings_of(mosquitto), "house/#", careless=True)
    first.wait_connected()
    publishing = threading.Thread(target=lambda: mosquitto.publish(*[("house/x", number) for number in numbers]))
    publishing.start()
    wait_until(lambda: len(first.messages) > 50)
    first.stop()
    publishing.join()
    second = listen(settings_of(mosquitto), "house/#", careless=True)
    wait_until(lambda: len(first.messages) + len(second.messages) >= len(numbers))
    assert first.payloads() + second.payloads() == [number.encode() for number in numbers]


def test_a_message_without_quality_of_service_has_no_identifier(mosquitto: Mosquitto, listen: Callable[..., Listener]) -> None:
    receiver = listen(settings_of(mosquitto), "house/#")
    receiver.wait_connected()
    mosquitto.publish(("house/x", "1"), qos=0)
    assert wait_until(lambda: receiver.messages) == [(b"house/x", b"1", b"")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_messages_of_any_length_arrive_whole(mosquitto: Mosquitto, listen: Callable[..., Listener], protocol: str) -> None:
    receiver = listen(settings_of(mosquitto, protocol), "house/#", careless=True)
    receiver.wait_connected()
    sizes = [0, 1, 110, 117, 118, 119, 120, 127, 128, 129, 16_000, 16_383, 16_384, 70_000, 2_097_152, 3_000_000, 5]
    mosquitto.publish(*[("house/x", bytes([size % 251]) * size) for size in sizes])
    wait_until(lambda: len(receiver.messages) == len(sizes))
    assert [len(payload) for payload in receiver.payloads()] == sizes
    assert all(set(payload) <= {size % 251} for size, payload in zip(sizes, receiver.payloads(), strict=True))


def test_many_filters_are_all_subscribed(mosquitto: Mosquitto, listen: Callable[..., Listener]) -> None:
    receiver = listen(settings_of(mosquitto), *[f"house/{number}/#" for number in range(30)], careless=True)
    receiver.wait_connected()
    mosquitto.publish(*[(f"house/{number}/x", str(number)) for number in range(30)])
    wait_until(lambda: receiver.payloads() == [str(number).encode() for number in range(30)])


def test_a_filter_that_left_the_ini_is_forgotten(mosquitto: Mosquitto, listen: Callable[..., Listener]) -> None:
    first = listen(settings_of(mosquitto), "old/#", "house/#", careless=True)
    first.wait_connected()
    first.stop()
    second = listen(settings_of(mosquitto), "house/#", careless=True, begin=False)
    second.forget("old/#")
    second.forget("house/#")
    second.start()
    second.wait_connected()
    mosquitto.publish(("old/x", "0"), ("house/x", "1"))
    wait_until(lambda: second.payloads() == [b"1"])


def test_a_retained_message_is_not_sent_again_at_a_reconnect(mosquitto: Mosquitto, listen: Callable[..., Listener]) -> None:
    mosquitto.publish(("house/x", "old"), retain=True)
    first = listen(settings_of(mosquitto), "house/#", careless=True)
    wait_until(lambda: first.payloads() == [b"old"])
    mosquitto.restart()
    wait_until(lambda: len(first.states) >= 3 and first.states[-1][0])
    mosquitto.publish(("house/x", "new"))
    wait_until(lambda: first.payloads() == [b"old", b"new"])
    assert first.losses == 1


def test_messages_that_cannot_be_handled_come_again_and_the_others_too(
    mosquitto: Mosquitto, listen: Callable[..., Listener], caplog: pytest.LogCaptureFixture
) -> None:
    receiver = listen(settings_of(mosquitto), "house/#", careless=True)
    receiver.wait_connected()
    taking, failures = receiver.take, [RuntimeError("cannot be handled")]

    def fail_once(messages: list[packets.Publish]) -> None:
        if failures:
            raise failures.pop()
        taking(messages)

    receiver._on_packets = fail_once
    mosquitto.publish(("house/x", "1"), ("house/x", "2"))
    wait_until(lambda: receiver.payloads() == [b"1", b"2"])
    assert "messages could not be handled" in caplog.text


def test_a_filter_that_the_broker_refuses_is_told(
    speak: Callable[..., Speaker], listen: Callable[..., Listener], caplog: pytest.LogCaptureFixture
) -> None:
    speaker = speak(WELCOME, b"\x90\x04\x00\x02\x87\x01\x30\x05\x00\x01a42")
    receiver = listen(speaker.settings, "secret/#", "house/#")
    wait_until(lambda: receiver.messages)
    assert "does not let us subscribe secret/#: not authorized" in caplog.text
    assert "house/#" not in caplog.text


def test_an_answer_to_what_was_never_asked_ends_nothing(speak: Callable[..., Speaker], listen: Callable[..., Listener]) -> None:
    speaker = speak(WELCOME, b"\x90\x03\x00\x03\x87\x32\x07\x00\x01a\x00\x0142", b"\x30\x05\x00\x01a43")
    receiver = listen(speaker.settings, "house/#", "garden/#")
    wait_until(lambda: receiver.payloads()[:1] == [b"42"])
    receiver.acknowledge([receiver.messages[0][2]])
    wait_until(lambda: receiver.payloads() == [b"42", b"43"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_subscription_that_the_broker_did_not_hear_is_made_again(
    mosquitto: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    """The connection is gone right after the broker has taken us: it has a session for us, and nothing subscribed in it."""
    with Gate(mosquitto.port) as gate:
        receiver = listen(BrokerSettings("127.0.0.1", gate.port, protocol=protocol), "house/#")
        told = receiver.states
        wait_until(lambda: any(not up for up, _ in told) and told[-1][0], what="the second connection")
        mosquitto.publish(("house/x", "1"))
        wait_until(lambda: receiver.payloads() == [b"1"])


class Gate:
    """Stands before a broker; of the first connection it lets only the CONNECT through, and ends it when more comes."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> Gate:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (*self._open, self._socket):
            each.close()

    def _serve(self) -> None:
        first = True
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            broker = socket.create_connection(("127.0.0.1", self._broker_port))
            self._open += [client, broker]
            if first:
                broker.sendall(client.recv(1000))
                client.sendall(broker.recv(1000))
                client.recv(1000)
                for each in (client, broker):
                    each.shutdown(socket.SHUT_RDWR)
                first = False
                continue
            for source, target in ((client, broker), (broker, client)):
                self._threads.append(threading.Thread(target=self._pass, args=(source, target)))
                self._threads[-1].start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while came := source.recv(1 << 16):
                target.sendall(came)
            target.shutdown(socket.SHUT_WR)


class Speaker:
    """Stands for a broker that says what the test tells it to say: one part after each time that it hears something."""

    def __init__(self, *answers: bytes) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._answer = answers
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def settings(self) -> BrokerSettings:
        return BrokerSettings("127.0.0.1", self._socket.getsockname()[1], protocol="3.1.1")

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        with connection, contextlib.suppress(ConnectionError):
            connection.settimeout(10)
            for part in self._answer:
                connection.recv(1000)
                connection.sendall(part)
            while connection.recv(1000) not in (b"", packets.PING):  # until the other side has had enough of it
                pass

    def end(self) -> None:
        with closing(self._socket):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()


@pytest.fixture
def speak() -> Iterator[Callable[..., Speaker]]:
    made: list[Speaker] = []

    def make(*answers: bytes) -> Speaker:
        made.append(Speaker(*answers))
        return made[-1]

    yield make
    for speaker in made:
        speaker.end()


WELCOME = b"\x20\x02\x00\x00"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "does not speak MQTT with us: "),
        ([b"\x20\x02\x00\x05"], "refuses us: not authorized; check [system] broker_user"),
        ([b"\x20\x02\x00\x01"], "refuses us: unsupported protocol version; check [system] broker_protocol"),
        ([WELCOME, b"\xe0\x01\x8e"], "session taken over by another client"),
        ([WELCOME, b"\x30\x03\x00\xff\x00"], "is gone (a message is longer than its packet)"),
        ([WELCOME, b"\x30\xff\xff\xff\xff\x7f"], "is gone (the length of a packet has more than four bytes)"),
        ([WELCOME, b"\x34\x05\x00\x01a\x00\x01"], "is gone (the broker sends QoS 2"),
        ([WELCOME, b"\x30\x01\x00"], "is gone (a packet is longer than what came)"),
    ],
)
def test_what_a_strange_broker_says_is_told(
    speak: Callable[..., Speaker], listen: Callable[..., Listener], answer: list[bytes], words: str
) -> None:
    speaker = speak(*answer)
    receiver = listen(speaker.settings, "house/#")
    assert words in wait_until(lambda: next((what for up, what in receiver.states if not up), ""), what="a problem")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([b"\x20\x02\x00\x01"], "refuses us: unsupported protocol version; check [system] broker_protocol"),
        ([b"\x20\x02\x00\x05"], "refuses us: not authorized; check [system] broker_user"),
        ([b"\x20\x03\x00\x00\x00", b"\x90\x02\x00\x02"], "is gone (the broker's SUBACK is too short)"),
    ],
)
def test_a_broker_that_does_not_know_mqtt_5_is_understood(
    speak: Callable[..., Speaker], listen: Callable[..., Listener], answer: list[bytes], words: str
) -> None:
    receiver = listen(replace(speak(*answer).settings, protocol="5"), "house/#")
    assert words in wait_until(lambda: next((what for up, what in receiver.states if not up), ""), what="a problem")


def test_messages_that_come_with_the_welcome_are_taken(speak: Callable[..., Speaker], listen: Callable[..., Listener]) -> None:
    speaker = speak(WELCOME + b"\x30\x05\x00\x01a42")
    receiver = listen(speaker.settings, "house/#")
    assert wait_until(lambda: receiver.messages) == [(b"a", b"42", b"")]


def test_an_address_that_is_none_is_told_and_tried_again(listen: Callable[..., Listener]) -> None:
    """A look-up fails with no OSError then; the thread would end with it, and nothing be logged any more."""
    receiver = listen(BrokerSettings("a..b", 1883), "house/#")
    assert "a..b:1883 does not answer (" in wait_until(lambda: receiver.states[1:] and receiver.states[1][1], what="a second try")
    receiver.stop()


def test_a_welcome_that_comes_in_pieces_is_one(listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch) -> None:
    read, has_read = Wire.read, threading.Event()

    def read_and_tell(wire: Wire, seconds: float, **how: bool) -> tuple[list[packets.Publish], list[packets.Other]]:
        came = read(wire, seconds, **how)
        has_read.set()
        return came

    monkeypatch.setattr(Wire, "read", read_and_tell)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        receiver = listen(BrokerSettings("127.0.0.1", listening.getsockname()[1], protocol="3.1.1"), "house/#")
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(WELCOME[:1])
            assert has_read.wait(10)
            connection.sendall(WELCOME[1:])
            receiver.wait_connected()
