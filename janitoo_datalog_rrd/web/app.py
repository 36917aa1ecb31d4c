"""The Flask application: puts the routes, the checks and the error answers together."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from flask import Flask, Request
from werkzeug.exceptions import RequestURITooLarge
from werkzeug.routing import MapAdapter

from .. import __version__
from ..core.services import Services
from . import problems, security
from .api.events import event_routes
from .api.routes import api_routes
from .auth import guard, login
from .boards.api import board_api_routes
from .boards.pages import board_page_routes
from .compat.paths import compat_routes
from .configuration import configuration_routes
from .explore.views import explore_routes
from .files import file_routes
from .graphite.paths import graphite_routes
from .metrics import metric_routes
from .nodepage import node_routes
from .pages import page_routes
from .rates import stored
from .room import KEY, Room
from .routes import check_arguments, declare, declared
from .serving.compression import Compression
from .serving.refusals import LARGEST
from .status.routes import status_routes
from .view import make_filters

MAX_PATH = 4000
"""Characters of a path; finding the route of a longer one, whoever asks, would take seconds in which nothing else runs."""
CHARTS = "static/vendor/uPlot.iife.min.js"
"""Laid there by script/charts; without it the pages show graphs that the server draws."""


class App(Flask):
    """An application that looks for the route of no path that is too long."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the route of a request. Raises RequestURITooLarge."""
        if request is not None and len(request.path) > MAX_PATH:
            raise RequestURITooLarge(f"The path is longer than {MAX_PATH} characters: there is nothing of such a name.")
        return super().create_url_adapter(request)


def create_app(services: Services) -> Flask:
    """Build the web application of one server.

    Args:
        services: what the threads of the server share; read at each request.
    """
    public = public_dir()
    app = App(
        "janitoo_datalog_rrd.web",
        static_folder=str(public / "static"),
        static_url_path="/static",
        template_folder=str(public / "templates"),
        root_path=str(public),
    )
    app.config.update(SEND_FILE_MAX_AGE_DEFAULT=None)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.filters.update(make_filters(lambda: services.clock()), stored=stored)
    app.jinja_env.globals["version"] = __version__
    app.extensions[KEY] = Room.build(services)
    Compression().register(app)  # first, so that it is the last that sees an answer
    app.before_request(security.check_request)
    app.before_request(guard.check_access)
    app.before_request(check_arguments)
    app.after_request(security.add_headers)
    problems.register(app)
    for routes in (
        page_routes,
        file_routes,
        api_routes,
        board_api_routes,
        board_page_routes,
        event_routes,
        explore_routes,
        configuration_routes,
        metric_routes,
        login.auth_routes,
        graphite_routes,
        compat_routes,
        node_routes,
        status_routes,
    ):
        declare(app, routes())
    # the server refuses what is too large for its path before it comes here
    app.config["MAX_CONTENT_LENGTH"] = max(LARGEST, *(route.most_bytes for route in declared(app).values()))
    app.context_processor(lambda: {"paths": guard.open_paths()})
    app.jinja_env.globals["charts"] = (public / CHARTS).is_file()
    return app


def public_dir() -> Path:
    """Where templates and static files are."""
    return Path(str(resources.files("janitoo_datalog_rrd.public")))
