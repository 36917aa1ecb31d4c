"""The connection to the broker: it comes back by itself, loses nothing, and says plainly why it is not there."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Certificates, Mosquitto, free_port, wait_until

from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.mqtt import BrokerSettings, Message, MqttClient
from janitoo_datalog_rrd.core.options import Options

PROTOCOLS = ("3.1.1", "5")
# After a failed handshake paho leaves the socket to Python, which closes it with a warning.
handshake_fails = pytest.mark.filterwarnings(
    "ignore:unclosed <ssl.SSLSocket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


class Client(MqttClient):
    """A client that keeps what it is told."""

    def __init__(self, settings: BrokerSettings, client_id: str = "tester", **kwargs: Any) -> None:
        self.states: list[tuple[bool, str]] = []
        self.messages: list[Message] = []
        super().__init__(settings, client_id, on_state=lambda *state: self.states.append(state), **kwargs)

    def payloads(self) -> list[bytes]:
        return [message.payload for message in list(self.messages)]

    def wait_connected(self) -> None:
        wait_until(lambda: bool(self.states) and self.states[-1][0], what="a connection")

    def wait_problem(self, *words: str) -> str:
        """Wait until the last thing told is a problem with these words in it."""
        return wait_until(
            lambda: next((what for up, what in self.states[-1:] if not up and all(word in what for word in words)), ""),
            what=f"a problem that tells {words}",
        )


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Make clients that are started, with short pauses between two tries, and stopped after the test."""
    made: list[Client] = []

    def start(settings: BrokerSettings, *filters: str, begin: bool = True, **kwargs: Any) -> Client:
        client = Client(settings, **kwargs)
        client._client.reconnect_delay_set(0.05, 0.1)  # type: ignore[arg-type]
        made.append(client)
        for each in filters:
            client.subscribe(each, client.messages.append)
        if begin:
            client.start()
        return client

    yield start
    for client in made:
        client.stop()
        client._client.loop_stop()


def settings_of(broker: Mosquitto, protocol: str = "5", **others: Any) -> BrokerSettings:
    known = {"user": broker.user, "password": broker.password, "protocol": protocol}
    return BrokerSettings(broker.host, broker.port, **{**known, **others})


def options_of(tmp_path: Path, environ: dict[str, str]) -> Options:
    path = tmp_path / "house.conf"
    path.write_text("[system]\n")
    return Options.load(path, environ=environ)


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


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_user_and_password_are_shown_to_the_broker(
    mosquitto_with_password: Mosquitto, connect: Callable[..., Client], protocol: str
) -> None:
    connect(settings_of(mosquitto_with_password, protocol)).wait_connected()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"user": ""}])
def test_a_wrong_password_is_told_with_the_options_to_look_at(
    mosquitto_with_password: Mosquitto, connect: Callable[..., Client], protocol: str, wrong: dict[str, str]
) -> None:
    client = connect(settings_of(mosquitto_with_password, protocol, **wrong))
    # the broker hangs up after its refusal: that must not hide the reason
    wait_until(lambda: mosquitto_with_password.log().count("not authori") >= 2, what="a second try")
    problem = client.wait_problem("refuses us", "broker_user and broker_password")
    assert "wrong" not in problem
    assert not client.connected
    assert not client.publish("x", b"y")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tls_with_authority_and_client_certificate(
    mosquitto_tls: Mosquitto, connect: Callable[..., Client], tmp_path: Path, protocol: str
) -> None:
    environ = {**mosquitto_tls.environ(), "JNT_SYSTEM_BROKER_PROTOCOL": protocol}
    settings = BrokerSettings.from_options(options_of(tmp_path, environ))
    client = connect(settings, "house/#")
    client.wait_connected()
    mosquitto_tls.publish(("house/x", "1"))
    wait_until(lambda: client.messages)


@handshake_fails
def test_an_unknown_authority_is_told_with_the_option_to_look_at(
    mosquitto_tls: Mosquitto, connect: Callable[..., Client], certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=str(certificates.other_ca))
    client = connect(settings_of(mosquitto_tls, tls=context))
    client.wait_problem("certificate that is not trusted (self-signed certificate in certificate chain)", "broker_tls_ca")


def test_a_missing_client_certificate_is_told_with_the_option_to_look_at(
    mosquitto_tls: Mosquitto, connect: Callable[..., Client], certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=str(certificates.ca))
    connect(settings_of(mosquitto_tls, tls=context)).wait_problem("broker_tls_cert")


def test_plain_words_to_a_broker_that_wants_tls_are_told(mosquitto_tls: Mosquitto, connect: Callable[..., Client]) -> None:
    connect(settings_of(mosquitto_tls)).wait_problem("hangs up before it takes us", "broker_tls")


@handshake_fails
def test_tls_to_a_broker_that_wants_plain_words_is_told(
    mosquitto: Mosquitto, connect: Callable[..., Client], certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=str(certificates.ca))
    connect(settings_of(mosquitto, tls=context)).wait_problem("broker_tls")


@pytest.mark.parametrize("option", ["ca", "cert", "key"])
def test_a_certificate_that_cannot_be_loaded_is_told_with_its_option(
    tmp_path: Path, certificates: Certificates, option: str
) -> None:
    environ = {
        "JNT_SYSTEM_BROKER_TLS_CA": str(certificates.ca),
        "JNT_SYSTEM_BROKER_TLS_CERT": str(certificates.client_cert),
        "JNT_SYSTEM_BROKER_TLS_KEY": str(certificates.client_key),
        f"JNT_SYSTEM_BROKER_TLS_{option.upper()}": str(tmp_path / "none.pem"),
    }
    with pytest.raises(StartError, match=rf"house\.conf: \[system\] .*broker_tls_{option}.* cannot be loaded: .*No such file"):
        BrokerSettings.from_options(options_of(tmp_path, environ))


def test_a_broker_that_is_away_at_the_start_is_told_and_found_later(
    make_mosquitto: Callable[..., Mosquitto], connect: Callable[..., Client]
) -> None:
    broker = make_mosquitto(started=False)
    broker.port = free_port()
    client = connect(settings_of(broker), "house/#")
    client.wait_problem(f"127.0.0.1:{broker.port} does not answer", "Connection refused")
    broker.start()
    client.wait_connected()
    broker.publish(("house/x", "1"))
    wait_until(lambda: client.payloads() == [b"1"])


def test_a_broker_whose_name_nobody_knows_is_told(connect: Callable[..., Client]) -> None:
    connect(BrokerSettings("no-such-host.invalid", 1883)).wait_problem("no-such-host.invalid:1883 does not answer (")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_after_a_restart_of_the_broker_the_subscriptions_are_back(
    mosquitto: Mosquitto, connect: Callable[..., Client], protocol: str
) -> None:
    client = connect(settings_of(mosquitto, protocol), "house/#", "/values/#")
    client.wait_connected()
    mosquitto.kill()
    client.wait_problem(f"127.0.0.1:{mosquitto.port}")
    mosquitto.start()
    client.wait_connected()
    mosquitto.publish(("house/x", "1"), ("/values/x", "2"))
    wait_until(lambda: sorted(client.payloads()) == [b"1", b"2"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_was_published_while_we_were_stopped_arrives(
    mosquitto: Mosquitto, connect: Callable[..., Client], protocol: str
) -> None:
    first = connect(settings_of(mosquitto, protocol), "house/#", persistent=True)
    first.wait_connected()
    mosquitto.publish(("house/x", "0"))
    wait_until(lambda: first.payloads() == [b"0"])
    first.stop()
    mosquitto.publish(("house/x", "1"), ("house/x", "2"))
    second = connect(settings_of(mosquitto, protocol), "house/#", persistent=True)
    wait_until(lambda: second.payloads() == [b"1", b"2"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_message_that_was_not_acknowledged_comes_again(
    mosquitto: Mosquitto, connect: Callable[..., Client], protocol: str
) -> None:
    first = connect(settings_of(mosquitto, protocol), "house/#", persistent=True, manual_ack=True)
    first.wait_connected()
    mosquitto.publish(("house/x", "1"), ("house/x", "2"), ("house/x", "3"))
    wait_until(lambda: len(first.messages) == 3)
    first.acknowledge(first.messages[1])
    wait_until(lambda: "Received PUBACK from tester" in mosquitto.log())
    first.stop()
    second = connect(settings_of(mosquitto, protocol), "house/#", persistent=True, manual_ack=True)
    wait_until(lambda: second.payloads() == [b"1", b"3"])
    for message in second.messages:
        second.acknowledge(message)


def test_a_message_without_quality_of_service_needs_no_acknowledgement(
    mosquitto: Mosquitto, connect: Callable[..., Client]
) -> None:
    client = connect(settings_of(mosquitto), "house/#", manual_ack=True)
    client.wait_connected()
    mosquitto.publish(("house/x", "1"), qos=0)
    client.acknowledge(wait_until(lambda: client.messages)[0])


def test_messages_of_a_filter_that_left_the_ini_do_not_stop_the_others(
    mosquitto: Mosquitto, connect: Callable[..., Client]
) -> None:
    """The broker's session still has the filter; were its messages left unacknowledged, the broker would send no more."""
    first = connect(settings_of(mosquitto), "old/#", "house/#", persistent=True, manual_ack=True)
    first.wait_connected()
    mosquitto.publish(("house/x", "0"))
    first.acknowledge(wait_until(lambda: first.messages)[0])
    first.stop()
    second = connect(settings_of(mosquitto), "house/#", persistent=True, manual_ack=True)
    second.wait_connected()
    mosquitto.publish(*[("old/x", str(number)) for number in range(1100)], ("house/x", "1"))
    wait_until(lambda: second.payloads() == [b"1"])


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


def test_a_retained_message_is_told_from_a_new_one_and_not_sent_again_at_a_reconnect(
    mosquitto: Mosquitto, connect: Callable[..., Client]
) -> None:
    mosquitto.publish(("house/x", "old"), retain=True)
    first = connect(settings_of(mosquitto), "house/#", persistent=True)
    assert wait_until(lambda: first.messages)[0].retain
    first.stop()
    second = connect(settings_of(mosquitto), "house/#", persistent=True)
    second.wait_connected()
    mosquitto.publish(("house/x", "new"))
    wait_until(lambda: second.payloads() == [b"new"])
    assert not second.messages[0].retain


def test_the_last_will_is_published_when_we_vanish(mosquitto: Mosquitto, connect: Callable[..., Client]) -> None:
    client = connect(settings_of(mosquitto), will=("/dhcp/heartbeat/0014/0000", b"OFFLINE"))
    client.wait_connected()
    with mosquitto.listen("/dhcp/heartbeat/#") as listener:
        client._client.socket().close()  # type: ignore[union-attr]
        assert listener.wait_for("/dhcp/heartbeat/0014/0000") == b"OFFLINE"


def test_the_same_trouble_is_logged_once_not_at_each_try(
    connect: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(BrokerSettings("127.0.0.1", free_port()))
    wait_until(lambda: len(client.states) >= 2)
    assert caplog.text.count("does not answer") == 1


def test_the_password_is_not_in_what_settings_say_of_themselves() -> None:
    assert repr(BrokerSettings("h", 1, "me", "hunter2")) == "BrokerSettings(h:1)"
