"""Graphs, raw RRD files, and the list of names, under /rrd."""

from __future__ import annotations

from flask import Response, abort, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from ..core.contracts import CONSOLIDATIONS
from .api.series import NAME_VARIABLE
from .drawing.graphquery import GraphQuery
from .fileversion import version_of
from .params import ChoiceParam, FlagParam, IntegerParam, Param, TimeParam
from .room import room
from .routes import Role, Route, arguments
from .security import PICTURE_POLICY

GRAPH_PARAMS = (
    TimeParam(name="start", told="Where the graph begins.", default="-4h"),
    TimeParam(name="end", told="Where it ends.", default="now"),
    IntegerParam(name="width", told="Pixels of the plot without axes and legend.", default=600, low=50, high=4000),
    IntegerParam(name="height", told="Pixels of the plot without axes and legend.", default=200, low=30, high=3000),
    ChoiceParam(name="cf", told="Consolidation function of the lines.", default="AVERAGE", words=CONSOLIDATIONS),
    ChoiceParam(name="theme", told="Colours.", default="light", words=("light", "dark")),
    FlagParam(name="title", told="Whether the label stands above the plot.", default=True),
    FlagParam(name="legend", told="Whether numbers stand below the plot.", default=True),
)


def file_routes() -> list[Route]:
    """The routes of graphs and files."""
    pictures: dict[str, dict[str, object]] = {"image/png": {}, "image/svg+xml": {}}
    content: dict[str, dict[str, object]] = {"application/octet-stream": {}}
    return [
        Route(
            path="/rrd/graph/<name>.<any(png,svg):form>",
            view=graph,
            role=Role.VIEWER,
            params=GRAPH_PARAMS,
            answers=pictures,
            statuses={304: {}, 404: pictures},
            variables=(NAME_VARIABLE, Param(name="form", told="Form of the picture.", example="png")),
        ),
        Route(path="/rrd/rrds/index.txt", view=index, role=Role.VIEWER, params=None, answers={"text/plain": {}}),
        Route(
            path="/rrd/rrds/<name>.rrd",
            view=raw,
            role=Role.VIEWER,
            params=None,
            answers=content,
            statuses={206: content, 304: {}, 416: {}},
            variables=(NAME_VARIABLE,),
        ),
    ]


def graph(name: str, form: str) -> Response:
    """The picture of a series, flushed first; 304 without drawing when the asker's copy still stands."""
    query = GraphQuery(**arguments(), format=form)
    here = room()
    info = here.flushed_series(name)
    picture = here.renderer.picture(info, query, request.if_none_match.contains)
    status = 304 if picture.content is None else 404 if picture.empty else 200
    response = Response(picture.content or b"", status, content_type=picture.media_type)
    response.set_etag(picture.etag)
    response.headers["Cache-Control"] = f"private, max-age={picture.max_age}"
    response.headers["Content-Disposition"] = f'inline; filename="{info.name}.{form}"'
    if form == "svg":
        response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


def index() -> Response:
    """Names of all series, joined by a pipe."""
    names = "|".join(info.name for info in room().store.glances())
    return Response(names, content_type="text/plain; charset=utf-8")


def raw(name: str) -> Response:
    """The RRD file of a series, flushed first."""
    info = room().flushed_series(name)
    path = info.path.absolute()
    if not path.is_file():
        abort(404, f"{info.name} has no data yet, and so no file: it is made when the first value is written.")
    version = version_of(path) or ""
    response = send_file(
        path,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=f"{info.name}.rrd",
        conditional=False,
        etag=version,
        max_age=0,
    )
    # A time in whole seconds would call a file unchanged that was written twice in one.
    del response.headers["Last-Modified"]
    response.headers["Cache-Control"] = "private, no-cache"
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=response.content_length)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response
