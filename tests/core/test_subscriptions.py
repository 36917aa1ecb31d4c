"""What is subscribed, and what a broker has retained: all of it is heard, once, by whatever broker and whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from clients import PROTOCOLS, Listener, settings_of
from support import Mosquitto, wait_until

LIMITS = ("max_inflight_messages 20", "max_queued_messages 1000")
"""What Mosquitto has by itself."""
MANY = 2500


@pytest.fixture
def broker(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    return make_mosquitto(extra=LIMITS)


def fill(broker: Mosquitto, count: int = MANY, place: str = "house", text: str = "x") -> list[bytes]:
    """Have the broker retain messages; their topics."""
    topics = [f"{place}/{number:05d}" for number in range(count)]
    for begin in range(0, count, 500):
        broker.publish(*[(topic, text * 100) for topic in topics[begin : begin + 500]], retain=True)
    return [topic.encode() for topic in topics]


def topics_of(listener: Listener) -> list[bytes]:
    return [topic for topic, _, _ in list(listener.messages)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_more_is_retained_than_the_broker_keeps_for_a_client(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    topics = fill(broker)
    receiver = listen(settings_of(broker, protocol), "house/#", careless=True)
    wait_until(lambda: len(receiver.messages) >= MANY and receiver.heard == ["house/#"], what="all messages")
    broker.publish(("house/last", "1"))
    wait_until(lambda: b"house/last" in topics_of(receiver))
    assert sorted(topics_of(receiver)) == [*topics, b"house/last"]
    assert receiver.messages[-1][2], "what comes later is not sent with QoS 1"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_topics_that_are_claimed_bring_what_is_retained_once(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    topics = fill(broker, 1500)
    names = [topic.decode() for topic in topics]
    receiver = listen(settings_of(broker, protocol), "other/#", careless=True)
    receiver.wait_connected()
    receiver.listen_to(["other/#", *names])
    wait_until(lambda: len(receiver.messages) >= 1500 and len(receiver.heard) == 1501, what="all messages")
    broker.publish((names[7], "new"))
    wait_until(lambda: receiver.payloads()[-1] == b"new")
    assert sorted(topics_of(receiver)[:-1]) == topics
    assert receiver.messages[-1][2]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_is_connected_hears_everything(broker: Mosquitto, listen: Callable[..., Listener], protocol: str) -> None:
    """A broker handles other clients between two of our packets, and many filters are many packets."""
    receiver = listen(settings_of(broker, protocol), *[f"room/{number}" for number in range(800)], careless=True)
    receiver.wait_connected()
    broker.publish(("room/799", "first"))
    wait_until(lambda: receiver.messages)
    assert receiver.messages[0][2], "it is not sent with QoS 1"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_topic_that_is_left_is_heard_no_more(broker: Mosquitto, listen: Callable[..., Listener], protocol: str) -> None:
    receiver = listen(settings_of(broker, protocol), "a/x", "b/x", careless=True)
    receiver.wait_connected()
    wait_until(lambda: receiver.heard == ["a/x", "b/x"])
    receiver.listen_to(["b/x", "c/x"])
    wait_until(lambda: receiver.heard == ["b/x", "c/x"])
    broker.publish(("a/x", "1"), ("b/x", "2"), ("c/x", "3"))
    wait_until(lambda: receiver.payloads() == [b"2", b"3"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_filter_that_is_new_in_a_kept_session_brings_all_that_is_retained(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    """A dialect that a new version knows, say."""
    first = listen(settings_of(broker, protocol), "old/#", careless=True)
    wait_until(lambda: first.heard == ["old/#"])
    first.stop()
    topics = fill(broker)
    broker.publish(("old/waited", "1"))
    second = listen(settings_of(broker, protocol), "old/#", "house/#", careless=True, heard=first.heard)
    wait_until(lambda: len(second.messages) >= MANY + 1 and len(second.heard) == 2)
    assert sorted(topics_of(second)) == [*topics, b"old/waited"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_was_heard_in_an_earlier_life_does_not_come_again(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    fill(broker, 30)
    first = listen(settings_of(broker, protocol), "house/#", careless=True)
    wait_until(lambda: first.heard)
    first.stop()
    second = listen(settings_of(broker, protocol), "house/#", careless=True, heard=first.heard)
    second.wait_connected()
    broker.publish(("house/last", "1"))
    wait_until(lambda: second.messages)
    assert topics_of(second) == [b"house/last"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_was_not_handled_before_a_kill_comes_again(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    """The broker has the session then, and would bring nothing retained for it."""
    topics = fill(broker, 30)
    first = listen(settings_of(broker, protocol), "house/#", careless=True)
    wait_until(lambda: first.heard)
    first.stop()
    second = listen(settings_of(broker, protocol), "house/#", careless=True, heard=[])
    wait_until(lambda: second.heard)
    assert sorted(topics_of(second)) == topics


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_connection_that_ends_while_it_is_read_begins_again(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    topics = fill(broker, 300)
    receiver = listen(settings_of(broker, protocol), "house/#", careless=True, begin=False)
    taking, failures = receiver.take, [ConnectionError("the network is gone")]

    def fail_once(messages: list[tuple[bytes, bytes, bytes]]) -> None:
        if failures:
            raise failures.pop()
        taking(messages)

    receiver._on_packets = fail_once
    receiver.start()
    wait_until(lambda: receiver.heard)
    assert sorted(set(topics_of(receiver))) == topics


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_announcements_are_heard_at_each_connect_and_their_topics_go_on_with_qos_1(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    topics = fill(broker, 1500, "house/config")
    asked = ["house/config/+"]
    first = listen(settings_of(broker, protocol), "house/#", careless=True, announcements=asked)
    wait_until(lambda: first.heard)
    first.stop()
    second = listen(settings_of(broker, protocol), "house/#", careless=True, announcements=asked, heard=first.heard)
    wait_until(lambda: len(second.messages) >= 1500)
    wait_until(lambda: "Sending UNSUBACK to tester" in broker.log())
    broker.publish(("house/config/00000", "new"))
    wait_until(lambda: second.payloads()[-1] == b"new")
    assert sorted(topics_of(second)[:-1]) == topics
    assert second.messages[-1][2], "what comes later is not sent with QoS 1"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_announcements_that_are_a_filter_of_their_own_go_on_with_qos_1(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    topics = fill(broker, 50, "house/config")
    asked = ["house/config/+"]
    first = listen(settings_of(broker, protocol), *asked, careless=True, announcements=asked)
    wait_until(lambda: first.heard)
    broker.restart()
    wait_until(lambda: len(first.messages) >= 100, what="the announcements once more")
    wait_until(lambda: broker.log().count("house/config/+ (QoS 1)") == 2)
    first.wait_connected()
    broker.publish(("house/config/00000", "new"))
    wait_until(lambda: first.payloads()[-1] == b"new")
    assert sorted(topics_of(first)[:-1]) == sorted([*topics, *topics])
    assert first.messages[-1][2]


def test_topics_that_come_and_go_for_ever_leave_nothing(broker: Mosquitto, listen: Callable[..., Listener]) -> None:
    receiver = listen(settings_of(broker), "house/#", careless=True)
    receiver.wait_connected()
    for number in range(100):
        wanted = ["house/#", *[f"come/{number}/{each}" for each in range(10)]]
        receiver.listen_to(wanted)
        wait_until(lambda wanted=wanted: receiver.heard == sorted(wanted))  # type: ignore[misc]
    receiver.listen_to(["house/#"])
    wait_until(lambda: receiver.heard == ["house/#"])
    broker.publish(("come/7/7", "1"), ("come/99/0", "1"), ("house/x", "2"))
    wait_until(lambda: receiver.messages)
    assert receiver.payloads() == [b"2"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_only_says_how_something_stands_takes_no_room_at_the_broker(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    def begin(**others: Any) -> Listener:
        return listen(settings_of(broker, protocol), *filters, careless=True, states=["house/+/status"], **others)

    filters = ["house/+/value", "house/+/status"]
    first = begin()
    wait_until(lambda: first.heard == sorted(filters))
    first.stop()
    for state in ("offline", "online"):
        broker.publish(*[(f"house/{number}/status", state) for number in range(600)], retain=True)
    values = [str(number).encode() for number in range(900)]
    broker.publish(*[("house/1/value", value) for value in values])
    second = begin(heard=first.heard, standing=filters)
    wait_until(lambda: second.heard == sorted(filters) and len(second.messages) >= 1500, what="all messages")
    assert [payload for topic, payload, _ in second.messages if topic == b"house/1/value"] == values
    states = {topic: payload for topic, payload, _ in second.messages if topic.endswith(b"/status")}
    assert set(states.values()) == {b"online"}
    assert len(states) == 600


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_how_something_stands_is_asked_again_after_each_loss_and_followed(
    broker: Mosquitto, listen: Callable[..., Listener], protocol: str
) -> None:
    broker.publish(("house/1/status", "online"), retain=True)
    receiver = listen(settings_of(broker, protocol), "house/+/value", "house/+/status", careless=True, states=["house/+/status"])
    wait_until(lambda: receiver.payloads() == [b"online"])
    receiver.wait_connected()
    broker.publish(("house/1/status", "busy"))
    broker.publish(("house/1/value", "1"))
    wait_until(lambda: receiver.payloads() == [b"online", b"busy", b"1"])
    assert [bool(mid) for _, _, mid in receiver.messages] == [False, False, True]
    broker.restart()
    wait_until(lambda: receiver.payloads()[3:] == [b"online"], what="what is retained, again")
    receiver.wait_connected()
    broker.publish(("house/1/value", "2"))
    wait_until(lambda: receiver.payloads()[4:] == [b"2"])
