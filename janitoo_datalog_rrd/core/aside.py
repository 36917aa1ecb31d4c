"""Damaged files: kept under another name, `*.corrupt-<time>`, for somebody to look at."""

from __future__ import annotations

import contextlib
import filecmp
import logging
import os
import shutil
import time
from pathlib import Path

logger = logging.getLogger(__name__)

_TOLD = 3
_LONGEST = 200


class Damage:
    """What is wrong with one file: the first few things, and how many there are, so that no log is filled with them."""

    def __init__(self) -> None:
        self._first: list[str] = []
        self._count = 0

    def note(self, what: str) -> None:
        """Note one thing."""
        self._count += 1
        if self._count <= _TOLD:
            self._first.append(what if len(what) <= _LONGEST else f"{what[:_LONGEST]}...")

    def __bool__(self) -> bool:
        return self._count > 0

    def __str__(self) -> str:
        more = f"; and {self._count - _TOLD} more" if self._count > _TOLD else ""
        return "; ".join(self._first) + more


def move_aside(path: Path, why: str = "corrupt") -> Path:
    """Rename an unreadable file to `*.corrupt-<time>`, or another word, and return its new name. Raises OSError."""
    target = _free_name(path, why)
    path.rename(target)
    return target


def keep_aside(path: Path) -> Path:
    """Keep a damaged file under another name as well, since what could be read of it has to be read again after a crash.

    Returns:
        The other name, the same one each time; the file's own where no other can be given.
    """
    with contextlib.suppress(OSError):
        for each in sorted(path.parent.glob(f"{path.name}.corrupt-*")):
            if each.samefile(path) or filecmp.cmp(each, path, shallow=False):
                return each
    target = _free_name(path)
    try:
        try:
            os.link(path, target)
        except OSError:  # not every filesystem has links
            shutil.copyfile(path, target)
    except OSError as error:
        logger.warning("%s cannot be kept aside: %s", path, error)
        with contextlib.suppress(OSError):
            target.unlink(missing_ok=True)
        return path
    return target


def _free_name(path: Path, why: str = "corrupt") -> Path:
    first = target = path.with_name(f"{path.name}.{why}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
    number = 0
    while os.path.lexists(target):
        number += 1
        target = first.with_name(f"{first.name}~{number}")
    return target
