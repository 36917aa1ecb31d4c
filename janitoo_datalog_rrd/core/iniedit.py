"""Changing an ini without touching what is not meant: sections and options added, every other line as it was."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .secrets import MASK, is_secret_name, mask_urls

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


def mask(text: str) -> str:
    """An ini to be shown: what its options hold that are called a secret is masked."""
    shown = []
    hidden = ""
    for line in read_lines(text):
        if line.option and is_secret_name(line.option):
            head = "" if line.option == hidden else f"{line.option} = "
            hidden = line.option
            shown.append(f"{head}{MASK}{line.text[len(line.text.rstrip(chr(13) + chr(10))) :]}")
        else:
            hidden = ""
            shown.append(mask_urls(line.text))
    return "".join(shown)


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
