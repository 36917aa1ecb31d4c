"""Decoder `homeassistant`: what devices announce for Home Assistant's MQTT discovery, and the messages that it leads to.

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from ..core.contracts import Decoder, Reading
from ..core.directory import Directory
from ..core.errors import DecodeError
from ..core.heartbeats import NodeRegistry
from ..core.plugins import speaks
from .documents import load_document
from .ha_entities import Announced, announced, text_of
from .ha_presence import Group, House
from .ha_syntax import TemplateError
from .ha_templates import Templates, names_a_place
from .ha_values import MAX_VALUES, Value, Values
from .numbers import number_of
from .paths import MISSING, refuse_paths

if TYPE_CHECKING:
    from ..core.sections import Section

KIND = "homeassistant"
FILTERS = ("homeassistant/+/+/config", "homeassistant/+/+/+/config")
MAX_CONFIG = 256 * 1024
"""Largest announcement, in bytes: a device with some hundred entities."""
MAX_MESSAGE = 256 * 1024
"""Largest message that numbers are looked for in, in bytes."""
_MAX_HEARD = 50_000
_WILD = "topics with wildcards"


class HomeAssistantDecoder:
    """Learns which topics have numbers, and reads those.

    Args:
        prefixes: the first levels of the topics of announcements.
    """

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._prefixes = tuple(f"{each}/" if each else "" for each in prefixes)
        self.announcements = tuple(f"{each}{rest}" for each in self._prefixes for rest in ("+/+/config", "+/+/+/config"))
        self._templates = Templates()
        self._house = House(self._templates)
        self._directory = Directory(NodeRegistry())
        self._values = Values(self, self._directory, self._house)
        self._heard: dict[str, int] = {}
        self._announced: dict[str, dict[Announced, Value]] = {}
        self._noted: dict[str, set[str]] = {}
        self._wild: set[str] = set()
        self._left_out = 0

    def join(self, directory: Directory) -> None:
        """Put what is learnt into a directory."""
        self._directory = directory
        self._values = Values(self, directory, self._house)

    def counts(self) -> list[tuple[str, int]]:
        """What is known, for the status page."""
        return [
            ("devices", len(self._house)),
            ("values", len(self._values)),
            ("topics", self._values.topics),
            ("templates", len(self._templates)),
            ("values left out", self._left_out),
        ]

    def decode(self, topic: str, payload: bytes) -> list[Reading]:
        """Return the numbers of a message that was announced; announcements are learnt from, and have none.

        Raises:
            DecodeError: `too_large`, `not_json`, `not_utf8`, `too_deep` or `bad_shape`.
        """
        place = self._place(topic) if topic.endswith("/config") else None
        if place is None:
            return self._hear(topic, payload)
        digest = hash(payload)
        if self._heard.get(topic) != digest:
            self._learn(topic, payload, *place)
            if len(self._heard) >= _MAX_HEARD:
                self._heard.clear()
            self._heard[topic] = digest
            if not payload:
                del self._heard[topic]
        return []

    # -- announcements -------------------------------------------------------------------------------

    def _place(self, topic: str) -> tuple[str, str] | None:
        """Component and object id of the topic of an announcement; None where it is no such topic."""
        for prefix in self._prefixes:
            if topic.startswith(prefix):
                levels = topic[len(prefix) :].split("/")
                if len(levels) in (3, 4) and all(levels):
                    return levels[0], levels[-2]
        return None

    def _learn(self, topic: str, payload: bytes, component: str, object_id: str) -> None:
        """Take over what an announcement says, in place of the last one on its topic."""
        if len(payload) > MAX_CONFIG:
            raise DecodeError("too_large", f"the announcement has {len(payload)} bytes: at most {MAX_CONFIG} are taken")
        config = load_document(payload) if payload else {}
        if not isinstance(config, dict):
            raise DecodeError("bad_shape", "the announcement is no JSON object")
        if config.get("migrate_discovery") is True or config.get("migr_discvry") is True:
            return  # its entities are announced on another topic next, and go on until then
        known = self._announced.pop(topic, {})
        wanted = dict.fromkeys(self._of_use(announced(config, component, object_id)))
        if topic in self._wild:
            self._wild.remove(topic)
            if not self._wild:
                self._directory.forget(KIND, _WILD)
        noted = self._noted.pop(topic, ())
        for place in noted:
            self._directory.forget(KIND, place)
        for each, value in list(known.items()):
            if noted or each not in wanted:
                self._values.drop(value)
                del known[each]
        if wanted:
            self._announced[topic] = known
            for each in wanted:
                if each not in known:
                    self._add(topic, each)
            if not known:
                del self._announced[topic]

    def _of_use(self, values: list[Announced]) -> list[Announced]:
        """Those that are read here, or described: of what another dialect reads, only what names a place is."""
        elsewhere = {topic for topic in {each.topic for each in values} if self._directory.has_form(topic)}
        return [each for each in values if each.topic not in elsewhere or names_a_place(each.template)]

    def _add(self, topic: str, given: Announced) -> None:
        """Add a value. One of the same device and identity that was announced on another topic gives way to it."""
        known = self._values.of_identity(given)
        if known is not None:
            mine, theirs = set(given.device.identifiers), set(known.announced.device.identifiers)
            if known.source == topic or ((mine or theirs) and not mine & theirs):
                self._note(topic, given, f"its unique_id is that of {known.source} too: it has no identity of its own")
                given = given._replace(uid="")
            else:
                self._take_from(known.source, known.announced)
                if known.announced._replace(object_id=given.object_id) == given:
                    known.source, known.announced = topic, given
                    self._announced[topic][given] = known
                    return
                self._values.drop(known)
        if "+" in given.topic or "#" in given.topic:
            if not self._directory.has_form(given.topic):  # else its own dialect reads it, whichever gateway it comes by
                self._note_wild(topic, given)
            return
        if len(self._values) >= MAX_VALUES:
            told = f"it is not logged: {MAX_VALUES} values are announced already"
        else:
            told = self._make(topic, given)
        if told:
            self._left_out += 1
            self._note(topic, given, told)

    def _make(self, topic: str, given: Announced) -> str:
        """Make a value; the answer is why it is not logged, as a clause, or empty."""
        try:
            value = Value(given, topic, self._templates.take(given.template), self._house)
        except TemplateError as error:
            if self._directory.has_form(given.topic):
                return ""  # its own dialect reads it, without templates
            return f"it is not logged: its template {given.template[:120]!r} is not taken, since {error}"
        self._announced[topic][given] = value
        return self._values.add(value)

    def _take_from(self, topic: str, given: Announced) -> None:
        """A value is no longer announced on a topic."""
        here = self._announced.get(topic, {})
        here.pop(given, None)
        if not here:
            self._announced.pop(topic, None)

    def _note_wild(self, topic: str, given: Announced) -> None:
        """One note for all of them: whole dialects announce such topics, and are read by what knows them."""
        if len(self._wild) < MAX_VALUES:
            self._wild.add(topic)
        told = f"entities whose topics have wildcards, as {given.topic[:100]}, are left to the dialects that know such topics"
        self._directory.note(KIND, _WILD, told)

    def _note(self, topic: str, given: Announced, what: str) -> None:
        place = f"{topic} {given.label}"
        if len(self._noted) < MAX_VALUES:
            self._noted.setdefault(topic, set()).add(place)
        self._directory.note(KIND, place, what)

    # -- messages ------------------------------------------------------------------------------------

    def _hear(self, topic: str, payload: bytes) -> list[Reading]:
        """Read a message that announcements have led to."""
        values = self._values.on(topic)
        follows = self._house.follows(topic)
        if not values and not follows:
            return []
        if len(payload) > MAX_MESSAGE:
            raise DecodeError("too_large", f"the message has {len(payload)} bytes: at most {MAX_MESSAGE} are taken")
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return []  # such as a picture
        document = _document(text, payload)
        self._templates.begin(len(values) + self._house.followers(topic))
        readings: list[Reading] = []
        if follows:
            for group in self._house.hear(topic, text, document, self._directory):
                readings += _gone(group)
        for value in values:
            if value.group is None or value.group.online is not False:
                readings += self._read(value, text, document)
        return readings

    def _read(self, value: Value, text: str, document: Any) -> Iterable[Reading]:
        template = value.template
        datum = self._templates.read(template, text, document)
        if datum is MISSING:
            if template.given_up and not value.told:
                value.told = True
                self._left_out += 1
                self._note(value.source, value.announced, "it is logged no longer: its template takes too long")
            return ()
        number = _number(datum, value.announced.words)
        if number is None or not (isfinite(number) or value.sent):
            return ()
        if not value.sent:
            self._house.show(value.node, value.announced.device, self._directory)
        value.sent = isfinite(number)
        return value.readings(number)


def _document(text: str, payload: bytes) -> Any:
    """What a message is as JSON; MISSING where it is none."""
    if text.lstrip()[:1] not in ("{", "[") and len(text) > 100:
        return MISSING
    try:
        return load_document(payload)
    except DecodeError:
        return MISSING


def _number(datum: Any, words: tuple[str, str] | None) -> float | None:
    """What a datum stands for; NaN where it says that this is unknown, None where it is no number."""
    if datum is None or datum == "None":
        return nan
    if words is None:
        number = number_of(datum)
        return number if number is not None and isfinite(number) else None
    said = text_of(datum).strip()
    if said == words[0]:
        return 1.0
    return 0.0 if said == words[1] else None


def _gone(group: Group) -> list[Reading]:
    """Readings that say that nothing is known of a group's values any more, where it is gone."""
    readings: list[Reading] = []
    if group.online is False:
        for value in group.users:
            if isinstance(value, Value) and value.sent:
                value.sent = False
                readings += value.readings(nan)
    return readings


@speaks(*FILTERS)
def make_decoder(section: Section) -> Decoder:
    """Make the decoder of a section of kind `homeassistant`; what stands before the first wildcard of its topics is the prefix.

    Raises:
        ConfigError: the section has options that only JSON has a use for.
    """
    refuse_paths(section, KIND, "value", "time", "label", "units")
    prefixes = []
    for topic_filter in section.get("topics") or FILTERS:
        levels = topic_filter.split("/")
        end = next((place for place, level in enumerate(levels) if level in ("+", "#")), len(levels))
        prefixes.append("/".join(levels[:end]))
    return HomeAssistantDecoder(dict.fromkeys(prefixes))
