"""Parameters of requests: declared once, from which they are checked, and documented in the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from ..core.errors import BadRequestError
from .drawing.timespan import check_time

_WHOLE = re.compile(r"-?[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A text in a query; the other kinds read more out of it.

    Attributes:
        name: as it stands in the query.
        told: what it does, a sentence for people.
        default: what a handler gets where it is not given.
        required: whether it must be given.
        many: how often it may stand; 1 gives the value itself, more give a list, which is empty where it is not given.
        longest: characters of one text at most.
        example: one that stands in the documentation; empty where none is needed.
    """

    name: str
    told: str
    default: Any = ""
    required: bool = False
    many: int = 1
    longest: int = 300
    example: str = ""

    def read(self, raw: str) -> Any:
        """The value that a text stands for. Raises BadRequestError, which names the parameter."""
        if len(raw) > self.longest:
            raise self.refused(raw, f"at most {self.longest} characters")
        return raw

    def schema(self) -> dict[str, Any]:
        """One value, in JSON Schema."""
        return {"type": "string", "maxLength": self.longest}

    def refused(self, raw: str, expected: str) -> BadRequestError:
        """What to raise for a text that is not what is expected."""
        return BadRequestError(self.name, f"{self.name} is {raw[:40]!r}: expected {expected}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerParam(Param):
    """A whole number from low to high, both included."""

    low: int
    high: int

    def read(self, raw: str) -> int:
        if _WHOLE.fullmatch(raw) is None or not self.low <= int(raw) <= self.high:
            raise self.refused(raw, f"a whole number from {self.low} to {self.high}")
        return int(raw)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceParam(Param):
    """One of a few words."""

    words: Sequence[str]

    def read(self, raw: str) -> str:
        if raw not in self.words:
            raise self.refused(raw, f"one of {', '.join(self.words)}")
        return raw

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagParam(Param):
    """`1` or `0`; a handler gets a bool."""

    def read(self, raw: str) -> bool:
        if raw not in ("0", "1"):
            raise self.refused(raw, "0 or 1")
        return raw == "1"

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": ["0", "1"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeParam(Param):
    """A time as rrdtool takes it, such as `-4h` or `1700000000`, or of ISO 8601; a handler gets it as rrdtool takes it."""

    def read(self, raw: str) -> str:
        return check_time(self.name, raw)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 64, "examples": ["-4h", "now", "1700000000", "2024-01-31T12:00:00Z"]}


def read_params(args: MultiDict[str, str], params: Sequence[Param], *, loose: bool = False) -> dict[str, Any]:
    """Check the query of a request.

    Args:
        args: what the query says.
        params: what is declared.
        loose: pass over what is not declared.

    Returns:
        A value for every declared parameter, by name.

    Raises:
        BadRequestError: a name is not declared, stands too often or is missing, or a value is not what it must be.
    """
    names = {param.name for param in params}
    for name in args:
        if name not in names and not loose:
            expected = f"expected one of {', '.join(each.name for each in params)}" if names else "this path takes none"
            raise BadRequestError(name[:80], f"{name[:80]!r} is not a parameter of this path: {expected}.")
    return {param.name: _read(param, args.getlist(param.name)) for param in params}


def _read(param: Param, given: list[str]) -> Any:
    if len(given) > param.many:
        how = "once" if param.many == 1 else f"at most {param.many} times"
        raise BadRequestError(
            param.name, f"{param.name} stands {'twice' if len(given) == 2 else f'{len(given)} times'}: give it {how}."
        )
    if param.required and not given:
        raise BadRequestError(param.name, f"{param.name} is missing: {param.told}")
    if param.many > 1:
        return [param.read(raw) for raw in given]
    return param.read(given[0]) if given else param.default
