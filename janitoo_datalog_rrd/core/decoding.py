"""Which decoders the configuration asks for, and the topics that each reads."""

from __future__ import annotations

from dataclasses import dataclass

from .contracts import Decoder
from .errors import PluginError
from .options import Options
from .plugins import DECODERS, Plugins
from .sections import Section
from .topics import VALUES_FILTER


@dataclass(frozen=True, slots=True)
class Route:
    """Which decoder reads the messages of which topics.

    Attributes:
        filters: MQTT topic filters.
        decoder: what reads them.
        kind: the dialect's name.
        section: the section of the ini that it is made of; of Janitoo's own there is none.
    """

    filters: tuple[str, ...]
    decoder: Decoder
    kind: str
    section: str = ""


def build_routes(options: Options, plugins: Plugins) -> tuple[list[Route], dict[str, str]]:
    """Build the decoders of the configuration: Janitoo's, then those of the `[decoder__NAME]` sections in their order.

    Args:
        options: checked, so that every decoder takes its section.
        plugins: what the decoders are loaded from.

    Returns:
        The routes, and by `decoder NAME` why its plugin cannot be loaded; the others go on.
    """
    wanted = [("janitoo", (VALUES_FILTER,), Section("decoder__janitoo"))]
    wanted += [(section["kind"], section["topics"], section) for section in options.prefixed("decoder")]
    routes: list[Route] = []
    faults: dict[str, str] = {}
    for kind, filters, section in wanted:
        try:
            decoder = plugins.load(DECODERS, kind)(section)
            routes.append(Route(filters, decoder, kind, section.name if section.name in options.given else ""))
        except PluginError as error:
            faults[section.name.replace("__", " ")] = str(error)
    return routes, faults
