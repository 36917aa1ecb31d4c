"""Graphs, raw RRD files, and the list of names, under /rrd."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from .fileversion import version_of
from .graphquery import PARAMETERS, GraphQuery
from .params import Query
from .room import room
from .security import PICTURE_POLICY


def make_files() -> Blueprint:
    """The routes of graphs and files."""
    files = Blueprint("files", __name__, url_prefix="/rrd")
    files.add_url_rule("/graph/<name>.<any(png,svg):form>", view_func=graph)
    files.add_url_rule("/rrds/index.txt", view_func=index)
    files.add_url_rule("/rrds/<name>.rrd", view_func=raw)
    return files


def graph(name: str, form: str) -> Response:
    """The picture of a series, flushed first; 304 without drawing when the asker's copy still stands."""
    query = GraphQuery.parse(Query(request.args, PARAMETERS), form)
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
    names = "|".join(info.name for info in room().store.list_series())
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
