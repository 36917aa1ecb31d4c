"""The HTTP thread: a controller of the bus that runs the web server."""

from __future__ import annotations

from typing import Any

from flask import Flask

from ..core import parsers
from ..core.bus import JNTBus
from ..core.options import Options
from ..core.plugins import takes_options
from ..core.sections import OptionSpec
from ..core.thread import JNTBusThread
from ..core.values import CLASS_WEB_CONTROLLER, GENRE_SYSTEM, TYPE_INT, TYPE_STRING, NodeValue
from .app import create_app
from .auth.policy import MODES
from .room import room
from .security import parse_names
from .server import WebServer
from .serving.proxies import parse_networks

SECTION = "http"


class HttpBus(JNTBus):
    """The controller `http`: tells host and port."""

    def __init__(self, *, host: str, port: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tell("host", TYPE_STRING, host)
        self._tell("port", TYPE_INT, port)

    def _tell(self, uuid: str, kind: int, value: str | int) -> None:
        self.add_value(
            NodeValue(
                uuid=uuid,
                read=lambda: value,
                genre=GENRE_SYSTEM,
                type=kind,
                label=f"HTTP {uuid}",
                cmd_class=CLASS_WEB_CONTROLLER,
            )
        )


class HttpThread(JNTBusThread):
    """Serves pages, graphs and the API."""

    section = SECTION

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._web: WebServer | None = None
        self._app: Flask | None = None

    @property
    def port(self) -> int | None:
        """The port that the web server listens on, or None while it does not."""
        return self._web.port if self._web is not None else None

    def init_bus(self) -> HttpBus:
        section = self.options.section(SECTION)
        host, port = section.get("http_host"), self.port or section.get("http_port")
        return HttpBus(host=host, port=port, services=self.services, section=section, oid=SECTION)

    def pre_loop(self) -> None:
        section = self.options.section(SECTION)
        self._app = create_app(self.services)
        self._web = WebServer(self._app, section.get("http_host"), section.get("http_port"), section=section)
        self._web.start()
        room(self._app).access.open(self._web.port)
        room(self._app).boards.open()
        super().pre_loop()

    def reload(self, options: Options) -> None:
        super().reload(options)
        if self._web is not None:
            self._web.renew_certificate()

    def post_loop(self) -> None:
        super().post_loop()
        if self._web is not None:
            self._web.stop()
            self._web = None
        if self._app is not None:
            room(self._app).access.close()
            self._app = None


@takes_options(
    OptionSpec("hadd", parsers.hadd, "0018/0000"),
    OptionSpec("http_host", parsers.host, "localhost"),
    OptionSpec("http_port", parsers.integer(0, 65535), 8081),
    OptionSpec("http_names", parse_names, None),
    OptionSpec("http_tls_cert", parsers.text, ""),
    OptionSpec("http_tls_key", parsers.text, ""),
    OptionSpec("trusted_proxies", parse_networks, None),
    OptionSpec("http_auth", parsers.choice(*MODES), "auto"),
    OptionSpec("expose_values", parsers.boolean, False),
)
def make_thread(options: Options, force: bool = False) -> HttpThread | None:
    """Make the thread where `auto_start` is on, or with force; else None."""
    return HttpThread(options) if force or options.get_option(SECTION, "auto_start", True) else None
