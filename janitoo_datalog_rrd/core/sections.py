"""Sections of the ini: which options each takes, and what a parsed one holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from . import parsers
from .errors import Problem

INDEXED = re.compile(r"(.+?)_([0-9]+)")
"""The name of an option with its index."""


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option of a section.

    Attributes:
        name: as it stands in the ini, without an index.
        parse: turns its text into a value, raising ValueError with what was expected.
        default: the value where the ini has none.
        indexed: True when it has several values, `name_0`, `name_1` ...; every other option may be written `name_0` too.
        secret: True when its value must never be shown.
        required: True when there is no default.
    """

    name: str
    parse: parsers.Parser = parsers.text
    default: Any = None
    indexed: bool = False
    secret: bool = False
    required: bool = False


Specs = tuple[OptionSpec, ...]

SYSTEM: Specs = (
    OptionSpec("service", parsers.word, "jnt_datalog_rrd"),
    OptionSpec("home_dir", parsers.word, "./rrd"),
    OptionSpec("log_dir", parsers.text, ""),
    OptionSpec("pid_dir", parsers.text, ""),
    OptionSpec("conf_dir", parsers.text, ""),
    OptionSpec("broker_ip", parsers.host, "127.0.0.1"),
    OptionSpec("broker_port", parsers.integer(1, 65535), 1883),
    OptionSpec("broker_user", parsers.text, ""),
    OptionSpec("broker_password", parsers.text, "", secret=True),
    OptionSpec("broker_keepalive", parsers.integer(5, 65535), 60),
    OptionSpec("broker_mode", parsers.choice("auto", "external", "embedded"), "auto"),
    OptionSpec("broker_protocol", parsers.choice("3.1.1", "5"), "5"),
    OptionSpec("broker_client_id", parsers.text, ""),
    OptionSpec("broker_tls", parsers.boolean, False),
    OptionSpec("broker_tls_ca", parsers.text, ""),
    OptionSpec("broker_tls_cert", parsers.text, ""),
    OptionSpec("broker_tls_key", parsers.text, ""),
    OptionSpec("broker_tls_alpn", parsers.words, ()),
    OptionSpec("heartbeat_timeout", parsers.duration(1), 60.0),
    OptionSpec("heartbeat_count", parsers.integer(1, 1000), 3),
    OptionSpec("gc_delay", parsers.duration(0), 0.0),
)
THREAD: Specs = (
    OptionSpec("auto_start", parsers.boolean, True),
    OptionSpec("hadd", parsers.hadd, None),
    OptionSpec("name", parsers.text, ""),
    OptionSpec("location", parsers.text, ""),
    OptionSpec("heartbeat", parsers.duration(1), 60.0),
    OptionSpec("uuid", parsers.text, ""),
)
COMPONENT: Specs = (
    OptionSpec("hadd", parsers.hadd, None, required=True),
    OptionSpec("name", parsers.text, ""),
    OptionSpec("location", parsers.text, ""),
    OptionSpec("heartbeat", parsers.duration(1), 60.0),
    OptionSpec("uuid", parsers.text, ""),
)
SCHEMA: Specs = (
    OptionSpec("pattern", parsers.pattern, None, required=True),
    OptionSpec("step", parsers.whole_seconds(1, 86400), 10),
    OptionSpec("retention", parsers.retention, parsers.retention("10s:1d, 1m:7d, 10m:90d, 1h:5y")),
    OptionSpec("hold", parsers.duration(0), 3600.0),
    OptionSpec("reorder_window", parsers.duration(0), 10.0),
)
SERIES: Specs = (
    OptionSpec("pattern", parsers.pattern, None, required=True),
    OptionSpec("label", parsers.line, None),
    OptionSpec("units", parsers.line, None),
    OptionSpec("log", parsers.boolean, True),
    OptionSpec("step", parsers.whole_seconds(1, 86400), None),
    OptionSpec("retention", parsers.retention, None),
    OptionSpec("hold", parsers.duration(0), None),
)
DECODER: Specs = (
    OptionSpec("topics", parsers.topic_filters, None, required=True),
    OptionSpec("kind", parsers.word, None, required=True),
    OptionSpec("value", parsers.text, ""),
    OptionSpec("time", parsers.text, ""),
    OptionSpec("label", parsers.text, ""),
    OptionSpec("units", parsers.text, ""),
)
DIALECTS: Specs = (OptionSpec("off", parsers.words, ()),)
PRIVACY: Specs = (
    OptionSpec("topics", parsers.topic_filters, ()),
    OptionSpec("allow", parsers.topic_filters, ()),
)
DEFAULT_SCHEMA_NAME = "schema__default"


@dataclass(slots=True)
class Section:
    """One section of the configuration, parsed.

    Attributes:
        name: without brackets.
        values: option name → value, defaults included; indexed options as `name_N`.
        places: option name → where it was given; options at their default are not in it.
        texts: option name → as it was given.
        secrets: names of options whose values must not be shown.
    """

    name: str
    values: dict[str, Any] = field(default_factory=dict, repr=False)  # there may be secrets in them
    places: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: frozenset[str] = frozenset()

    def __getitem__(self, option: str) -> Any:
        return self.values[option]

    def get(self, option: str, default: Any = None) -> Any:
        """The value of an option, which may be asked for as `name_0` too; default where there is none."""
        if option in self.values:
            return self.values[option]
        return self.values.get(option.removesuffix("_0"), default)

    def indexed(self, option: str) -> dict[int, Any]:
        """Every value of an indexed option by its index, in the order of the indexes."""
        found = {}
        for name, value in self.values.items():
            match = INDEXED.fullmatch(name)
            if match is not None and match[1] == option:
                found[int(match[2])] = value
        return dict(sorted(found.items()))


class PluginSpecs:
    """What the plugins say of their sections; the empty one knows none.

    `core.plugins.Plugins` is the one that asks the installed packages.
    """

    def own_specs(self, name: str) -> tuple[Specs, bool] | None:
        """Options of a section that is neither a thread's nor one that every server has, and whether others are taken too."""
        return None

    def own_names(self) -> Iterable[str]:
        """Names of such sections."""
        return ()

    def passes_over(self, name: str) -> bool:
        """Tell whether a section is another program's, which may share the ini."""
        return False

    def thread_names(self) -> Iterable[str]:
        """Names of the threads, which are names of sections."""
        return ()

    def thread_specs(self, name: str) -> Specs | None:
        """Options that a thread takes beside the common ones; None when it does not say."""
        return None

    def component_specs(self, key: str) -> Specs | None:
        """Options that a component takes beside the common ones; None when it does not say."""
        return None

    def has_component(self, key: str) -> bool:
        """Tell whether a component of that key is installed."""
        return False

    def decoder_faults(self, kind: str, section: Section) -> list[Problem]:
        """What a dialect finds wrong with its section."""
        return []

    def decoder_kinds(self) -> Iterable[str]:
        """Names of the dialects."""
        return ()
