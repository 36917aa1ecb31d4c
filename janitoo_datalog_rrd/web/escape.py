"""Text from the bus made safe to show, and safe inside rrdtool's arguments.

Labels, units and names come from anybody who can publish. HTML is escaped by the templates; what stands here is the rest.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from ..core.errors import StoreError

LEGEND_BYTES = 150
"""rrdtool keeps 200 bytes of a legend and cuts without regard to characters; this stays well below."""
_RRD_PATH_BYTES = 1000
"""rrdtool keeps 1,023 bytes of a DEF's file name."""
_BACKSLASH_LOOKALIKE = "\N{SET MINUS}"


def clean(text: str, limit: int = 200) -> str:
    """Make text fit for one line on a page or a graph.

    Control and format characters (line ends, NUL, escapes, changes of writing direction), unassigned and lone surrogate
    code points become spaces; runs of spaces become one; what is longer than `limit` characters is cut and ends in `…`.

    Args:
        text: any text.
        limit: the most characters that are kept.
    """
    begin = text[: limit * 4]  # bounds the work on a text of any length
    if not begin.isprintable():
        begin = "".join(character if _is_shown(character) else " " for character in begin)
    line = " ".join(begin.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def legend_text(text: str, limit: int = 60) -> str:
    """Make text fit for a legend or comment of rrdtool's graph.

    A colon ends a field there and is escaped; a backslash is rrdtool's own escape, for which there is no escape at the end
    of a text, so it is shown as a look-alike. Pango markup stays text, because it is never switched on.

    Args:
        text: any text.
        limit: the most characters that are kept.
    """
    line = clean(text, limit)
    while len(line.encode()) > LEGEND_BYTES:
        line = line[:-2].rstrip() + "…"
    return line.replace("\\", _BACKSLASH_LOOKALIKE).replace(":", r"\:")


def pad(text: str, width: int) -> str:
    """Fill an escaped legend text with spaces up to so many shown characters."""
    shown = len(text.replace(r"\:", ":"))
    return text + " " * max(width - shown, 0)


def path_text(path: Path) -> str:
    """A file's absolute path as the rrdtool binding takes it: text that can be UTF-8, never taken for an option.

    Raises:
        StoreError: the path cannot be given to rrdtool.
    """
    text = os.path.abspath(path)  # noqa: PTH100 - no links are to be followed here
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise StoreError(f"{text!a} is not UTF-8, which RRDtool needs: choose another home_dir.") from None
    if size > _RRD_PATH_BYTES or "\0" in text:
        raise StoreError(f"{text[:80]!r}... is longer than the {_RRD_PATH_BYTES} bytes RRDtool takes: choose another home_dir.")
    return text


def path_in_def(path: Path) -> str:
    """A file's path as it stands inside a DEF argument. Raises StoreError."""
    return path_text(path).replace(":", r"\:")


def _is_shown(character: str) -> bool:
    return unicodedata.category(character)[0] not in "C" and character not in "\u2028\u2029"
