"""The receiver: an MQTT client that only listens, for all messages of a broker at the lowest cost a message.

It hands on everything that came with one read from the socket at once, so that whoever takes it can store it with one write
and acknowledge it with another. Clients for everyday use call a function per message, which alone costs more than all of this.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from . import packets
from .connection import GOODBYE_S, LEAVE_S, MAXIMUM_PACKET, SESSION_EXPIRY_S, Backoff, BrokerSettings, StateHandler, Teller
from .wire import Wire

logger = logging.getLogger(__name__)

RECEIVE_MAXIMUM = 1000
"""How many messages the broker may send before we acknowledge the first (MQTT 5): what cannot be stored waits at the broker."""
_PACE_S = 0.001
"""While messages come faster than this one read after the other, it is waited so long for more of them to come in one read:
a read, a write to the journal and an acknowledgement for each few messages would cost more than the messages."""
_ANSWER_S = 10.0
_FILTERS_AT_ONCE = 8
_UNSUBSCRIBE = 1  # packet identifier
_FIRST_SUBSCRIBE, _LAST_SUBSCRIBE = 2, 65_535  # packet identifiers of SUBSCRIBE, which its answer brings back

PacketsHandler = Callable[[list[packets.Publish]], None]


class _RefusedError(Exception):
    """The broker does not take us."""


class Receiver:
    """A connection with a persistent session that comes back by itself and takes the messages of some filters, with QoS 1.

    Args:
        settings: where the broker is.
        client_id: our name at the broker, by which it knows the session again.
        filters: MQTT topic filters.
        announcements: filters whose retained messages are wanted at each connect, also where the session was kept.
        on_packets: takes what came, in the order in which it came, and has `acknowledge` called with the identifiers of messages
            once they are safe. It is called in the receiver's own thread.
        on_lost: called when the connection is gone: what was not acknowledged comes again, under other identifiers.
        on_state: called with (connected, sentence) when the connection comes or goes.
        on_deaf: called with a filter that the broker does not let us listen to, and its reason.
        passing: only look at what passes by: no session, QoS 0, packets that are too long passed over.

    Attributes:
        session_kept: whether the broker had kept our session when it last took us; None before.
        retained: while `on_packets` runs for one who only looks: the positions of messages that the broker had kept.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        filters: Sequence[str],
        on_packets: PacketsHandler,
        on_lost: Callable[[], None] = lambda: None,
        on_state: StateHandler | None = None,
        *,
        announcements: Sequence[str] = (),
        on_deaf: Callable[[str, str], None] = lambda _filter, _reason: None,
        passing: bool = False,
    ) -> None:
        self.settings = settings
        self.client_id = client_id
        self.backoff = Backoff()
        self.retained: list[int] = []
        self._passing = passing
        self._on_deaf = on_deaf
        self._filters = list(filters)
        self._announcements = list(announcements)
        self._wanted: list[str] | None = None
        self._next_mid = _FIRST_SUBSCRIBE
        self._on_packets = on_packets
        self._on_lost = on_lost
        self._teller = Teller(settings, client_id, on_state)
        self._v5 = settings.protocol == "5"
        self.session_kept: bool | None = None
        self._left_over: list[str] = []
        self._subscribed = False
        self._unanswered: dict[int, Sequence[str]] = {}
        self._stopping = threading.Event()
        self._wire: Wire | None = None
        self._thread = threading.Thread(target=self._run, name=client_id, daemon=True)
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    @property
    def connected(self) -> bool:
        """True while the broker has accepted us."""
        return self._wire is not None

    def forget(self, topic_filter: str) -> None:
        """End a subscription that an earlier run has left in the persistent session, at the next connect."""
        if topic_filter not in self._filters:
            self._left_over.append(topic_filter)

    def listen_to(self, filters: Sequence[str]) -> None:
        """Listen to these filters from now on; from any thread.

        Called while messages are handled, it takes effect after them; else at the next sign of life at the latest.
        """
        self._wanted = list(filters)

    def start(self) -> None:
        """Begin to connect, in a thread of its own; a broker that is away is tried again for as long as it takes."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and end the thread; the session stays at the broker."""
        if self._stopping.is_set():
            return
        patience = 2 * GOODBYE_S if self.connected else LEAVE_S
        self._teller.silent = True
        os.write(self._wake_write, b"x")
        self._stopping.set()
        if self._thread.ident is None:
            self._close_pipe()
        else:
            self._thread.join(patience)  # one that is deep in a look-up or a connect ends by itself, later

    def acknowledge(self, mids: Sequence[bytes]) -> None:
        """Send the PUBACK of messages, by their identifiers; without effect while the broker is away."""
        wire = self._wire
        if mids and wire is not None:
            with contextlib.suppress(OSError):  # the reader finds out, and what is not acknowledged comes again
                wire.send(packets.acknowledgements(mids))

    # -- in the receiver's thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._live()
                except Exception as error:  # a thread that ends here would log nothing any more, and tell nobody
                    logger.exception("%s: the connection could not be made", self.client_id)
                    self._teller.unreachable(error)
                if not self._stopping.is_set():
                    self._stopping.wait(self.backoff.draw())
        finally:
            self._close_pipe()

    def _close_pipe(self) -> None:
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _live(self) -> None:
        """Live through one connection, from the first byte to the last."""
        try:
            asked = (self.retained, MAXIMUM_PACKET) if self._passing else ()
            wire = Wire(self.settings, self._wake_read, *asked)
        except OSError as error:
            self._teller.unreachable(error)
            return
        try:
            keepalive, early = self._introduce(wire)
        except _RefusedError as error:
            self._teller.refused(str(error))
        except packets.MalformedPacketError as error:
            self._teller.strange(str(error))
        except OSError as error:
            self._teller.lost(str(error), accepted=False)
        else:
            self._teller.connected()
            try:
                self._listen(wire, keepalive, *early)
            except (OSError, packets.MalformedPacketError) as error:
                self._teller.lost(str(error), accepted=True)
            except Exception as error:  # whatever messages do to their handler, those after them have to come
                logger.exception("%s: messages could not be handled", self.client_id)
                self._teller.lost(repr(error), accepted=True)
            finally:
                self._wire = None
                self._on_lost()
        finally:
            wire.close()

    def _introduce(self, wire: Wire) -> tuple[float, tuple[list[packets.Publish], list[packets.Other]]]:
        """Be taken by the broker, and subscribe where it has not kept what we subscribed.

        Returns:
            Seconds between two signs of life, 0 for none, and what came along with the answer.
        """
        settings = self.settings
        wire.send(
            packets.connect(
                self.client_id,
                v5=self._v5,
                clean=self._passing,
                keepalive=settings.keepalive,
                user=settings.user,
                password=settings.password,
                session_expiry=0 if self._passing else SESSION_EXPIRY_S,
                receive_maximum=RECEIVE_MAXIMUM,
                maximum_packet=MAXIMUM_PACKET,
            )
        )
        messages, others = wire.read(_ANSWER_S)
        end = time.monotonic() + _ANSWER_S
        while not others and wire.has_part_of(packets.CONNACK) and time.monotonic() < end and not self._stopping.is_set():
            messages, others = wire.read(end - time.monotonic())
        if not others or others[0][0] != packets.CONNACK:
            raise packets.MalformedPacketError("it does not answer as an MQTT broker does")
        answer = packets.read_connack(others[0][1], v5=self._v5)
        if answer.reason:
            raise _RefusedError(packets.reason_text(answer.reason))
        self.backoff.reset()
        self.session_kept = answer.session_present
        self._adopt()
        if not (self._subscribed and answer.session_present):
            # where the session is kept the subscriptions are too, and asking again would bring every retained message again
            for filters in _few(self._left_over):
                wire.send(packets.unsubscribe(_UNSUBSCRIBE, filters, v5=self._v5))
            # not before it has answered: a connection that ends now leaves a session that hears nothing
            self._subscribed = False
            self._unanswered = {}
            self._subscribe(wire, self._filters, new=not answer.session_present)
        self._send_subscribe(wire, self._announcements, qos=0, retained="always")
        return settings.keepalive if answer.keepalive is None else answer.keepalive, (messages, others[1:])

    def _subscribe(self, wire: Wire, filters: Sequence[str], *, new: bool) -> None:
        """Ask for the messages of filters.

        A broker may have thousands of retained messages for them, and keeps no more than so many for a client with QoS 1: where
        nothing is subscribed yet they are asked for with QoS 0, which has no such bound, and what follows them with QoS 1.
        """
        if self._passing:
            self._send_subscribe(wire, filters, qos=0)
            return
        if new and self._v5:
            self._send_subscribe(wire, filters, qos=0)
        self._send_subscribe(wire, filters, qos=1, retained="never" if new else "new")

    def _send_subscribe(self, wire: Wire, filters: Sequence[str], *, qos: int, retained: str = "new") -> None:
        for few in _few(filters):
            mid, self._next_mid = self._next_mid, self._next_mid + 1
            if self._next_mid > _LAST_SUBSCRIBE:
                self._next_mid = _FIRST_SUBSCRIBE
            self._unanswered[mid] = few
            wire.send(packets.subscribe(mid, few, v5=self._v5, qos=qos, retained=retained))

    def _adopt(self) -> tuple[list[str], list[str]]:
        """Take over the filters that are wanted; the answer has those that are new, and those that are gone."""
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return [], []
        before, after = set(self._filters), set(wanted)
        gone = [each for each in self._filters if each not in after]
        new = [each for each in wanted if each not in before]
        self._filters = wanted
        self._left_over = [each for each in self._left_over if each not in after]
        return new, gone

    def _follow(self, wire: Wire) -> None:
        """Listen to other filters than before."""
        new, gone = self._adopt()
        for filters in _few(gone):
            wire.send(packets.unsubscribe(_UNSUBSCRIBE, filters, v5=self._v5))
        self._subscribe(wire, new, new=True)

    def _listen(self, wire: Wire, keepalive: float, messages: list[packets.Publish], others: list[packets.Other]) -> None:
        """Hand on what comes, until the connection is gone or we are to stop; the first of it came already."""
        self._wire = wire
        pause = keepalive / 2 or 3600.0
        heard = gathered = time.monotonic()
        next_ping, unanswered = heard + pause, 0
        while True:
            if messages:
                self._on_packets(messages)
            if self._wanted is not None:
                self._follow(wire)
            unanswered -= self._look_at(others)
            now = time.monotonic()
            if messages or others:
                heard = now
            elif keepalive and now - heard > 1.5 * keepalive:
                raise ConnectionError(f"it has said nothing for {now - heard:.0f} s")
            if now >= next_ping:
                wire.send(packets.PING)
                next_ping, unanswered = now + pause, unanswered + 1
            if self._stopping.is_set():
                break
            if now - gathered < 2 * _PACE_S and self._may_gather(messages):
                time.sleep(_PACE_S)
            gathered = now
            messages, others = wire.read(pause)
        self._leave(wire, unanswered)

    def _may_gather(self, messages: list[packets.Publish]) -> bool:
        """Tell whether it can pay to wait for more messages: a broker of MQTT 3.1.1 may wait for our acknowledgements itself."""
        return bool(messages) and (self._v5 or not messages[-1][2])

    def _look_at(self, others: list[packets.Other]) -> int:
        """Look at what is no message; the answer is how many of our signs of life were answered."""
        answered = 0
        for first, body in others:
            kind = first & 0xF0
            if kind == packets.PINGRESP:
                answered += 1
            elif kind == packets.SUBACK:
                filters = self._unanswered.pop(int.from_bytes(body[:2], "big"), ())
                self._subscribed = not self._unanswered
                for topic_filter, reason in zip(filters, packets.read_suback(body, v5=self._v5), strict=False):
                    if reason >= 0x80:
                        self._teller.deaf(topic_filter, packets.reason_text(reason))
                        self._on_deaf(topic_filter, packets.reason_text(reason))
            elif kind == packets.DISCONNECT:
                raise ConnectionError(packets.reason_text(body[0] if body else 0))
        return answered

    def _leave(self, wire: Wire, unanswered: int) -> None:
        """Wait until the broker has read our acknowledgements, which closing the socket could throw away, and say goodbye."""
        wire.wake_no_more()
        with contextlib.suppress(OSError, packets.MalformedPacketError):
            wire.send(packets.PING)
            unanswered += 1
            end = time.monotonic() + GOODBYE_S
            while unanswered > 0 and time.monotonic() < end:
                _, others = wire.read(end - time.monotonic())
                unanswered -= self._look_at(others)
            wire.send(packets.GOODBYE)


def _few(filters: Sequence[str]) -> Iterator[Sequence[str]]:
    """Filters, a few at once: some brokers take no more in one packet."""
    for begin in range(0, len(filters), _FILTERS_AT_ONCE):
        yield filters[begin : begin + _FILTERS_AT_ONCE]
