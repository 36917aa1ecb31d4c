"""Component factories of the datalogger: the configured RRD file, and the web resource that shows the files."""

from __future__ import annotations

from typing import Any

from .bus import RrdBus
from .core import parsers
from .core.component import JNTComponent
from .core.mqtt import MqttClient
from .core.plugins import takes_options
from .core.sections import OptionSpec
from .core.values import (
    CLASS_CONFIGURATION,
    CLASS_WEB_RESOURCE,
    GENRE_BASIC,
    GENRE_CONFIG,
    TYPE_INT,
    TYPE_STRING,
    NodeValue,
)
from .store_thread import DEFAULT_STEP


class RrdDatasource(JNTComponent):
    """A configured RRD file: a node whose values tell and take what is logged in it."""

    def __init__(self, bus: RrdBus | None = None, addr: str | None = None, **kwargs: Any) -> None:
        super().__init__(bus, addr, **kwargs)
        self._bus = bus
        self._rrd_file: str = self.section.get("rrd_file") or ""
        self._step: int = self.section.get("rrd_step", DEFAULT_STEP)
        self._sources: dict[int | str, str] = {
            index: "|".join(source) for index, source in self.section.indexed("source_config").items()
        }
        self.add_value(
            NodeValue(
                uuid="source",
                read=lambda: {index: self.get_rrd_label(self.uuid, index) for index in self._sources},
                genre=GENRE_BASIC,
                type=TYPE_STRING,
                label="Source",
                help="Labels of the data sources",
            )
        )
        self.add_value(
            NodeValue(
                uuid="http_file",
                read=lambda: self.get_http_rrd_file(self.uuid, 0),
                genre=GENRE_BASIC,
                type=TYPE_STRING,
                label="RRD file over HTTP",
                cmd_class=CLASS_WEB_RESOURCE,
            )
        )
        self.add_value(self._config("source_config", lambda: dict(self._sources), TYPE_STRING, self._set_source))
        self.add_value(self._config("rrd_file", lambda: self._rrd_file, TYPE_STRING))
        self.add_value(self._config("rrd_step", lambda: self._step, TYPE_INT))

    def start(self, mqttc: MqttClient | None) -> bool:
        """Start the component: its file is made, and its values are logged into it."""
        store = self._bus.store if self._bus is not None else None
        if store is not None and self._rrd_file and self._sources:
            if self._rrd_file not in store.store.cache.series:  # the store thread has tried already, and told what was wrong
                store.add_config(self._rrd_file, self._step, {str(k): v for k, v in self._sources.items()})
            series = store.store.cache.series.get(self._rrd_file)
            if series is not None:
                series.label, series.node = self.name or self._rrd_file, self.hadd
        return True

    def stop(self) -> bool:
        """Stop the component; what is cached stays with the store."""
        return True

    def check_heartbeat(self) -> bool:
        """Tell whether the component is available: the store runs and has its series."""
        store = self._bus.store if self._bus is not None else None
        return store is not None and store.is_alive() and self._rrd_file in store.store.cache.series

    def get_package_name(self) -> str:
        """Name of this package."""
        return __package__ or ""

    def get_http_rrd_file(self, node_uuid: str, index: int | str) -> str | None:
        """Path of the raw file on the web server; None before the start."""
        store = self._bus.store if self._bus is not None else None
        return store.get_rrd_httpname(self._rrd_file) if store is not None and self._rrd_file else None

    def get_rrd_label(self, node_uuid: str, index: int | str) -> str | None:
        """Label of a data source; None when there is none of that index, or before the start."""
        store = self._bus.store if self._bus is not None else None
        config = self._sources.get(int(index) if str(index).isdigit() else index)
        return store.get_rrd_label(index, self._rrd_file, config) if store is not None and config is not None else None

    def _config(self, uuid: str, read: Any, kind: int, write: Any = None) -> NodeValue:
        return NodeValue(
            uuid=uuid, read=read, write=write, genre=GENRE_CONFIG, type=kind, label=uuid, cmd_class=CLASS_CONFIGURATION
        )

    def _set_source(self, index: int | str, data: Any) -> None:
        """Set a data source over the bus: it is added to the file, or takes another's place; the others keep their history."""
        store = self._bus.store if self._bus is not None else None
        if store is None or self._bus is None:
            raise ValueError("the store is not up yet: try again")
        number = int(index)
        if not 0 <= number < 100:
            raise ValueError(f"index {number}: expected 0 to 99")
        sources = {**self._sources, number: "|".join(parsers.source_config(str(data)))}
        if not store.add_config(self._rrd_file, self._step, {str(k): v for k, v in sources.items()}):
            store.add_config(self._rrd_file, self._step, {str(k): v for k, v in self._sources.items()})
            raise ValueError(f"source_config_{number} = {data!r} cannot be logged: see the log")
        self._bus.options.set_option(self.section.name, f"source_config_{number}", str(data), parsers.source_config)
        self._sources = sources


class RrdResourceComponent(JNTComponent):
    """The web resource of the RRD files, `/rrd`: a node that tells where they are."""

    def __init__(self, bus: Any = None, addr: str | None = None, **kwargs: Any) -> None:
        super().__init__(bus, addr, **kwargs)
        self.add_value(
            NodeValue(
                uuid="resource",
                read=lambda: self.section.get("resource", "rrd"),
                genre=GENRE_CONFIG,
                type=TYPE_STRING,
                label="Resource",
                help="First part of the path on the web server",
                cmd_class=CLASS_WEB_RESOURCE,
            )
        )

    def check_heartbeat(self) -> bool:
        """Tell whether the component is available: the web server's controller runs."""
        return self.bus is not None and self.bus.check_heartbeat()

    def get_package_name(self) -> str:
        """Name of this package."""
        return __package__ or ""


@takes_options(
    OptionSpec("rrd_file", parsers.series_name, None, required=True),
    OptionSpec("rrd_step", parsers.whole_seconds(1, 86400), DEFAULT_STEP),
    OptionSpec("source_config", parsers.source_config, None, indexed=True, required=True),
)
def make_datasource(**kwargs: Any) -> RrdDatasource:
    """Make the component `datarrd.datasource`; arguments as RrdDatasource takes them."""
    return RrdDatasource(**kwargs)


@takes_options(OptionSpec("resource", parsers.choice("rrd"), "rrd"))
def make_http_resource(**kwargs: Any) -> RrdResourceComponent:
    """Make the component `http.rrd`; arguments as RrdResourceComponent takes them."""
    return RrdResourceComponent(**kwargs)
