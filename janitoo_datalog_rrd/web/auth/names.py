"""Names of users and tokens, and roles as words: one form for what a person may type in several ways."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ...core.errors import BadRequestError
from ..routes import Role

MAX_NAME = 64
ROLES = ("viewer", "operator", "admin")
"""Of people."""
TOKEN_ROLES = ("agent", *ROLES)
"""Of programs."""


def name_key(name: str) -> str:
    """What a name is found by: capitals, widths and ways to write an accent make no difference."""
    folded = unicodedata.normalize("NFKC", name[: MAX_NAME * 4]).casefold()
    return unicodedata.normalize("NFKC", folded)


def check_name(name: str) -> str:
    """A new name in its one form.

    Raises:
        BadRequestError: it is empty or too long, or has characters that cannot be seen.
    """
    shown = unicodedata.normalize("NFC", name[: MAX_NAME * 4])
    if not shown or len(name) > MAX_NAME or len(shown) > MAX_NAME:
        raise BadRequestError("name", f"{shown[:40]!a} is no name: expected 1 to {MAX_NAME} characters.")
    if shown != " ".join(shown.split()) or not shown.isprintable():
        raise BadRequestError(
            "name", f"{shown[:40]!a} is no name: expected characters that can be seen, with single spaces between words."
        )
    if shown.startswith("-"):
        raise BadRequestError("name", f"{shown[:40]!a} is no name: it would be taken for an option.")
    return shown


def role_of(word: object, known: Sequence[str] = ROLES) -> Role:
    """The role of a word. Raises ValueError where it is none of those that are known."""
    if word not in known:
        raise ValueError(f"its role is none of {', '.join(known)}")
    return Role[str(word).upper()]


def role_word(role: Role) -> str:
    """A role as people write it."""
    return role.name.lower()
