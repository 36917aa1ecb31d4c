"""What the agent has announced, kept in a file: it is taken back when it is announced no more, perhaps by another run."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.files import write_atomically

logger = logging.getLogger(__name__)

MAX_SIZE = 1 << 20
"""Largest file that is read, in bytes."""


class Remembered:
    """What was announced.

    Args:
        path: the file.

    Attributes:
        topics: of the retained messages.
        entities: id of each of Home Assistant's entities → `part`, `config` and `seen`, seconds since the epoch UTC.
        descriptions: component → path → what its numbers are, as the announcement has it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failing = False
        self.topics: set[str] = set()
        self.entities: dict[str, dict[str, Any]] = {}
        self.descriptions: dict[str, dict[str, Any]] = {}
        self._saved: object = None
        self._load()

    def _load(self) -> None:
        try:
            if self._path.stat().st_size > MAX_SIZE:
                raise ValueError("it is too large")
            found = json.loads(self._path.read_bytes())
            self.topics = {each for each in found["topics"] if _is_topic(each)}
            self.descriptions = {name: _dicts(each) for name, each in found["descriptions"].items()}
            self.entities = {name: dict(each) for name, each in found["entities"].items() if _is_entity(each)}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            logger.warning("%s cannot be read (%s): what was announced before is not taken back", self._path, error)

    def save(self) -> None:
        """Write the file where something has changed; a disk that takes nothing is told once."""
        known = {"topics": sorted(self.topics), "entities": self.entities, "descriptions": self.descriptions}
        content = json.dumps(known).encode()
        if content == self._saved:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, content, sync=False)
        except OSError as error:
            if not self._failing:
                logger.warning("%s cannot be written: %s; what is announced now may not be taken back later", self._path, error)
            self._failing = True
        else:
            self._saved, self._failing = content, False


def _is_topic(given: object) -> bool:
    return isinstance(given, str) and 0 < len(given) < 1000 and given.isprintable() and not any(sign in given for sign in "+#")


def _dicts(given: Mapping[str, object]) -> dict[str, Any]:
    return {name: dict(each) for name, each in given.items() if isinstance(each, dict)}


def _is_entity(given: Mapping[str, object]) -> bool:
    kinds = {"part": str, "config": dict, "seen": (int, float)}
    return all(isinstance(given.get(name), kind) for name, kind in kinds.items())  # type: ignore[arg-type]
