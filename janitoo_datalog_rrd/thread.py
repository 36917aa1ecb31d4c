"""The thread that stores: RrdThread, and the factory that the server finds it by."""

from __future__ import annotations

from .bus import RrdBus
from .core import parsers
from .core.options import Options
from .core.plugins import takes_options
from .core.sections import OptionSpec
from .core.thread import JNTBusThread

SECTION = "datarrd"


class RrdThread(JNTBusThread):
    """Stores values in RRD files; its controller is `RrdBus`."""

    section = SECTION

    def init_bus(self) -> RrdBus:
        """Build the bus."""
        section = self.options.section(SECTION)
        return RrdBus(options=self.options, services=self.services, section=section, oid=SECTION)

    def relevant(self, options: Options) -> object:
        """What of a configuration the thread looks at: its own sections, and those of schemas, series, decoders and `forward`."""
        sections = [section for kind in ("schema", "series", "decoder", "forward") for section in options.prefixed(kind)]
        sections += [options.section(name) for name in ("dialects", "privacy")]
        return super().relevant(options), [(section.name, section.values, list(section.places)) for section in sections]


@takes_options(
    OptionSpec("hadd", parsers.hadd, "0014/0000"),
    OptionSpec("cache_rrd_ttl", parsers.duration(1), 3600.0),
    OptionSpec("cache_pickle_ttl", parsers.duration(1), 60.0),
    OptionSpec("cache_dead_ttl", parsers.duration(1), 86400.0),
    OptionSpec("cache_max_samples", parsers.integer(1000, 1_000_000_000), 2_000_000),
    OptionSpec("journal_sync", parsers.choice("never", "interval", "always"), "interval"),
    OptionSpec("journal_sync_interval", parsers.duration(0.05, 3600), 1.0),
    OptionSpec("auto_series", parsers.boolean, True),
    OptionSpec("max_series", parsers.integer(0, 10_000_000), 50_000),
)
def make_thread(options: Options, force: bool = False) -> RrdThread | None:
    """Make the thread where `auto_start` is on, or with force; else None."""
    return RrdThread(options) if force or options.get_option(SECTION, "auto_start", True) else None
