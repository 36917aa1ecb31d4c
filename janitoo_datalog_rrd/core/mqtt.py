"""The MQTT client of nodes and controllers, behind one small interface: they publish, and take what is asked of them."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from .connection import GOODBYE_S, LEAVE_S, Backoff, BrokerSettings, StateHandler, Teller
from .topics import topic_matches

logger = logging.getLogger(__name__)

NOBODY = "No matching subscribers"
"""What is said of a message that the broker has taken, and nobody takes from it (MQTT 5.0, section 3.4.2.1)."""
_NO_SUBSCRIBERS = 0x10
_QUEUED_MAX = 1000
_RECEIVE_MAXIMUM = 65535  # of a broker that names none (MQTT 5.0, section 3.2.2.3.3)
_MAXIMUM_PACKET = 268435455  # the longest that there is (MQTT 5.0, section 2.1.4)


class Message(NamedTuple):
    """A message from the broker.

    Attributes:
        topic: where it was published.
        payload: its bytes.
        qos: 0, 1 or 2.
        retain: True when the broker kept it from earlier.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


Handler = Callable[[Message], None]
Will = tuple[str, bytes]
PublishedHandler = Callable[[int, str], None]
"""Called with a message's id when the broker has it, and why it does not want it; that is empty where it does."""


class MqttClient:
    """A connection to the broker that comes back by itself, with its subscriptions.

    Args:
        settings: where the broker is.
        client_id: its name at the broker.
        will: (topic, payload) that the broker publishes when we vanish.
        will_retained: the broker keeps it for those who come later.
        on_state: called with (connected, sentence) when the connection comes or goes.
        on_published: called when the broker has a message that was sent with QoS 1.
        on_lost: called when a connection is gone or could not be made. It is then not tried again: what was sent and not
            acknowledged is forgotten, and whoever owns the client makes another one.
        told: what was said last of an earlier connection, which is not said again.

    Attributes:
        receive_maximum: how many messages with QoS 1 the broker takes at once, without an acknowledgement.
        maximum_packet: bytes of the longest message that it takes.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        *,
        will: Will | None = None,
        will_retained: bool = False,
        on_state: StateHandler | None = None,
        on_published: PublishedHandler | None = None,
        on_lost: Callable[[], None] | None = None,
        told: str = "",
    ) -> None:
        self.settings = settings
        self.client_id = client_id
        self.receive_maximum = _RECEIVE_MAXIMUM
        self.maximum_packet = _MAXIMUM_PACKET
        self._teller = Teller(settings, client_id, on_state, told)
        self._on_published = on_published
        self._on_lost = on_lost
        self._stopping = False
        self._v5 = settings.protocol == "5"
        self._accepted = False
        self._backoff = Backoff()
        self._handlers: dict[str, tuple[Handler, int]] = {}
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=paho.MQTTv5 if self._v5 else paho.MQTTv311,
            reconnect_on_failure=on_lost is None,
        )
        client.max_queued_messages_set(_QUEUED_MAX)
        if settings.user:
            client.username_pw_set(settings.user, settings.password)
        if settings.tls is not None:
            client.tls_set_context(settings.tls)
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=will_retained)
        client.on_connect = self._connected
        client.on_connect_fail = self._connect_failed
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        if on_published is not None:
            client.on_publish = self._published
        self._draw_delay(client)
        self._client = client

    def _draw_delay(self, client: paho.Client) -> None:
        delay = self._backoff.draw()
        client.reconnect_delay_set(delay, delay)  # type: ignore[arg-type]

    @property
    def connected(self) -> bool:
        """True while the broker has accepted us."""
        return self._client.is_connected()

    @property
    def told(self) -> str:
        """What was said last of how the connection stands."""
        return self._teller.told

    def start(self) -> None:
        """Begin to connect, in a thread of its own; a broker that is away is tried again for as long as it takes."""
        self._client.connect_async(self.settings.host, self.settings.port, self.settings.keepalive)
        self._client.loop_start()

    def stop(self, goodbye_s: float = GOODBYE_S) -> None:
        """Say goodbye and end the thread; a broker that does not answer is waited for so many seconds."""
        patience = goodbye_s if self.connected else LEAVE_S
        self._teller.silent = self._stopping = True
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

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Publish a message with QoS 1; returns the id that `on_published` will name, or None where it could not be sent."""
        if not self.connected:
            return None
        info = self._client.publish(topic, payload, 1, retain)
        return info.mid if info.rc == paho.MQTT_ERR_SUCCESS else None

    # -- what paho calls, in its thread ---------------------------------------------------------------

    def _connected(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, properties: Any) -> None:
        self.receive_maximum = getattr(properties, "ReceiveMaximum", _RECEIVE_MAXIMUM)
        self.maximum_packet = getattr(properties, "MaximumPacketSize", _MAXIMUM_PACKET)
        if reason.is_failure:
            self._teller.refused(str(reason))
            return
        self._accepted = True
        self._backoff.reset()
        for topic_filter, (_, qos) in list(self._handlers.items()):
            self._send_subscribe(topic_filter, qos)
        self._teller.connected()

    def _connect_failed(self, _client: Any, _userdata: Any) -> None:
        self._draw_delay(self._client)
        self._teller.unreachable(sys.exc_info()[1])  # paho calls this while it handles the error, and does not hand it on
        if self._on_lost is not None and not self._stopping:
            self._on_lost()

    def _disconnected(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._draw_delay(self._client)
            accepted, self._accepted = self._accepted, False
            self._teller.lost(str(reason), accepted=accepted)
        if self._on_lost is not None and not self._stopping:
            self._on_lost()

    def _published(self, _client: Any, _userdata: Any, mid: int, reason: Any, _properties: Any) -> None:
        if self._on_published is not None:
            nobody = self._v5 and reason.value == _NO_SUBSCRIBERS
            self._on_published(mid, NOBODY if nobody else str(reason) if reason.is_failure else "")

    def _received(self, _client: Any, _userdata: Any, raw: paho.MQTTMessage) -> None:
        try:
            message = Message(raw.topic, bytes(raw.payload), raw.qos, raw.retain)
        except UnicodeDecodeError:
            return
        for topic_filter, (handler, _) in list(self._handlers.items()):
            if topic_matches(topic_filter, message.topic):
                try:
                    handler(message)
                except Exception:
                    # whatever a message does to a handler, the network thread has to live on
                    logger.exception("%s: a message on %.200r could not be handled", self.client_id, message.topic)
                return

    def _send_subscribe(self, topic_filter: str, qos: int) -> None:
        if self._v5:
            # retained messages only for a subscription that is new, not at each reconnect
            options = SubscribeOptions(qos=qos, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            self._client.subscribe(topic_filter, options=options)
        else:
            self._client.subscribe(topic_filter, qos)
