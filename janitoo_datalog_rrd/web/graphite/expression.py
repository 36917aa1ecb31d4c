"""The expressions of Graphite's `target`: calls, metric paths with globs, strings and numbers, as a tree.

`alias(sumSeries(house.*.power),"all")`, or the same with pipes: `house.*.power|sumSeries()|alias("all")`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import NoReturn

from ...core.errors import BadRequestError

MAX_DEPTH = 30
MAX_LENGTH = 8000
"""Characters of one target."""
_CALL = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*\(", re.ASCII)
_KEYWORD = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(?=\s*['\"0-9A-Za-z-])", re.ASCII)
_END = r"(?=\s*(?:[,)|]|$))"
_NUMBER = re.compile(r"\s*(-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?)" + _END, re.ASCII)
_WORD = re.compile(r"\s*(true|false|none)" + _END, re.ASCII | re.IGNORECASE)
_STRING = re.compile(r"\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')", re.DOTALL)
_PATH = re.compile(r"\s*((?:[^(){},'\"\\|\s]|\{[^(){}'\"\\|\s]*\})+)")
_MARK = re.compile(r"\s*([,)|])")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "none": None}

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Path:
    """Metric paths, with or without globs."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, a number, a truth value, or None."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments in their order, and those that are named."""

    name: str
    arguments: list[Node] = field(default_factory=list)
    named: dict[str, Node] = field(default_factory=dict)


Node = Path | Literal | Call


def parse(text: str) -> Path | Call:
    """Read a target.

    Raises:
        BadRequestError: it is no expression, too long, or too deep; the sentence says where.
    """
    if len(text) > MAX_LENGTH:
        raise BadRequestError("target", f"target has {len(text)} characters, at most {MAX_LENGTH} are taken.")
    parser = _Parser(text)
    node = parser.expression(0)
    parser.finish()
    return node


class _Parser:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def expression(self, depth: int) -> Path | Call:
        """A call or a path, and the calls that it is piped into."""
        if depth > MAX_DEPTH:
            raise BadRequestError("target", f"target has more than {MAX_DEPTH} calls in one another.")
        node: Path | Call
        name = self._take(_CALL)
        if name is not None:
            node = self._call(name, [], depth)
        else:
            path = self._take(_PATH)
            if path is None:
                self._refuse("a metric path or a function")
            node = Path(path)
        pipes = 0
        while self._peek(_MARK) == "|":
            self._take(_MARK)
            pipes += 1
            name = self._take(_CALL)
            if name is None or depth + pipes > MAX_DEPTH:
                self._refuse(f"a function after the pipe, and at most {MAX_DEPTH} in one another")
            node = self._call(name, [node], depth)
        return node

    def finish(self) -> None:
        """Check that nothing follows."""
        if self._text[self._at :].strip():
            self._refuse("the end")

    def _call(self, name: str, given: list[Node], depth: int) -> Call:
        call = Call(name, given)
        if self._peek(_MARK) == ")":
            self._take(_MARK)
            return call
        while True:
            keyword = self._take(_KEYWORD)
            if keyword is not None:
                call.named[keyword] = self._argument(depth)
            elif call.named:
                self._refuse("a named argument, as those before it")
            else:
                call.arguments.append(self._argument(depth))
            mark = self._take(_MARK)
            if mark == ")":
                return call
            if mark != ",":
                self._refuse("a comma or a closing parenthesis")

    def _argument(self, depth: int) -> Node:
        number = self._take(_NUMBER)
        if number is not None:
            return Literal(self._number(number))
        word = self._take(_WORD)
        if word is not None:
            return Literal(_WORDS[word.lower()])
        text = self._take(_STRING)
        if text is not None:
            return Literal(text)
        return self.expression(depth + 1)

    def _number(self, text: str) -> int | float:
        if text.lstrip("-").isdigit() and len(text) <= 16:
            return int(text)
        number = float(text)
        if not math.isfinite(number):
            self._refuse("a number that is not that large")
        return number

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return next((group for group in match.groups() if group is not None), "")

    def _peek(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        return None if match is None else match[1]

    def _refuse(self, expected: str) -> NoReturn:
        rest = self._text[self._at :].strip()[:40]
        found = f"found {rest!r}" if rest else "it ends"
        raise BadRequestError(
            "target", f"target is {self._text[:80]!r}: {found} at character {self._at + 1}, where {expected} is expected."
        )
