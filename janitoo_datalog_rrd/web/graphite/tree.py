"""Series as Graphite's tree of metrics: the parts of a name between its dots are the branches.

A series with one column is a leaf under its name. One with several is a branch, with a leaf for each column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate

from ...core.contracts import Glance
from ...core.errors import BadRequestError, UnknownSeriesError
from ..room import Room

MAX_VARIANTS = 1000
"""How many words one part with braces may stand for."""
MAX_GLOBS = 20
"""How many of them may have globs."""
MAX_BRACES = 30
"""How many braces one part may have."""
MAX_GLOB = 300
"""Characters of one word with globs, its braces replaced; no part of a series' name is as long."""
MAX_PATTERNS = 300
"""How many patterns with globs one request may have; each is held against every metric there is."""
_GLOB = re.compile(r"[*?\[{]")
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One column of one series.

    Attributes:
        path: of the metric.
        series: name of the series.
        column: name of the column.
    """

    path: str
    series: str
    column: str


@dataclass(slots=True)
class Found:
    """One place of the tree.

    Attributes:
        path: from the root, its parts joined by dots.
        leaf: whether it has numbers.
        branch: whether something is below it.
    """

    path: str
    leaf: bool = False
    branch: bool = False

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


def leaves_of(series: Iterable[Glance]) -> Iterator[Leaf]:
    """Every metric of some series; where two would have one path, the series of that name has it."""
    infos = list(series)
    names = {info.name for info in infos}
    for info in infos:
        if len(info.columns) == 1:
            yield Leaf(info.name, info.name, info.columns[0].name)
            continue
        for column in info.columns:
            path = f"{info.name}.{column.name}"
            if path not in names:
                yield Leaf(path, info.name, column.name)


class Tree:
    """The tree as it is while one request is answered; the store is asked for its series once at most.

    Args:
        here: where the store is.
        parameter: where patterns come from, to be named in an error.
    """

    def __init__(self, here: Room, parameter: str) -> None:
        self._here = here
        self._parameter = parameter
        self._leaves: list[tuple[Leaf, list[str]]] | None = None
        self._found: dict[str, list[Leaf]] = {}

    def leaves(self, pattern: str) -> list[Leaf]:
        """The metrics that a pattern stands for, in the order of their paths.

        Raises:
            BadRequestError: the pattern cannot be read, or it is one too many.
            StoreNotReadyError: the store is not up yet.
        """
        if _GLOB.search(pattern) is None:
            leaf = _exact(self._here, pattern)
            return [] if leaf is None else [leaf]
        if pattern not in self._found:
            if len(self._found) >= MAX_PATTERNS:
                raise BadRequestError(
                    self._parameter, f"{self._parameter} has more than {MAX_PATTERNS} patterns with globs: name fewer."
                )
            glob = Glob(self._parameter, pattern)
            found = {leaf.path: leaf for leaf, parts in self._all() if glob.matches(parts)}
            self._found[pattern] = [found[path] for path in sorted(found)]
        return self._found[pattern]

    def places(self, pattern: str) -> list[Found]:
        """The places that a pattern stands for, leaves and branches, sorted by name and path.

        Raises:
            BadRequestError: the pattern cannot be read.
            StoreNotReadyError: the store is not up yet.
        """
        glob = Glob(self._parameter, pattern)
        found: dict[str, Found] = {}
        for _, parts in self._all():
            if len(parts) >= glob.depth and glob.matches(parts[: glob.depth]):
                path = ".".join(parts[: glob.depth])
                place = found.setdefault(path, Found(path))
                if len(parts) == glob.depth:
                    place.leaf = True
                else:
                    place.branch = True
        return sorted(found.values(), key=lambda place: (place.name, place.path))

    def _all(self) -> list[tuple[Leaf, list[str]]]:
        if self._leaves is None:
            self._leaves = [(leaf, leaf.path.split(".")) for leaf in leaves_of(self._here.store.glances())]
        return self._leaves


class Glob:
    """A pattern of paths: `*`, `?`, `[a-z]`, `[!a]` and `{one,other}` stand for something within one part.

    Args:
        parameter: what to name in an error.
        pattern: the pattern.

    Raises:
        BadRequestError: its braces stand for too much.
    """

    def __init__(self, parameter: str, pattern: str) -> None:
        self._parts = [_Part(parameter, part) for part in _split(pattern)]

    @property
    def depth(self) -> int:
        """How many parts it has."""
        return len(self._parts)

    def matches(self, parts: Sequence[str]) -> bool:
        """Tell whether it stands for a path, given by its parts."""
        return len(parts) == self.depth and all(glob.matches(part) for glob, part in zip(self._parts, parts, strict=True))


class _Part:
    """One part of a pattern; it remembers what it was asked."""

    def __init__(self, parameter: str, part: str) -> None:
        variants = _variants(parameter, part)
        globs = [variant for variant in variants if _GLOB.search(variant) is not None]
        if len(globs) > MAX_GLOBS:
            raise _too_many(parameter, part, MAX_GLOBS)
        if any(len(glob) > MAX_GLOB for glob in globs):
            raise BadRequestError(parameter, f"{parameter} has {part[:40]!r}, of more than {MAX_GLOB} characters.")
        self._pattern = re.compile("|".join(f"(?:{translate(glob)})" for glob in globs)) if globs else None
        self._known: dict[str, bool] = {}
        self._words = frozenset(variants)

    def matches(self, part: str) -> bool:
        known = self._known.get(part)
        if known is None:
            known = part in self._words or (self._pattern is not None and self._pattern.match(part) is not None)
            self._known[part] = known
        return known


def _variants(parameter: str, part: str) -> list[str]:
    """What a part stands for when each of its braces is one of its choices."""
    pieces = _BRACES.split(part)  # every second one is what stood in braces
    if len(pieces) // 2 > MAX_BRACES:
        raise BadRequestError(parameter, f"{parameter} has {part[:40]!r}, with more than {MAX_BRACES} braces.")
    words = [""]
    for at, piece in enumerate(pieces):
        choices = piece.split(",") if at % 2 else [piece]
        if len(words) * len(choices) > MAX_VARIANTS:  # counted before they are made
            raise _too_many(parameter, part, MAX_VARIANTS)
        words = [word + choice for word in words for choice in choices]
    return list(dict.fromkeys(words))


def _too_many(parameter: str, part: str, most: int) -> BadRequestError:
    return BadRequestError(parameter, f"{parameter} has {part[:40]!r}, which stands for more than {most} patterns: name fewer.")


def _split(pattern: str) -> list[str]:
    """Split a pattern at the dots that stand outside of braces."""
    parts, depth, last = [], 0, 0
    for at, character in enumerate(pattern):
        if character == "." and depth == 0:
            parts.append(pattern[last:at])
            last = at + 1
        else:
            depth = max(depth + (character == "{") - (character == "}"), 0)
    return [*parts, pattern[last:]]


def _exact(here: Room, path: str) -> Leaf | None:
    """The metric of a path without globs."""
    head, _, last = path.rpartition(".")
    for name in (path, head):
        try:
            info = here.series(name)
        except UnknownSeriesError:
            continue
        if name == path and len(info.columns) == 1:
            return Leaf(path, name, info.columns[0].name)
        if name == head and len(info.columns) > 1 and any(column.name == last for column in info.columns):
            return Leaf(path, name, last)
    return None
