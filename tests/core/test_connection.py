"""The broker is found, comes back by itself, and when it is not there that is said plainly; for both kinds of connection."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from clients import PROTOCOLS, Client, Listener, settings_of
from support import Certificates, Mosquitto, free_port, wait_until

from janitoo_datalog_rrd.core.connection import BrokerSettings
from janitoo_datalog_rrd.core.errors import StartError
from janitoo_datalog_rrd.core.options import Options

# After a failed handshake paho leaves the socket to Python, which closes it with a warning.
handshake_fails = pytest.mark.filterwarnings(
    "ignore:unclosed <ssl.SSLSocket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


def options_of(tmp_path: Path, environ: dict[str, str]) -> Options:
    path = tmp_path / "house.conf"
    path.write_text("[system]\n")
    return Options.load(path, environ=environ)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_user_and_password_are_shown_to_the_broker(
    mosquitto_with_password: Mosquitto, reach: Callable[..., Client | Listener], protocol: str
) -> None:
    reach(settings_of(mosquitto_with_password, protocol)).wait_connected()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"user": ""}])
def test_a_wrong_password_is_told_with_the_options_to_look_at(
    mosquitto_with_password: Mosquitto, reach: Callable[..., Client | Listener], protocol: str, wrong: dict[str, str]
) -> None:
    client = reach(settings_of(mosquitto_with_password, protocol, **wrong))
    # the broker hangs up after its refusal: that must not hide the reason
    wait_until(lambda: mosquitto_with_password.log().count("not authori") >= 2, what="a second try")
    problem = client.wait_problem("refuses us", "broker_user and broker_password")
    assert "wrong" not in problem
    assert not client.connected


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tls_with_authority_and_client_certificate(
    mosquitto_tls: Mosquitto, reach: Callable[..., Client | Listener], tmp_path: Path, protocol: str
) -> None:
    environ = {**mosquitto_tls.environ(), "JNT_SYSTEM_BROKER_PROTOCOL": protocol}
    settings = BrokerSettings.from_options(options_of(tmp_path, environ))
    client = reach(settings, "house/#")
    client.wait_connected()
    mosquitto_tls.publish(("house/x", "1"))
    wait_until(lambda: client.messages)


@handshake_fails
def test_an_unknown_authority_is_told_with_the_option_to_look_at(
    mosquitto_tls: Mosquitto, reach: Callable[..., Client | Listener], certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=str(certificates.other_ca))
    client = reach(settings_of(mosquitto_tls, tls=context))
    client.wait_problem("certificate that is not trusted (self-signed certificate in certificate chain)", "broker_tls_ca")


def test_a_missing_client_certificate_is_told_with_the_option_to_look_at(
    mosquitto_tls: Mosquitto, reach: Callable[..., Client | Listener], certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=str(certificates.ca))
    reach(settings_of(mosquitto_tls, tls=context)).wait_problem("broker_tls_cert")


def test_plain_words_to_a_broker_that_wants_tls_are_told(
    mosquitto_tls: Mosquitto, reach: Callable[..., Client | Listener]
) -> None:
    reach(settings_of(mosquitto_tls)).wait_problem("hangs up before it takes us", "broker_tls")


@handshake_fails
def test_tls_to_a_broker_that_wants_plain_words_is_told(
    mosquitto: Mosquitto, reach: Callable[..., Client | Listener], certificates: Certificates
) -> None:
    context = ssl.create_default_context(cafile=str(certificates.ca))
    reach(settings_of(mosquitto, tls=context)).wait_problem("broker_tls")


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
    make_mosquitto: Callable[..., Mosquitto], reach: Callable[..., Client | Listener]
) -> None:
    broker = make_mosquitto(started=False)
    broker.port = free_port()
    client = reach(settings_of(broker), "house/#")
    client.wait_problem(f"127.0.0.1:{broker.port} does not answer", "Connection refused")
    broker.start()
    client.wait_connected()
    broker.publish(("house/x", "1"))
    wait_until(lambda: client.payloads() == [b"1"])


def test_a_broker_whose_name_nobody_knows_is_told(reach: Callable[..., Client | Listener]) -> None:
    reach(BrokerSettings("no-such-host.invalid", 1883)).wait_problem("no-such-host.invalid:1883 does not answer (")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_after_a_restart_of_the_broker_the_subscriptions_are_back(
    mosquitto: Mosquitto, reach: Callable[..., Client | Listener], protocol: str
) -> None:
    client = reach(settings_of(mosquitto, protocol), "house/#", "/values/#")
    client.wait_connected()
    mosquitto.kill()
    client.wait_problem(f"127.0.0.1:{mosquitto.port}")
    mosquitto.start()
    client.wait_connected()
    mosquitto.publish(("house/x", "1"), ("/values/x", "2"))
    wait_until(lambda: sorted(client.payloads()) == [b"1", b"2"])


def test_the_same_trouble_is_logged_once_not_at_each_try(
    reach: Callable[..., Client | Listener], caplog: pytest.LogCaptureFixture
) -> None:
    client = reach(BrokerSettings("127.0.0.1", free_port()))
    wait_until(lambda: len(client.states) >= 2)
    assert caplog.text.count("does not answer") == 1


def test_the_password_is_not_in_what_settings_say_of_themselves() -> None:
    assert repr(BrokerSettings("h", 1, "me", "hunter2")) == "BrokerSettings(h:1)"
