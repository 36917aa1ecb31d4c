"""Decoders, `homeassistant`: the values that are read, each under a key of its own."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.contracts import Decoder, Key, Meta, Reading
from ..core.directory import Directory
from .ha_entities import Announced
from .ha_presence import House
from .ha_templates import Template
from .paths import escape, join_path
from .units import with_rate

MAX_VALUES = 20_000
"""How many values may be announced."""
MAX_ON_TOPIC = 500
"""How many of them may come on one topic."""
_KIND = "homeassistant"


class Value:
    """A value that was announced.

    Attributes:
        announced: what was said of it.
        source: the topic of the announcement.
        template: where in a message it stands.
        node: the device that it belongs to.
        group: who says whether it is there; None where nobody does.
        key: whose its numbers are; None while another value has its key.
        sent: whether it has a number now.
        told: whether it was told that its template was given up.

    Raises:
        TemplateError: a template of its availability is not taken.
    """

    __slots__ = ("_meta", "_rate", "announced", "group", "key", "node", "sent", "source", "template", "told")

    def __init__(self, announced: Announced, source: str, template: Template, house: House) -> None:
        self.announced = announced
        self.source = source
        self.template = template
        self.group = house.group_of(announced.availability)
        self.node = house.node_of(announced.device)
        house.join(self, self.node, self.group)
        self.key: Key | None = None
        self.sent = self.told = False
        label, units, uid, hold = announced.label, announced.units, announced.uid, announced.hold
        self._meta = Meta(label, units, self.node.address, "GAUGE", uid, hold)
        self._rate: Reading | None = None

    def keep(self, key: Key) -> None:
        """Log it under a key."""
        self.key = key
        if self.announced.counts:
            self._rate = with_rate(key, 0.0, None, self._meta)[1]

    def readings(self, number: float) -> Sequence[Reading]:
        """The readings of a number; none where it has no key."""
        if self.key is None:
            return ()
        level = Reading(self.key, number, None, self._meta)
        return (level,) if self._rate is None else (level, self._rate._replace(value=number))

    def described(self) -> Meta:
        """What is told to others who read its topic: they know best which device that is of."""
        return self._meta._replace(node="", ds_type="")

    @property
    def paths(self) -> list[str]:
        """Paths that it may be logged under, the best one first; no other value of its topic has the same."""
        own = escape(self.announced.object_id)
        paths = [own, f"{escape(self.announced.component)}.{own}"]
        return paths if self.template.path is None else [join_path(self.template.path), *paths]

    def is_like(self, other: Value) -> bool:
        """Whether it is the same number as another value of the same topic."""
        mine, theirs = self.template, other.template
        same_place = mine.plain and theirs.plain and mine.path == theirs.path
        return (same_place or mine.text == theirs.text) and self.announced.words == other.announced.words


class Values:
    """All values: which topics are read for them, and who has which key.

    Args:
        decoder: whose the topics are in the directory.
        directory: where topics are claimed and values described.
        house: the devices.
    """

    def __init__(self, decoder: Decoder, directory: Directory, house: House) -> None:
        self._decoder = decoder
        self._directory = directory
        self._house = house
        self._count = 0
        self._on: dict[str, list[Value]] = {}
        self._uses: dict[str, int] = {}
        self._owners: dict[Key, Value] = {}
        self._identities: dict[tuple[str, str], Value] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def topics(self) -> int:
        """How many topics are read."""
        return len(self._uses)

    def on(self, topic: str) -> Sequence[Value]:
        """The values that come on a topic."""
        return self._on.get(topic, ())

    def of_identity(self, given: Announced) -> Value | None:
        """The value that has the same unique id."""
        return self._identities.get((given.component, given.uid)) if given.uid else None

    def add(self, value: Value) -> str:
        """Add a value; the answer is why it is not logged, as a clause, or empty."""
        given, self._count = value.announced, self._count + 1
        if given.uid:
            self._identities[given.component, given.uid] = value
        if not given.enabled:
            self._describe(value, (given.topic, value.paths[0]))
            return ""
        if len(self._on.get(given.topic, ())) >= MAX_ON_TOPIC:
            return f"it is not logged: {MAX_ON_TOPIC} values come on {given.topic[:100]} already"
        self._on.setdefault(given.topic, []).append(value)
        refused = [topic for topic in self._topics_of(value) if not self._use(topic)]
        other = self._settle(value)
        if other is not None and other.node is not value.node:
            return f"its number is that of {other.announced.label!r} of {other.source}, and is logged once, as that"
        if given.topic in refused and self._directory.reader_of(given.topic) is None:
            return f"it is not logged: its topic {given.topic[:100]} cannot be subscribed, or too many are already"
        return ""

    def drop(self, value: Value) -> None:
        """Take a value back, with all that was said and asked for it."""
        given, self._count = value.announced, self._count - 1
        if self.of_identity(given) is value:
            del self._identities[given.component, given.uid]
        self._house.leave(value, value.node, value.group, self._directory)
        here = self._on.get(given.topic, [])
        if value in here:
            here.remove(value)
            if not here:
                del self._on[given.topic]
            for topic in self._topics_of(value):
                self._leave(topic)
        elif not given.enabled:
            self._withdraw((given.topic, value.paths[0]))
        if value.key is not None:
            del self._owners[value.key]
            self._withdraw(value.key)
            for other in here:  # one that had to stand back for it may have its place
                if other.key is None:
                    self._settle(other)

    @staticmethod
    def _topics_of(value: Value) -> list[str]:
        """Its topics; first those that say whether it is there, so that what is kept of one that is gone is not logged."""
        sources = value.announced.availability.sources
        return list(dict.fromkeys((*(source.topic for source in sources), value.announced.topic)))

    def _use(self, topic: str) -> bool:
        self._uses[topic] = self._uses.get(topic, 0) + 1
        return self._directory.claim(topic, self._decoder)

    def _leave(self, topic: str) -> None:
        self._uses[topic] -= 1
        if not self._uses[topic]:
            del self._uses[topic]
            self._directory.leave(topic, self._decoder)

    def _settle(self, value: Value) -> Value | None:
        """Find a key for a value; the answer is the value that is the same number, and has it already."""
        topic, other = value.announced.topic, None
        for path in value.paths:
            owner = self._owners.get((topic, path))
            if owner is None:
                value.keep((topic, path))
                self._owners[topic, path] = value
                self._describe(value, (topic, path))
                return None
            other = other or owner
            if value.is_like(owner):
                return owner
        return other

    def _describe(self, value: Value, key: Key) -> None:
        mine = self._owners.get(key) is value or (key not in self._owners and not value.announced.enabled)
        if mine and value.template.plain:
            self._directory.describe(key, value.described(), _KIND)

    def _withdraw(self, key: Key) -> None:
        if key not in self._owners:
            self._directory.withdraw(key, _KIND)
