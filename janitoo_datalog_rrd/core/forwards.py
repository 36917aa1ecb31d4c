"""The options of `[forward__NAME]`: what each kind of database needs, and what of it does not fit together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from . import parsers
from .sections import OptionSpec, Section, Specs

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_OURS = ("series", "column", "node", "units")
_RESERVED = frozenset((*_OURS, "value", "time", "timestamp", "db"))
_ENDPOINTS = ("/write", "/api/v2/write", "/api/v3/write_lp", "/query")
_MAX_TAGS = 20


class Kind(NamedTuple):
    """One kind of database.

    Attributes:
        needs: options that it cannot do without.
        takes: further ones that have a meaning there.
    """

    needs: tuple[str, ...]
    takes: tuple[str, ...]


KINDS = MappingProxyType(
    {
        "influxdb1": Kind(("database",), ("user", "password", "token")),
        "influxdb2": Kind(("org", "bucket", "token"), ()),
        "influxdb3": Kind(("database",), ("token",)),
        "victoriametrics": Kind((), ("database", "user", "password", "token")),
        "questdb": Kind((), ("user", "password", "token")),
    }
)
"""What may be forwarded to."""
_OF_KINDS = ("database", "org", "bucket", "user", "password", "token")


def server_url(raw: str) -> str:
    """The address of a web server, without a slash at the end; its faults never show it, since it may hold a password."""
    expected = "expected the address of the server alone, such as http://192.168.1.2:8086"
    try:
        parts = urlsplit(raw)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not raw.isascii() or not raw.isprintable() or " " in raw:
        raise ValueError(f"is not a URL: {expected}")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"has a user or password in it: {expected}, and set user and password, or token")
    if parts.query or parts.fragment:
        raise ValueError(f"has something after the path: {expected}; database, org, bucket and token are options of their own")
    path = parts.path.rstrip("/")
    if path.endswith(_ENDPOINTS):
        raise ValueError(f"has the path for writing in it: {expected}")
    return parts._replace(path=path).geturl()


def measurement(raw: str) -> str:
    """The name of a measurement or table, or what the name of a metric begins with."""
    if not raw[:1].isalpha() or len(raw) > 64 or not raw.isprintable() or any(mark in raw for mark in "\\\"'"):
        raise ValueError(f"{raw[:80]!r} is not a name: expected 1 to 64 characters, the first one a letter, such as janitoo")
    return raw


def fixed_tags(raw: str) -> tuple[str, ...]:
    """Tags that every sample gets, as `name=value`, separated by commas."""
    found: dict[str, str] = {}
    for part in parsers.words(raw):
        name, equals, value = (each.strip() for each in part.partition("="))
        if not equals or _TAG.fullmatch(name) is None or not value or "=" in value or "\\" in value or not value.isprintable():
            raise ValueError(f"{part[:80]!r} is not a tag: expected name=value, such as site=home")
        if name in _RESERVED:
            raise ValueError(f"{name!r} is taken already: expected another name for the tag")
        if name in found:
            raise ValueError(f"{name!r} stands twice")
        found[name] = value
    if len(found) > _MAX_TAGS:
        raise ValueError(f"has {len(found)} tags: at most {_MAX_TAGS} are taken")
    return tuple(f"{name}={value}" for name, value in sorted(found.items()))


def described(raw: str) -> tuple[str, ...]:
    """Which of `node` and `units` become tags."""
    words = parsers.words(raw)
    for word in words:
        if word not in ("node", "units"):
            raise ValueError(f"{word!r} is not known: expected node, units, both or nothing")
    return words


FORWARD: Specs = (
    OptionSpec("url", server_url, None, required=True),
    OptionSpec("kind", parsers.choice(*KINDS), None, required=True),
    OptionSpec("database", parsers.line, ""),
    OptionSpec("org", parsers.line, ""),
    OptionSpec("bucket", parsers.line, ""),
    OptionSpec("token", parsers.line, "", secret=True),
    OptionSpec("user", parsers.line, ""),
    OptionSpec("password", parsers.line, "", secret=True),
    OptionSpec("ca", parsers.text, ""),
    OptionSpec("cert", parsers.text, ""),
    OptionSpec("key", parsers.text, ""),
    OptionSpec("measurement", measurement, "janitoo"),
    OptionSpec("series", parsers.pattern, re.compile(".*")),
    OptionSpec("describe", described, ("node", "units")),
    OptionSpec("tags", fixed_tags, ()),
    OptionSpec("batch_size", parsers.integer(1, 100_000), 5000),
    OptionSpec("interval", parsers.duration(0.05, 3600), 2.0),
    OptionSpec("timeout", parsers.duration(0.1, 300), 20.0),
    OptionSpec("outbox_bytes", parsers.size(1 << 20, 1 << 50), 256 << 20),
)


def forward_faults(section: Section) -> Iterator[tuple[str, str]]:
    """What of a section does not fit together, as (option, message) pairs; of its name, with no option."""
    if _NAME.fullmatch(section.name.removeprefix("forward__")) is None:
        yield "", "is no name of a section: expected forward__ and 1 to 60 of the characters A-Z a-z 0-9 _ -"
    kind = section.get("kind")
    known = KINDS.get(kind) if isinstance(kind, str) else None
    if known is None:
        return
    for name in known.needs:
        if not section.get(name) and (name not in section.places or name in section.values):
            yield name, f"is missing: {kind} needs it"
    for name in _OF_KINDS:
        if section.get(name) and name not in (*known.needs, *known.takes):
            yield name, f"means nothing to {kind}: expected {', '.join((*known.needs, *known.takes))}"
    if section.get("password") and not section.get("user"):
        yield "password", "stands without a user"
    if section.get("key") and not section.get("cert"):
        yield "key", "stands without a cert"
    if section.get("token") and section.get("user"):
        yield "token", "stands beside a user: expected one of the two"


def warning_of(section: Section) -> str:
    """A sentence that tells of a secret which goes over the network unencrypted; empty where none does."""
    parts = urlsplit(section["url"])
    if parts.scheme != "http" or not (section["token"] or section["password"]) or is_loopback(parts.hostname or ""):
        return ""
    place = section.places.get("url", "")
    return f"{place}: [{section.name}] url: with http its secret goes over the network for all to read; use https"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
