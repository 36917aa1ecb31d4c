"""Packets: what we say is what the standard asks for, and what comes is split without a look beyond any packet."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from clients import PROTOCOLS, Listener, settings_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions
from support import Mosquitto, wait_until
from support.hypotheses import SHORT

from janitoo_datalog_rrd.core import packets
from janitoo_datalog_rrd.core.packets import MalformedPacketError, Other, Publish, split

# -- a reader as the standard tells it, slow and without a short cut -------------------------------------


class CutError(Exception):
    """There is not enough of it."""


class Bytes:
    """Bytes that are taken one after the other."""

    def __init__(self, content: bytes) -> None:
        self.left = content

    def take(self, count: int) -> bytes:
        if count > len(self.left):
            raise CutError
        taken, self.left = self.left[:count], self.left[count:]
        return taken

    def length(self) -> int:
        """A variable byte integer (section 2.1.4 of MQTT 3.1.1, 1.5.5 of MQTT 5)."""
        value = 0
        for place in range(4):
            byte = self.take(1)[0]
            value += (byte & 127) * 128**place
            if byte < 128:
                return value
        raise MalformedPacketError("more than four bytes")


def read_by_the_book(content: bytes, *, v5: bool) -> tuple[list[Publish], list[Other], int]:
    """What `split` has to find."""
    messages, others, rest = [], [], Bytes(content)
    taken = 0
    while True:
        try:
            first = rest.take(1)[0]
            body = Bytes(rest.take(rest.length()))
        except CutError:
            return messages, others, taken
        taken = len(content) - len(rest.left)
        if first >> 4 != 3:
            others.append((first, body.left))
            continue
        try:
            topic = body.take(int.from_bytes(body.take(2), "big"))
            quality = first >> 1 & 3
            if quality > 1:
                raise MalformedPacketError("not asked for")
            mid = body.take(2) if quality else b""
            if v5:
                body.take(body.length())
        except CutError:
            raise MalformedPacketError("longer than its packet") from None
        messages.append((topic, body.left, mid))


def outcome(content: bytes, reader: Callable[..., Any], *, v5: bool) -> Any:
    """What a reader finds, or that it refuses it."""
    try:
        return reader(content, v5=v5)
    except MalformedPacketError:
        return "refused"


# -- packets to read ------------------------------------------------------------------------------------


def length(value: int) -> bytes:
    found = []
    while True:
        value, byte = divmod(value, 128)
        found.append(byte | 128 * bool(value))
        if not value:
            return bytes(found)


def text(content: bytes) -> bytes:
    return struct.pack(">H", len(content)) + content


def publish(topic: bytes, payload: bytes, mid: bytes = b"", properties: bytes | None = None, flags: int = 0) -> bytes:
    more = b"" if properties is None else length(len(properties)) + properties
    body = text(topic) + mid + more + payload
    return bytes([0x30 | flags | 2 * bool(mid)]) + length(len(body)) + body


def user_property(name: bytes, value: bytes) -> bytes:
    return b"\x26" + text(name) + text(value)


sizes = st.one_of(st.integers(0, 20), st.sampled_from([100, 118, 119, 125, 126, 127, 128, 129, 200, 16_380, 16_384, 20_000]))
contents = sizes.map(lambda size: bytes(number * 37 % 256 for number in range(size)))
topics = st.one_of(st.binary(max_size=20), st.sampled_from([b"a" * 127, b"b" * 300]))
mids = st.one_of(st.just(b""), st.binary(min_size=2, max_size=2))
property_values = st.sampled_from([b"", b"x", b"y" * 130, b"z" * 17_000])
properties = st.lists(st.builds(user_property, st.binary(max_size=5), property_values)).map(b"".join)


def runs(v5: bool) -> st.SearchStrategy[list[bytes]]:
    """Packets one after the other, as a broker sends them."""
    message = st.builds(publish, topics, contents, mids, properties if v5 else st.none(), st.sampled_from([0, 1, 8, 9]))
    other = st.builds(
        lambda first, body: bytes([first]) + length(len(body)) + body,
        st.integers(0, 255).filter(lambda first: first >> 4 != 3),
        contents,
    )
    return st.lists(st.one_of(message, message, other), max_size=8)


def in_chunks(content: bytes, places: list[int], *, v5: bool) -> tuple[list[Publish], list[Other], bytes]:
    """Split what comes in chunks, as the receiver does."""
    messages: list[Publish] = []
    others: list[Other] = []
    rest = b""
    for begin, end in zip([0, *places], [*places, len(content)], strict=True):
        buffer = rest + content[begin:end]
        more, different, taken = split(buffer, v5=v5)
        messages += more
        others += different
        rest = buffer[taken:]
    return messages, others, rest


@pytest.mark.parametrize("v5", [False, True])
@SHORT
@given(data=st.data())
def test_packets_are_the_same_in_whatever_chunks_they_come(v5: bool, data: st.DataObject) -> None:
    content = b"".join(data.draw(runs(v5)))
    whole = split(content, v5=v5)
    assert whole == read_by_the_book(content, v5=v5)
    assert whole[2] == len(content)
    places = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=10)))
    assert in_chunks(content, places, v5=v5) == (*whole[:2], b"")


@pytest.mark.parametrize("v5", [False, True])
def test_packets_that_come_byte_by_byte_are_whole(v5: bool) -> None:
    found = [publish(b"a/b", b"x" * size, mid, b"p" * 130 if v5 else None) for size in (0, 3, 120, 300) for mid in (b"", b"\1\2")]
    content = b"".join([*found, b"\xd0\x00", found[0]])
    assert in_chunks(content, list(range(1, len(content))), v5=v5) == (*read_by_the_book(content, v5=v5)[:2], b"")


@pytest.mark.parametrize("v5", [False, True])
@settings(SHORT, max_examples=1000)
@given(content=st.one_of(st.binary(max_size=40), st.binary(max_size=30).map(lambda body: bytes([0x32, len(body)]) + body)))
@example(b"\x30")
@example(b"\x30\xff\xff\xff")
@example(b"\x30\xff\xff\xff\xff")
@example(b"\x30\x80\x80\x80\x80\x01")
@example(b"\x30\x00\x30\x03\x00\x01a")
@example(b"\x30\x01\x00\x30\x03\x00\x01a")
@example(b"\x32\x04\x00\x01a\x00\x30\x03\x00\x01a")
@example(b"\x30\x03\x00\x01a\x00\x00")
@example(b"\x30\x04\x00\x01a\x80\x01\x00")
@example(b"\x30\x05\x00\x01a\xff\xff\xff\xff\x7f")
def test_any_bytes_are_read_as_the_standard_says_or_refused(v5: bool, content: bytes) -> None:
    assert outcome(content, split, v5=v5) == outcome(content, read_by_the_book, v5=v5)


@pytest.mark.parametrize("v5", [False, True])
@SHORT
@given(data=st.data())
def test_damaged_packets_are_read_as_the_standard_says_or_refused(v5: bool, data: st.DataObject) -> None:
    content = bytearray(b"".join(data.draw(runs(v5))))
    for _ in range(data.draw(st.integers(1, 3))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert outcome(bytes(content), split, v5=v5) == outcome(bytes(content), read_by_the_book, v5=v5)


WHOLE = publish(b"next", b"1")


@pytest.mark.parametrize("behind", [b"", WHOLE * 3], ids=["the last one", "others behind it"])
@pytest.mark.parametrize(
    ("v5", "packet"),
    [
        (False, b"\x30\x00"),
        (False, b"\x30\x01\x00"),
        (False, b"\x30\x02\x00\x01"),
        (False, b"\x30\x03\x00\x02a"),
        (False, b"\x30\x03\xff\xffa"),
        (False, b"\x32\x04\x00\x01a\x00"),
        (True, b"\x30\x03\x00\x01a"),
        (True, b"\x30\x04\x00\x01a\x01"),
        (True, b"\x30\x05\x00\x01a\x80\x01"),
        (True, b"\x30\x04\x00\x01a\x80"),
        (True, b"\x30\x08\x00\x01a\xff\xff\xff\xff\x01"),
        (True, b"\x32\x05\x00\x01a\x00\x01"),
    ],
)
def test_a_message_that_runs_beyond_its_packet_is_refused(v5: bool, packet: bytes, behind: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        split(packet + behind, v5=v5)


def test_the_longest_packet_that_can_be_announced_is_waited_for() -> None:
    assert split(b"\x30\xff\xff\xff\x7f" + bytes(1000), v5=True) == ([], [], 0)


# -- answers of the broker ------------------------------------------------------------------------------


@SHORT
@given(body=st.binary(max_size=30), v5=st.booleans())
@example(b"", True)
@example(b"\x00\x01", True)
@example(b"\x00\x00\x03\x13\x00", True)
@example(b"\x00\x00\x10\x13\x00\x05", True)
def test_answers_of_any_kind_are_read_or_refused(body: bytes, v5: bool) -> None:
    for read in (packets.read_connack, packets.read_suback):
        try:
            read(body, v5=v5)
        except MalformedPacketError:
            continue


@pytest.mark.parametrize(
    "properties",
    [
        b"\x03\x13\x00",
        b"\x05\x13\x00\x3c",
        b"\x02\x13\x00\x3c",
        b"\x04\x1f\x00\x09a",
        b"\x01\x77",
        b"\x80",
        b"\xff\xff\xff\xff\x7f",
    ],
)
def test_properties_that_are_cut_off_or_unknown_are_refused(properties: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        packets.read_connack(b"\x00\x00" + properties, v5=True)


def test_what_a_broker_says_of_itself_is_passed_over_but_for_the_keepalive() -> None:
    said = Properties(PacketTypes.CONNACK)
    said.SessionExpiryInterval = 60
    said.ReceiveMaximum = 20
    said.MaximumQoS = 1
    said.RetainAvailable = 1
    said.MaximumPacketSize = 1_000_000
    said.AssignedClientIdentifier = "somebody"
    said.TopicAliasMaximum = 10
    said.ReasonString = "all is well"
    said.UserProperty = [("a", "b"), ("c", "d" * 200)]
    said.WildcardSubscriptionAvailable = 1
    said.SubscriptionIdentifierAvailable = 1
    said.SharedSubscriptionAvailable = 1
    said.ServerKeepAlive = 33
    said.ResponseInformation = "r"
    said.ServerReference = "s"
    said.AuthenticationMethod = "m"
    said.AuthenticationData = b"d"
    assert packets.read_connack(b"\x01\x00" + said.pack(), v5=True) == (True, 0, 33)


# -- what we say, beside what another client says -------------------------------------------------------


class Peer:
    """A paho client that is not connected: what it would send is in its queue."""

    def __init__(self, protocol: str, client_id: str = "x") -> None:
        self.v5 = protocol == "5"
        version = paho.MQTTv5 if self.v5 else paho.MQTTv311
        kinds = {} if self.v5 else {"clean_session": False}
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version, **kinds)
        self.client._clean_start = False

    def sent(self) -> bytes:
        """What was sent since the last time."""
        return b"".join(bytes(self.client._out_packet.popleft()["packet"]) for _ in range(len(self.client._out_packet)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("user", "password"), [("", ""), ("me", "s3cret"), ("Jürgen", "p\0ß" * 50), ("me", "")])
@pytest.mark.parametrize("client_id", ["x", "datarrd-0123", "ä" * 100])
def test_connect_is_what_another_client_sends(protocol: str, user: str, password: str, client_id: str) -> None:
    peer = Peer(protocol, client_id)
    if user:
        peer.client.username_pw_set(user, password)
    peer.client._connect_properties = wanted = Properties(PacketTypes.CONNECT)
    wanted.SessionExpiryInterval, wanted.ReceiveMaximum, wanted.MaximumPacketSize = 604_800, 1000, 4 << 20
    peer.client._send_connect(60)
    ours = packets.connect(
        client_id,
        v5=peer.v5,
        clean=False,
        keepalive=60,
        user=user,
        password=password,
        session_expiry=604_800,
        receive_maximum=1000,
        maximum_packet=4 << 20,
    )
    assert ours == peer.sent()


def test_connect_with_a_clean_session_says_so() -> None:
    said = {"keepalive": 5, "user": "", "password": "", "session_expiry": 0, "receive_maximum": 1, "maximum_packet": 9}
    assert packets.connect("x", v5=False, clean=True, **said) == b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x05\x00\x01x"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("filters", [["#"], ["/values/#", "+/ä/+"], [f"house/{number}/#" for number in range(8)], ["x" * 65_535]])
def test_subscribe_and_unsubscribe_are_what_another_client_sends(protocol: str, filters: list[str]) -> None:
    peer = Peer(protocol)
    options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB) if peer.v5 else 1
    _, mid = peer.client._send_subscribe(0, [(each.encode(), options) for each in filters])
    assert packets.subscribe(mid, filters, v5=peer.v5) == peer.sent()
    _, mid = peer.client._send_unsubscribe(False, [each.encode() for each in filters])
    assert packets.unsubscribe(mid, filters, v5=peer.v5) == peer.sent()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_acknowledgements_and_signs_of_life_are_what_another_client_sends(protocol: str) -> None:
    peer = Peer(protocol)
    for mid in (1, 255, 256, 65_535):
        peer.client._send_puback(mid)
    assert packets.acknowledgements([b"\x00\x01", b"\x00\xff", b"\x01\x00", b"\xff\xff"]) == peer.sent()
    peer.client._send_pingreq()
    assert peer.sent() == packets.PING
    peer.client._send_disconnect()
    assert peer.sent() == packets.GOODBYE


# -- a real broker --------------------------------------------------------------------------------------


@contextmanager
def publisher(broker: Mosquitto) -> Iterator[paho.Client]:
    """A client that speaks MQTT 5, for as long as the block lasts."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        assert connected.wait(20)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def said_with(**values: Any) -> Properties:
    found = Properties(PacketTypes.PUBLISH)
    for name, value in values.items():
        setattr(found, name, value)
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("qos", [0, 1])
def test_messages_with_properties_arrive_without_them(
    mosquitto: Mosquitto, listen: Callable[..., Listener], protocol: str, qos: int
) -> None:
    receiver = listen(settings_of(mosquitto, protocol), "house/#", careless=True)
    receiver.wait_connected()
    said = [
        None,
        said_with(PayloadFormatIndicator=1, ContentType="text/plain", MessageExpiryInterval=3600),
        said_with(ResponseTopic="answers/here", CorrelationData=bytes(range(256))),
        said_with(UserProperty=[("room", "kitchen"), ("room", "hall")]),
        said_with(UserProperty=[("long", "x" * 60)] * 2),
        said_with(UserProperty=[("long", "x" * 20_000)] * 3),
        said_with(UserProperty=[(str(number), "ü" * 50) for number in range(1000)]),
    ]
    # lengths of properties around those where their length gets another byte
    said += [said_with(UserProperty=[("k", "v" * size)]) for size in (*range(118, 126), *range(16_370, 16_380))]
    with publisher(mosquitto) as client:
        for number, each in enumerate(said):
            client.publish(f"house/{number}", str(number), qos=qos, properties=each).wait_for_publish(20)
    wait_until(lambda: len(receiver.messages) == len(said))
    assert [(topic, payload) for topic, payload, _ in receiver.messages] == [
        (f"house/{number}".encode(), str(number).encode()) for number in range(len(said))
    ]
    assert all(bool(mid) == bool(qos) for _, _, mid in receiver.messages)
    assert receiver.losses == 0
