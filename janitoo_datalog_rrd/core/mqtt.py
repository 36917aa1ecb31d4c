"""The MQTT client behind one small interface; what runs underneath is a choice made here only."""

from __future__ import annotations

import logging
import random
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from .errors import StartError
from .options import Options
from .topics import topic_matches

logger = logging.getLogger(__name__)

SESSION_EXPIRY_S = 7 * 86400
"""How long the broker keeps a persistent session while we are away (MQTT 5; MQTT 3.1.1 brokers decide themselves)."""
RECEIVE_MAXIMUM = 1000
"""How many messages the broker may send before we acknowledge the first (MQTT 5): what cannot be stored waits at the broker."""
MAXIMUM_PACKET = 4 << 20
"""Bytes of the longest message that the broker may send us (MQTT 5): no number needs as many, and memory is bounded."""
_QUEUED_MAX = 1000
_LONGEST_WAIT_S = 40.0
_NO_FILTER = "jnt/nothing/is/published/here"
_GOODBYE_S, _LEAVE_S = 2.0, 0.2
_HANGS_UP = "hangs up before it takes us; check [system] broker_tls, broker_tls_cert and broker_protocol"


class Message(NamedTuple):
    """A message from the broker.

    Attributes:
        topic: where it was published.
        payload: its bytes.
        qos: 0, 1 or 2.
        retain: True when the broker kept it from earlier.
        mid: its packet identifier, for `MqttClient.acknowledge`.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    mid: int = 0


Handler = Callable[[Message], None]
Will = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is and how it is spoken to.

    Attributes:
        host, port: its address.
        user, password: credentials; an empty user means none.
        keepalive: seconds between two signs of life.
        protocol: `3.1.1` or `5`.
        tls: the TLS context, or None for plain TCP.
    """

    host: str
    port: int
    user: str = ""
    password: str = ""
    keepalive: int = 60
    protocol: str = "5"
    tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"BrokerSettings({self.host}:{self.port})"

    @classmethod
    def from_options(cls, options: Options) -> BrokerSettings:
        """Read the `broker_*` options of `[system]`.

        Raises:
            StartError: a certificate or key cannot be loaded.
        """
        system = options.system
        return cls(
            host=system["broker_ip"],
            port=system["broker_port"],
            user=system["broker_user"],
            password=system["broker_password"],
            keepalive=system["broker_keepalive"],
            protocol=system["broker_protocol"],
            tls=_tls_context(options),
        )


def _tls_context(options: Options) -> ssl.SSLContext | None:
    system = options.system
    if not (system["broker_tls"] or system["broker_tls_ca"] or system["broker_tls_cert"]):
        return None
    option = "broker_tls_ca"
    try:
        context = ssl.create_default_context(cafile=system["broker_tls_ca"] or None)
        option = "broker_tls_cert / broker_tls_key"
        if system["broker_tls_cert"]:
            context.load_cert_chain(system["broker_tls_cert"], system["broker_tls_key"] or None)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"{options.path}: [system] {option} cannot be loaded: {error}") from error
    return context


class MqttClient:
    """A connection to the broker that comes back by itself, with its subscriptions.

    Args:
        settings: where the broker is.
        client_id: its name at the broker.
        persistent: ask the broker to keep what is published while we are away (clean start off).
        will: (topic, payload) that the broker publishes when we vanish.
        manual_ack: QoS 1 messages are acknowledged by `acknowledge` only.
        on_state: called with (connected, sentence) when the connection comes or goes.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        *,
        persistent: bool = False,
        will: Will | None = None,
        manual_ack: bool = False,
        on_state: Callable[[bool, str], None] | None = None,
    ) -> None:
        self.settings = settings
        self.client_id = client_id
        self._persistent = persistent
        self._on_state = on_state
        self._v5 = settings.protocol == "5"
        self._manual_ack = manual_ack
        self._stopping = False
        self._accepted = False
        self._told = ""
        self._subscribed = False
        self._unsubscribed = threading.Event()
        self._left_over: set[str] = set()
        self._handlers: dict[str, tuple[Handler, int]] = {}
        version: dict[str, Any] = {"protocol": paho.MQTTv5} if self._v5 else {"clean_session": not persistent}
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, manual_ack=manual_ack, **version)
        self._tries = 0
        client.max_queued_messages_set(_QUEUED_MAX)
        if settings.user:
            client.username_pw_set(settings.user, settings.password)
        if settings.tls is not None:
            client.tls_set_context(settings.tls)
        if will is not None:
            client.will_set(*will, qos=1)
        client.on_connect = self._connected
        client.on_connect_fail = self._connect_failed
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        self._draw_delay(client)
        client.on_unsubscribe = self._on_unsubscribe
        self._client = client

    def _draw_delay(self, client: paho.Client) -> None:
        """Set how long to wait before the next try: longer each time, and at random, so that a fleet does not come at once."""
        longest = min(_LONGEST_WAIT_S, 1.5 * 2**self._tries)
        delay = random.uniform(longest / 3, longest)  # noqa: S311 - spreads load, no secret
        client.reconnect_delay_set(delay, delay)  # type: ignore[arg-type]
        self._tries = min(self._tries + 1, 10)

    @property
    def connected(self) -> bool:
        """True while the broker has accepted us."""
        return self._client.is_connected()

    def start(self) -> None:
        """Begin to connect, in a thread of its own; a broker that is away is tried again for as long as it takes."""
        arguments: dict[str, Any] = {}
        if self._v5:
            arguments["clean_start"] = not self._persistent
            if self._persistent:
                properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                properties.SessionExpiryInterval = SESSION_EXPIRY_S
                properties.ReceiveMaximum = RECEIVE_MAXIMUM
                properties.MaximumPacketSize = MAXIMUM_PACKET
                arguments["properties"] = properties
        self._client.connect_async(self.settings.host, self.settings.port, self.settings.keepalive, **arguments)
        self._client.loop_start()

    def stop(self) -> None:
        """Say goodbye and end the thread; a persistent session stays at the broker."""
        patience = _GOODBYE_S if self.connected else _LEAVE_S
        self._stopping = True
        if self._manual_ack and self.connected:
            # a round trip: the broker has then read our acknowledgements, which closing the socket could throw away
            self._client.unsubscribe(_NO_FILTER)
            self._unsubscribed.wait(_GOODBYE_S)
        self._client.disconnect()
        # While the broker is away the thread may be deep in a look-up or a connect: it then ends by itself, later.
        ender = threading.Thread(target=self._client.loop_stop, name=f"{self.client_id}-end", daemon=True)
        ender.start()
        ender.join(patience)
        # One that was never started takes its place: with its last user gone, paho's client closes the sockets it keeps.
        self._client = paho.Client(CallbackAPIVersion.VERSION2)

    def subscribe(self, topic_filter: str, handler: Handler, qos: int = 1) -> None:
        """Take the messages of a filter, now and after each reconnect; a handler must not raise."""
        self._handlers[topic_filter] = (handler, qos)
        if self.connected:
            self._send_subscribe(topic_filter, qos)

    def unsubscribe(self, topic_filter: str) -> None:
        """Take the messages of a filter no more."""
        if self._handlers.pop(topic_filter, None) is not None and self.connected:
            self._client.unsubscribe(topic_filter)

    def forget(self, topic_filter: str) -> None:
        """End a subscription that an earlier run has left in the persistent session, at the next connect."""
        if topic_filter not in self._handlers:
            self._left_over.add(topic_filter)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, wait_s: float = 0.0) -> bool:
        """Publish a message.

        Args:
            topic, payload, qos, retain: as MQTT has them.
            wait_s: wait so many seconds at most until the broker has it.

        Returns:
            True when the message was sent or queued; False when it was not, because the broker is away.
        """
        if not self.connected:
            return False
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            return False
        if wait_s:
            try:
                info.wait_for_publish(wait_s)
            except (RuntimeError, ValueError) as error:
                logger.debug("%s: %s was not sent: %s", self.client_id, topic, error)
                return False
        return True

    def acknowledge(self, message: Message) -> None:
        """Send the PUBACK of a QoS 1 message, where `manual_ack` is on."""
        if message.qos:
            self._client.ack(message.mid, message.qos)

    # -- what paho calls, in its thread ---------------------------------------------------------------

    def _tell(self, connected: bool, what: str) -> None:
        if self._stopping:
            return
        level = logging.INFO if connected else logging.WARNING
        logger.log(level if what != self._told else logging.DEBUG, "%s: %s", self.client_id, what)  # no line at each new try
        self._told = what
        if self._on_state is not None:
            self._on_state(connected, what)

    def _place(self) -> str:
        return f"the MQTT broker at {self.settings.host}:{self.settings.port}"

    def _connected(self, _client: Any, _userdata: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            of_user = "uthori" in str(reason) or "user" in str(reason)
            options = "broker_user and broker_password" if of_user else "broker_protocol and broker_client_id"
            self._tell(False, f"{self._place()} refuses us: {reason}; check [system] {options}")
            return
        self._accepted = True
        self._tries = 0
        if not (self._subscribed and flags.session_present):
            # where the session is kept the subscriptions are too, and asking again would bring every retained message again
            for topic_filter in self._left_over:
                self._client.unsubscribe(topic_filter)
            for topic_filter, (_, qos) in list(self._handlers.items()):
                self._send_subscribe(topic_filter, qos)
            self._subscribed = True
        self._tell(True, f"connected to {self._place()}")

    def _connect_failed(self, _client: Any, _userdata: Any) -> None:
        self._draw_delay(self._client)
        error = sys.exc_info()[1]  # paho calls this while it handles the error, and does not hand it on
        if isinstance(error, ssl.SSLCertVerificationError):
            why = f"shows a certificate that is not trusted ({error.verify_message}); check [system] broker_tls_ca and broker_ip"
        elif isinstance(error, ssl.SSLError):
            why = f"does not speak TLS with us ({error.reason or error}); check [system] broker_tls and broker_port"
        elif isinstance(error, ConnectionResetError):
            why = _HANGS_UP
        else:
            why = f"does not answer ({error.strerror or error})" if isinstance(error, OSError) else "does not answer"
        self._tell(False, f"{self._place()} {why}; it is tried again until it does")

    def _disconnected(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            return
        self._draw_delay(self._client)
        accepted, self._accepted = self._accepted, False
        if accepted:
            self._tell(False, f"{self._place()} is gone ({reason}); it is tried again until it is back")
        elif "refuses us" not in self._told:
            self._tell(False, f"{self._place()} {_HANGS_UP}; it is tried again until it does")

    def _on_unsubscribe(self, *_arguments: Any) -> None:
        if self._stopping:
            self._unsubscribed.set()

    def _received(self, _client: Any, _userdata: Any, raw: paho.MQTTMessage) -> None:
        if self._stopping and self._manual_ack:
            return  # its acknowledgement would not be sent any more: the broker keeps it for the next session
        try:
            message = Message(raw.topic, bytes(raw.payload), raw.qos, raw.retain, raw.mid)
        except UnicodeDecodeError:
            message = Message("", bytes(raw.payload), raw.qos, raw.retain, raw.mid)
        for topic_filter, (handler, _) in list(self._handlers.items()):
            if topic_matches(topic_filter, message.topic):
                try:
                    handler(message)
                except Exception:
                    # whatever a message does to a handler, the network thread has to live on
                    logger.exception("%s: a message on %.200r could not be handled", self.client_id, message.topic)
                return
        if self._manual_ack:
            # a session may hold subscriptions of an earlier ini; unacknowledged, their messages would stop the others
            self.acknowledge(message)

    def _send_subscribe(self, topic_filter: str, qos: int) -> None:
        if self._v5:
            # retained messages only for a subscription that is new, not at each reconnect
            options = SubscribeOptions(qos=qos, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            self._client.subscribe(topic_filter, options=options)
        else:
            self._client.subscribe(topic_filter, qos)
