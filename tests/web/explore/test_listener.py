"""Explore listens while somebody looks, on a connection of its own, and disturbs nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import Mosquitto, wait_until

from janitoo_datalog_rrd.core.options import Options
from janitoo_datalog_rrd.core.plugins import Plugins
from janitoo_datalog_rrd.core.services import Services
from janitoo_datalog_rrd.web.explore.heard import Heard
from janitoo_datalog_rrd.web.explore.listener import Listener

from .conftest import Looker

NAME = "jnt_datalog_rrd-0018-0000-explore"


@pytest.fixture
def make_listener(tmp_path: Path) -> Iterator[Callable[..., Listener]]:
    """A function that makes a listener of a broker, without a server."""
    made: list[Listener] = []

    def make(broker: Mosquitto, idle_s: float = 60.0, **system: str) -> Listener:
        ini = tmp_path / "x.conf"
        named = {"broker_ip": broker.host, "broker_port": str(broker.port), **system}
        ini.write_text("[system]\n" + "".join(f"{name} = {value}\n" for name, value in named.items()))
        services = Services.build(Options.load(ini, Plugins()))
        listener = Listener(services, Heard(), idle_s)
        made.append(listener)
        return listener

    yield make
    for listener in made:
        listener.stop()


def connected(listener: Listener) -> None:
    wait_until(lambda: listener.look().connected, what="the listener to be connected")


def test_nobody_listens_until_somebody_looks(make_listener: Callable[..., Listener], mosquitto: Mosquitto) -> None:
    listener = make_listener(mosquitto)
    assert not listener.listening
    assert NAME not in mosquitto.log()
    connected(listener)
    assert NAME in mosquitto.log()


def test_what_is_published_and_what_the_broker_had_kept_is_heard(
    make_listener: Callable[..., Listener], mosquitto: Mosquitto
) -> None:
    mosquitto.publish(("kept", "1"), retain=True)
    listener = make_listener(mosquitto)
    connected(listener)
    mosquitto.publish(("a/b", "2"), ("/c", b"\xff"))
    wait_until(lambda: len(listener.heard) == 3, what="three topics")
    told = {topic: listener.heard.get(topic, 0.0) for topic in listener.heard.topics()}
    assert {topic: (each.payload, each.retained) for topic, each in told.items() if each} == {
        "kept": (b"1", True),
        "a/b": (b"2", False),
        "/c": (b"\xff", False),
    }


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_message_of_many_megabytes_is_passed_over_and_those_after_it_are_heard(
    make_listener: Callable[..., Listener], mosquitto: Mosquitto, protocol: str
) -> None:
    listener = make_listener(mosquitto, broker_protocol=protocol)
    connected(listener)
    mosquitto.publish(("huge", bytes(9 << 20)), ("small", "1"))
    wait_until(lambda: listener.heard.topics(), what="the small one")
    assert listener.heard.topics() == ["small"]
    assert listener.heard.size < 100


def test_it_ends_when_nobody_has_looked_for_long(make_listener: Callable[..., Listener], mosquitto: Mosquitto) -> None:
    listener = make_listener(mosquitto, idle_s=0.3)
    connected(listener)
    mosquitto.publish(("a", "1"))
    wait_until(lambda: not listener.listening, what="the end of listening")
    assert len(listener.heard) == 0
    wait_until(lambda: f"Client {NAME} disconnected" in mosquitto.log(), what="the goodbye")
    assert not [thread for thread in threading.enumerate() if thread.name in (NAME, "explore-watch") and thread.is_alive()]
    mosquitto.publish(("b", "1"), retain=True)
    connected(listener)
    wait_until(lambda: listener.heard.topics() == ["b"], what="a fresh look")


def test_no_session_is_left_at_the_broker(make_listener: Callable[..., Listener], mosquitto: Mosquitto) -> None:
    listener = make_listener(mosquitto)
    connected(listener)
    listener.stop()
    mosquitto.publish(("while/away", "1"))
    connected(listener)
    mosquitto.publish(("now", "1"))
    wait_until(lambda: listener.heard.topics(), what="the new one")
    assert listener.heard.topics() == ["now"]


def test_user_and_password_are_those_of_the_store(
    make_listener: Callable[..., Listener], mosquitto_with_password: Mosquitto
) -> None:
    broker = mosquitto_with_password
    listener = make_listener(broker, broker_user=broker.user, broker_password=broker.password)
    connected(listener)
    other = make_listener(broker, broker_user=broker.user, broker_password="wrong")
    wait_until(lambda: "refuses us" in other.look().sentence, what="the refusal")
    assert "broker_user and broker_password" in other.look().sentence


def test_it_speaks_tls_as_the_store_does(make_listener: Callable[..., Listener], mosquitto_tls: Mosquitto) -> None:
    files = mosquitto_tls.certificates
    assert files is not None
    tls = {"broker_tls_ca": str(files.ca), "broker_tls_cert": str(files.client_cert), "broker_tls_key": str(files.client_key)}
    listener = make_listener(mosquitto_tls, broker_tls="True", **tls)
    connected(listener)
    mosquitto_tls.publish(("a", "1"))
    wait_until(lambda: listener.heard.topics() == ["a"], what="the message")


def test_a_broker_that_is_away_is_told_and_found_again(make_listener: Callable[..., Listener], mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    listener = make_listener(mosquitto)
    wait_until(lambda: "does not answer" in listener.look().sentence, what="the sentence")
    assert not listener.look().connected
    mosquitto.start()
    connected(listener)
    assert listener.look().sentence == ""


def test_a_broker_that_lets_nobody_listen_to_everything_is_told(
    make_listener: Callable[..., Listener], make_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic read allowed/#\n")
    rules.chmod(0o700)
    broker = make_mosquitto(extra=(f"acl_file {rules}",))
    listener = make_listener(broker)
    connected(listener)
    broker.publish(("allowed/a", "1"), ("private/b", "1"))
    # mosquitto takes the subscription, and sends what is allowed
    wait_until(lambda: "does not let" in listener.look().sentence or len(listener.heard) <= 1, what="an answer")
    listener._on_deaf("#", "not authorized")
    assert listener.look().sentence.startswith("The broker does not let this server, which names no user, listen to # (not aut")


def test_a_change_of_the_broker_is_followed(
    make_listener: Callable[..., Listener], make_mosquitto: Callable[..., Mosquitto]
) -> None:
    first, second = make_mosquitto(), make_mosquitto()
    listener = make_listener(first)
    connected(listener)
    listener._services.options.system.values["broker_port"] = second.port
    listener.look()
    wait_until(lambda: NAME in second.log(), what="the other broker")


# -- in a whole server ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_flood_on_the_bus_is_logged_whole_while_somebody_looks(looker: Looker) -> None:
    looker.listen()
    names = [f"garden/s{number}" for number in range(50)]
    services = looker.house.server.services
    before = services.counters.get("samples_accepted")
    count = 10_000
    with looker.house.broker.client() as client:
        last = [client.publish(names[number % 50], str(number), qos=1) for number in range(count)][-1]
        looked = 0
        while not last.is_published():
            looked += looker.tree(limit=200)["topics"] >= 0
            last.wait_for_publish(0.2)
    assert looked > 0
    wait_until(lambda: services.counters.get("samples_accepted") - before >= count, 60.0, "every message to be logged")
    assert services.counters.get("samples_accepted") - before < count * 1.01
    wait_until(lambda: looker.tree(prefix="garden/", limit=500)["branches"][0]["rows"], what="the topics")
    assert len(looker.tree(prefix="garden/", limit=500)["branches"][0]["rows"]) == 50


def test_the_stores_session_stays_as_it_was(looker: Looker) -> None:
    looker.listen()
    looker.hear(("garden/a", "1"))
    log = looker.house.broker.log()
    assert "Received SUBSCRIBE from jnt_datalog_rrd-0018-0000-explore" in log
    store = [line for line in log.splitlines() if "0014-0000-store" in line]
    assert not [line for line in store if "disconnected" in line]
    assert "broker" not in looker.house.server.services.health.problems()


def test_it_ends_with_the_server(look_in: Callable[..., Looker], mosquitto: Mosquitto) -> None:
    looker = look_in(mosquitto)
    looker.listen()
    looker.house.server.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.endswith("explore") or thread.name == "explore-watch"]
