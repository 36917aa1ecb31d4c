"""Fuzzing, the promises: what must come of an input whatever it is, and what is said when it does not."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[bytes], None]
"""Puts one input in, and raises when a promise is broken."""


class BrokenPromiseError(AssertionError):
    """Something came of an input that must not."""


def expect(kept: bool, promise: str, *shown: object) -> None:
    """Raise BrokenPromiseError, with what is shown, unless a promise was kept."""
    if not kept:
        raise BrokenPromiseError(f"{promise}: {', '.join(repr(each)[:300] for each in shown)}")
