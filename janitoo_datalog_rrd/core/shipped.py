"""The ini that comes along: what it says of each option in the notes above it."""

from __future__ import annotations

import re
from functools import cached_property
from importlib import resources

from .options import CONFIG_NAME

_HEADER = re.compile(r";?\[([^\]]+)\]")
_OPTION = re.compile(r";?([A-Za-z_][A-Za-z0-9_.]*) = (.*)")
_NOTE = re.compile(r"; (.*)")
_CHOICE = re.compile(r"(\w+) {2,}")  # one of several words that an option takes, in a line of its own
_ANY_NODE = "datarrd"  # says of every thread and component what they have in common
_INDEX = re.compile(r"_[0-9]+$")


class ShippedNotes:
    """What the ini that comes along says of options."""

    def of(self, section: str, option: str, key: str = "") -> str:
        """What an option means; empty where the ini that comes along does not say.

        Args:
            section: its section, of any name.
            option: its name, with or without an index.
            key: for the section of a component, which component that is.
        """
        notes = self._notes
        prefix = section.partition("__")[0] + "__"
        names = [section, self._by_key.get(key, ""), *(() if section == "system" else (_ANY_NODE,))]
        if prefix in ("schema__", "series__", "decoder__", "forward__"):
            names = [name for name in notes if name.startswith(prefix)]
        bare = _INDEX.sub("", option)
        return next((notes[name][bare] for name in names if bare in notes.get(name, {})), "")

    @cached_property
    def _read(self) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
        text = (resources.files("janitoo_datalog_rrd.config") / CONFIG_NAME).read_text(encoding="utf-8")
        notes: dict[str, dict[str, str]] = {}
        by_key: dict[str, str] = {}
        section, words, fresh = "", list[str](), True
        for line in text.splitlines():
            if match := _HEADER.fullmatch(line):
                section, words, fresh = match[1], [], True
                notes.setdefault(section, {})
            elif match := _OPTION.fullmatch(line):
                if match[1].startswith("components."):
                    by_key[match[2].strip()] = f"{section}__{match[1].partition('.')[2]}"
                elif words:
                    notes[section].setdefault(_INDEX.sub("", match[1]), "".join(words))
                fresh = True
            elif match := _NOTE.fullmatch(line):
                note = match[1].strip()
                lead = "" if fresh else "\n" if _CHOICE.match(note) else " "
                words = [*([] if fresh else words), lead + _CHOICE.sub(r"\1: ", note)]
                fresh = False
            else:
                words, fresh = [], True
        return notes, by_key

    @property
    def _notes(self) -> dict[str, dict[str, str]]:
        return self._read[0]

    @property
    def _by_key(self) -> dict[str, str]:
        return self._read[1]
