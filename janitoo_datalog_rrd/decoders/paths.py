"""Decoders, the paths: where a datum stands in a JSON document, written as one text.

A path is the keys and array positions from the top, joined by dots: `ENERGY.Power`, `sensors.0.t`. In a key, a dot is
written `\\.` and a backslash `\\\\`; an empty key is written `\\e`. So two places of one document never share a path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..core.errors import ConfigError, Problem

if TYPE_CHECKING:
    from ..core.sections import Section

MAX_PATH = 500
"""Longest path, in characters."""
Path = tuple[str, ...]


class _Missing:
    """The type of MISSING."""


MISSING: Final = _Missing()
"""What `look_up` returns where there is nothing; None is a datum (JSON's null)."""


def escape(key: str) -> str:
    """Write one key as a part of a path."""
    return key.replace("\\", "\\\\").replace(".", "\\.") if key else "\\e"


def join_path(parts: Path) -> str:
    """Write a path as text."""
    return ".".join(escape(part) for part in parts)


def parse_path(text: str) -> Path:
    """Read a path from its text.

    Raises:
        ValueError: it is too long, has an empty part, or a backslash before anything but `.`, `\\` or `e`.
    """
    if len(text) > MAX_PATH:
        raise ValueError(f"{text[:40]!r}... is not a path: it has {len(text)} characters, at most {MAX_PATH} are taken")
    parts: list[str] = []
    key = ""
    written = False
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == ".":
            if not written:
                raise ValueError(f"{text!r} is not a path: a part is empty; write an empty key as \\e")
            parts.append(key)
            key, written = "", False
            continue
        if character == "\\":
            character = text[position : position + 1]
            position += 1
            if character not in (".", "\\", "e"):
                raise ValueError(f"{text!r} is not a path: a backslash stands before a dot, a backslash or an e only")
            if character == "e":
                if key or text[position : position + 1] not in ("", "."):
                    raise ValueError(f"{text!r} is not a path: \\e stands alone between two dots")
                character = ""
        key += character
        written = True
    if not written:
        raise ValueError(f"{text!r} is not a path: a part is empty; expected keys joined by dots, such as ENERGY.Power")
    return (*parts, key)


def look_up(document: Any, path: Path) -> Any:
    """The datum at a path of a document, or MISSING."""
    for part in path:
        if isinstance(document, dict):
            document = document.get(part, MISSING)
        elif isinstance(document, list):
            document = document[int(part)] if _is_position(part, len(document)) else MISSING
        else:
            return MISSING
    return document


def read_paths(section: Section, *options: str) -> tuple[Path, ...]:
    """Read options that hold paths; an option that is not set gives the empty path.

    Raises:
        ConfigError: some are no paths; all of them are told.
    """
    paths: list[Path] = []
    problems: list[Problem] = []
    for option in options:
        text = str(section.get(option) or "")
        try:
            paths.append(parse_path(text) if text else ())
        except ValueError as error:
            problems.append(Problem(section.places.get(option, "the configuration"), section.name, option, str(error)))
    if problems:
        raise ConfigError(problems)
    return tuple(paths)


def refuse_paths(section: Section, kind: str, *options: str) -> None:
    """Check that a section has none of the options that its kind cannot use.

    Raises:
        ConfigError: it has; all of them are told.
    """
    problems = [
        Problem(
            section.places.get(option, "the configuration"),
            section.name,
            option,
            f"is of no use with kind = {kind}: leave it out, or set kind = json",
        )
        for option in options
        if section.get(option)
    ]
    if problems:
        raise ConfigError(problems)


def _is_position(part: str, length: int) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= 9 and str(int(part)) == part and int(part) < length
