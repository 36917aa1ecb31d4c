"""The options in force as they are shown: each with its value, where that comes from, and no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .options import Options
from .secrets import MASK, is_secret, is_secret_of_handler, mask_urls
from .sections import Section
from .shipped import ShippedNotes

_ENVIRONMENT = "environment variable "


@dataclass(frozen=True, slots=True)
class ShownOption:
    """One option.

    Attributes:
        name: as it stands in the ini.
        value: as it would be written there; masked where it is a secret.
        source: `file`, `environment`, `bus` or `default`.
        where: file and line, the variable's name, or the file of what was configured over the bus; empty for a default.
        told: what it means; empty where nobody says.
        secret: whether the value is masked.
    """

    name: str
    value: str
    source: str
    where: str
    told: str
    secret: bool


@dataclass(frozen=True, slots=True)
class ShownSection:
    """One section.

    Attributes:
        name: without brackets.
        given: whether the file or the environment has it.
        options: those that are given in their order, then those at their default.
    """

    name: str
    given: bool
    options: tuple[ShownOption, ...]


def show_options(options: Options, notes: ShippedNotes) -> list[ShownSection]:
    """Every section and option in force, those of Python's logging last."""
    keys = {
        f"{thread}__{name}": key
        for thread in [name for name in options.sections if "__" not in name]
        for name, key in options.components(thread).items()
    }
    shown = []
    for name, section in options.sections.items():
        rows = tuple(_show(options, section, each, notes.of(name, each, keys.get(name, ""))) for each in _names(section))
        shown.append(ShownSection(name, name in options.given, rows))
    for name, section in options.log.items():
        rows = tuple(_show(options, section, each, notes.of(name, each)) for each in section.texts)
        shown.append(ShownSection(name, True, rows))
    return shown


def _names(section: Section) -> Iterator[str]:
    yield from section.texts
    yield from (name for name in section.values if name not in section.texts)


def _show(options: Options, section: Section, name: str, told: str) -> ShownOption:
    value = section.texts[name] if name in section.texts else written(section.values[name])
    hidden = is_secret(section, name) or is_secret_of_handler(section.name, name, section.texts.get("class", ""))
    secret = bool(value) and hidden
    source, where = _source(options, section.places.get(name, ""))
    return ShownOption(name, MASK if secret else mask_urls(value), source, where, told, secret)


def _source(options: Options, place: str) -> tuple[str, str]:
    if not place:
        return "default", ""
    if place.startswith(_ENVIRONMENT):
        return "environment", place.removeprefix(_ENVIRONMENT)
    if re.fullmatch(rf"{re.escape(str(options.path))}:[0-9]+", place):
        return "file", place
    return ("bus" if place.endswith(".json") else "default"), place


def written(value: Any) -> str:
    """A value as it is written in an ini."""
    if isinstance(value, float):
        return f"{value:g}" if value < 1e6 else f"{value:.0f}"
    if isinstance(value, re.Pattern):
        return str(value.pattern)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return ", ".join(":".join(_seconds(each) for each in pair) for pair in value)
    if isinstance(value, tuple):
        return ", ".join(written(each) for each in value)
    if isinstance(value, re.Pattern):
        return str(value.pattern)
    return "" if value is None else str(value)


def _seconds(count: int) -> str:
    """A time as retentions have it."""
    for size, unit in ((31_536_000, "y"), (86_400, "d"), (3600, "h"), (60, "m")):
        if count % size == 0:
            return f"{count // size}{unit}"
    return f"{count}s"
