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
from collections import deque
from collections.abc import Callable, Collection, Sequence

from . import packets
from .connection import GOODBYE_S, LEAVE_S, MAXIMUM_PACKET, SESSION_EXPIRY_S, Backoff, BrokerSettings, StateHandler, Teller
from .subscriptions import DeafHandler, Subscriptions
from .wire import Wire

logger = logging.getLogger(__name__)

RECEIVE_MAXIMUM = 1000
"""How many messages the broker may send before we acknowledge the first (MQTT 5): what cannot be stored waits at the broker."""
_PACE_S = 0.001
"""While messages come faster than this one read after the other, it is waited so long for more of them to come in one read:
a read, a write to the journal and an acknowledgement for each few messages would cost more than the messages."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.3, 5.0
"""Before the next try. When a broker is back, all clients come, and what they say is kept for us up to a limit: we come first."""
_ANSWER_S = 10.0
_HUSH_S = 2.0
_LOT = 500  # messages that are handed on together out of many that wait
_GATHERED_MAX = 64 << 20  # bytes of what a broker had retained that are held before any of it is handled

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
        heard: filters whose retained messages an earlier life has had: they are not wanted again where the session was kept.
        standing: filters that an earlier life may have left in the session.
        states: filters whose messages only say how something stands, the last of them retained: the broker keeps none of them
            while we are away, and is asked at each connect.
        on_heard: called in the receiver's own thread when all was handed on that the broker had retained for new filters.
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
        heard: Collection[str] = (),
        standing: Collection[str] = (),
        states: Sequence[str] = (),
        on_heard: Callable[[], None] = lambda: None,
        on_deaf: DeafHandler = lambda _filter, _reason: None,
        passing: bool = False,
    ) -> None:
        self.settings = settings
        self.client_id = client_id
        self.backoff = Backoff(_FIRST_WAIT_S, _LONGEST_WAIT_S)
        self.retained: list[int] = []
        self._passing = passing
        self._on_deaf = on_deaf
        self._on_packets = on_packets
        self._on_lost = on_lost
        self._teller = Teller(settings, client_id, on_state)
        self._v5 = settings.protocol == "5"
        self.session_kept: bool | None = None
        self._asked = Subscriptions(
            *(filters, announcements, heard, standing, states),
            v5=self._v5,
            passing=passing,
            on_deaf=self._tell_deaf,
            on_heard=on_heard,
        )
        self._stopping = threading.Event()
        self._wire: Wire | None = None
        self._thread = threading.Thread(target=self._run, name=client_id, daemon=True)
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    @property
    def connected(self) -> bool:
        """True while the broker has accepted us."""
        return self._wire is not None

    @property
    def heard(self) -> list[str]:
        """Filters whose retained messages were all handed on."""
        return sorted(self._asked.heard)

    def forget(self, topic_filter: str) -> None:
        """End a subscription that an earlier run has left in the persistent session, at the next connect."""
        self._asked.forget(topic_filter)

    def listen_to(self, filters: Sequence[str]) -> None:
        """Listen to these filters from now on; from any thread. Called while messages are handled, it takes effect after them."""
        self._asked.listen_to(filters)
        if threading.current_thread() is not self._thread and not self._stopping.is_set():
            with contextlib.suppress(OSError):
                os.write(self._wake_write, b"x")

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
            asks = self._passing or not self._v5
            longest = MAXIMUM_PACKET if self._passing else None
            wire = Wire(self.settings, self._wake_read, self.retained if asks else None, longest)
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
        self._asked.begin(wire, session_kept=answer.session_present)
        return settings.keepalive if answer.keepalive is None else answer.keepalive, (messages, others[1:])

    def _listen(self, wire: Wire, keepalive: float, messages: list[packets.Publish], others: list[packets.Other]) -> None:
        """Hand on what comes, until the connection is gone or we are to stop; the first of it came already."""
        self._wire = wire
        pause = keepalive / 2 or 3600.0
        heard = gathered = time.monotonic()
        next_ping, told = heard + pause, False
        messages = self._without_repeats(messages)
        asked, waiting = self._asked, deque([messages] if messages else [])
        while True:
            if asked.arriving and not self._passing:
                try:
                    others += self._gather(wire, waiting)
                except (OSError, packets.MalformedPacketError):
                    self._take_what_never_comes_again(waiting)
                    raise
                asked.states_first(waiting)
            messages = _some_of(waiting)
            if messages:
                self._on_packets(messages)
            self._look_at(others)
            if asked.has_changed:
                self._clear_pipe()
                asked.follow(wire)
            asked.go_on(wire)
            if not told and asked.stands:
                told = True
                self._teller.connected()
            if not waiting:
                asked.handed_on()
            now = time.monotonic()
            if messages or others:
                heard = now
            elif keepalive and now - heard > 1.5 * keepalive:
                raise ConnectionError(f"it has said nothing for {now - heard:.0f} s")
            if now >= next_ping:
                asked.ping(wire)
                next_ping = now + pause
            if self._stopping.is_set():
                break
            if waiting or asked.arriving:
                others = []
                continue
            if now - gathered < 2 * _PACE_S and self._may_gather(messages):
                time.sleep(_PACE_S)
            gathered = now
            came, others = self._read(wire, pause)
            if came:
                waiting.append(came)
        self._leave(wire)

    def _gather(self, wire: Wire, waiting: deque[list[packets.Publish]]) -> list[packets.Other]:
        """Read what the broker had retained as fast as it sends it, before any of it is handled.

        What does not fit in the buffers between it and us it throws away. The answer is what is no message.
        """
        found: list[packets.Other] = []
        size = sum(len(payload) for messages in waiting for _, payload, _ in messages)
        while self._asked.arriving and not self._stopping.is_set():
            begun = time.monotonic()
            messages, others = self._read(wire, _HUSH_S, hurry=True)
            if not messages and not others and time.monotonic() - begun >= _HUSH_S:
                self._asked.hush()
            if messages:
                waiting.append(messages)
                size += sum(len(payload) for _, payload, _ in messages)
            self._look_at(others)
            found += [each for each in others if each[0] & 0xF0 not in (packets.PINGRESP, packets.SUBACK)]
            if size > _GATHERED_MAX:
                break
        return found

    def _take_what_never_comes_again(self, waiting: deque[list[packets.Publish]]) -> None:
        """The connection is gone: the broker sends again what has an identifier, and nothing else."""
        for messages in waiting:
            if rest := [each for each in messages if not each[2]]:
                self._on_packets(rest)

    def _read(self, wire: Wire, seconds: float, *, hurry: bool = False) -> tuple[list[packets.Publish], list[packets.Other]]:
        if not self._passing:
            self.retained.clear()
        messages, others = wire.read(seconds, hurry=hurry)
        return self._without_repeats(messages), others

    def _without_repeats(self, messages: list[packets.Publish]) -> list[packets.Publish]:
        if self._v5 or self._passing or not self.retained:
            return messages
        messages, repeats = self._asked.without_repeats(messages, self.retained)
        self.acknowledge(repeats)
        return messages

    def _may_gather(self, messages: list[packets.Publish]) -> bool:
        """Tell whether it can pay to wait for more messages: a broker of MQTT 3.1.1 may wait for our acknowledgements itself."""
        return bool(messages) and (self._v5 or not messages[-1][2])

    def _look_at(self, others: list[packets.Other]) -> None:
        """Look at what is no message."""
        for first, body in others:
            kind = first & 0xF0
            if kind == packets.PINGRESP:
                self._asked.pong()
            elif kind == packets.SUBACK:
                self._asked.look_at(body)
            elif kind == packets.DISCONNECT:
                raise ConnectionError(packets.reason_text(body[0] if body else 0))

    def _tell_deaf(self, topic_filter: str, reason: str) -> None:
        self._teller.deaf(topic_filter, reason)
        self._on_deaf(topic_filter, reason)

    def _clear_pipe(self) -> None:
        with contextlib.suppress(OSError):
            os.read(self._wake_read, 1000)
        if self._stopping.is_set():
            os.write(self._wake_write, b"x")

    def _leave(self, wire: Wire) -> None:
        """Wait until the broker has read our acknowledgements, which closing the socket could throw away, and say goodbye."""
        wire.wake_no_more()
        with contextlib.suppress(OSError, packets.MalformedPacketError):
            self._asked.ping(wire)
            end = time.monotonic() + GOODBYE_S
            while self._asked.unanswered_pings > 0 and time.monotonic() < end:
                _, others = wire.read(end - time.monotonic())
                self._look_at(others)
            wire.send(packets.GOODBYE)


def _some_of(waiting: deque[list[packets.Publish]]) -> list[packets.Publish]:
    """The next messages that wait: what came with one read, and more where that was little.

    What they make us ask for is asked after each lot, which takes the broker's answer.
    """
    messages = waiting.popleft() if waiting else []
    while waiting and len(messages) + len(waiting[0]) <= _LOT:
        messages = messages + waiting.popleft()
    return messages
