"""The receiver, its subscriptions: which filters the broker is asked for, and how nothing that it has retained is lost.

A broker keeps only so many messages with QoS 1 for a client that does not acknowledge them at once (Mosquitto: 1,000), and passes
over the rest, while a house may have ten thousand retained. So a filter is asked for twice: with QoS 0, for what the broker has
retained, which is read as fast as it comes, until the answer to a sign of life says that this was all; and with QoS 1, for what
follows. MQTT 5 lets us say that the second brings nothing retained. With MQTT 3.1.1 it is asked when all has come, and what is
repeated is passed over.

A filter that may stand in a session with QoS 1 is never asked for with QoS 0 where numbers come by it: its messages would no
longer wait for us, and new ones would overtake those that do.

Where a message only says how something stands, and the last one is retained, it is asked for with QoS 0 alone, and anew at each
connect. What the broker keeps for us while we are away has then room for numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence

from . import packets
from .topics import topic_matches
from .wire import Wire

_FILTERS_AT_ONCE = 8
_UNSUBSCRIBE = 1  # packet identifier
_FIRST, _LAST = 2, 65_535  # packet identifiers of SUBSCRIBE, which its answer brings back

DeafHandler = Callable[[str, str], None]
"""Called with a filter that the broker does not let us listen to, and its reason."""


class Subscriptions:
    """What one client asks of its broker.

    Its methods are called in the receiver's thread, but for `listen_to`.

    Args:
        filters: MQTT topic filters.
        announcements: filters whose retained messages are wanted at each connect; each is one of `filters`, or covered by one.
        heard: filters whose retained messages an earlier life has had, where the broker keeps the session.
        standing: filters that an earlier life may have left in the session.
        states: filters whose messages only say how something stands; the last of each topic is retained.
        v5: whether MQTT 5 is spoken.
        passing: only look at what passes by, with QoS 0.
        on_deaf: told of filters that the broker refuses.
        on_heard: called when all was handed on that the broker had retained.

    Attributes:
        heard: filters whose retained messages were handed on.
    """

    def __init__(
        self,
        filters: Sequence[str],
        announcements: Sequence[str] = (),
        heard: Collection[str] = (),
        standing: Collection[str] = (),
        states: Sequence[str] = (),
        *,
        v5: bool,
        passing: bool,
        on_deaf: DeafHandler,
        on_heard: Callable[[], None] = lambda: None,
    ) -> None:
        self.filters = list(filters)
        self.heard = set(heard)
        self._announcements = list(dict.fromkeys((*announcements, *states)))
        self._states = frozenset(states)
        self._v5 = v5
        self._passing = passing
        self._on_deaf = on_deaf
        self._on_heard = on_heard
        self._wanted: list[str] | None = None
        self._left_over: list[str] = []
        self._in_session = set(standing)
        self._next_mid = _FIRST
        self._standing = False
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget what was asked over an earlier connection."""
        self._unanswered: dict[int, Sequence[str]] = {}
        self._deaf: set[str] = set()
        self._sent = self._answered = self._marked = self._given_up = 0
        self._first_step: list[str] = []
        self._whole: set[str] = set()
        self._extra: list[str] = []
        self._handing_on: set[str] = set()

    def forget(self, topic_filter: str) -> None:
        """End a subscription that an earlier life has left in the session, at the next connect."""
        if topic_filter not in self.filters:
            self._left_over.append(topic_filter)

    def listen_to(self, filters: Sequence[str]) -> None:
        """Want these filters from now on; from any thread."""
        self._wanted = list(filters)

    @property
    def has_changed(self) -> bool:
        """Whether other filters are wanted than before."""
        return self._wanted is not None

    # -- signs of life -------------------------------------------------------------------------------

    def ping(self, wire: Wire) -> None:
        """Send a sign of life."""
        wire.send(packets.PING)
        self._sent += 1

    def pong(self) -> None:
        """A sign of life was answered."""
        self._answered += 1

    @property
    def unanswered_pings(self) -> int:
        """How many signs of life have no answer yet."""
        return self._sent - self._answered

    @property
    def arriving(self) -> bool:
        """Whether the broker may still be sending what it has retained: what was asked after that is not answered yet."""
        return max(self._answered, self._given_up) < self._marked

    def hush(self) -> None:
        """Nothing comes any more: the broker has thrown the answer away, as Mosquitto does with what it has no room for."""
        self._given_up = self._marked

    # -- what is asked -------------------------------------------------------------------------------

    def begin(self, wire: Wire, *, session_kept: bool) -> None:
        """Ask for everything, over a new connection; where the session is kept, only for what is not in it."""
        standing = self._standing and session_kept
        self._begin_anew()
        self._adopt()
        if not session_kept:
            self.heard.clear()
            self._in_session.clear()
        if self._passing:
            self._subscribe(wire, self.filters, qos=0)
            return
        if not standing:
            for few in _few(self._left_over):
                wire.send(packets.unsubscribe(_UNSUBSCRIBE, few, v5=self._v5))
        self._standing = standing
        old = [each for each in self.filters if each in self.heard and each not in self._states]
        if not standing:
            self._ask_again(wire, old, retained="new")
        self._ask_first(wire, [each for each in self.filters if each not in self.heard])
        if session_kept:
            announced = [each for each in self._announcements if each not in self._first_step]
            self._extra = [each for each in announced if each not in self.filters]
            self._ask_first(wire, announced)

    def follow(self, wire: Wire) -> None:
        """Ask for what is wanted now and was not, and end what is wanted no longer."""
        before = self.filters
        self._adopt()
        known, wanted = set(before), set(self.filters)
        gone = [each for each in before if each not in wanted]
        self.heard.difference_update(gone)
        self._handing_on.difference_update(gone)
        self._in_session.difference_update(gone)
        self._deaf.difference_update(gone)
        self._first_step = [each for each in self._first_step if each in wanted or each in self._extra]
        for few in _few(gone):
            wire.send(packets.unsubscribe(_UNSUBSCRIBE, few, v5=self._v5))
        new = [each for each in self.filters if each not in known]
        if self._passing:
            self._subscribe(wire, new, qos=0)
        else:
            self._ask_first(wire, new)

    def go_on(self, wire: Wire) -> None:
        """When all has come that the broker had retained: ask for what follows, with QoS 1, where that is not done."""
        if not self._first_step or self.arriving:
            return
        filters, self._first_step = self._first_step, []
        extra, self._extra = set(self._extra), []
        own = [each for each in filters if each not in extra and each not in self._deaf]
        for few in _few([each for each in filters if each in extra]):
            wire.send(packets.unsubscribe(_UNSUBSCRIBE, few, v5=self._v5))
        if not self._v5:
            again = [each for each in own if each not in self._whole and each not in self._states]
            self._ask_again(wire, again, retained="never")
        self._handing_on.update(own)
        self._standing = not self._unanswered

    @property
    def stands(self) -> bool:
        """Whether all was asked for, and the broker has taken it: it may handle other clients between two of our packets."""
        return self._passing or not (self._first_step or self.arriving)

    def handed_on(self) -> None:
        """All that has come was handed on."""
        if self._handing_on:
            self.heard |= self._handing_on
            self._handing_on.clear()
            self._on_heard()

    def states_first(self, waiting: deque[list[packets.Publish]]) -> None:
        """Put what says how something stands before what has waited at the broker, which may be understood by it."""
        if not self._states:
            return
        first: list[packets.Publish] = []
        for number, messages in enumerate(waiting):
            states = [each for each in messages if not each[2] and self._is_state(each[0])]
            if states:
                first += states
                waiting[number] = [each for each in messages if each[2] or not self._is_state(each[0])]
        if first:
            waiting.appendleft(first)

    def _is_state(self, topic: bytes) -> bool:
        text = topic.decode("utf-8", "replace")
        return any(topic_matches(each, text) for each in self._states)

    def _ask_first(self, wire: Wire, filters: Sequence[str]) -> None:
        """Ask for what the broker has retained, and for what follows."""
        if not filters:
            return
        self._standing = False
        extra = set(self._extra)
        whole = self._in_session.difference(self._announcements)
        for few in _few([each for each in filters if each not in whole]):
            self._subscribe(wire, few, qos=0, retained="always")
            if self._v5:  # which brings nothing retained a second time, so that it can be asked at once
                self._ask_again(wire, [each for each in few if each not in extra and each not in self._states], retained="never")
        again = [each for each in filters if each in whole]
        self._whole.update(again)
        self._ask_again(wire, again, retained="always")
        self._first_step += filters
        self._mark(wire)

    def _ask_again(self, wire: Wire, filters: Sequence[str], *, retained: str) -> None:
        """Ask with QoS 1. MQTT 3.1.1 brings everything retained once more then, which is passed over: see `without_repeats`."""
        self._subscribe(wire, filters, qos=1, retained=retained)
        self._in_session.update(filters)
        if not self._v5 and filters and retained != "always":
            self._mark(wire)

    def _mark(self, wire: Wire) -> None:
        self.ping(wire)
        self._marked = self._sent

    def _subscribe(self, wire: Wire, filters: Sequence[str], *, qos: int, retained: str = "new") -> None:
        for few in _few(filters):
            mid, self._next_mid = self._next_mid, self._next_mid + 1
            if self._next_mid > _LAST:
                self._next_mid = _FIRST
            self._unanswered[mid] = few
            wire.send(packets.subscribe(mid, few, v5=self._v5, qos=qos, retained=retained))

    def _adopt(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self.filters = wanted
            after = set(wanted)
            self._left_over = [each for each in self._left_over if each not in after]

    # -- what is answered ----------------------------------------------------------------------------

    def look_at(self, suback: bytes) -> None:
        """Look at a SUBACK: filters that are refused are told, once a connection."""
        filters = self._unanswered.pop(int.from_bytes(suback[:2], "big"), ())
        self._standing = not self._unanswered and not self._first_step
        for each, reason in zip(filters, packets.read_suback(suback, v5=self._v5), strict=False):
            if reason >= 0x80 and each not in self._deaf:
                self._deaf.add(each)
                self._on_deaf(each, packets.reason_text(reason))

    def without_repeats(
        self, messages: list[packets.Publish], retained: Sequence[int]
    ) -> tuple[list[packets.Publish], list[bytes]]:
        """Messages without those that the broker had retained and sends a second time (MQTT 3.1.1).

        Args:
            messages: what came with one read.
            retained: positions of those that the broker had retained.

        Returns:
            The others, and the identifiers of those left out.
        """
        # what is asked with QoS 0 has no identifier; a repeat without one comes before the answer to the mark behind it
        with_or_without = self.arriving and not self._first_step and not self._given_up
        left_out = {each for each in retained if with_or_without or messages[each][2]}
        return (
            [each for number, each in enumerate(messages) if number not in left_out],
            [messages[each][2] for each in sorted(left_out) if messages[each][2]],
        )


def _few(filters: Sequence[str]) -> Iterator[Sequence[str]]:
    """Filters, a few at once: some brokers take no more in one packet."""
    for begin in range(0, len(filters), _FILTERS_AT_ONCE):
        yield filters[begin : begin + _FILTERS_AT_ONCE]
