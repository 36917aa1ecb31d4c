"""Secrets: the one place that knows which options hold one, and how a text looks without."""

from __future__ import annotations

import re

from .sections import Section

MASK = "***"
"""What stands where a secret stood."""
_NAMES = re.compile(r"(?:.*_)?(?:password|passwd|secret|token|api_?key)(?:_[0-9]+)?", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)([^\s/@:]*):[^\s/@]*@")


def is_secret(section: Section, option: str) -> bool:
    """Tell whether an option holds a secret: it is declared so, or it is called so in a section that anything may stand in."""
    return option in section.secrets or is_secret_name(option)


def is_secret_name(option: str) -> bool:
    """Tell whether what an option is called says that it holds a secret."""
    return _NAMES.fullmatch(option) is not None


def mask_urls(text: str) -> str:
    """A text with the passwords in its URLs masked."""
    return _USER_IN_URL.sub(rf"\1:{MASK}@", text)
