"""Plugins by entry point: threads, components and decoders, ours and those of other packages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple, TypeVar

from .errors import ConfigError, PluginError, Problem
from .sections import PluginSpecs, Section, Specs

logger = logging.getLogger(__name__)

THREADS = "janitoo.threads"
COMPONENTS = "janitoo.components"
DECODERS = "janitoo_datalog_rrd.decoders"
METRICS = "janitoo_datalog_rrd.metrics"

Factory = TypeVar("Factory", bound=Callable[..., Any])


def takes_options(*specs: Any) -> Callable[[Factory], Factory]:
    """Mark a plugin factory with the options that its section takes beside the common ones.

    A factory without this mark takes any option, unchecked and as text.
    """

    def mark(factory: Factory) -> Factory:
        factory.options = tuple(specs)  # type: ignore[attr-defined]
        return factory

    return mark


def speaks(*topics: str, loose: bool = False) -> Callable[[Factory], Factory]:
    """Mark a decoder's factory with the topics that its dialect is known by: it reads them without a section in the ini.

    Args:
        topics: MQTT topic filters.
        loose: others use topics of this form too, so whoever has claimed one in the directory reads it.
    """

    def mark(factory: Factory) -> Factory:
        factory.topics, factory.loose = tuple(topics), loose  # type: ignore[attr-defined]
        return factory

    return mark


class PluginInfo(NamedTuple):
    """A plugin that is installed.

    Attributes:
        group, name: of its entry point.
        package, version: what it came with; empty where that is not known.
        failure: why it could not be loaded; empty where it was, or was not asked for.
    """

    group: str
    name: str
    package: str
    version: str
    failure: str


class Plugins(PluginSpecs):
    """The installed plugins; each is loaded when it is first asked for.

    Attributes:
        failed: `group: name` → why it could not be loaded.
    """

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        points = entry_points() if found is None else found
        self._points: dict[str, dict[str, EntryPoint]] = {THREADS: {}, COMPONENTS: {}, DECODERS: {}, METRICS: {}}
        for group in self._points:
            for point in points.select(group=group) if hasattr(points, "select") else points:
                if point.group == group:
                    self._points[group].setdefault(point.name, point)
        self.failed: dict[str, str] = {}

    def names(self, group: str) -> list[str]:
        """Names of the plugins of a group, sorted."""
        return sorted(self._points[group])

    def all(self) -> list[PluginInfo]:
        """Every plugin that is installed, by group and name."""
        return [
            PluginInfo(group, name, *_package_of(point), self.failed.get(f"{group}: {name}", ""))
            for group, points in self._points.items()
            for name, point in sorted(points.items())
        ]

    def load(self, group: str, name: str) -> Callable[..., Any]:
        """Load a plugin's factory.

        Raises:
            PluginError: there is none of that name, or it cannot be loaded; the second is kept in `failed`.
        """
        point = self._points[group].get(name)
        if point is None:
            raise PluginError(f"no plugin {name!r} in group {group}: installed are {', '.join(self.names(group))}")
        try:
            factory = point.load()
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            if self.failed.get(f"{group}: {name}") != why:
                logger.exception("plugin %s of group %s cannot be loaded", name, group)
            self.failed[f"{group}: {name}"] = why
            raise PluginError(f"plugin {name!r} of group {group} cannot be loaded: {why}") from error
        if not callable(factory):
            self.failed[f"{group}: {name}"] = f"{point.value} is not a factory"
            raise PluginError(f"plugin {name!r} of group {group} cannot be loaded: {point.value} is not a factory")
        self.failed.pop(f"{group}: {name}", None)
        return factory  # type: ignore[no-any-return]

    def specs(self, group: str, name: str) -> Specs | None:
        """Options that the sections of a plugin take beside the common ones; None where it does not say or cannot be loaded."""
        try:
            return getattr(self.load(group, name), "options", None)
        except PluginError:
            return None

    def thread_names(self) -> Iterable[str]:
        return self.names(THREADS)

    def thread_specs(self, name: str) -> Specs | None:
        return self.specs(THREADS, name)

    def passes_over(self, name: str) -> bool:
        return name == "agent" or name.startswith("agent__")

    def component_specs(self, key: str) -> Specs | None:
        return self.specs(COMPONENTS, key)

    def has_component(self, key: str) -> bool:
        return key in self._points[COMPONENTS]

    def decoder_faults(self, kind: str, section: Section) -> list[Problem]:
        try:
            self.load(DECODERS, kind)(section)
        except PluginError:
            return []  # told where the plugins are listed; its faults are not the ini's
        except ConfigError as error:
            return error.problems
        except ValueError as error:
            return [Problem(section.places.get("kind", ""), section.name, "", str(error))]
        return []

    def decoder_kinds(self) -> Iterable[str]:
        return self.names(DECODERS)


def _package_of(point: EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution that brought an entry point."""
    distribution = getattr(point, "dist", None)
    return ("", "") if distribution is None else (distribution.name, distribution.version)
