"""The bus of the datalogger: RrdBus, its controller on MQTT; RrdStoreThread, which stores, is in `store_thread`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .core.bus import JNTBus
from .core.mqtt import Message, MqttClient
from .core.options import Options
from .core.parsers import Parser, duration, source_config
from .core.values import (
    CLASS_CONFIGURATION,
    CLASS_CONTROLLER,
    GENRE_BASIC,
    GENRE_CONFIG,
    TYPE_INT,
    TYPE_LIST,
    TYPE_STRING,
    NodeValue,
)
from .store_thread import TTLS, RrdStoreThread

__all__ = ["REMOTE_OPTIONS", "RrdBus", "RrdStoreThread"]

BROKER_VERSION = "$SYS/broker/version"
"""Where a broker says what it is, if it does."""
REMOTE_OPTIONS: dict[str, Parser] = {
    **dict.fromkeys(TTLS, duration(1)),
    **{f"source_config_{index}": source_config for index in range(100)},
}
"""Options of the datalogger that may be set over the bus, for `Options.apply_remote`."""


class RrdBus(JNTBus):
    """The controller `datarrd`: starts the store thread, and shows and takes its settings on the bus.

    Attributes:
        store: the store thread; None before `start`.
    """

    def __init__(self, *, options: Options, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.options = options
        self.store: RrdStoreThread | None = None
        self._add_count("count_values", lambda: self.get_count_values(self.uuid, 0), "Values in the cache")
        self._add_count("count_series", lambda: self.get_count_series(self.uuid, 0), "Series in the cache")
        self.add_value(
            NodeValue(
                uuid="actions",
                read=lambda: None,
                write=lambda index, data: self.set_action(self.uuid, index, data),
                genre=GENRE_BASIC,
                type=TYPE_LIST,
                label="Actions",
                help="Act on the server",
                cmd_class=CLASS_CONTROLLER,
                extra={"list_items": ["flush"]},
            )
        )
        for name in TTLS:
            self.add_value(self._ttl_value(name))

    def start(self, mqttc: MqttClient | None, trigger_thread_reload_cb: Any = None, **kwargs: Any) -> bool:
        """Start the store thread, and wait until it has restored the cache.

        Raises:
            StartError: it cannot start.
        """
        super().start(mqttc, trigger_thread_reload_cb, **kwargs)
        if mqttc is not None:
            mqttc.subscribe(BROKER_VERSION, self._on_broker_version, qos=0)
        store = RrdStoreThread(self.section.name, self.options, self.services)
        self.store = store
        store.start()
        store.wait_settled(600.0)
        if store.failure is not None:
            raise store.failure
        return True

    def stop(self, **kwargs: Any) -> bool:
        """Stop the store thread and wait for it; `final=False` leaves the cache in the snapshot instead of the files."""
        if self.store is not None:
            self.store.final = bool(kwargs.get("final", True))
            self.store.stop()
            self.store.join()
            self.store = None
        return True

    def check_heartbeat(self) -> bool:
        """Tell whether the store thread is alive."""
        return self.store is not None and self.store.is_alive()

    def get_count_series(self, node_uuid: str, index: int | str) -> int | None:
        """Number of series in the cache; None before the start."""
        return self.store.get_count_series() if self.store is not None else None

    def get_count_values(self, node_uuid: str, index: int | str) -> int | None:
        """Number of values in the cache; None before the start."""
        return self.store.get_count_values() if self.store is not None else None

    def get_package_name(self) -> str:
        """Name of this package."""
        return __package__ or ""

    def set_action(self, node_uuid: str, index: int | str, data: Any) -> None:
        """Act on the server: `flush` writes every cached sample to the RRD files.

        Raises:
            ValueError: there is no such action.
        """
        if data != "flush":
            raise ValueError(f"{data!r} is not an action: expected flush")
        if self.store is not None:
            self.store.timer_flush_all()

    def _on_broker_version(self, message: Message) -> None:
        if self.services.link is not None:
            self.services.link.version = message.payload[:80].decode("utf-8", "replace")

    def _add_count(self, uuid: str, read: Callable[[], int | None], label: str) -> None:
        self.add_value(NodeValue(uuid=uuid, read=read, genre=GENRE_BASIC, type=TYPE_INT, label=label, poll_delay=300.0))

    def _ttl_value(self, name: str) -> NodeValue:
        def write(_index: int | str, data: Any) -> None:
            taken = self.options.set_option(self.section.name, name, str(data), REMOTE_OPTIONS[name])
            if self.store is not None:
                self.store.config_thread(**{name: taken}, dirmask=None, filemask=None)

        return NodeValue(
            uuid=name,
            read=lambda: self.options.get_option(self.section.name, name),
            write=write,
            genre=GENRE_CONFIG,
            type=TYPE_STRING,
            label=name,
            units="s",
            cmd_class=CLASS_CONFIGURATION,
        )
