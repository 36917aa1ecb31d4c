"""The verdict on a message: which numbers are in it, as which series each is logged, or why it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...core.contracts import Key, Reading, SeriesReader
from ...core.decoding import Route
from ...core.errors import DecodeError, JanitooError, UnknownSeriesError
from ...core.options import Options
from ...core.plugins import DECODERS
from ...core.sections import Section
from ...core.services import Services
from ...core.topics import HEARTBEAT_FILTER, topic_matches
from .learnt import Learnt
from .why import Why

KINDS = ("plain", "json")
"""The dialects that a click can choose, the narrower one first."""
NUMBERS_MAX = 200
"""How many numbers of one message are told."""
_GLANCE_S = 3.0
_GLANCES_MAX = 2000
LOGGED, SOON, NOT, OPEN = "logged", "soon", "not", "open"


@dataclass(slots=True)
class Number:
    """One number of a message.

    Attributes:
        path: where it stands in the message; empty where the message is the number.
        value: the number.
        state: `logged`; `soon`, when it will be with its next message; `open`, when a click can have it logged; or `not`.
        series: names of the series that it goes to.
        why: a sentence that says why it is not logged; empty where it is.
        label, units: what the message says of it.
        key: whose number it is; empty where nobody reads it.
        node: which device it is of, where its dialect says so.
    """

    path: str
    value: float
    state: str
    series: list[str] = field(default_factory=list)
    why: str = ""
    label: str = ""
    units: str = ""
    key: Key = ()
    node: str = ""


@dataclass(slots=True)
class Verdict:
    """What is made of a message.

    Attributes:
        state: as that of its numbers: the best of them; `none` where there is nothing to log.
        sentence: what to know of the whole message.
        kind: the dialect that reads it, or that would.
        section: the section of the ini that has it read; empty where there is none.
        place: where that section stands.
        numbers: at most `NUMBERS_MAX`.
    """

    state: str
    sentence: str
    kind: str = ""
    section: str = ""
    place: str = ""
    numbers: list[Number] = field(default_factory=list)


class Examiner:
    """Looks at messages as the store would, with decoders of its own.

    Args:
        services: the options and plugins in force, and the store.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self.learnt = Learnt(services)
        self.why = Why(services)
        self._seen: dict[str, tuple[Options, float, str, list[str]]] = {}

    def route_of(self, topic: str) -> Route | None:
        """Who reads a topic."""
        with self.learnt.lock:
            return self.learnt.readers().route_of(topic)

    def examine(self, topic: str, payload: bytes, *, whole: bool) -> Verdict:
        """Say what becomes of a message.

        Args:
            topic, payload: the message.
            whole: whether that is all of its payload.
        """
        if topic_matches(HEARTBEAT_FILTER, topic):
            return Verdict("none", "A heartbeat: it says whether a node is alive, and is shown on the dashboard.")
        with self.learnt.lock:
            route = self.route_of(topic)
            if not whole:
                return self._cut(topic, payload, route)
            verdict = self._open(topic, payload) if route is None else self._read(route, topic, payload)
            nodes = {number.node for number in verdict.numbers if number.node}
            verdict.sentence += self.why.noted(topic, nodes, route)
            return verdict

    def glance(self, topic: str, payload: bytes, *, whole: bool) -> tuple[str, list[str]]:
        """The state of a message in short, and the series that it goes to; a few seconds old at most."""
        now = self._services.clock()
        seen = self._seen.get(topic)
        if seen is None or seen[0] is not self._services.options or not 0 <= now - seen[1] < _GLANCE_S:
            verdict = self.examine(topic, payload, whole=whole)
            series = [name for number in verdict.numbers for name in number.series]
            if len(self._seen) >= _GLANCES_MAX:
                self._seen.clear()
            seen = self._seen[topic] = (self._services.options, now, verdict.state, list(dict.fromkeys(series))[:3])
        return seen[2], seen[3]

    # -- a topic that is read --------------------------------------------------------------------------

    def _read(self, route: Route, topic: str, payload: bytes) -> Verdict:
        who = self.why.who(route)
        verdict = Verdict("none", "", route.kind, route.section, self.why.place(route))
        private: list[Reading] = []
        announces = route.announces(topic)
        try:
            readings, private = self.learnt.readers().sort_out(route.decoder, topic, payload)
        except DecodeError as error:
            readings, verdict.sentence = [], f"{who} reads this topic, but: {error}."
        except Exception as error:  # noqa: BLE001 - a decoder may come from any package and fail in any way
            readings, verdict.sentence = [], f"{who} reads this topic, and failed: {type(error).__name__}: {error}."
        else:
            verdict.sentence = f"{who} reads this topic."
            if not readings and not private:
                verdict.sentence = f"{who} reads this topic, and rightly finds no number in this message."
                if announces:
                    verdict.sentence = f"{who} learns from this message what devices there are: there is no number in it."
        if route.loose and not readings and not private and not announces:
            return self._instead(route, verdict, topic, payload)
        verdict.numbers = [self._number(each, topic) for each in readings[:NUMBERS_MAX]]
        verdict.numbers += [self._private(each) for each in private[:NUMBERS_MAX]]
        if len(readings) <= NUMBERS_MAX and not announces and all(_is_of(each, topic) for each in (*readings, *private)):
            verdict.numbers += self._elsewhere(route, topic, payload, {number.path for number in verdict.numbers})
        verdict.state = _best(verdict.numbers)
        return verdict

    def _instead(self, route: Route, silent: Verdict, topic: str, payload: bytes) -> Verdict:
        """A message in which a dialect finds nothing whose form others use too: a section of the ini may read it instead."""
        verdict = self._open(topic, payload)
        if not verdict.numbers:
            return silent
        verdict.sentence = silent.sentence
        for number in verdict.numbers:
            if number.state == OPEN:
                number.why = f"{self.why.who(route)} finds no number there; a section of the ini would read the topic instead."
        return verdict

    def _private(self, reading: Reading) -> Number:
        why = self.why.secret(self.learnt.readers().privacy, reading.key)
        return Number(".".join(reading.key[1:]), reading.value, NOT, why=why, key=reading.key, node=reading.meta.node)

    def _number(self, reading: Reading, topic: str) -> Number:
        path = ".".join(reading.key[1:])
        meta = reading.meta
        number = Number(path, reading.value, LOGGED, label=meta.label, units=meta.units, key=reading.key, node=meta.node)
        store = self._services.store
        if store is None:
            number.state, number.why = SOON, "The store is not up yet."
            return number
        number.series = store.series_of(reading.key)
        hidden = self.why.secret(self.learnt.readers().privacy, reading.key, topic)
        if hidden:
            number.state, number.why = NOT, hidden
            return number
        refused = next((entry for entry in self._services.rejected.last() if entry.topic == topic[:200]), None)
        refusal = f"Its last message was refused: {refused.detail} ({refused.reason})." if refused is not None else ""
        if number.series:
            if refused is not None and all(refused.time > _last_time(store, name) for name in number.series):
                number.why = refusal
            return number
        hider = store.hider_of(reading.key)
        hidden = f"[{hider}] says that it is not to be logged ({self._services.options.section(hider).places.get('log', '')})."
        number.state, number.why = NOT, hidden if hider else self.why.barrier() or refusal
        if not number.why and reading.value != reading.value:
            number.why = "It is unknown: a series begins with its first number."
        elif not number.why:
            number.state, number.why = SOON, "It is logged from its next message on."
        return number

    def _elsewhere(self, route: Route, topic: str, payload: bytes, taken: set[str]) -> Iterator[Number]:
        """Numbers of the message that its decoder passes over."""
        if route.kind == "janitoo":
            return
        for number in self._found("json", topic, payload, {}):
            if number.path not in taken:
                number.state, number.why = self._passed_over(route)
                yield number

    def _passed_over(self, route: Route) -> tuple[str, str]:
        value = self._services.options.section(route.section).get("value")
        if value:
            return OPEN if route.kind == "json" else NOT, f"{self.why.who(route)} logs only value = {value}."
        if route.section:
            return NOT, f"{self.why.who(route)} (kind = {route.kind}) reads no number there."
        return NOT, f"{self.why.who(route)} logs no such number: a [decoder__NAME] section for the topic would read it instead."

    # -- a topic that nobody reads ----------------------------------------------------------------------

    def _open(self, topic: str, payload: bytes) -> Verdict:
        off = self.why.switched_off(topic)
        for kind in KINDS:
            numbers = self._found(kind, topic, payload, {})
            if numbers:
                barrier = self.why.barrier()
                for number in numbers:
                    why = self.why.secret(self.learnt.readers().privacy, (topic, number.path)) or barrier
                    number.state, number.why = (NOT, why) if why else (OPEN, "No decoder reads this topic.")
                return Verdict(_best(numbers), barrier or off or "No decoder reads this topic yet.", kind, numbers=numbers)
        if not payload:
            return Verdict("none", "The message is empty.")
        return Verdict("none", off or "There is no number in this message: nothing that could be logged.")

    def _found(self, kind: str, topic: str, payload: bytes, paths: dict[str, Any]) -> list[Number]:
        return [
            Number(reading.key[1], reading.value, OPEN, label=reading.meta.label, units=reading.meta.units)
            for reading in self.try_out(kind, topic, payload, paths)[:NUMBERS_MAX]
        ]

    def try_out(self, kind: str, topic: str, payload: bytes, paths: dict[str, Any]) -> list[Reading]:
        """What a decoder with these options would make of a message; nothing where it refuses it."""
        try:
            decoder = self._services.plugins.load(DECODERS, kind)(Section("decoder__new", dict(paths)))
            readings: list[Reading] = decoder.decode(topic, payload)
        except (JanitooError, ValueError):
            return []
        return readings

    def _cut(self, topic: str, payload: bytes, route: Route | None) -> Verdict:
        sentence = "The message is long, and only its beginning was kept: the numbers of its next message are told here."
        if route is None:
            return Verdict("none", sentence)
        return Verdict(
            "none", f"{self.why.who(route)} reads this topic. {sentence}", route.kind, route.section, self.why.place(route)
        )


def _is_of(reading: Reading, topic: str) -> bool:
    """Whether a number is known by the topic of its message, so that its path is one in that message."""
    return len(reading.key) == 2 and reading.key[0] == topic


def _last_time(store: SeriesReader, name: str) -> float:
    try:
        return store.get_series(name).last_time or 0.0
    except UnknownSeriesError:  # removed meanwhile
        return 0.0


def _best(numbers: list[Number]) -> str:
    """The state of a message by that of its numbers."""
    states = {number.state for number in numbers}
    return next((state for state in (LOGGED, SOON, OPEN, NOT) if state in states), "none")
