"""Targets become lines: paths are read, functions are called with what their arguments give."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ...core.errors import BadRequestError
from .expression import Call, Literal, Node, Path, parse
from .given import Argument, Given
from .lines import MAX_NAME, Line

MAX_WORK = 8_000_000
"""How many numbers all functions of one request may be given, and make."""
MAX_SECONDS = 20.0
"""How long one request may read and compute."""
_A_CALL = 100
"""What a call or a line costs beside its numbers."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function that a target may call.

    Attributes:
        name: as it is called.
        group: heading under which Grafana offers it.
        told: what it does, a sentence.
        arguments: what it takes, in their order.
        run: makes lines of what it is given.
    """

    name: str
    group: str
    told: str
    arguments: tuple[Argument, ...]
    run: Callable[[Given], list[Line]]


class Source(Protocol):
    """What has the numbers of metrics."""

    def read(self, pattern: str, start: int, end: int) -> list[Line]:
        """The metrics that a pattern stands for, with their numbers later than a start and up to an end.

        Raises:
            BadRequestError: the pattern cannot be read, or it is too much for one request.
        """
        ...


@dataclass(slots=True)
class Budget:
    """What one request may still compute.

    Attributes:
        work: numbers that functions may be given, or make.
        until: seconds of the monotonic clock.
    """

    work: int = MAX_WORK
    until: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)

    def spend(self, lines: Sequence[Line]) -> None:
        """Take from it what a function is given, or has made. Raises BadRequestError when that is too much."""
        self.work -= _A_CALL + sum(_A_CALL + len(line.values) for line in lines)
        if self.work < 0 or time.monotonic() > self.until:
            raise BadRequestError("target", "target has more to compute than one request may ask for: make it shorter.")


@dataclass(slots=True)
class Evaluation:
    """The targets of one request.

    Args:
        source: has the numbers.
        functions: by name.
        start: points later than this are read, seconds since the epoch UTC.
        end: points up to this are read.
    """

    source: Source
    functions: dict[str, Function]
    start: int
    end: int
    budget: Budget = field(default_factory=Budget)

    def target(self, text: str) -> list[Line]:
        """The lines of one target. Raises BadRequestError, StoreError."""
        return self.lines(parse(text))

    def lines(self, node: Path | Call) -> list[Line]:
        """The lines of a path or of a call. Raises BadRequestError, StoreError."""
        if isinstance(node, Path):
            self.budget.spend(())
            return self.source.read(node.text, self.start, self.end)
        function = self.functions.get(node.name)
        if function is None:
            raise BadRequestError(
                "target",
                f"target calls the function {node.name[:80]!r}, which is not known here: "
                f"expected one of {', '.join(sorted(self.functions))}.",
            )
        return self._call(function, node)

    def earlier(self, seconds: int) -> Evaluation:
        """The same request, from earlier on; what it reads and computes counts with this one's."""
        start = max(self.start - seconds, 0)
        return Evaluation(self.source, self.functions, start, self.end, self.budget)

    def _call(self, function: Function, call: Call) -> list[Line]:
        values: dict[str, Any] = {}
        lines: list[Line] = []
        nodes: list[Path | Call] = []
        for argument, given in _pair(function, call):
            if argument.type != "seriesList":
                values[argument.name] = argument.read_all(function.name, [_scalar(function, argument, each) for each in given])
                continue
            for node in given:
                if isinstance(node, Literal):
                    raise argument.refused(function.name, node.value)
                nodes.append(node)
                lines += self.lines(node)
        self.budget.spend(lines)

        def again(seconds: int) -> list[Line]:
            before = self.earlier(seconds)
            found = [line for node in nodes for line in before.lines(node)]
            self.budget.spend(found)
            return found

        made = function.run(Given(function.name, lines, values, self.start, self.end, again, self.budget.until))
        self.budget.spend(made)
        return [_short(line) for line in made]


def _short(line: Line) -> Line:
    if max(len(line.name), len(line.path)) <= MAX_NAME:
        return line
    return replace(line, name=_cut(line.name), path=_cut(line.path))


def _cut(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


def _pair(function: Function, call: Call) -> list[tuple[Argument, list[Node]]]:
    """The arguments of a call, beside what the function takes.

    Raises:
        BadRequestError: there are too many of them, one is not known, twice there, or missing.
    """
    left = list(call.arguments)
    named = dict(call.named)
    pairs: list[tuple[Argument, list[Node]]] = []
    for argument in function.arguments:
        given, left = (left, []) if argument.multiple else (left[:1], left[1:])
        if argument.name in named:
            if given:
                raise BadRequestError("target", f"target calls {function.name} with {argument.name} twice.")
            given = [named.pop(argument.name)]
        if argument.required and not given:
            raise BadRequestError("target", f"target calls {function.name} without {argument.name}: {argument.told}")
        pairs.append((argument, given))
    if left or named:
        what = f"an argument {next(iter(named))[:40]!r}" if named else f"{len(call.arguments)} arguments"
        names = ", ".join(argument.name for argument in function.arguments)
        raise BadRequestError("target", f"target calls {function.name} with {what}: it takes {names}.")
    return pairs


def _scalar(function: Function, argument: Argument, node: Node) -> Any:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Path) and argument.type in ("aggFunc", "string"):
        return node.text  # a word without quotes, as people write it
    raise argument.refused(function.name, node.text if isinstance(node, Path) else f"{node.name}(...)")
