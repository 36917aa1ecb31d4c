"""A proposal: what would be written into the ini to have a number logged, checked before anything is written."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...core.decoding import build_routes
from ...core.errors import BadRequestError, ConfigError, DecodeError
from ...core.iniedit import add_section, mask, section_text, set_option
from ...core.options import Options
from ...core.privacy import Privacy
from ...core.sections import Section
from ...core.services import Services
from ...core.topics import check_filter, topic_matches
from .inihome import IniFile, plain
from .verdict import Examiner

PATHS = ("value", "time", "label", "units")
"""Options of a decoder that name a place in the message."""
_PREFIX = "decoder__"
_NAME_MAX = 40
_NAME = re.compile(r"[A-Za-z0-9_]{1,60}", re.ASCII)
_PART = re.compile(r"(?:\\.|[^.\\])+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to have logged.

    Attributes:
        topic: where it comes from.
        path: where the number stands in the message; empty for a message that is a number.
        topics: the filter to subscribe; empty for the topic alone.
        kind: the dialect.
        name: of the section, without `decoder__`; empty to have one made.
        paths: options that name a place in the message; empty ones are left out.
    """

    topic: str
    path: str = ""
    topics: str = ""
    kind: str = "json"
    name: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Proposal:
    """What would be written.

    Attributes:
        section: the name of the section, new or changed.
        new: whether it is a new one.
        text: the section as it will stand in the ini, or the options that change.
        old, content: the ini's bytes, before and after.
        diff: the change, as a unified diff.
        topics: the filter.
        matches: topics that were heard and that the section will read.
        others: topics that were heard and fit the filter, but are read by a decoder that stands before it.
        numbers: what it finds in the topic's last message, as (path, value).
        notes: what to know before it is saved.
    """

    section: str
    new: bool
    text: str
    old: bytes
    content: bytes
    diff: str = ""
    topics: str = ""
    matches: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    numbers: list[tuple[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def hash(self) -> str:
        """Stands for the change and for what is changed: what was shown is what is saved."""
        return hashlib.sha256(self.old + b"\0" + self.content).hexdigest()[:32]


class Proposer:
    """Makes proposals.

    Args:
        services: the options and plugins in force.
        examiner: knows who reads what now.
    """

    def __init__(self, services: Services, examiner: Examiner) -> None:
        self._services = services
        self._examiner = examiner

    def propose(self, wanted: Wanted, ini: IniFile, payload: bytes, heard: list[str]) -> Proposal:
        """Work a proposal out and check it.

        Args:
            wanted: what is to be logged.
            ini: the file.
            payload: the topic's last message.
            heard: every topic that was heard.

        Raises:
            BadRequestError: it would change nothing, or cannot be written; `parameter` is the member at fault.
            IniFileError: the file cannot be read.
        """
        old, text = ini.read()
        before = self._load(ini, text, "The ini has faults, which have to be mended first")
        route = self._examiner.route_of(wanted.topic)
        if route is None or (route.loose and not route.section):
            barrier = self._examiner.why.barrier()
            if barrier:
                raise BadRequestError("topic", f"A section would change nothing. {barrier}")
            proposal = self._add(wanted, before, old, text)
            if route is not None:
                instead = f"{self._examiner.why.who(route)} reads such topics; this section reads them instead of it."
                proposal.notes.append(instead)
        elif route.section:
            proposal = self._widen(wanted, route.section, before, old, text)
        else:
            who = self._examiner.why.who(route)
            raise BadRequestError("topic", f"{who} reads this topic already: write a section that names it by hand.")
        after = self._load(ini, proposal.content.decode(), "The server would not take this")
        self._check(proposal, wanted, before, after, payload)
        self._tell(proposal, after, heard)
        if plain(text) != self._services.options.text:
            proposal.notes.append("The ini was changed since the server has read it: those changes come into force too.")
        if ini.path.is_symlink():
            proposal.notes.append(f"{ini.path} is a link: {ini.target} is changed, and the link stays.")
        proposal.diff = "".join(_diff(text, proposal.content.decode(), ini.path.name, {**before.log, **before.sections}))
        return proposal

    # -- writing ---------------------------------------------------------------------------------------

    def _add(self, wanted: Wanted, before: Options, old: bytes, text: str) -> Proposal:
        topics, note = _filter_of(wanted)
        paths = [(option, wanted.paths.get(option, "")) for option in PATHS]
        options = [("topics", topics), ("kind", wanted.kind), *((option, path) for option, path in paths if path)]
        name = _PREFIX + (wanted.name or _name_of(topics))
        if wanted.name and _NAME.fullmatch(wanted.name) is None:
            raise BadRequestError("name", f"name is {wanted.name[:40]!r}: expected 1 to 60 of A-Z a-z 0-9 _.")
        taken = {each.lower() for each in before.given}
        if wanted.name and name.lower() in taken:
            raise BadRequestError("name", f"There is a section [{name}] already: choose another name.")
        name = next(each for each in _numbered(name) if each.lower() not in taken)
        for option, value in options:
            try:
                section_text(name, [(option, value)])
            except ValueError as error:
                raise BadRequestError(option, f"{option}: {error}.") from None
        content = add_section(text, name, options, kind=_PREFIX).encode()
        return Proposal(name, True, section_text(name, options), old, content, topics=topics, notes=[note] if note else [])

    def _widen(self, wanted: Wanted, section: str, before: Options, old: bytes, text: str) -> Proposal:
        """Have a section that reads only a part of the message read as much more as is needed."""
        value = str(before.section(section).get("value") or "") if section in before.given else ""
        if not value:
            raise BadRequestError("topic", f"[{section}] reads this topic already: another section would change nothing.")
        shared = _shared(value, wanted.path)
        if shared == value:
            raise BadRequestError("path", f"[{section}] logs what stands at {value} already.")
        place = before.section(section).places.get("value", "")
        if place.startswith("environment"):
            raise BadRequestError("topic", f"value of [{section}] is set by {place}: change it there.")
        try:
            content = set_option(text, section, "value", shared).encode()
        except ValueError as error:
            raise BadRequestError("path", f"{error}.") from None
        told = f"[{section}]\nvalue = {shared}\n" if shared else f"[{section}]\n; without value: every number of the message\n"
        note = f"[{section}] logs {'everything below ' + shared if shared else 'every number of the message'} then."
        topics = ", ".join(before.section(section)["topics"])
        return Proposal(section, False, told, old, content, topics=topics, notes=[note])

    # -- checking --------------------------------------------------------------------------------------

    def _load(self, ini: IniFile, text: str, fault: str) -> Options:
        try:
            return Options.from_text(ini.path, plain(text), self._services.plugins, os.environ)
        except ConfigError as error:
            raise BadRequestError("topic", f"{fault}: {error}") from error

    def _check(self, proposal: Proposal, wanted: Wanted, before: Options, after: Options, payload: bytes) -> None:
        """Make sure that the change does what it is to do, and nothing else."""
        for name in before.sections.keys() | after.sections.keys():
            if name != proposal.section and before.section(name).values != after.section(name).values:
                raise BadRequestError("topic", f"It would change [{name}] too: write [{proposal.section}] into the ini by hand.")
        routes, _ = build_routes(after, self._services.plugins)
        route = next((each for each in routes if each.reads(wanted.topic)), None)
        if route is None or route.section != proposal.section:
            raise BadRequestError("topics", f"[{proposal.section}] would not read {wanted.topic[:80]!r}: choose another filter.")
        if proposal.new and wanted.paths.get("value", "") != str(after.section(proposal.section).get("value") or ""):
            raise BadRequestError("value", "value cannot be written into the ini as it is: name a path above it.")
        try:
            readings = route.decoder.decode(wanted.topic, payload)
        except DecodeError as error:
            raise BadRequestError("kind", f"[{proposal.section}] could not read the last message: {error}.") from None
        proposal.numbers = [(reading.key[-1], reading.value) for reading in readings]
        if wanted.path and wanted.path not in (path for path, _ in proposal.numbers):
            raise BadRequestError("value", f"[{proposal.section}] would not log {wanted.path[:80]!r}.")
        if Privacy.from_options(after).keeps_back((wanted.topic, wanted.path)):
            raise BadRequestError("path", "It is private by its name, or by [privacy]: it would not be logged.")
        if not readings:
            raise BadRequestError("kind", f"[{proposal.section}] would find no number in the last message.")

    def _tell(self, proposal: Proposal, after: Options, heard: list[str]) -> None:
        """Say which topics that were heard it reads."""
        filters = after.section(proposal.section)["topics"]
        routes, _ = build_routes(after, self._services.plugins)
        for topic in heard:
            if any(topic_matches(each, topic) for each in filters):
                route = next(route for route in routes if route.reads(topic))
                (proposal.matches if route.section == proposal.section else proposal.others).append(topic)


def parts_of(path: str) -> list[str]:
    """The parts of a path, as they are written in it."""
    return _PART.findall(path)


def _filter_of(wanted: Wanted) -> tuple[str, str]:
    """The filter to subscribe, and what to know of it; levels that no ini can hold are left open."""
    given = wanted.topics or wanted.topic
    levels = given.split("/")
    shown = [level if _is_writable(level, ends=at in (0, len(levels) - 1)) else "+" for at, level in enumerate(levels)]
    topics = "/".join(shown)
    if topics == given:
        note = ""
    elif wanted.topics:
        raise BadRequestError("topics", "topics has commas, control characters or blanks at its ends: expected one MQTT filter.")
    else:
        note = "A part of the topic cannot be written into an ini, so + stands for it."
    try:
        check_filter(topics)
    except ValueError as error:
        raise BadRequestError("topics", f"topics: {error}.") from None
    if not topic_matches(topics, wanted.topic):
        raise BadRequestError("topics", f"topics is {topics[:80]!r}, which does not match the topic.")
    return topics, note


def _is_writable(level: str, *, ends: bool) -> bool:
    return "," not in level and level.isprintable() and not (ends and level != level.strip())


def _name_of(topics: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", topics.lower(), flags=re.ASCII).strip("_")
    return words[-_NAME_MAX:].strip("_") or "bus"


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _shared(one: str, other: str) -> str:
    """The longest path that both places are below."""
    shared: list[str] = []
    for mine, theirs in zip(parts_of(one), parts_of(other), strict=False):
        if mine != theirs:
            break
        shared.append(mine)
    return ".".join(shared)


def _diff(old: str, new: str, name: str, sections: Mapping[str, Section]) -> Iterator[str]:
    """A unified diff without line ends that do not show, and without secrets."""
    before, after = (mask(plain(each), sections).split("\n") for each in (old, new))
    for line in difflib.unified_diff(before, after, name, name, lineterm=""):
        yield f"{line}\n"
