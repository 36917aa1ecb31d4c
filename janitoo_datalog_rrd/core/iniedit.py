"""Changing an ini without touching what is not meant: sections and options added, every other line as it was."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .secrets import MASK, is_secret, is_secret_of_handler, mask_urls
from .sections import Section

_MARK = "\ufeff"  # some editors put it before the text


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an ini.

    Attributes:
        text: with its end.
        section: the section that it stands in or opens; empty before the first.
        option: the option that it belongs to, in small letters; empty for headers, notes and empty lines.
        opens: whether it is a `[section]`.
    """

    text: str
    section: str
    option: str
    opens: bool


def read_lines(text: str) -> list[Line]:
    """The lines of an ini, with what each says; lines end where the server sees an end."""
    lines: list[Line] = []
    section = option = ""
    for each in io.StringIO(text, newline=""):
        stripped = each.lstrip(_MARK).strip() if not lines else each.strip()
        if not stripped or stripped[0] in "#;":
            lines.append(Line(each, section, "", opens=False))
        elif each[0] in " \t" and option:
            lines.append(Line(each, section, option, opens=False))
        elif stripped[0] == "[" and stripped[-1] == "]":
            section, option = stripped[1:-1].strip(), ""
            lines.append(Line(each, section, "", opens=True))
        else:
            option = min(stripped.partition("=")[0], stripped.partition(":")[0], key=len).strip().lower()
            lines.append(Line(each, section, option, opens=False))
    return lines


def section_text(name: str, options: Iterable[tuple[str, str]], end: str = "\n") -> str:
    """A section with its options, in their order.

    Raises:
        ValueError: a value cannot be written in one line as it is.
    """
    rows = [f"[{name}]"]
    for option, value in options:
        rows.append(_row(option, value))
    return "".join(row + end for row in rows)


def add_section(text: str, name: str, options: Sequence[tuple[str, str]], *, kind: str) -> str:
    """Put a section behind the last one of its kind, or at the end.

    Args:
        text: the ini.
        name: the new section's.
        options: (name, value) each.
        kind: what the names of its kind begin with, such as `decoder__`.

    Raises:
        ValueError: a value cannot be written in one line as it is.
    """
    lines = read_lines(text)
    last = max(
        (at for at, line in enumerate(lines) if line.section.startswith(kind) and (line.option or line.opens)), default=None
    )
    at = len(lines) if last is None else _behind_notes(lines, last + 1)
    end = _end_of(lines, at)
    before = "".join(line.text for line in lines[:at])
    after = "".join(line.text for line in lines[at:])
    if before and not before.endswith(("\n", "\r")):
        before += end
    gap = end if before.strip(_MARK) and (at == 0 or lines[at - 1].text.strip()) else ""
    tail = end if after and lines[at].text.strip() else ""
    return f"{before}{gap}{section_text(name, options, end)}{tail}{after}"


def set_option(text: str, section: str, option: str, value: str) -> str:
    """Give an option of a section another value, or take it out with an empty one; it stays in its line.

    Raises:
        ValueError: the value cannot be written in one line as it is, or the section does not have the option.
    """
    lines = read_lines(text)
    at = [number for number, line in enumerate(lines) if line.section == section and line.option == option]
    if not at:
        raise ValueError(f"[{section}] has no {option}")
    first = lines[at[0]].text
    end = first[len(first.rstrip("\r\n")) :]
    kept = [line.text for line in lines]
    for number in at:
        kept[number] = ""
    if value:
        kept[at[0]] = _row(option, value) + end
    return "".join(kept)


def mask(text: str, sections: Mapping[str, Section]) -> str:
    """An ini to be shown: what its options hold that are a secret is masked, in notes too.

    Args:
        text: the ini.
        sections: what it holds, by name, which knows the secrets of plugins.
    """
    lines = read_lines(text)
    kinds = {line.section: line.text.partition("=")[2].strip() for line in lines if line.option == "class"}
    shown = []
    hidden = ""
    for line in lines:
        option = line.option or _in_note(line.text)
        section = sections.get(line.section) or Section(line.section)
        if option and (is_secret(section, option) or is_secret_of_handler(line.section, option, kinds.get(line.section, ""))):
            mark = "" if line.option else line.text.lstrip()[0]
            head = "" if line.option and line.option == hidden else f"{mark}{option} = "
            hidden = line.option or hidden
            shown.append(f"{head}{MASK}{line.text[len(line.text.rstrip(chr(13) + chr(10))) :]}")
        else:
            hidden = hidden if not line.option and not line.opens else ""
            shown.append(mask_urls(line.text))
    return "".join(shown)


def _in_note(text: str) -> str:
    """The option that a note has, where it is one that was taken out; else empty."""
    found = [line.option for line in read_lines(text.strip().lstrip("#; \t"))]
    return found[0] if found else ""


def _row(option: str, value: str) -> str:
    if value != value.strip() or any(not each.isprintable() for each in value):
        raise ValueError(f"{value[:60]!r} cannot be written in one line of the ini")
    return f"{option} = {value}"


def _behind_notes(lines: Sequence[Line], at: int) -> int:
    """Pass over the notes that stand right behind a section and have nothing to do with the next one."""
    end = at
    while end < len(lines) and lines[end].text.strip() and not (lines[end].opens or lines[end].option):
        end += 1
    return end if end == len(lines) or not lines[end].text.strip() else at


def _end_of(lines: Sequence[Line], at: int) -> str:
    """How lines end where a new one is to stand: as the one before, else as the first that has an end."""
    for line in [*reversed(lines[:at]), *lines[at:]]:
        end = line.text[len(line.text.rstrip("\r\n")) :]
        if end in ("\n", "\r\n", "\r"):
            return end
    return "\n"
