"""The directory: what dialects have learnt of the house, for whoever reads its messages.

Devices announce themselves in one dialect and send their numbers in another, or on topics of any name. Here is who reads
such a topic, what a number is called, and which device it belongs to. Everything in it is learnt from messages, so it is
bounded, and a fresh one can be filled by hearing the announcements again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from .contracts import NO_META, Decoder, Key, Meta, Reading
from .facts import DialectNote
from .heartbeats import NodeRegistry
from .topics import is_safe_topic, topic_matches

MAX_CLAIMS = 20_000
"""How many topics may be claimed."""
MAX_DESCRIBED = 50_000
"""How many values may be described."""
MAX_NOTES = 200
"""How many notes are kept; what is more is only counted."""


class Directory:
    """What is known of devices, their topics and their values.

    It is used under the lock of whoever takes messages in; readers of `notes` may come from any thread.

    Args:
        nodes: told of devices, and whether they are alive.

    Attributes:
        version: another number each time that a topic is claimed or left.
        descriptions: another number each time that something else is known of a value.
        notes_left_out: notes that there was no room for.
        forms: filters of the topics that sections of the ini read, or dialects that know them by their form.
    """

    def __init__(self, nodes: NodeRegistry) -> None:
        self.nodes = nodes
        self.version = 0
        self.descriptions = 0
        self.notes_left_out = 0
        self.forms: tuple[str, ...] = ()
        self._claims: dict[str, Decoder] = {}
        self._described: dict[Key, tuple[str, Meta]] = {}
        self._dressed: dict[Key, tuple[Meta, Meta]] = {}
        self._notes: dict[tuple[str, str], DialectNote] = {}

    # -- devices -------------------------------------------------------------------------------------

    def device(self, node: str, *, name: str = "", location: str = "", online: bool | None = None) -> None:
        """Say what is known of a device.

        Args:
            node: its address, as in `Meta.node`: stable, and no HADD.
            name: what people call it; empty where nothing new is said.
            location: where it is; empty where nothing new is said.
            online: whether it is there; None where its dialect does not say so.
        """
        self.nodes.device(node, name=name, location=location, online=online)

    def forget_device(self, node: str) -> None:
        """A device has been taken out of the house, as when what it had announced is taken back; its numbers stay."""
        self.nodes.forget_device(node)

    # -- topics --------------------------------------------------------------------------------------

    def claim(self, topic: str, decoder: Decoder) -> bool:
        """Have the messages of a topic read by a decoder; False where another one has it, there are too many, or it is no topic.

        Topics that a section of the ini reads, or a dialect that knows them by their form, stay with those.
        """
        if topic in self._claims:
            return self._claims[topic] is decoder
        if len(self._claims) >= MAX_CLAIMS or not is_safe_topic(topic):
            return False
        self._claims[topic] = decoder
        self.version += 1
        return True

    def leave(self, topic: str, decoder: Decoder) -> None:
        """Have the messages of a topic read no longer."""
        if self._claims.get(topic) is decoder:
            del self._claims[topic]
            self.version += 1

    def reader_of(self, topic: str) -> Decoder | None:
        """Who has claimed a topic."""
        return self._claims.get(topic)

    def claims_by_decoder(self) -> dict[int, int]:
        """How many topics each decoder has claimed, by its `id`; from any thread."""
        return dict(Counter(map(id, list(self._claims.values()))))

    def has_form(self, topic: str) -> bool:
        """Whether a topic, or every topic that a filter stands for, is read without being claimed."""
        return any(topic_matches(each, topic) for each in self.forms)

    @property
    def claimed(self) -> Collection[str]:
        """Every topic that is claimed now, in the order of the claims; from any thread."""
        return list(self._claims)

    # -- values --------------------------------------------------------------------------------------

    def describe(self, key: Key, meta: Meta, kind: str) -> bool:
        """Say what is known of a value whose messages another dialect reads; where that dialect says something, it wins.

        Returns:
            False where another dialect has described it, or there are too many.
        """
        known = self._described.get(key)
        if known is None and len(self._described) >= MAX_DESCRIBED:
            return False
        if known is not None and known[0] != kind:
            return False
        if known is None or known[1] != meta:
            self.descriptions += 1
        self._described[key] = (kind, meta)
        self._dressed.pop(key, None)
        return True

    def withdraw(self, key: Key, kind: str) -> None:
        """Take back what a dialect has said of a value."""
        if self._described.get(key, ("", NO_META))[0] == kind:
            del self._described[key]
            self._dressed.pop(key, None)
            self.descriptions += 1

    def dress(self, reading: Reading) -> Reading:
        """A reading with what is known of its value; what its own message says goes first."""
        known = self._described.get(reading.key)
        if known is None:
            return reading
        said, meta = reading.meta, known[1]
        if said is not NO_META:
            # a dialect gives the same object with each number, and so does this
            before = self._dressed.get(reading.key)
            if before is None or before[0] is not said:
                if len(self._dressed) >= MAX_DESCRIBED:
                    self._dressed.clear()
                before = self._dressed[reading.key] = (said, _together(said, meta))
            meta = before[1]
        return reading._replace(meta=meta)

    @property
    def describes(self) -> bool:
        """Whether any value is described."""
        return bool(self._described)

    # -- notes ---------------------------------------------------------------------------------------

    def note(self, kind: str, place: str, what: str) -> None:
        """Tell on the status page what is not logged and why; one note a place.

        Args:
            kind: the dialect's name.
            place: whose trouble it is: a device, an entity, a topic.
            what: a sentence that says what, why, and what to do.
        """
        key = (kind, place[:200])
        if key not in self._notes and len(self._notes) >= MAX_NOTES:
            self.notes_left_out += 1
            return
        self._notes[key] = DialectNote(kind, place[:200], what[:500])

    def forget(self, kind: str, place: str) -> None:
        """Take a note back: its trouble is over."""
        self._notes.pop((kind, place[:200]), None)

    def count_notes(self) -> int:
        """How many there are, those without room among them."""
        return len(self._notes) + self.notes_left_out

    @property
    def notes(self) -> list[DialectNote]:
        """Every note, in the order in which they came."""
        return list(self._notes.values())


def _together(said: Meta, known: Meta) -> Meta:
    return Meta(
        said.label or known.label,
        said.units or known.units,
        said.node or known.node,
        said.ds_type or known.ds_type,
        said.uid or known.uid,
        said.hold or known.hold,
    )
