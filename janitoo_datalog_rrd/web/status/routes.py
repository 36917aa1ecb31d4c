"""The routes of the status: a page for people, and JSON for programs."""

from __future__ import annotations

from flask import Response, render_template

from ..api.answers import PREFIX, json_response
from ..auth.guard import who
from ..metrics import problems
from ..room import room
from ..routes import Role, Route
from .reasons import told
from .schema import STATUS

GOOD = ("accepted", "ignored", "late")
"""What becomes of messages that are in order."""


def status_routes() -> list[Route]:
    """The routes of the status."""
    json = {"application/json": STATUS}
    return [
        Route(path="/status", view=status_page, role=Role.VIEWER, params=None, hidden=True),
        Route(path=f"{PREFIX}/status", view=get_status, role=Role.VIEWER, answers=json, tag="server"),
    ]


def status_page() -> str:
    """How the server is, part by part."""
    here = room()
    wrong = problems(here)
    return render_template(
        "status.html",
        status=here.reporter.document(wrong, payloads=_may_see_payloads()),
        problems=wrong,
        ready=here.services.store is not None,
        told=told,
        good=GOOD,
    )


def get_status() -> Response:
    """How the server is: broker, dialects, threads, plugins, cache, journal, disk, counters, rejected messages, versions.

    Rejected messages, and what dialects cannot log, are told to operators only.
    """
    here = room()
    return json_response(here.reporter.document(problems(here), payloads=_may_see_payloads()))


def _may_see_payloads() -> bool:
    """Tell whether who asks may see what others have published, as in Explore."""
    return who().role >= Role.OPERATOR
