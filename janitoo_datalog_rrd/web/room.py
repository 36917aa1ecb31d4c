"""What the request handlers of one web application share; handed to each application, so that two can live in one process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from ..core.contracts import ReadingTaker, SeriesInfo, SeriesReader
from ..core.errors import StoreError, UnknownSeriesError
from ..core.parsers import SAFE_NAME
from ..core.services import Services
from .auth.access import Access
from .boards.boards import Boards
from .drawing.artists import Artists
from .drawing.graph import GraphRenderer
from .explore.desk import Desk
from .live.hub import Hub
from .status.document import Reporter

KEY = "janitoo_datalog_rrd"


class StoreNotReadyError(StoreError):
    """The store is not up yet."""

    def __init__(self) -> None:
        super().__init__("The store is not up yet: try again in a moment, or look in the log for why it does not start.")


@dataclass(frozen=True, slots=True)
class Room:
    """What the request handlers share.

    Attributes:
        services: what the threads of the server share.
        artists: the processes that draw the graphs.
        renderer: knows which graph is to be drawn.
        boards: what people have put together of series.
        live: tells of new values those who listen.
        access: who gets in.
        desk: what Explore knows of the bus.
        reporter: puts the status together.
    """

    services: Services
    artists: Artists
    renderer: GraphRenderer
    boards: Boards
    live: Hub
    access: Access
    desk: Desk
    reporter: Reporter

    @classmethod
    def build(cls, services: Services) -> Room:
        """Build what the request handlers of an application share. Raises StartError."""
        artists = Artists()
        return cls(
            services=services,
            artists=artists,
            renderer=GraphRenderer(lambda: services.clock(), artists.paint),
            boards=Boards(lambda: services.options.home_dir, services.health, lambda: services.clock()),
            live=Hub(lambda: services.store, lambda: services.clock()),
            access=Access(services.options, lambda: services.clock(), services.health),
            desk=Desk(services),
            reporter=Reporter(services),
        )

    @property
    def store(self) -> SeriesReader:
        """The store. Raises StoreNotReadyError."""
        store = self.services.store
        if store is None:
            raise StoreNotReadyError
        return store

    @property
    def taker(self) -> ReadingTaker:
        """The store's way in. Raises StoreNotReadyError."""
        taker = self.services.taker
        if taker is None:
            raise StoreNotReadyError
        return taker

    def series(self, name: str) -> SeriesInfo:
        """One series by a name that came from outside. Raises UnknownSeriesError, StoreNotReadyError."""
        if SAFE_NAME.fullmatch(name) is None:
            raise UnknownSeriesError(name[:200])
        return self.store.get_series(name)

    def flushed_series(self, name: str) -> SeriesInfo:
        """One series by a name that came from outside, with everything it has written to its file."""
        info = self.series(name)
        if self.store.flush(info.name):
            info = self.store.get_series(info.name)
        return info


def room(app: Flask | None = None) -> Room:
    """The room of an application, by default of the one that handles the current request."""
    return cast("Room", (app or current_app).extensions[KEY])
