"""The configuration in force: every option with its value and where it comes from, secrets masked; to be looked at only."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template

from ..core.shipped import ShippedNotes
from ..core.shown import show_options
from .api.answers import PREFIX, json_response
from .explore.inihome import IniFile, IniFileError, plain
from .metrics import problems
from .room import Room, room
from .routes import Role, Route
from .view import text


def configuration_routes() -> list[Route]:
    """The routes of the configuration."""
    json: dict[str, dict[str, Any]] = {"application/json": {"type": "object"}}
    return [
        Route(path="/configuration", view=configuration_page, role=Role.ADMIN, params=None, hidden=True),
        Route(path=f"{PREFIX}/configuration", view=get_configuration, role=Role.ADMIN, answers=json, tag="server"),
    ]


def configuration_page() -> str:
    """Every option in force."""
    here = room()
    return render_template(
        "configuration.html",
        problems=problems(here),
        path=str(here.services.options.path.absolute()),
        changed=_is_changed(here),
        sections=show_options(here.services.options, ShippedNotes()),
    )


def get_configuration() -> Response:
    """Every option in force, with its value and where that comes from; secrets are masked."""
    here = room()
    return json_response(
        {
            "file": text(str(here.services.options.path.absolute())),
            "changed": _is_changed(here),
            "sections": [
                {
                    "name": text(section.name),
                    "given": section.given,
                    "options": [
                        {
                            "name": text(option.name),
                            "value": text(option.value),
                            "source": option.source,
                            "where": text(option.where),
                            "told": option.told,
                            "secret": option.secret,
                        }
                        for option in section.options
                    ],
                }
                for section in show_options(here.services.options, ShippedNotes())
            ],
        }
    )


def _is_changed(here: Room) -> bool:
    """Whether the file says something else than what is in force."""
    options = here.services.options
    try:
        return plain(IniFile(options.path).read()[1]) != options.text
    except IniFileError:
        return True
