"""Secrets: the one place that knows which options hold one, and how a text looks without."""

from __future__ import annotations

import re

from .sections import Section

MASK = "***"
"""What stands where a secret stood."""
_NAMES = re.compile(r"(?:.*_)?(?:password|passwd|secret|token|api_?key)(?:_[0-9]+)?", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)([^\s/@:]*):[^\s]*@")  # a password that was not encoded may hold any of its marks
_IN_QUERY = re.compile(r"([?&](?:\w+_)?(?:password|passwd|secret|token|api_?key)=)[^\s&#'\"]+", re.IGNORECASE)
_OPEN_HANDLERS = ("StreamHandler", "FileHandler", "NullHandler", "SysLogHandler")


def is_secret(section: Section, option: str) -> bool:
    """Tell whether an option holds a secret: it is declared so, or it is called so in a section that anything may stand in."""
    return option in section.secrets or is_secret_name(option)


def is_secret_name(option: str) -> bool:
    """Tell whether what an option is called says that it holds a secret."""
    return _NAMES.fullmatch(option) is not None


def is_secret_of_handler(section: str, option: str, kind: str) -> bool:
    """Tell whether an option is the arguments of a log handler that may have a user and a password.

    Args:
        section: name of the section.
        option: name of the option.
        kind: the handler's class.
    """
    return section.startswith("handler_") and option in ("args", "kwargs") and not kind.endswith(_OPEN_HANDLERS)


def mask_urls(text: str) -> str:
    """A text with the passwords in its URLs masked."""
    return _IN_QUERY.sub(rf"\1{MASK}", _USER_IN_URL.sub(rf"\1:{MASK}@", text))
